#!/bin/bash
# top.sh - the live view shows what a process has, while it changes, in the order asked for.
. "$(dirname "$0")/lib.sh"
need_bpf

mkfifo "$WORK/keys"
exec 3<>"$WORK/keys"
start "$WORKLOAD/mix" 5 wait <"$WORK/keys" >"$WORK/mix.out"
PID=$!
steps() { [ "$(wc -l <"$WORK/mix.out")" -ge "$1" ]; }
tables() { [ "$(grep -c '^ *PID ' "$WORK/top")" -ge "$1" ]; }

start "$BRKSCOPE" top -b -p "$PID" 0.2 8 >"$WORK/top" 2>"$WORK/messages"
TOP=$!
eventually 20 tables 1
printf '.....' >&3
eventually 10 steps 5
ended "$TOP" || fail "top: status $?: $(cat "$WORK/messages")"
[ -s "$WORK/messages" ] && fail "top says: $(cat "$WORK/messages")"
[ "$(grep -c '^ *PID ' "$WORK/top")" = 8 ] || fail "8 updates: $(cat "$WORK/top")"

# By a few of the keys, so many rows as asked for, on a terminal as well, and no name obeyed there.
NAME=$'\e[31mred'
cp "$(type -P sleep)" "$WORK/$NAME"
start "$WORK/$NAME" 60
KEYS=$("$BRKSCOPE" help top | sed -n '/--sort/,/^  -/s/^ \{20,\}\([a-z][a-z-]*\) .*/\1/p')
[ "$(wc -w <<<"$KEYS")" -ge 5 ] || fail "the sort keys in the help: $KEYS"
for key in $(sed -n '1p; 2p; $p' <<<"$KEYS"); do
	"$BRKSCOPE" top -b -l syscalls -r 2 -s "$key" 0.05 1 >"$WORK/sorted" ||
		fail "top -s $key: status $?"
	rows=$(sed '1,/^ *PID /d; /^$/,$d' "$WORK/sorted" | wc -l)
	[ "$rows" = 2 ] || fail "top -r 2 -s $key: $rows rows: $(cat "$WORK/sorted")"
done
"$BRKSCOPE" top -b -r 0 0.05 1 >"$WORK/all" || fail "top -r 0: status $?"
"$PYTHON" "$HERE/terminal.py" "$BRKSCOPE" top -C 0.1 2 >"$WORK/terminal" </dev/null ||
	fail "top on a terminal: status $?"
"$PYTHON" "$HERE/keys.py" "$BRKSCOPE" || fail "keys on a terminal"
if grep -q $'\e\[31mred' "$WORK/all" "$WORK/terminal"; then fail "a process's name coloured the screen"; fi

# Who has ended already is no row, and nothing to compare, though its parent has not asked for it.
start "$PYTHON" -c '
import os, time
pid = os.fork()
if not pid:
    os._exit(0)
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
print(pid, flush=True)
time.sleep(60)' >"$WORK/zombie"
eventually 10 grep -q . "$WORK/zombie"
ZOMBIE=$(cat "$WORK/zombie")
grep -q '^State:.*zombie' "/proc/$ZOMBIE/status" || fail "$ZOMBIE is no zombie"
"$BRKSCOPE" top -b -l syscalls -r 0 0.05 1 >"$WORK/all" || fail "top beside a zombie: status $?"
if grep -E "^ *$ZOMBIE[ †]" "$WORK/all"; then fail "a zombie is shown as if it lived"; fi

compare "$WORK" "$PID" <<'END'
from oracle import *
work, pid = sys.argv[1], sys.argv[2]
UNITS = {"": 1, "K": 1 << 10, "M": 1 << 20, "G": 1 << 30}

def in_bytes(text):
    """What the table says, and by how much it may have been rounded."""
    match = re.fullmatch(r"([\d.]+)([KMG]?)", text)
    digits = len(match[1].split(".")[1]) if "." in match[1] else 0
    return float(match[1]) * UNITS[match[2]], UNITS[match[2]] / 10 ** digits / 2

with open(f"{work}/mix.out", encoding="utf-8") as lines:
    truth = [json.loads(line) for line in lines][-1]
with open(f"{work}/top", encoding="utf-8") as lines:
    text = lines.read().splitlines()
columns = next(line for line in text if line.split()[:1] == ["PID"]).split()
rows = [dict(zip(columns, line.split())) for line in text if line.split()[:1] == [pid]]
expect("rows", len(rows), 8)
for column, want in (("heap", truth["arena"]),):
    shown, rounded = in_bytes(rows[-1][column])
    expect_true(f"{column}: {rows[-1][column]} is {want}", abs(shown - want) <= rounded)
# Of the first table's moment nothing is seen but the loader's work.
expect("heap at first", rows[0]["heap"], "0")
expect("malloc's share at first", rows[0]["malloc"], "0")
expect_true("calls are shown", any(row["malloc/s"] not in ("0", "-") for row in rows))
expect_true("calls are over", rows[-1]["malloc/s"] == "0")
END
