#!/bin/bash
# selftest.sh - every number is right here, a wrong one is noticed, and nothing of it stays.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need_bpf
need setpriv

"$BRKSCOPE" selftest -j -o "$WORK/right.json" 2>"$WORK/err" ||
	fail "status $?: $(cat "$WORK/err"; grep -B 6 -A 2 -E '"outcome": "(wrong|unknown)"' "$WORK/right.json")"
[ ! -s "$WORK/err" ] || fail "it says: $(cat "$WORK/err")"
"$BRKSCOPE" selftest >"$WORK/right.txt" || fail "as text: status $?: $(tail -3 "$WORK/right.txt")"
grep -Eq '^[0-9]+ quantities in [0-9]+ workloads, 0 errors' "$WORK/right.txt" ||
	fail "the last line: $(tail -1 "$WORK/right.txt")"

# Without librefmalloc.so beside it one workload is not run, and that is said.
mkdir "$WORK/alone"
cp "$BRKSCOPE" "$WORK/alone/brkscope"
"$WORK/alone/brkscope" selftest -j -o "$WORK/alone.json" || fail "alone: status $?"

# Every malloc asks for more than its caller: measured, and an error.
LD_PRELOAD=$OUT/tests/preload/libmore_malloc.so "$BRKSCOPE" selftest -j -o "$WORK/wrong.json" 2>"$WORK/err"
status=$?
[ $status = 1 ] || fail "with a malloc that asks for more: status $status: $(cat "$WORK/err")"
LD_PRELOAD=$OUT/tests/preload/libmore_malloc.so "$BRKSCOPE" selftest >"$WORK/wrong.txt"
grep -Eq '^functions +malloc\.by_function\.malloc\.bytes +[0-9]+ +[0-9]+ +\+256$' "$WORK/wrong.txt" ||
	fail "with a malloc that asks for more: $(grep functions "$WORK/wrong.txt")"

# Who may not trace is told so in one line.
chmod 755 "$WORK/alone" "$WORK/alone/brkscope"
setpriv --reuid 65534 --regid 65534 --clear-groups "$WORK/alone/brkscope" selftest >"$WORK/out" 2>"$WORK/err" &&
	fail "as nobody: status 0"
[ "$(wc -l <"$WORK/err")" = 1 ] && [ ! -s "$WORK/out" ] && grep -Eq 'root|CAP_' "$WORK/err" ||
	fail "as nobody: $(cat "$WORK/out" "$WORK/err")"

# However it ends, its workloads end with it: killed while it attaches, and while they run.
ours() {
	grep -lzsx "SELFTEST_OF=$$" /proc/[0-9]*/environ | sed 's,/proc/,,; s,/environ,,'
}
none_left() { [ -z "$(ours)" ]; }
# Agent, driver, workload; or the agent has ended before that was seen.
busy_or_ended() {
	[ "$(ours | wc -l)" -ge 3 ] || ! kill -0 "$AGENT" 2>/dev/null
}
seen=0
for signal in KILL KILL KILL TERM TERM INT INT; do
	start env --default-signal=INT SELFTEST_OF=$$ "$BRKSCOPE" selftest -o "$WORK/out" 2>"$WORK/err"
	AGENT=$!
	eventually 20 busy_or_ended
	kill -$signal "$AGENT" 2>/dev/null && seen=$((seen + 1))
	ended "$AGENT" 2>"$WORK/ended"
	eventually 5 none_left
done
[ $seen -gt 0 ] || fail "it was never seen at work"
for delay in 0.02 0.2; do
	start env SELFTEST_OF=$$ "$BRKSCOPE" selftest -o "$WORK/out" 2>"$WORK/err"
	sleep $delay
	kill -KILL $!
	ended $! 2>"$WORK/ended"
	eventually 5 none_left
done

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]
right, alone, wrong = (read_json(f"{work}/{name}.json") for name in ("right", "alone", "wrong"))

def of(result, workload):
    return [q for q in result["quantities"] if q["workload"] == workload]

expect("schema", right["schema"], "brkscope.selftest/1")
expect("errors", right["errors"], 0)
expect_true("it compares", right["compared"] > 220)
expect("compared", right["compared"],
       len([q for q in right["quantities"] if q["outcome"] == "right"]))
expect("lost", right["events"]["lost"], 0)
expect_true("spilled", right["events"]["spilled"] > 0)
for name, least in (("tutorial-heap", 10), ("tutorial-grow", 11), ("tutorial-mmap", 14),
                    ("functions", 35), ("glibc", 25), ("arenas", 10), ("mapper", 21),
                    ("breaks", 8), ("stacks", 6), ("leader", 2), ("fork", 7), ("fork-child", 8),
                    ("vfork", 3), ("vfork-child", 2), ("exec", 8), ("touch", 1), ("burst", 10),
                    ("burst, spilled", 10), ("refmalloc", 16)):
    count = len([q for q in of(right, name) if q["outcome"] == "right"])
    expect_true(f"{name}: {count} right, at least {least}", count >= least)
# What the tutorial says, once more: the expectation may not drift.
tutorial = {q["quantity"]: q["measured"] for q in of(right, "tutorial-grow")}
expect("tutorial", [tutorial["heap.pages"], tutorial["heap.grow.bytes"]],
       [73, 33 * 4096 + 163840])

expect("alone: errors", alone["errors"], 0)
expect("alone: refmalloc", [(q["quantity"], q["outcome"]) for q in of(alone, "refmalloc")],
       [(None, "not measured")])

errors = [q for q in wrong["quantities"] if q["outcome"] == "wrong"]
expect("wrong: errors", wrong["errors"], len(errors))
expect_true("wrong: several", len(errors) > 10)
for q in of(wrong, "burst"):
    if q["quantity"] == "malloc.bytes":
        expect("wrong: burst", q["error"], 16 * 20000)
# What the preloaded library does not touch is right.
expect("wrong: mapper", {q["outcome"] for q in of(wrong, "mapper")}, {"right"})
END
