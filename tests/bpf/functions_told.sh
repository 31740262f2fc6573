#!/bin/bash
# functions_told.sh - where events are those of the kernel's functions, each function is passed, or none is used.
#
# From Linux 7.0 on, or what says so.  Where the kernel's functions cannot be probed at all, that is
# said, and the tracepoints tell everything.  Where they can, a function whose code is in its
# callers as well is found by its name, and probed, and nothing comes of it: a probe that is put
# elsewhere is no different.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need_bpf
[ "$(uname -m)" = x86_64 ] || skip "the functions' names are those of x86"

ELSEWHERE=$OUT/tests/preload/libelsewhere.so
FUNCTIONS="__x64_sys_brk __x64_sys_mmap __x64_sys_munmap __x64_sys_mremap __x64_sys_mprotect __x64_sys_shmat
	__x64_sys_shmdt wake_up_new_task begin_new_exec finalize_exec taskstats_exit"

# report NAME FUNCTION: forkstorm, with the probe of one function elsewhere.
report() {
	env LD_PRELOAD="$ELSEWHERE" RELEASE=7.0.0 ELSEWHERE="$2" "$BRKSCOPE" report -j -o "$WORK/$1.json" -- \
		env -u LD_PRELOAD "$WORKLOAD/forkstorm" 4 >"$WORK/$1.out" 2>"$WORK/$1.err" ||
		fail "$1: status $?: $(cat "$WORK/$1.out" "$WORK/$1.err")"
}

# Functions or tracepoints.
probed() {
	env LD_PRELOAD="$ELSEWHERE" RELEASE=7.0.0 ELSEWHERE="$1" "$BRKSCOPE" probes -o "$WORK/probes" \
		2>"$WORK/messages" || fail "probes: status $?: $(cat "$WORK/messages")"
	sed -n 's/^\(functions of the kernel\|tracepoints\)$/\1/p' "$WORK/probes"
}

report as_they_are nothing
how=$(probed nothing)
names="as_they_are"
if [ "$how" = tracepoints ]; then
	grep -q "^brkscope: the kernel's functions cannot be probed: " "$WORK/as_they_are.err" ||
		fail "on tracepoints, and does not say why: $(cat "$WORK/as_they_are.err")"
else
	[ ! -s "$WORK/as_they_are.err" ] || fail "it says: $(cat "$WORK/as_they_are.err")"
	for function in $FUNCTIONS; do
		report "$function" "$function"
		names+=" $function"
		grep -q "^brkscope: the kernel's function $function is probed, and nothing comes of it: " \
			"$WORK/$function.err" || fail "$function: it says: $(cat "$WORK/$function.err")"
		[ "$(probed "$function")" = tracepoints ] || fail "$function: $(probed "$function")"
	done
fi

# shellcheck disable=SC2086
compare "$WORK" $names <<'END'
from oracle import *
work = sys.argv[1]
for name in sys.argv[2:]:
    truth = read_json(f"{work}/{name}.out")
    report = Report(f"{work}/{name}.json")
    # Programs on tracepoints may be skipped, where the release is what it says.
    if sum(report.data["events"][what] for what in ("lost", "skipped")):
        continue
    parent = report.rows.pop(truth["pid"])
    children = report.rows.values()
    expect(f"{name}: children", len(children), truth["children"])
    expect(f"{name}: execs", sum(row["execs"] for row in children), truth["execs"])
    expect_true(f"{name}: parent's mmaps", parent["mmap"]["loader"]["calls"] > 0)
    for row in children:
        who = f"{name}: child {row['pid']}"
        expect(f"{who}: malloc", [row["malloc"]["calls"], row["malloc"]["bytes"]],
               [truth["child_calls"], truth["child_bytes"]])
        expect(f"{who}: exited", row["exited"], True)
        expect(f"{who}: heap", row["heap"]["pages"], 33)
END
