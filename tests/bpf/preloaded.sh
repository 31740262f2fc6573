#!/bin/bash
# preloaded.sh - allocators that are put before libc's: every call once, by function; every mapping theirs.
# timeout: 120
#
# Calls by a counting preload that is put before the allocator in turn, and by what
# a C++ program itself has counted; mappings against the same program under libc's malloc.
. "$(dirname "$0")/lib.sh"
need_bpf
need g++ ldconfig

find_allocators

cat >"$WORK/program.py" <<'END_OF_PROGRAM'
import mmap, threading
blocks = [bytearray(n) for n in (10, 1000, 200000, 3000000, 40000000)]
small = {n: str(n) * 10 for n in range(20000)}
threads = [threading.Thread(target=lambda: [bytes(300) for n in range(1000)]) for k in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
own = [mmap.mmap(-1, 65536) for n in range(7)]
END_OF_PROGRAM
# Every form of operator new; the compiler is not to leave any out.
cat >"$WORK/new.cc" <<'END_OF_PROGRAM'
#include <cstdio>
#include <new>
#include <unistd.h>
struct alignas(64) aligned { char bytes[128]; };
template<typename T> T *keep(T *p) { asm volatile("" : "+r"(p)); return p; }
int main()
{
	for (int i = 0; i < 100; i++) {
		delete keep(new int);
		delete[] keep(new char[1000 + i]);
		delete keep(new (std::nothrow) int);
		delete[] keep(new (std::nothrow) char[300000]);
		delete keep(new aligned);
		delete[] keep(new aligned[3]);
		delete keep(new (std::nothrow) aligned);
		delete[] keep(new (std::nothrow) aligned[3]);
	}
	printf("{\"pid\": %d, \"operator_new\": 400, \"operator_new_aligned\": 400}\n", getpid());
	fflush(stdout);
	_exit(0);
}
END_OF_PROGRAM
g++ -std=c++17 -O1 -fno-builtin "$WORK/new.cc" -o "$WORK/new" || fail "cannot build new.cc"

# counted NAME PRELOAD COMMAND...
counted() {
	local name=$1 preload=$2

	shift 2
	mkdir "$WORK/$name"
	PYTHONMALLOC=malloc PYTHONHASHSEED=0 "$BRKSCOPE" report -j -o "$WORK/$name.json" -- \
		"$WORKLOAD/counted" "$preload" "$WORK/$name" "$@" >"$WORK/$name.out" 2>&1 ||
		fail "$name: status $?: $(cat "$WORK/$name.out")"
}

# What somebody maps already is known before the first call.
start env LD_PRELOAD="$OUT/librefmalloc.so" sleep 1000
mapped() { grep -q librefmalloc "/proc/$1/maps"; }
eventually 10 mapped $!
counted libc.python "$LIBCOUNT" "$PYTHON" -S -E "$WORK/program.py"
for kind in "${!LIBRARIES[@]}"; do
	counted "$kind.python" "$LIBCOUNT:${LIBRARIES[$kind]}" "$PYTHON" -S -E "$WORK/program.py"
	counted "$kind.new" "${LIBRARIES[$kind]}" "$WORK/new"
done

compare "$WORK" "${!LIBRARIES[@]}" <<'END'
from oracle import *
work, kinds = sys.argv[1], sys.argv[2:]

def one_row(name):
    report = Report(f"{work}/{name}.json")
    expect(f"{name}: rows", len(report.rows), 1)
    return next(iter(report.rows.values()))

libc = one_row("libc.python")["mmap"]
for kind in kinds:
    row = one_row(f"{kind}.python")
    process = next(iter(read_counts(f"{work}/{kind}.python").values()))
    expect(f"{kind}: allocator", [row["allocator"]["kind"], row["allocator"]["probed"]], [kind, True])
    expect(f"{kind}: from the start on", row["malloc"]["since_ns"], None)
    expect(f"{kind}: by function", row["malloc"]["by_function"],
           {name: n for name, n in process.functions.items() if n})
    expect(f"{kind}: bytes", row["malloc"]["bytes"], process.bytes)
    for cause in ("direct", "unattributed"):
        expect(f"{kind}: {cause}", [row["mmap"][cause][n] for n in ("calls", "bytes")],
               [libc[cause][n] for n in ("calls", "bytes")])
    if kind != "tcmalloc":  # which asks brk
        expect_true(f"{kind}: the 40 MB have a mapping", row["mmap"]["malloc"]["bytes"] >= 40000000)
        expect_true(f"{kind}: so have its heaps", row["mmap"]["arena"]["calls"] > 0)
        expect_true(f"{kind}: routes", row["malloc"]["route"]["mmap"]["bytes"] >= 40000000)

    row = one_row(f"{kind}.new")
    truth = read_json(f"{work}/{kind}.new.out")
    names = ("operator_new", "operator_new_aligned")
    # One that does not define them leaves them to the C++ library, which calls malloc.
    own = kind != "refmalloc"
    expect(f"{kind}: new", [row["malloc"]["by_function"].get(name, 0) for name in names],
           [truth[name] if own else 0 for name in names])
    expect_true(f"{kind}: all", row["malloc"]["calls"] - 50 <= 800 <= row["malloc"]["calls"])
END
