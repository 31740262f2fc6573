# lib.sh - what the tests on the real kernel share: a scratch directory, waiting, and cleaning up.
#
# Sourced first by each test.  A test is a program of its own: it may be run by
# hand (OUT=build tests/bpf/NAME.sh), exits 0, 77 to skip or else fails, and
# leaves nothing running: what it starts with `start` is ended by PID.

set -u
cd "$(dirname "${BASH_SOURCE[0]}")/../.." || exit 1
OUT=$(realpath "${OUT:-build}")
BRKSCOPE=$OUT/brkscope
WORKLOAD=$OUT/tests/workload
ORACLE=$OUT/tests/oracle
LIBCOUNT=$OUT/tests/preload/libcount_malloc.so
HERE=$PWD/tests/bpf
# The interpreter itself: a version manager's shim is a tree of shell scripts.
PYTHON=$(python3 -c 'import sys; print(sys.executable)') || exit 1
# bpftool and nginx live in sbin, which is not in everyone's path.
PATH=$PATH:/usr/sbin:/sbin
export PATH OUT BRKSCOPE

WORK=$(mktemp -d "${TMPDIR:-/tmp}/brkscope-test.XXXXXX")
chmod 755 "$WORK"
STARTED=()

cleanup() {
	local pid

	for pid in "${STARTED[@]}"; do
		kill -KILL "$pid" 2>/dev/null && wait "$pid" 2>/dev/null
	done
	rm -rf "$WORK"
}
trap cleanup EXIT
trap 'exit 129' HUP
trap 'exit 130' INT
trap 'exit 143' TERM

fail() {
	printf 'FAIL: %s\n' "$*"
	exit 1
}

skip() {
	printf 'SKIP: %s\n' "$*"
	exit 77
}

# need COMMAND...: what this test compares with or runs.
need() {
	local command

	for command; do
		command -v "$command" >/dev/null || skip "no $command: scripts/deps.sh check"
	done
}

# The allocators that are put before libc's, by kind: into LIBRARIES.
find_allocators() {
	local name library

	declare -gA LIBRARIES=([refmalloc]=$OUT/librefmalloc.so)
	for name in jemalloc:libjemalloc.so tcmalloc:libtcmalloc_minimal.so mimalloc:libmimalloc.so; do
		library=$(ldconfig -p | sed -n "s/.*${name#*:}.* => //p" | head -n 1)
		[ -n "$library" ] || skip "no ${name#*:}: scripts/deps.sh check"
		LIBRARIES[${name%:*}]=$library
	done
}

# Is this a machine on which the agent can be expected to work?
need_bpf() {
	[ "$(id -u)" = 0 ] || skip "not root"
	[ -r /sys/kernel/btf/vmlinux ] || skip "this kernel has no BTF"
	bpftool prog show >"$WORK/probe" 2>&1 ||
		skip "no bpf system call here: $(head -1 "$WORK/probe")"
	[ -x "$BRKSCOPE" ] || fail "$BRKSCOPE is not built"
}

# start COMMAND...: in the background, ended at the latest with the test.  Its PID is in $!.
# Descriptors 3 and 4 are the test's ends of pipes to what it started, and of nobody else: open
# them (exec 3<>FIFO) before the other end.  "<&0": or the shell makes it /dev/null.
start() {
	"$@" <&0 3>&- 4>&- &
	STARTED+=($!)
}

# ended PID: waits for it; its exit status.
ended() {
	local pid=$1 other left=() status

	wait "$pid"
	status=$?
	for other in "${STARTED[@]}"; do
		[ "$other" = "$pid" ] || left+=("$other")
	done
	STARTED=("${left[@]}")
	return $status
}

# eventually SECONDS COMMAND...: until it succeeds, or fails the test.
eventually() {
	local end=$((${EPOCHREALTIME/[.,]/} + $1 * 1000000))

	shift
	until "$@"; do
		[ "${EPOCHREALTIME/[.,]/}" -lt $end ] || fail "waited in vain for: $*"
		sleep 0.02
	done
}

# start_collecting FILE ARGUMENTS...: brkscope in the background, its messages in FILE, from the
# moment that it collects, which its BPF programs know first.  Its PID is in $AGENT.
start_collecting() {
	local messages=$1

	shift
	# A shell's background jobs ignore SIGINT, which is to end it.
	start env --default-signal=INT "$BRKSCOPE" "$@" 2>"$messages"
	AGENT=$!
	eventually 20 collecting_or_ended "$AGENT"
	kill -0 "$AGENT" 2>/dev/null || fail "brkscope $* ended: $(cat "$messages")"
}

collecting_or_ended() {
	local map ours

	kill -0 "$1" 2>/dev/null || return 0
	ours=$(sed -n 's/^map_id:[ \t]*//p' "/proc/$1"/fdinfo/* 2>/dev/null)
	[ -n "$ours" ] || return 1
	for map in $(bpftool map show | sed -n 's/^\([0-9]*\): array  name [^ ]*\.bss .*/\1/p'); do
		grep -qx "$map" <<<"$ours" && bpftool map dump id "$map" 2>/dev/null |
			grep -q '"collecting": true' && return
	done
	return 1
}

# Python with the helpers of oracle.py; the program comes on standard input.
compare() {
	PYTHONPATH=$HERE PYTHONDONTWRITEBYTECODE=1 "$PYTHON" - "$@"
}
