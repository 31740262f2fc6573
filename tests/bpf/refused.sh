#!/bin/bash
# refused.sh - a call that got no memory is not said to have been served by the heap.
. "$(dirname "$0")/lib.sh"
need_bpf

for level in sizes live; do
	"$BRKSCOPE" report -j -l $level -o "$WORK/$level.json" -- "$WORKLOAD/refused" >"$WORK/$level" ||
		fail "report -l $level: status $?: $(cat "$WORK/$level")"
	"$BRKSCOPE" report -l $level -o "$WORK/$level.text" -- "$WORKLOAD/refused" >"$WORK/out" ||
		fail "report -l $level as text: status $?"
done
grep -q 'heap or failed 118 calls' "$WORK/sizes.text" || fail "$(cat "$WORK/sizes.text")"
grep -q 'heap 100 calls' "$WORK/live.text" || fail "$(cat "$WORK/live.text")"

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]
for level in ("sizes", "live"):
    truth = read_json(f"{work}/{level}")
    row = Report(f"{work}/{level}.json").row(truth["pid"])
    malloc, route = row["malloc"], row["malloc"]["route"]
    expect(f"{level}: calls", malloc["calls"], truth["failed"] + truth["small"] + 1)
    expect(f"{level}: by mmap", route["mmap"]["calls"], 1)
    small = truth["small"] if level == "live" else None
    expect(f"{level}: by the heap", [route["heap"]["calls"], route["heap_or_arena"]["calls"]],
           [small, small])
    expect(f"{level}: failed", malloc["failed"], truth["failed"] if level == "live" else None)
    buckets = {b["le"]: [b["calls"], b["heap"]] for b in row["histograms"]["malloc_size"]}
    expect(f"{level}: of 2 GiB", buckets[1 << 31], [10, 0 if level == "live" else None])
END
