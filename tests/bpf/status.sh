#!/bin/bash
# status.sh - exit statuses, and errors: one line each, that says what and why.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need_bpf
need setpriv unshare
wrong=0

# status WANTED COMMAND...: quietly.
status() {
	local want=$1 got

	shift
	"$@" >"$WORK/out" 2>"$WORK/err"
	got=$?
	[ $got = "$want" ] && return
	printf 'status %s, not %s: %s\n' $got "$want" "$*"
	cat "$WORK/err"
	wrong=1
}

# refused STATUS PATTERN COMMAND...: one line on stderr, which matches, and nothing on stdout.
refused() {
	local want=$1 pattern=$2

	shift 2
	status "$want" "$@"
	if [ "$(wc -l <"$WORK/err")" != 1 ] || ! grep -Eq "^brkscope: .*($pattern)" "$WORK/err"; then
		printf '%s: the error should be one line, with %s: %s\n' "$*" "$pattern" \
			"$(cat "$WORK/err")"
		wrong=1
	fi
	[ ! -s "$WORK/out" ] || {
		printf '%s: stdout: %s\n' "$*" "$(head -3 "$WORK/out")"
		wrong=1
	}
}

# The command's own.
status 0 "$BRKSCOPE" report -o "$WORK/r" -- true
status 3 "$BRKSCOPE" report -o "$WORK/r" -- sh -c 'exit 3'
status 137 "$BRKSCOPE" report -o "$WORK/r" -- sh -c 'kill -KILL $$'
status 143 "$BRKSCOPE" trace -o "$WORK/r" -- sh -c 'kill $$'
status 7 "$BRKSCOPE" trace -o "$WORK/r" -- sh -c 'exit 7'

# Usage.
refused 2 'no-such-command' "$BRKSCOPE" no-such-command
refused 2 '--nonsense' "$BRKSCOPE" report --nonsense
refused 2 '-Z' "$BRKSCOPE" report -Z
refused 2 "'0'" "$BRKSCOPE" report -d 0
refused 2 "'-1'" "$BRKSCOPE" report -d -1
refused 2 "'1x'" "$BRKSCOPE" report -d 1x
refused 2 "'nan'" "$BRKSCOPE" report -d nan
refused 2 "'12,x'" "$BRKSCOPE" report -p 12,x
refused 2 "'0'" "$BRKSCOPE" report -p 0
refused 2 "''" "$BRKSCOPE" report -p ''
refused 2 "'3'" "$BRKSCOPE" report --ring-pages 3
refused 2 "'nonsense'" "$BRKSCOPE" report -l nonsense
refused 2 "'nonsense'" "$BRKSCOPE" top -s nonsense
refused 2 'value' "$BRKSCOPE" report -d
refused 2 'extra' "$BRKSCOPE" report extra
refused 2 '1x' "$BRKSCOPE" top 1x
refused 2 'extra' "$BRKSCOPE" selftest extra
refused 2 '-p' "$BRKSCOPE" selftest -p 1
status 2 "$BRKSCOPE"
refused 2 'PID' "$BRKSCOPE" map
refused 2 "1x" "$BRKSCOPE" map 1x
refused 2 "'0'" "$BRKSCOPE" map -d 0 1
for command in top report trace map probes selftest; do
	status 0 "$BRKSCOPE" help $command
	status 0 "$BRKSCOPE" $command --help
done
status 0 "$BRKSCOPE" --version
status 0 "$BRKSCOPE" --help

# Who cannot be watched.
sleep 0 &
GONE=$!
wait $GONE
refused 1 "$GONE.*no such process" "$BRKSCOPE" report -d 0.1 -p $GONE
refused 1 'no such process' "$BRKSCOPE" report -d 0.1 -p 4194304
refused 1 "$GONE.*no such process" "$BRKSCOPE" map $GONE
refused 1 "$GONE.*no such process" "$BRKSCOPE" map -d 0.1 $GONE
start "$PYTHON" -c 'import os, threading, time
pid = os.fork() or os._exit(0)
thread = threading.Thread(target=time.sleep, args=[60], daemon=True)
thread.start()
os.waitid(os.P_PID, pid, os.WEXITED | os.WNOWAIT)
print(pid, thread.native_id, flush=True)
time.sleep(60)' >"$WORK/ids"
eventually 10 grep -q . "$WORK/ids"
read -r ZOMBIE THREAD <"$WORK/ids"
for command in map 'map -d 0.1' 'report -d 0.1 -p'; do
	# shellcheck disable=SC2086
	refused 1 "$ZOMBIE.*zombie" "$BRKSCOPE" $command "$ZOMBIE"
	# shellcheck disable=SC2086
	refused 1 "$THREAD.*thread" "$BRKSCOPE" $command "$THREAD"
done
KERNEL=$(ps -e -o pid=,ppid= | awk '$2 == 2 { print $1; exit }')
[ -z "$KERNEL" ] || refused 1 "$KERNEL.*kernel" "$BRKSCOPE" map "$KERNEL"
# Of several, those that there are, and a line for each of the others.
status 1 "$BRKSCOPE" map $GONE $$ "$ZOMBIE"
if [ "$(grep -c . "$WORK/err")" != 2 ] || ! grep -q "PID $$" "$WORK/out"; then
	echo "map of one that is there and two that are not: $(cat "$WORK/err" "$WORK/out")"
	wrong=1
fi
# One that ends while it is followed.
sleep 1 &
refused 1 "$!.*ended while" "$BRKSCOPE" map -d 60 $!
refused 1 'nonexistent.*No such file' "$BRKSCOPE" report -- /nonexistent/command
refused 1 'No such file.*PATH' "$BRKSCOPE" report -- no-such-command-anywhere
refused 1 'Permission denied' "$BRKSCOPE" report -- /etc/passwd
refused 1 'cgroup' "$BRKSCOPE" report -d 0.1 -c /nonexistent/cgroup
refused 1 'cgroup' "$BRKSCOPE" report -d 0.1 -c "$WORK"
# One that ends while the agent attaches to it: done or told of, never a crash.
for delay in 0 0.02 0.06 0.2; do
	sleep $delay &
	"$BRKSCOPE" report -j -d 1 -p $! >"$WORK/out" 2>"$WORK/err"
	got=$?
	if [ $got -gt 1 ] || { [ $got = 1 ] && [ "$(wc -l <"$WORK/err")" != 1 ]; }; then
		echo "a process that ends after $delay s: status $got: $(cat "$WORK/err")"
		wrong=1
	fi
	wait $!
done

# Where it cannot work.
cp "$BRKSCOPE" "$WORK/brkscope" && chmod 755 "$WORK/brkscope"
refused 1 'root|CAP_' setpriv --reuid 65534 --regid 65534 --clear-groups "$WORK/brkscope" report -d 0.1
refused 1 'BTF' unshare -m sh -c \
	'mount -t tmpfs none /sys/kernel/btf && exec "$0" report -d 0.1' "$BRKSCOPE"
refused 1 'nonexistent/file.*No such file' "$BRKSCOPE" report -d 0.1 -o /nonexistent/file
for format in '' -j; do
	# shellcheck disable=SC2086
	refused 1 '/dev/full.*No space' "$BRKSCOPE" report $format -d 0.1 -o /dev/full
	# shellcheck disable=SC2086
	refused 1 '/dev/full.*No space' "$BRKSCOPE" map $format -o /dev/full $$
	# shellcheck disable=SC2016,SC2086
	refused 1 'No space' sh -c '"$0" report -d 0.1 '$format' >/dev/full' "$BRKSCOPE"
done
# No tracefs is needed.
status 0 unshare -m sh -c \
	'umount -R /sys/kernel/tracing /sys/kernel/debug 2>/dev/null
	! [ -e /sys/kernel/tracing/events ] && exec "$0" report -d 0.1' "$BRKSCOPE"

# A reader that goes is no error, and no reason to stay: it is noticed with the next line.
start sh -c 'while :; do /bin/true; done'
for arguments in 'report -d 0.2' 'report -j -d 0.2' 'trace' 'top -b 0.1'; do
	# shellcheck disable=SC2086
	timeout 10 "$BRKSCOPE" $arguments 2>"$WORK/err" | head -n 1 >"$WORK/out"
	got=${PIPESTATUS[0]}
	[ "$got" = 0 ] || [ "$got" = 141 ] || {
		echo "brkscope $arguments | head -1: status $got"
		wrong=1
	}
	[ ! -s "$WORK/err" ] || {
		echo "brkscope $arguments | head -1: says $(cat "$WORK/err")"
		wrong=1
	}
	[ "$(wc -l <"$WORK/out")" = 1 ] || {
		echo "brkscope $arguments | head -1: no line"
		wrong=1
	}
done
exit $wrong
