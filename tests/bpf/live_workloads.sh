#!/bin/bash
# live_workloads.sh - level live: every call, free, failure and outstanding block, whatever a program does.
# timeout: 120
#
# The oracles: a preload that knows each block (tests/preload/live_malloc.c); an allocator that
# counts itself while it is interrupted (raise_malloc.c); and what a program itself has counted.
. "$(dirname "$0")/lib.sh"
need_bpf
need g++ ldconfig
find_allocators

LIVE=$OUT/tests/preload/liblive_malloc.so
RAISE=$OUT/tests/preload/libraise_malloc.so
FRONT=$OUT/tests/preload/libfront_malloc.so

# Every form of new and delete, none left out by the compiler.  What is thrown is caught, also
# where what was watched when it was called is gone by then.
cat >"$WORK/new.cc" <<'END_OF_PROGRAM'
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <new>
#include <unistd.h>
struct alignas(64) aligned { char bytes[128]; };
template<typename T> T *keep(T *p) { asm volatile("" : "+r"(p)); return p; }
static size_t bytes, blocks, live;
static volatile size_t impossible = SIZE_MAX / 2 + 100;
static void had(size_t n, bool stays) { bytes += n; if (stays) { blocks++; live += n; } }
int main(int, char **argv)
{
	int rounds = *argv[1] == 'z' ? 0 : 100;
	for (int i = 0; i < rounds; i++) {
		bool stays = i % 10 == 0;
		int *a = keep(new int);
		char *b = keep(new char[1000 + i]);
		int *c = keep(new (std::nothrow) int);
		char *d = keep(new (std::nothrow) char[300000]);
		aligned *e = keep(new aligned), *f = keep(new aligned[3]);
		aligned *g = keep(new (std::nothrow) aligned), *h = keep(new (std::nothrow) aligned[3]);
		void *sized = keep(::operator new(77)), *both = keep(::operator new(256, std::align_val_t(128)));
		had(4, stays); had(1000 + i, stays); had(4, stays); had(300000, stays);
		had(128, stays); had(384, stays); had(128, stays); had(384, stays);
		had(77, stays); had(256, stays);
		if (stays)
			continue;
		delete a; delete[] b; delete c; delete[] d;
		delete e; delete[] f; delete g; delete[] h;
		::operator delete(sized, 77);
		::operator delete(both, 256, std::align_val_t(128));
	}
	/* An allocator's own operator new throws what the caller catches; mimalloc's, in C, aborts. */
	bool throws = *argv[1] == 't' || *argv[1] == 'l';
	int caught = 0, refused = throws ? 4 : 0;
	for (int i = 0; i < refused; i++) {
		try { keep(::operator new(impossible)); } catch (std::bad_alloc &) { caught++; }
		if (*argv[1] == 'l')
			try { keep(::operator new(1UL << 50)); } catch (std::bad_alloc &) { caught++; }
	}
	if (refused && ::operator new(impossible, std::nothrow))
		return 1;
	char line[500];
	int n = snprintf(line, sizeof(line), "{\"pid\": %d, \"calls\": %d, \"bytes\": %zu, \"frees\": %d, \"failed\": %d, \"live_blocks\": %zu, "
	       "\"live_bytes\": %zu, \"caught\": %d}\n", getpid(), 10 * rounds, bytes, 9 * rounds, throws ? 5 : 0, blocks, live, caught);
	_exit(write(1, line, n) != n);
}
END_OF_PROGRAM
g++ -std=c++17 -O1 -fno-builtin -fsized-deallocation "$WORK/new.cc" -o "$WORK/new" || fail "cannot build new.cc"

# Small enough, and refused all the same: by a limit of what may be locked, or of how many mappings there are.
cat >"$WORK/refused.cc" <<'END_OF_PROGRAM'
#include <cstdio>
#include <new>
#include <sys/mman.h>
#include <sys/resource.h>
#include <unistd.h>
static volatile size_t much = 8 << 20;
int main(int, char **argv)
{
	const rlimit little = {65536, 65536};
	int caught = 0;

	if (*argv[1] == 'l') { /* locked; root has no such limit */
		if (setrlimit(RLIMIT_MEMLOCK, &little) || setuid(65534) || mlockall(MCL_FUTURE))
			return 1;
	} else { /* mapped: unlike its neighbours, each page is a mapping */
		for (int i = 0; mmap(NULL, 4096, i % 2 ? PROT_READ : PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0) != MAP_FAILED; i++)
			;
	}
	for (int i = 0; i < 4; i++) {
		try { void *p = ::operator new(much); asm volatile("" : : "r"(p)); } catch (std::bad_alloc &) { caught++; }
	}
	char line[50];
	int n = snprintf(line, sizeof(line), "%d caught\n", caught);
	_exit(write(1, line, n) != n);
}
END_OF_PROGRAM
g++ -std=c++17 -O1 -fno-builtin "$WORK/refused.cc" -o "$WORK/refused" || fail "cannot build refused.cc"
for kind in "${!LIBRARIES[@]}"; do
	[ "$kind" != mimalloc ] || continue # which, in C, aborts
	for how in locked mapped; do
		alone=$(LD_PRELOAD=${LIBRARIES[$kind]} "$WORK/refused" $how)
		watched=$("$BRKSCOPE" report -l live -j -o "$WORK/refused.json" -- \
			env LD_PRELOAD="${LIBRARIES[$kind]}" "$WORK/refused" $how 2>&1)
		[ "$alone, $watched" = "4 caught, 4 caught" ] || fail "$kind: $how: $alone alone, watched $watched"
	done
done

# One report of them all.  A shell's child would allocate before it becomes the program.
cat >"$WORK/all.py" <<'END_OF_PROGRAM'
import os, subprocess, sys
work, workload, live, interrupting, front, *kinds = sys.argv[1:]

def run(command, out=None, preload=None):
    env = {**os.environ, "LD_PRELOAD": preload} if preload else None
    with open(f"{work}/{out}" if out else os.devnull, "wb") as file:
        status = subprocess.run(command, stdout=file, env=env).returncode
    if status:
        print(f"{command}, {preload}: status {status}")

for kind, library in (argument.split(":") for argument in kinds):
    for name in ("family", "threads_live", "forks_live"):
        more = ["no-pvalloc"] if library and name == "family" else []
        run([f"{workload}/counted", f"{live}:{library}" if library else live, f"{work}/oracle",
             f"{workload}/{name}", *more])
    for how in ("zero", "none", "throws", "large"):
        if kind != "mimalloc" or how in ("zero", "none"):  # which, in C, aborts
            run([f"{work}/new", how], f"{kind}.{how}", library)
for how in ("returns", "storm", "fork", "below"):
    run([f"{workload}/interrupted", how], how, interrupting)
run([f"{workload}/filtered"], "filtered")
run([f"{workload}/midway", "60"], "midway")
os.environ["GLIBC_TUNABLES"] = "glibc.malloc.tcache_count=0"
for rounds in ("0", "1000"):
    run([f"{workload}/handover", rounds], f"handover.{rounds}", front)
END_OF_PROGRAM
mkdir "$WORK/oracle"
KINDS=()
for kind in "${!LIBRARIES[@]}"; do KINDS+=("$kind:${LIBRARIES[$kind]}"); done
# What somebody maps already is known before the first call.
start env LD_PRELOAD="$OUT/librefmalloc.so:$RAISE:$FRONT" sleep 1000
mapped() { grep -q libraise "/proc/$1/maps" && grep -q libfront "/proc/$1/maps" && grep -q librefmalloc "/proc/$1/maps"; }
eventually 10 mapped $!
"$BRKSCOPE" report -l live -j -o "$WORK/report.json" -- "$PYTHON" -S -E "$WORK/all.py" "$WORK" "$WORKLOAD" \
	"$LIVE" "$RAISE" "$FRONT" glibc: "${KINDS[@]}" >"$WORK/out" 2>&1 || fail "report: status $?: $(cat "$WORK/out")"
[ ! -s "$WORK/out" ] || fail "$(cat "$WORK/out")"

"$BRKSCOPE" trace -l live -j -o "$WORK/left.json" -- "$WORKLOAD/left_first" >"$WORK/left" || fail "left_first: status $?"

compare "$WORK" "${!LIBRARIES[@]}" <<'END'
from live import *
work, kinds = sys.argv[1], sys.argv[2:]
report, oracle = Report(f"{work}/report.json"), read_live(f"{work}/oracle")
expect("spilled", report.data["events"]["spilled"], 0)
# forks_live is itself, 6 children by fork and one by vfork.
expect("processes", len(oracle), (1 + len(kinds)) * (1 + 1 + 8))
for live in oracle.values():
    expect_live(report, live, peak=live.comm == "family")

def own(name, but=()):
    truth = read_json(f"{work}/{name}")
    row = report.row(truth["pid"])
    for what in truth:
        if what in LIVE and what not in but:
            expect(f"{name}: {what}", row["malloc"][what], truth[what])
    return truth, row

def new(kind, how):
    truth = read_json(f"{work}/{kind}.{how}")
    return truth, report.row(truth["pid"])["malloc"]

for kind in ("glibc", *kinds):
    # What libraries allocate when they start is what there is of it without any new.
    zero, (truth, malloc) = new(kind, "zero")[1], new(kind, "none")
    for what in LIVE[:-1]:
        expect(f"{kind}: new: {what}", malloc[what] - zero[what],
               truth["failed"] if what == "impossible" else truth.get(what, 0))
    expect_sums(f"{kind}: new", report.row(truth["pid"]))
    if kind == "mimalloc":  # which, in C, aborts
        continue
    # What is thrown is caught.
    truth, malloc = new(kind, "throws")
    expect(f"{kind}: caught", truth["caught"], 4)
    for what in ("failed", "live_blocks", "live_bytes"):
        expect(f"{kind}: throws: {what}", malloc[what] - zero[what], truth[what])
    # Where the kernel might refuse, an allocator's own operator is not waited for: its blocks are not known.
    truth, malloc = new(kind, "large")
    expect(f"{kind}: caught of the large", truth["caught"], 8)
    if kind in ("jemalloc", "tcmalloc"):
        expect(f"{kind}: live", malloc["live_bytes"], None)
    else:
        expect(f"{kind}: live", malloc["live_bytes"] - zero["live_bytes"], truth["live_bytes"])
for name in ("returns", "storm", "filtered"):
    truth, row = own(name)
    expect_sums(name, row)

# Calls of libc's own that are interrupted on their way, some for good; a line for each process.
with open(f"{work}/midway") as lines:
    truths = [json.loads(line) for line in lines]
expect("midway: processes", len(truths), 1 + 12)
for n, truth in enumerate(truths):
    malloc = report.row(truth.pop("pid"))["malloc"]
    for what, value in truth.items():
        expect(f"midway {n}: {what}", malloc[what], value)
    expect(f"midway {n}: impossible", malloc["impossible"], 1)

# A call that was left is not taken for the next one, in the same place.
truth = read_json(f"{work}/left")
with open(f"{work}/left.json") as lines:
    events = [json.loads(line) for line in lines]
for size in ("103", "3001"):
    expect(f"left_first: {size} bytes", [e["result"] for e in events if e["event"] == "malloc" and e["pid"] == truth["pid"]
                                         and e.get("bytes") == int(size)], [truth[size]])

# Each call passes two allocators, and each free has the last one's address and frame.
idle, truth = (read_json(f"{work}/handover.{rounds}") for rounds in (0, 1000))
idle, malloc = (report.row(pid)["malloc"] for pid in (idle["pid"], truth["pid"]))
expect("handover: the same", truth["same"], 999)
for what in ("calls", "bytes", "frees"):
    expect(f"handover: {what}", malloc[what] - idle[what], truth[what])
for what in ("frees_unknown", "failed"):
    expect(f"handover: {what}", malloc[what], 0)
for what in ("live_blocks", "live_bytes"):
    expect(f"handover: {what}", malloc[what], idle[what])

# Of a child the calls are its parent's as well.
with open(f"{work}/fork", encoding="utf-8") as lines:
    processes = [json.loads(line) for line in lines]
expect("fork: processes", len(processes), 7)
for truth in processes:
    malloc = report.row(truth["pid"])["malloc"]
    for what in ("live_blocks", "live_bytes"):
        expect(f"fork: {what}", malloc[what], truth[what])

# Where a return probe would kill there is none: all but the blocks is known.
truth = read_json(f"{work}/below")
malloc = report.row(truth["pid"])["malloc"]
for what in ("calls", "bytes", "frees"):
    expect(f"below: {what}", malloc[what], truth[what])
expect("below: live", malloc["live_bytes"], None)
END
