#!/bin/bash
# arenas.sh - glibc's arenas are what /proc/self/maps shows, and what replaces a blocked heap is one.
. "$(dirname "$0")/lib.sh"
need_bpf
need strace

"$BRKSCOPE" report -j -o "$WORK/threads.json" -- "$WORKLOAD/threads" 8 >"$WORK/threads.out" </dev/null ||
	fail "report of threads: status $?: $(cat "$WORK/threads.out")"
"$BRKSCOPE" report -j -o "$WORK/blocked.json" -- "$WORKLOAD/brk_blocked" >"$WORK/blocked.out" ||
	fail "report of brk_blocked: status $?: $(cat "$WORK/blocked.out")"
for level in sizes live; do
	"$BRKSCOPE" report -j -l $level -o "$WORK/second.$level.json" -- "$WORKLOAD/second_libc" \
		>"$WORK/second.$level.out" || fail "report of second_libc: status $?"
done
# Not of libc: a pool of the program's own, and one whose memory is from before brkscope came.
find_allocators
LD_PRELOAD=${LIBRARIES[jemalloc]} PYTHONMALLOC=malloc start "$PYTHON" -c '
import time
while True:
    kept = [bytes(600) for i in range(1000)]
    print("warm", flush=True)
    time.sleep(0.02)' >"$WORK/warm"
jemalloc=$!
eventually 10 grep -q warm "$WORK/warm"
for level in sizes live; do
	"$BRKSCOPE" report -j -l $level -o "$WORK/own.$level.json" -- "$WORKLOAD/own_malloc" >"$WORK/own.$level.out" ||
		fail "report of own_malloc: status $?"
	"$BRKSCOPE" report -j -d 1 -l $level -p $jemalloc -o "$WORK/older.$level.json" ||
		fail "report of jemalloc: status $?"
done
kill -KILL $jemalloc
strace -f -o "$WORK/strace" -e trace=brk,mmap "$WORKLOAD/brk_blocked" >"$WORK/out" ||
	fail "strace: $(cat "$WORK/out")"

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]

truth = read_json(f"{work}/threads.out")
row = Report(f"{work}/threads.json").row(truth["pid"])
arena = row["mmap"]["arena"]
expect_true("threads: there are arenas", truth["heaps"] >= 8)
expect("threads: arenas", arena["live_regions"], truth["heaps"])
expect("threads: reserved", arena["live_bytes"], truth["reserved"])
expect("threads: usable", arena["usable_bytes"], truth["usable"])
expect("threads: stacks", [row["mmap"]["stack"]["calls"], row["mmap"]["stack"]["live_bytes"]],
       [truth["threads"], truth["stack_bytes"]])
expect("threads: malloc calls", row["malloc"]["by_function"]["malloc"], 64 * truth["threads"])
# Which of them the heap served is not in the calls: said to be unknown, not 0.
for route in ("heap", "arena"):
    expect(f"threads: {route}'s share", row["malloc"]["route"][route],
           {"calls": None, "bytes": None})

truth = read_json(f"{work}/blocked.out")
row = Report(f"{work}/blocked.json").row(truth["pid"])
syscalls = read_strace(f"{work}/strace")[0]
arena = row["mmap"]["arena"]
expect("blocked: arena bytes", [arena["bytes"], arena["live_bytes"], arena["usable_bytes"]],
       [truth["arena_bytes"]] * 3)
expect("blocked: brk failed", row["heap"]["failed"]["calls"], syscalls.brk["failed"][0])
expect_true("blocked: brk did fail", syscalls.brk["failed"][0] > 1)
expect("blocked: one arena a failure", arena["calls"], syscalls.brk["failed"][0])
expect("blocked: mmap by malloc", row["mmap"]["malloc"]["calls"], 0)
expect("blocked: heap", row["heap"]["bytes"], 0)
expect("blocked: malloc", [row["malloc"]["calls"], row["malloc"]["bytes"]],
       [truth["calls"], truth["bytes"]])

for level in ("sizes", "live"):
    truth = read_json(f"{work}/own.{level}.out")
    row = Report(f"{work}/own.{level}.json").row(truth["pid"])
    expect(f"own, {level}: heap", row["heap"]["bytes"], truth["heap_bytes"])
    route = row["malloc"]["route"]
    expect(f"own, {level}: routes", [[route[r]["calls"], route[r]["bytes"]] for r in
           ("heap", "arena", "mmap", "unknown")],
           [[0, 0], [0, 0], truth["mapped"], truth["pooled"]])
    row = Report(f"{work}/older.{level}.json").data["processes"][0]
    malloc = row["malloc"]
    expect_true(f"jemalloc, {level}: it has called, and has no heap",
                malloc["calls"] > 5000 and row["heap"]["bytes"] == 0)
    expect(f"jemalloc, {level}: routes", {r: malloc["route"][r]["calls"] for r in
           ("heap", "arena", "heap_or_arena", "unknown")},
           {"heap": 0, "arena": 0, "heap_or_arena": 0,
            "unknown": malloc["calls"] - malloc["route"]["mmap"]["calls"]})

# A libc beside the first one has no break to move: no call of its is served by mapping of its own.
for level in ("sizes", "live"):
    truth = read_json(f"{work}/second.{level}.out")
    row = Report(f"{work}/second.{level}.json").row(truth["pid"])
    expect(f"second libcs, {level}: mmap by malloc",
           [row["mmap"]["malloc"][k] for k in ("calls", "live_regions")], [1, 1])
    arena = row["mmap"]["arena"]
    expect_true(f"second libcs, {level}: of {arena['live_bytes']}",
                truth["bytes"] < arena["live_bytes"] < 2 * truth["bytes"])
    expect(f"second libcs, {level}: by mmap", row["malloc"]["route"]["mmap"]["calls"], 1)
    if level == "live":
        route = row["malloc"]["route"]["arena"]
        expect_true(f"second libcs: by arenas {route}", route["calls"] >= truth["calls"] and
                    route["bytes"] >= truth["bytes"])
END
