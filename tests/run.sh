#!/bin/bash
# run.sh - runs the tests, says what each one did, and leaves nothing of them behind.
#
# run.sh [NAME...]: all, those without the kernel on two processors, or those whose name or last part of it matches (a shell
# pattern).  OUT=DIR is the build; REQUIRE_BPF=1 makes a skip of a test on the
# real kernel a failure.  A test is a program: status 0, 77 for a skip whose
# reason it prints, or else a failure.  Of a unit test each case counts.

set -u
cd "$(dirname "$0")/.." || exit 1
OUT=${OUT:-build}
export OUT
SECONDS_EACH=60 # unless the test says "# timeout: N"
passed=0 failed=0 skipped=0
log=$(mktemp) || exit 1
# In the environment of all that a test starts, whatever session or group it makes for itself.
mark=BRKSCOPE_TEST_RUN=$$.${EPOCHREALTIME/[.,]/}
export "${mark?}"

marked() {
	grep -lzsx "$1" /proc/[0-9]*/environ | sed 's,/proc/,,; s,/environ,,' |
		grep -vx -e "$$" -e "$BASHPID"
}

kill_marked() {
	local pid

	for pid in $(marked "$mark_now"); do
		kill -KILL "$pid" 2>/dev/null
	done
}
mark_now=$mark
halves=()
trap 'kill "${halves[@]}" 2>/dev/null; wait "${halves[@]}" 2>/dev/null; kill_marked; rm -f "$log" "$log".*' EXIT
trap 'exit 130' INT
trap 'exit 143' TERM

# Processes of the test that are still there once it has ended; the dying may take a moment.
left_behind() {
	local tries pids

	for tries in {1..50}; do
		pids=$(marked "$mark_now")
		[ -z "$pids" ] && return 1
		sleep 0.02
	done
	for pid in $pids; do
		echo "left running: $pid: $(tr '\0' ' ' <"/proc/$pid/cmdline")"
	done 2>/dev/null
	kill_marked
}

print() { # WORD NAME START [MORE]
	local micros=$((${EPOCHREALTIME/[.,]/} - $3))

	printf '%-5s %-34s %3d.%02ds%s\n' "$1" "$2" $((micros / 1000000)) $((micros / 10000 % 100)) "${4-}"
}

# Of cmocka's TAP: how many passed, failed and were skipped; a case that is not there has failed.
count_cases() {
	local plan ok not_ok skips

	plan=$(sed -n 's/^1\.\.\([0-9]*\)$/\1/p' "$log" | awk '{ sum += $1 } END { print sum + 0 }')
	skips=$(grep -c '^\(not \)\?ok .*# SKIP' "$log")
	ok=$(grep '^ok ' "$log" | grep -vc '# SKIP')
	not_ok=$(grep '^not ok ' "$log" | grep -vc '# SKIP')
	[ $((ok + not_ok + skips)) -lt "$plan" ] && not_ok=$((plan - ok - skips))
	[ "$plan" = 0 ] || { [ "$1" != 0 ] && [ "$not_ok" = 0 ]; } && not_ok=$((not_ok + 1))
	passed=$((passed + ok))
	skipped=$((skipped + skips))
	failed=$((failed + not_ok))
	cases="  $ok of $((ok + not_ok)) cases"
	[ "$skips" = 0 ] || cases+=", $skips skipped"
	[ "$not_ok" = 0 ]
}

# run NAME COMMAND...
run() {
	local name=$1 start=${EPOCHREALTIME/[.,]/} seconds='' status why cases=''

	shift
	wanted "$name" || return
	[[ $1 == *.sh ]] && seconds=$(sed -n '2,20s/^# timeout: \([0-9]*\)$/\1/p' "$1")
	seconds=${seconds:-$SECONDS_EACH}
	mark_now=$mark.$((passed + failed + skipped))
	# In braces, for the shell's own word about a program that a signal killed.
	{
		env "$mark_now" CMOCKA_MESSAGE_OUTPUT=TAP timeout -k 5 "$seconds" "$@" \
			</dev/null >"$log" 2>&1
		status=$?
	} 2>/dev/null
	[ $status = 124 ] || [ $status = 137 ] && echo "ended after $seconds seconds, or killed" >>"$log"
	left_behind >>"$log" && status=1
	if [[ $name == unit*/* ]]; then
		count_cases $status && status=0 || status=1
	elif [ $status = 0 ]; then
		passed=$((passed + 1))
	elif [ $status = 77 ] && ! [[ $name == bpf/* && ${REQUIRE_BPF-} == 1 ]]; then
		skipped=$((skipped + 1))
		why=$(grep -m 1 '^SKIP: ' "$log")
		print SKIP "$name" "$start" "  ${why#SKIP: }"
		return
	else
		failed=$((failed + 1))
	fi
	if [ $status = 0 ]; then
		print ok "$name" "$start" "$cases"
	else
		print FAIL "$name" "$start" "$cases"
		sed 's/^/      /' "$log"
	fi
}

wanted() {
	local pattern

	[ ${#patterns[@]} = 0 ] && return
	for pattern in "${patterns[@]}"; do
		# shellcheck disable=SC2053
		[[ $1 == $pattern || ${1##*/} == $pattern || ${1%%/*} == $pattern ]] &&
			matched[$pattern]=1 && return
	done
	return 1
}

# half N PATTERN...: in the background, what it prints into a file.
half() {
	local file=$log.$1

	shift
	tests/run.sh "$@" >"$file" 2>&1 &
	halves+=($!)
}

# Each as it ends; the line of its sum is added to ours.
end_halves() {
	local n last p f s

	for n in "${!halves[@]}"; do
		wait "${halves[n]}"
		last=$(tail -n 1 "$log.$n")
		head -n -1 "$log.$n"
		if [[ $last =~ ^([0-9]+)\ passed,\ ([0-9]+)\ failed(,\ ([0-9]+)\ skipped)?$ ]]; then
			p=${BASH_REMATCH[1]} f=${BASH_REMATCH[2]} s=${BASH_REMATCH[4]:-0}
		else
			echo "FAIL  the tests ended early: $last"
			p=0 f=1 s=0
		fi
		passed=$((passed + p))
		failed=$((failed + f))
		skipped=$((skipped + s))
	done
	halves=()
}

declare -A matched
patterns=("$@")
# Those of the real kernel see the whole machine, and go one by one.
if [ $# = 0 ]; then
	half 0 'unit/*' 'refmalloc/*'
	half 1 'unit-sanitized/*' 'tools/*'
	end_halves
	patterns=('bpf/*')
fi
for source in tests/unit/test_*.c; do
	test=$(basename "$source" .c)
	run "unit/$test" "$OUT/tests/unit/$test"
	run "unit-sanitized/$test" "$OUT/sanitizer/tests/unit/$test"
done
for source in tests/refmalloc/*.c; do
	test=$(basename "$source" .c)
	run "refmalloc/$test" "$OUT/tests/refmalloc/$test"
done
for test in tests/tools/*.sh tests/refmalloc/*.sh tests/bpf/*.sh; do
	group=$(basename "$(dirname "$test")")
	[ "$test" = tests/bpf/lib.sh ] || run "$group/$(basename "$test" .sh)" "$test"
done
for pattern in "${patterns[@]}"; do
	[ -n "${matched[$pattern]-}" ] || {
		echo "no test is called $pattern"
		failed=$((failed + 1))
	}
done
echo "$passed passed, $failed failed$([ $skipped = 0 ] || echo ", $skipped skipped")"
[ $failed = 0 ]
