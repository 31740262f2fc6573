#!/bin/bash
# forks.sh - short-lived children, however made: each one a row, with its own calls, at any rate.
. "$(dirname "$0")/lib.sh"
need_bpf

for pages in 1 4096; do
	"$BRKSCOPE" report -j --ring-pages $pages -o "$WORK/$pages.json" -- \
		"$WORKLOAD/forkstorm" 40 >"$WORK/$pages.out" ||
		fail "report with a ring of $pages pages: status $?: $(cat "$WORK/$pages.out")"
done

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]
for ring in (1, 4096):
    truth = read_json(f"{work}/{ring}.out")
    report, who = Report(f"{work}/{ring}.json"), f"ring of {ring}"
    parent = report.rows.pop(truth["pid"])
    children = report.rows.values()
    expect(f"{who}: children", len(children), truth["children"])
    expect(f"{who}: execs", sum(row["execs"] for row in children), truth["execs"])
    expect(f"{who}: parent's execs", parent["execs"], 1)
    # Its libc is probed, and it never calls malloc: 0 is known, or not, where its start has spilled.
    expect_true(f"{who}: parent's calls", ring == 1 and not parent["malloc"] or
                parent["malloc"] and parent["malloc"]["calls"] == 0)
    for row in children:
        pid = f"{who}: child {row['pid']}"
        expect(f"{pid}: malloc", [row["malloc"]["calls"], row["malloc"]["bytes"]],
               [truth["child_calls"], truth["child_bytes"]])
        expect(f"{pid}: parent", row["ppid"], truth["pid"])
        expect(f"{pid}: exited", row["exited"], True)
        expect(f"{pid}: heap", row["heap"]["pages"], 33)
END
