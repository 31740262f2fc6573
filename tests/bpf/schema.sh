#!/bin/bash
# schema.sh - a report of the whole machine keeps the contract, at each level, hostile names and all.
. "$(dirname "$0")/lib.sh"
need_bpf

# A name with everything in it that JSON and terminals mind, and bytes that are no UTF-8.
NAME=$'a"\\\t\e[31m\xff\xc3'
cp "$(type -P sleep)" "$WORK/$NAME"

for level in syscalls sizes; do
	start_collecting "$WORK/messages" report -j -l $level -o "$WORK/$level.json"
	"$WORK/$NAME" 0.01
	"$WORKLOAD/mix" >"$WORK/out" || fail "mix: $(cat "$WORK/out")"
	kill -INT "$AGENT"
	ended "$AGENT" || fail "report -l $level: status $?: $(cat "$WORK/messages")"
done
# A process that has ended already, but is there until its parent asks for it, which it then does.
mkfifo "$WORK/reap"
exec 3<>"$WORK/reap"
start "$PYTHON" -c 'import ctypes, os, sys
ctypes.CDLL(None).prctl(15, b"")  # PR_SET_NAME: a name may be empty
pid = os.fork() or os._exit(0)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
print(pid, flush=True)
sys.stdin.read(1)
os.waitpid(pid, 0)
print("reaped", flush=True)
sys.stdin.read(1)' <"$WORK/reap" >"$WORK/zombie"
NAMELESS=$!
eventually 10 grep -q . "$WORK/zombie"
start_collecting "$WORK/messages" report -j -o "$WORK/zombies.json"
printf . >&3
eventually 10 grep -q reaped "$WORK/zombie"
kill -INT "$AGENT"
ended "$AGENT" || fail "report beside a zombie: status $?: $(cat "$WORK/messages")"

# Without -o the report is what stdout gets.
"$BRKSCOPE" report -j -d 0.1 >"$WORK/stdout.json" || fail "report to stdout: status $?"

compare "$WORK" "$NAMELESS" <<'END'
import schema
from oracle import *
work, nameless = sys.argv[1], int(sys.argv[2])
for name in ("syscalls", "sizes", "zombies", "stdout"):
    report = Report(f"{work}/{name}.json")
    schema.check(report)
    expect("level", report.data["level"], "syscalls" if name == "syscalls" else "sizes")
    # Every process that there is has a row, this one's parents among them.
    expect_true("PID 1 has a row", 1 in report.rows)
    expect_true("all were there", len(report.rows) > 3)
    if name == "zombies":
        expect("an empty name", report.row(nameless)["comm"], "")
    if name in ("syscalls", "sizes"):
        comms = [row["comm"] for row in report.rows.values()]
        expect("the hostile name, once", sum(c.startswith('a"') for c in comms), 1)
        expect("mix, once", comms.count("mix"), 1)
END
