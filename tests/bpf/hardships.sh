#!/bin/bash
# hardships.sh - what others may do to it, or users by mistake: it goes on, or says why not in one line.
. "$(dirname "$0")/lib.sh"
need_bpf

one_line() { # FILE PATTERN
	[ "$(wc -l <"$1")" = 1 ] && grep -q "$2" "$1" || fail "not one line with '$2': $(cat "$1")"
}

# A library that says it is a libc, with a malloc that no probe can be placed on; and one of which
# the largest part is a hole.  Anybody can map them.
cat >"$WORK/fake.s" <<'END'
	.text
	.globl malloc, __libc_start_main, gnu_get_libc_version
	.type malloc, @function
	.type __libc_start_main, @function
	.type gnu_get_libc_version, @function
malloc:
	.byte 0x06, 0x06, 0x06, 0x06
	.size malloc, 4
__libc_start_main:
	ret
gnu_get_libc_version:
	ret
END
if [ "$(uname -m)" = x86_64 ]; then
	gcc -shared -nostdlib -o "$WORK/fake.so" "$WORK/fake.s" || fail "fake.so cannot be built"
	chmod 755 "$WORK/fake.so"
	start setpriv --reuid 65534 --clear-groups "$PYTHON" -c '
import ctypes, mmap, os, sys, time
fd = os.open(sys.argv[1], os.O_RDONLY)
code = mmap.mmap(fd, 0, flags=mmap.MAP_PRIVATE, prot=mmap.PROT_READ | mmap.PROT_EXEC)
print("mapped", flush=True)
time.sleep(60)' "$WORK/fake.so" >"$WORK/fake.out"
	FAKE=$!
	eventually 10 grep -q mapped "$WORK/fake.out"
	"$BRKSCOPE" report -d 0.2 -o "$WORK/report" 2>"$WORK/messages" || fail "report: status $?: $(cat "$WORK/messages")"
	one_line "$WORK/messages" "fake.so: malloc in it cannot be probed"
	kill "$FAKE"
fi

# The id of a thread, of the kernel's own, and of nobody: not a table of zeros.
"$PYTHON" -c '
import threading, time
def run():
    print(threading.get_native_id(), flush=True)
    time.sleep(60)
threading.Thread(target=run).start()' >"$WORK/thread" &
STARTED+=($!)
eventually 10 test -s "$WORK/thread"
"$BRKSCOPE" report -d 0.2 -p "$(cat "$WORK/thread")" >"$WORK/out" 2>"$WORK/messages" && fail "a thread's id was taken"
one_line "$WORK/messages" "is a thread, of process $!"
"$BRKSCOPE" report -d 0.2 -p 2 >"$WORK/out" 2>"$WORK/messages" && fail "a kernel thread was taken"
one_line "$WORK/messages" "PID 2: is the kernel's own"


# Its process ids would be others' than the kernel's.
unshare --pid --fork --mount-proc "$BRKSCOPE" report -d 0.2 >"$WORK/out" 2>"$WORK/messages" &&
	fail "it ran in a PID namespace of its own"
one_line "$WORK/messages" "in PID namespace"
# What attaches nothing needs nobody's ids but those of /proc.
# shellcheck disable=SC2016
unshare --pid --fork --mount-proc sh -c '"$1" map $$' sh "$BRKSCOPE" >"$WORK/out" 2>"$WORK/messages" ||
	fail "map in a PID namespace: $(cat "$WORK/messages")"
grep -q '^── sh (PID 1) ' "$WORK/out" || fail "map in a PID namespace: $(head -3 "$WORK/out")"

# A name that no process has.
"$BRKSCOPE" report -d 0.1 -n no-such-name >"$WORK/out" 2>"$WORK/messages" || fail "-n: $(cat "$WORK/messages")"
one_line "$WORK/messages" "no process was called 'no-such-name'"

# A command that ends before what it has begun.
"$BRKSCOPE" report -- sh -c 'sleep 30 >/dev/null 2>&1 & echo $! >"$1"
	until grep -qx sleep /proc/$!/comm; do :; done' sh "$WORK/sleeps" >"$WORK/out" 2>"$WORK/messages" ||
	fail "report of a command that leaves a process: $(cat "$WORK/messages")"
read -r left <"$WORK/sleeps"
STARTED+=("$left")
one_line "$WORK/messages" "1 of its processes (sleep) run on; to collect of them: brkscope report -p $left"

# Of some PIDs 1 a security module lets nobody read the mappings: that is said, and no empty table.
if head -c 1 /proc/1/maps >"$WORK/out" 2>&1; then
	"$BRKSCOPE" report -d 0.2 -p 1 >"$WORK/out" 2>"$WORK/messages" || fail "-p 1: $(cat "$WORK/messages")"
else
	"$BRKSCOPE" report -d 0.2 -p 1 >"$WORK/out" 2>"$WORK/messages" && fail "PID 1 was taken"
	one_line "$WORK/messages" "PID 1: its mappings may not be read"
fi

# A command that is missing behind --; a time that is no longer than an interval.
"$BRKSCOPE" report -- >"$WORK/out" 2>"$WORK/messages"
[ $? = 2 ] || fail "report -- without a command: no usage error"
one_line "$WORK/messages" "needs a command behind it"
[ "$("$BRKSCOPE" top -b -d 0.3 -p $$ | grep -c ^ledger)" = 1 ] || fail "top -d 0.3 shows no table"
[ "$("$BRKSCOPE" top -b -d 1 0.5 -p $$ | grep -c ^ledger)" = 2 ] || fail "top -d 1 0.5 shows other than two"

# What a file held is there still when nothing new comes.
echo old >"$WORK/kept"
"$BRKSCOPE" report -o "$WORK/kept" -p 4194304 2>"$WORK/messages" && fail "PID 4194304 was found"
[ "$(cat "$WORK/kept")" = old ] || fail "the old report is gone"
for command in report trace; do
	"$BRKSCOPE" $command -o "$WORK/kept" -- /nonexistent 2>"$WORK/messages" && fail "/nonexistent was executed"
	one_line "$WORK/messages" "/nonexistent: cannot be executed"
	[ "$(cat "$WORK/kept")" = old ] || fail "$command: the old file is gone"
	# Nor does one appear where there was none.
	"$BRKSCOPE" $command -o "$WORK/new" -- /nonexistent 2>"$WORK/messages"
	[ -e "$WORK/new" ] && fail "$command has left an empty file"
done
"$BRKSCOPE" top -o "$WORK/new" -p 4194304 2>"$WORK/messages" && fail "PID 4194304 was found"
[ -e "$WORK/new" ] && fail "top has left an empty file"
echo longer than what comes >"$WORK/kept"
"$BRKSCOPE" trace -l syscalls -n nobody -o "$WORK/kept" -- true || fail "trace into a file: status $?"
grep -q longer "$WORK/kept" && fail "the old file is in the new one"

# Without a stdout none of its own descriptors is taken for it, and nothing is said to be written.
# Into a file it works, and for a command as well.
for command in "report -d 0.2" "top -b -d 0.2" "trace -d 0.2" "probes" "map $$"; do
	# shellcheck disable=SC2086
	"$BRKSCOPE" $command >&- 2>"$WORK/messages" && fail "$command without stdout: status 0"
	one_line "$WORK/messages" "standard output: cannot be written"
done
"$BRKSCOPE" report -o "$WORK/closed" -- sleep 0.1 <&- >&- 2>&- || fail "without descriptors: status $?"
grep -q sleep "$WORK/closed" || fail "without descriptors: no report: $(cat "$WORK/closed")"

# Nor is what a full disk does not take.
for command in "report -d 0.2" "help" "help trace" "version" "top -h"; do
	# shellcheck disable=SC2086
	"$BRKSCOPE" $command >/dev/full 2>"$WORK/messages" && fail "$command >/dev/full: status 0"
	one_line "$WORK/messages" "writing to standard output: No space"
done

# Under nohup the terminal's going is nothing to it; in a script's background SIGINT ends it.
start_collecting "$WORK/messages" report -p $$ -o "$WORK/hup"
kill -HUP "$AGENT"
ended "$AGENT" || fail "SIGHUP: status $?: $(cat "$WORK/messages")"
start nohup "$BRKSCOPE" report -p $$ -o "$WORK/nohup" 2>"$WORK/messages"
AGENT=$!
eventually 20 collecting_or_ended "$AGENT"
kill -HUP "$AGENT"
kill -INT "$AGENT"
ended "$AGENT" || fail "nohup: status $?: $(cat "$WORK/messages")"
grep -q "PID" "$WORK/nohup" || fail "nohup: no report: $(cat "$WORK/nohup")"

# More processes than are worth a probe each.
pids=$$
for _ in {1..20}; do
	start sleep 60
	pids=$pids,$!
done
"$BRKSCOPE" report -j -d 0.2 -p "$pids" -o "$WORK/many.json" || fail "-p of 21: status $?"
compare "$WORK" <<'END'
from oracle import *
expect("rows", len(Report(f"{sys.argv[1]}/many.json").rows), 21)
END
