#!/bin/bash
# sanitized.sh - the agent itself, built with sanitizers, on its usual ways.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need_bpf
need redis-server
BRKSCOPE=$OUT/sanitizer/brkscope
[ -x "$BRKSCOPE" ] || skip "$BRKSCOPE is not built: make SANITIZER=address,undefined"
export ASAN_OPTIONS=detect_leaks=1:exitcode=99 UBSAN_OPTIONS=print_stacktrace=1:exitcode=99

clean() { # STATUS ARGUMENTS...
	local want=$1 got

	shift
	"$BRKSCOPE" "$@" >"$WORK/out" 2>"$WORK/err"
	got=$?
	if [ $got != "$want" ] || grep -Eq 'Sanitizer|runtime error' "$WORK/err"; then
		fail "brkscope $*: status $got: $(cat "$WORK/err")"
	fi
}

clean 0 report -- "$WORKLOAD/mix"
clean 0 report -j -r 0 -o "$WORK/json" -- "$WORKLOAD/flood" 3000 500 4
clean 0 report -j --ring-pages 1 --max-processes 1 -o "$WORK/json" -- \
	sh -c '"$0" 2000 200 2; "$0" 2000 200 2' "$WORKLOAD/flood"
clean 0 report --ring-pages 1 --max-processes 1 -- "$WORKLOAD/forkstorm" 10
clean 0 trace -o "$WORK/lines" -- "$WORKLOAD/realloc_chain"
clean 0 trace -l syscalls -o "$WORK/lines" -- "$WORKLOAD/syscalls"
clean 0 report -o "$WORK/text" -- "$WORKLOAD/threads" 16
clean 0 report -o "$WORK/text" -- "$WORKLOAD/brk_blocked"
clean 0 report -o "$WORK/text" -- redis-server --version
start sh -c 'while :; do /bin/true; done'
clean 0 top -b 0.1 5
clean 0 report -d 0.3
clean 0 report -j -d 0.3 -l syscalls
clean 0 report -j -p $$ -d 0.1
clean 0 report -n true -d 0.3
clean 0 map $$
clean 0 map -j -d 0.2 -l sizes $$
clean 0 probes
clean 0 selftest
clean 0 selftest -j
clean 1 report -- /nonexistent
clean 1 report -p 4194304
clean 1 map 4194304 $$
clean 2 report -Z
clean 0 help report
for signal in INT TERM; do
	start_collecting "$WORK/err" report -o "$WORK/out"
	kill -$signal "$AGENT"
	ended "$AGENT" || fail "SIG$signal: status $?: $(cat "$WORK/err")"
	if grep -Eq 'Sanitizer|runtime error' "$WORK/err"; then fail "SIG$signal: $(cat "$WORK/err")"; fi
done
exit 0
