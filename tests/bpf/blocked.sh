#!/bin/bash
# blocked.sh - a reader that does not read holds up nothing: not the end, not the probes' going, not the collecting.
. "$(dirname "$0")/lib.sh"
need_bpf

mkfifo "$WORK/unread"
exec 3<>"$WORK/unread"

filled() { # the pipe takes no more
	"$PYTHON" -c 'import select, sys; sys.exit(bool(select.select([], [3], [], 0)[1]))'
}
drain() { "$PYTHON" -c '
import os
os.set_blocking(3, False)
try:
    while os.read(3, 65536): pass
except BlockingIOError: pass
os.set_blocking(3, True)'; }
gone() { ! kill -0 "$AGENT" 2>/dev/null || ! grep -qs '^State:.*[^Z] (' "/proc/$AGENT/status"; }
detached() { gone || ! grep -qs '^link_id' "/proc/$AGENT"/fdinfo/*; }

# told WHAT: it has ended with an error, and one line says how much was not written.
told() {
	local status

	ended "$AGENT"
	status=$?
	[ $status = 1 ] || fail "$1: status $status: $(cat "$WORK/messages")"
	[ "$(grep -c ' lines ([0-9]* bytes) were not written' "$WORK/messages")" = 1 ] ||
		fail "$1: what was not written: $(cat "$WORK/messages")"
}

# Calls, more than any pipe holds.
start "$PYTHON" -c '
import mmap, time
while True:
    for _ in range(50):
        mmap.mmap(-1, 1 << 16).close()
    time.sleep(0.01)'
BUSY=$!

for signal in INT TERM HUP; do
	start_collecting "$WORK/messages" trace -l syscalls -p "$BUSY" >"$WORK/unread"
	eventually 20 filled
	kill -$signal "$AGENT"
	eventually 8 detached
	eventually 8 gone
	told "trace, SIG$signal"
	drain
done

start_collecting "$WORK/messages" top -j 0.01 >"$WORK/unread"
eventually 20 filled
sleep 0.3
kill -INT "$AGENT"
eventually 8 detached
eventually 8 gone
told "top"
drain

# The time that was given, and a reader who comes too late for it.
start_collecting "$WORK/messages" trace -l syscalls -p "$BUSY" -d 1 >"$WORK/unread"
eventually 10 detached
eventually 8 gone
told "trace -d"
drain

# A report is waited for, and nobody pays for that.  A signal ends it.
start "$BRKSCOPE" report -j -d 0.2 -l syscalls >"$WORK/unread" 2>"$WORK/messages"
AGENT=$!
eventually 20 filled
eventually 8 detached
gone && fail "report did not wait for its reader: $(cat "$WORK/messages")"
kill -INT "$AGENT"
eventually 8 gone
told "report"
drain

# Others have the same end of the pipe: it waits for them as before.
start sh -c '"$0" trace -l syscalls -p "$1"; exec sleep 60' "$BRKSCOPE" "$BUSY" >"$WORK/unread" 2>"$WORK/messages"
SHELL_PID=$!
runs() { pgrep -P "$SHELL_PID" -x "$1" >"$WORK/pid"; }
eventually 10 runs brkscope
eventually 20 filled
flags=$(sed -n 's/^flags:[ \t]*//p' "/proc/$SHELL_PID/fdinfo/1")
[ $((0$flags & 04000)) = 0 ] || fail "the pipe is O_NONBLOCK for others as well"
kill -INT "$(cat "$WORK/pid")"
has_no_agent() { ! runs brkscope; }
eventually 8 has_no_agent
drain

# A terminal that nobody reads, with the messages on it as well.
"$PYTHON" - "$BRKSCOPE" "$BUSY" <<'END' || fail "trace on a terminal that is not read"
import os, pty, signal, subprocess, sys, time
ours, theirs = pty.openpty()
agent = subprocess.Popen([sys.argv[1], "trace", "-l", "syscalls", "-p", sys.argv[2]],
                         stdin=theirs, stdout=theirs, stderr=theirs, start_new_session=True)
STUCK = 3 # seconds: an unread terminal holds some kilobytes
time.sleep(STUCK)
if agent.poll() is not None:
    sys.exit(f"it ended: {os.read(ours, 4096)}")
agent.send_signal(signal.SIGINT)
try:
    agent.wait(10)
except subprocess.TimeoutExpired:
    agent.kill()
    sys.exit(f"SIGINT did not end it: {open(f'/proc/{agent.pid}/wchan').read()}")
sys.exit(agent.returncode != 1)
END

# While nobody reads the ring is read, and what has no line is counted; then it goes on.
start_collecting "$WORK/messages" trace -j -l syscalls -p "$BUSY" >"$WORK/unread"
eventually 20 filled
sleep 6
"$PYTHON" -c '
import os, select, sys
while select.select([3], [], [], 1)[0]:
    sys.stdout.buffer.write(os.read(3, 65536))' >"$WORK/lines" &
READER=$!
STARTED+=("$READER")
eventually 20 grep -q '"event":"unwritten"' "$WORK/lines"
kill -INT "$AGENT"
ended "$AGENT" || fail "trace of a reader that came back: status $?: $(cat "$WORK/messages")"
ended "$READER"
exec 3>&-
compare "$WORK/lines" <<'END'
from oracle import *
with open(sys.argv[1], encoding="utf-8") as lines:
    events = [json.loads(line) for line in lines]
end = events[-1]
expect("the last line", [end["event"], end["spilled"], end["lost"]], ["end", 0, 0])
left_out = sum(e["events"] for e in events if e["event"] == "unwritten")
expect("unwritten", left_out, end["unwritten"])
expect_true("there are some", left_out > 0)
expect("each event is in a line or counted", sum("tid" in e for e in events) + left_out, end["received"])
END
