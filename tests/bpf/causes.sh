#!/bin/bash
# causes.sh - who asked for each mapping: by strace -k's call stacks, and by a program's own word.
#
# The first by two runs of one program, with fixed addresses and hashes and one thread
# working at a time, so that both make the same calls; the second on glibc and musl.
. "$(dirname "$0")/lib.sh"
need_bpf
need strace setarch musl-gcc
strace -k -o /dev/null true 2>"$WORK/probe" || skip "strace has no -k: $(head -1 "$WORK/probe")"

cat >"$WORK/program.py" <<'END'
import mmap, threading, zlib, ctypes, decimal
def work():
    keep.append([bytearray(n) for n in (10, 1000, 100000, 3000000)])
    held.wait()
keep, threads, held = [], [], threading.Event()
for n in range(6):
    threads.append(threading.Thread(target=work))
    before = len(keep)
    threads[-1].start()
    while len(keep) == before:
        held.wait(0.01)
large = [bytearray(200000 + 100000 * n) for n in range(40)]
large[3].extend(bytes(1000000))
own = [mmap.mmap(-1, 4096 * (n + 1)) for n in range(10)]
with open(__file__, "rb") as file:
    mapped = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
small = [object() for n in range(200000)]
held.set()
for thread in threads:
    thread.join()
END

export PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
RUN=(setarch -R "$PYTHON" -S -E "$WORK/program.py")
"$BRKSCOPE" report -j -o "$WORK/report.json" -- "${RUN[@]}" || fail "report: status $?"
strace -f -k -o "$WORK/strace" -e trace=mmap "${RUN[@]}" || fail "strace: status $?"

musl-gcc -std=gnu11 -O1 -fno-builtin -D_GNU_SOURCE tests/workload/causes.c -o "$WORK/causes.musl" ||
	fail "musl-gcc"
ln -s "$WORKLOAD/causes" "$WORK/causes.glibc"
for libc in glibc musl; do
	"$BRKSCOPE" report -j -o "$WORK/$libc.json" -- "$WORK/causes.$libc" >"$WORK/$libc.out" ||
		fail "report of causes.$libc: status $?: $(cat "$WORK/$libc.out")"
done

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]
# free as well: a thread's first one sets up its cache, in an arena.
ALLOCATOR = re.compile(r"libc\.so\.6\((__libc_)?(malloc|calloc|realloc|free|memalign|"
                       r"aligned_alloc|posix_memalign|valloc|pvalloc)\+")

def cause(arguments, stack):
    """From the frames below the system call: the first is mmap() itself, or the loader."""
    if "ld-linux" in stack[0] or "ld-linux" in stack[1]:
        return "loader"
    if "MAP_ANONYMOUS" not in arguments[3]:
        return "file"
    if "MAP_STACK" in arguments[3]:
        return "stack"
    if any(ALLOCATOR.search(frame) for frame in stack[1:]):
        return "arena" if "MAP_NORESERVE" in arguments[3] else "malloc"
    return "direct"

truth = {name: [0, 0] for name in CAUSES}
for pid, name, arguments, result, stack in calls_of(f"{work}/strace"):
    if name == "mmap" and result != -1:
        who = cause(arguments, stack)
        truth[who][0] += 1
        truth[who][1] += pages(int(arguments[1], 0))

report = Report(f"{work}/report.json")
expect("processes", len(report.rows), 1)
row = next(iter(report.rows.values()))
for name in CAUSES:
    expect(name, [row["mmap"][name]["calls"], row["mmap"][name]["bytes"]], truth[name])
    expect_true(f"{name}: the program has some", truth[name][0] > 0)

for libc in ("glibc", "musl"):
    truth = read_json(f"{work}/{libc}.out")
    row = Report(f"{work}/{libc}.json").row(truth["pid"])
    expect(f"{libc}: malloc", row["mmap"]["malloc"]["calls"], truth["malloc"])
    expect(f"{libc}: route mmap", row["malloc"]["route"]["mmap"],
           {"calls": truth["malloc"], "bytes": truth["malloc_request"]})
    for name in ("direct", "file"):
        expect(f"{libc}: {name}", [row["mmap"][name]["calls"], row["mmap"][name]["bytes"]],
               [truth[name], truth[name + "_bytes"]])
END
