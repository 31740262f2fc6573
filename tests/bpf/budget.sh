#!/bin/bash
# budget.sh - with a budget malloc is seen in bursts and estimated, brk and mmap are exact, and what fits into it is seen whole.
. "$(dirname "$0")/lib.sh"
need_bpf

# That no living process holds; whoever else uses BPF meanwhile may do so.
no_link_is_left() {
	bpftool link show | sed -n 's/^\([0-9]*\):.*/\1/p' | sort >"$WORK/links"
	sed -n 's/^link_id:[ \t]*//p' /proc/[0-9]*/fdinfo/* 2>/dev/null | sort -u >"$WORK/held"
	[ -z "$(comm -23 "$WORK/links" "$WORK/held")" ]
}

# 300 calls a millisecond are a third of a CPU under probes: far more than 5%, whatever the machine.
"$BRKSCOPE" report -j --budget 5 -o "$WORK/some.json" -- "$WORKLOAD/paced" 6 300 >"$WORK/some" ||
	fail "report --budget 5: status $?"
"$BRKSCOPE" report -j --budget 100000 -o "$WORK/all.json" -- "$WORKLOAD/paced" 1 300 >"$WORK/all" ||
	fail "report --budget 100000: status $?"
# Over before there are bursts enough: the first one has to wait until it is paid for.
"$BRKSCOPE" report -j --budget 2 -o "$WORK/brief.json" -- "$WORKLOAD/paced" 1 300 >"$WORK/brief" ||
	fail "report --budget 2: status $?"
"$BRKSCOPE" report --budget 2 -o "$WORK/brief.txt" -- "$WORKLOAD/paced" 1 300 >/dev/null ||
	fail "report --budget 2: status $?"
grep -q '^  malloc     at least [0-9]* calls for ' "$WORK/brief.txt" ||
	fail "not said to be a lower bound: $(grep -A2 '^  malloc' "$WORK/brief.txt")"
grep -q ' [>≥][0-9.]*[kM] ' "$WORK/brief.txt" || fail "no sign in the table: $(cat "$WORK/brief.txt")"
# Nothing goes on for as little, nor begins: an allocator that is new then is not probed.
cp "$OUT/librefmalloc.so" "$WORK/libmine.so"
start_collecting "$WORK/none" report -j --budget 0.0001 -o "$WORK/none.json"
eventually 10 grep -q 'malloc is not probed any more' "$WORK/none"
LD_PRELOAD="$WORK/libmine.so" "$WORKLOAD/paced" 3 300 >"$WORK/late" || fail "paced: status $?"
kill -INT "$AGENT"
wait "$AGENT" || fail "report --budget 0.0001: status $?"
grep -q 'malloc is not probed any more' "$WORK/none" || fail "not said: $(cat "$WORK/none")"
"$BRKSCOPE" report -l live --budget 5 -- true 2>"$WORK/usage" && fail "--budget at level live"
[ $? = 2 ] || fail "--budget at level live is no usage error"
eventually 10 no_link_is_left

compare "$WORK" <<'END'
from oracle import *
import schema
work = sys.argv[1]


def look(name):
    report = Report(f"{work}/{name}.json")
    schema.check(report)
    truth = read_json(f"{work}/{name}")
    row = next(row for row in report.data["processes"] if row["comm"] == "paced")
    expect(f"{name}: mmap", [row["mmap"]["direct"]["calls"], row["mmap"]["direct"]["bytes"]],
           [truth["maps"], truth["maps"] * 5 * PAGE])
    expect(f"{name}: brk", row["heap"]["grow"]["bytes"], truth["heap"])
    if not row["malloc"]:
        sys.exit(f"{name}: malloc was not probed to the end: {report.data['cost']}: "
                 "do others map as fast as they can?")
    return report.data, row["malloc"], truth


report, malloc, truth = look("some")
expect_true("some: it is an estimate", malloc["estimated"] and report["budget"]["estimated"])
expect_true("some: a part was seen", 0 < malloc["coverage"] < 1)
expect_true("some: fewer were seen than there were",
            0 < malloc["seen"]["calls"] < truth["calls"])
expect_true("some: a call is of 100 bytes", abs(malloc["bytes"] - 100 * malloc["calls"]) <
            malloc["calls"])
expect_true("some: it costs something", report["cost"]["probes_percent"] > 0)
if malloc["calls_ci95"]:
    low, high = malloc["calls_ci95"]
    # Three times the interval: not once in a million runs is it further off.
    expect_true(f"some: {malloc} holds {truth}", high is None or
                abs(malloc["calls"] - truth["calls"]) <= 3 * (high - low))
    expect_true("some: the interval is around it", low <= malloc["calls"] <= (high or 1 << 63))
else:
    expect_true(f"some: {malloc} is said to be no estimate", malloc["at_least"])

report, malloc, truth = look("brief")
expect_true(f"brief: {malloc} is no estimate", malloc["at_least"])
# The program calls malloc a few times before it counts.
expect_true(f"brief: no more than {truth}", 0 < malloc["calls"] < truth["calls"] + 100 and
            0 < malloc["bytes"] < truth["bytes"] + (1 << 20))

report, malloc, truth = look("all")
expect("all: nothing is estimated", [malloc["estimated"], malloc["calls_ci95"],
                                     malloc["coverage"], report["budget"]["estimated"]],
       [False, None, 1, False])
expect("all: every call", [malloc["calls"], malloc["seen"]["calls"]],
       [malloc["by_function"]["malloc"]] * 2)
expect_true("all: every call of its own", 0 <= malloc["calls"] - truth["calls"] < 100)

report = Report(f"{work}/none.json").data
late = read_json(f"{work}/late")["calls"]
# Until the agent has seen it: not a tenth of the time.
expect_true(f"none: not probed {report['cost']['hits']}",
            sum(n for kind, n in report["cost"]["hits"].items() if kind != "syscall") < late / 10)
expect("none: level", report["level"], "syscalls")
expect_true("none: since when", report["budget"]["malloc_until_ns"] > report["start_ns"])
expect_true("none: no malloc numbers", all(row["malloc"] is None for row in report["processes"]))
END
