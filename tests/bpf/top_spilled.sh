#!/bin/bash
# top_spilled.sh - who has gone is not shown any more, also when the ring was far too small for its events.
. "$(dirname "$0")/lib.sh"
need_bpf

# By names of their own: other processes of this machine may still be there, and end.
XARGS=xargs_$$ ECHO=echo_$$
cp "$(type -P xargs)" "$WORK/$XARGS"
cp "$(type -P echo)" "$WORK/$ECHO"
start "$BRKSCOPE" top -b -r 0 -l syscalls --ring-pages 1 0.05 >"$WORK/top" 2>"$WORK/messages"
TOP=$!
tables() { [ "$(grep -c '^ *PID ' "$WORK/top")" -ge "$1" ]; }
eventually 20 tables 1
for _ in 1 2 3 4; do
	seq 400 | "$WORK/$XARGS" -P 4 -n 1 "$WORK/$ECHO" >"$WORK/out"
done
N=$(grep -c '^ *PID ' "$WORK/top")
eventually 20 tables $((N + 5))
kill -INT "$TOP"
ended "$TOP" || fail "top: status $?: $(cat "$WORK/messages")"

# One table after another, divided by their heads.
LAST=$(tac "$WORK/top" | sed '/^ *PID /q')
SEEN=$(grep -cE "$XARGS|$ECHO" "$WORK/top")
[ "$SEEN" -gt 100 ] || fail "only $SEEN rows of them in all"
grep -q '[1-9][0-9]* spilled' "$WORK/top" || fail "nothing has spilled: $(tail -3 "$WORK/top")"
if grep -E "$XARGS|$ECHO" <<<"$LAST"; then fail "they are still shown"; fi
