#!/bin/bash
# flood.sh - when the ring is far too small, every number is the same or not known: spilled, and nothing lost.
. "$(dirname "$0")/lib.sh"
need_bpf

# What creating the threads takes, counted without brkscope.
mkdir "$WORK/idle"
"$WORKLOAD/counted" "$LIBCOUNT" "$WORK/idle" "$WORKLOAD/flood" 0 0 4 >"$WORK/out" ||
	fail "$(cat "$WORK/out")"

for pages in 1 4096; do
	"$BRKSCOPE" report -j --ring-pages $pages -o "$WORK/$pages.json" -- \
		"$WORKLOAD/flood" 20000 5000 4 >"$WORK/$pages.out" ||
		fail "report with a ring of $pages pages: status $?: $(cat "$WORK/$pages.out")"
done
"$BRKSCOPE" report --ring-pages 1 -o "$WORK/text" -- "$WORKLOAD/flood" 20000 5000 4 >"$WORK/out" ||
	fail "report as text: status $?"
grep -qi 'spill' "$WORK/text" ||
	fail "the text does not say that events spilled: $(cat "$WORK/text")"

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]
(idle,) = read_counts(f"{work}/idle").values()
for ring in (1, 4096):
    truth = read_json(f"{work}/{ring}.out")
    report = Report(f"{work}/{ring}.json")
    row, who = report.row(truth["pid"]), f"ring of {ring}"
    malloc, mmap = row["malloc"], row["mmap"]
    if ring == 1:
        expect_true(f"{who}: it spilled", report.data["events"]["spilled"] > 100000)
    expect(f"{who}: malloc", malloc["by_function"]["malloc"],
           truth["malloc_calls"] + idle.functions["malloc"])
    expect(f"{who}: calls", malloc["calls"], truth["malloc_calls"] + idle.calls)
    expect(f"{who}: bytes", malloc["bytes"], truth["malloc_bytes"] + idle.bytes)
    sizes = dict(idle.buckets)
    for edge, calls in truth["buckets"].items():
        sizes[int(edge)] = sizes.get(int(edge), 0) + calls
    expect(f"{who}: sizes", malloc_buckets(row), sizes)
    expect(f"{who}: route mmap", malloc["route"]["mmap"],
           {"calls": truth["route_mmap_calls"], "bytes": truth["route_mmap_bytes"]})
    for cause in ("malloc", "direct"):
        name = "malloc_mmap" if cause == "malloc" else cause
        expect(f"{who}: {cause}", [mmap[cause]["calls"], mmap[cause]["bytes"]],
               [truth[f"{name}_calls"], truth[f"{name}_bytes"]])
        # Each was unmapped again; where an address spilled, what is live is not known.
        expect_true(f"{who}: {cause} live", mmap[cause]["live_bytes"] == 0 or
                    ring == 1 and mmap[cause]["live_bytes"] is None)
    large = next(b for b in row["histograms"]["mmap_size"] if b["le"] == 262144)
    expect(f"{who}: mmap sizes", large["malloc"], truth["malloc_mmap_calls"])
    expect(f"{who}: exited", row["exited"], True)
    expect(f"{who}: comm", row["comm"], "flood")
END

# Of processes that come and go: the ring may have room for one's end, and not for what it did
# before.  Then what it had is not known, and nothing can be said to be unexplained.
for pages in 1 4096; do
	"$BRKSCOPE" report -j -l syscalls --ring-pages $pages -o "$WORK/ended.$pages.json" -- \
		sh -c 'seq 200 | xargs -P 4 -n 1 /bin/echo' >"$WORK/out" ||
		fail "report of processes with a ring of $pages pages: status $?"
done
compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]
for ring in (1, 4096):
    report = Report(f"{work}/ended.{ring}.json")
    spaces = [row["address_space"]["unexplained_bytes"] for row in report.rows.values()]
    expect_true(f"ring of {ring}: all have a row", len(spaces) > 200)
    expect(f"ring of {ring}: what is not explained", [n for n in spaces if n], [])
    if ring == 1:
        expect_true("ring of 1: some are not known", None in spaces)
    else:
        expect("ring of 4096: spilled", report.data["events"]["spilled"], 0)
        expect_true("ring of 4096: nearly all are known", spaces.count(0) > 0.9 * len(spaces))
END
