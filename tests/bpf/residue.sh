#!/bin/bash
# residue.sh - however it ends, nothing of the agent is left: program, link, map, mount or process.
. "$(dirname "$0")/lib.sh"
need_bpf

# All programs, links and maps that no living process holds, and mounts and uprobes: whoever else
# uses BPF meanwhile may do so.
kernel_state() {
	local kind

	for kind in prog link map; do
		bpftool $kind show | sed -n "s/^\([0-9]*\):.*/${kind}_id \1/p"
	done | sort >"$WORK/objects"
	sed -n 's/^\(prog\|link\|map\)_id:[ \t]*/\1_id /p' /proc/[0-9]*/fdinfo/* 2>/dev/null | sort -u |
		comm -13 - "$WORK/objects"
	sed 's/^/mount /' /proc/self/mountinfo
	sed 's/^/uprobe /' /sys/kernel/{,debug/}tracing/uprobe_events 2>/dev/null
}

# Read by the shell itself: a program that reads them would be one.
have_children() {
	children=
	read -r children <"/proc/$$/task/$$/children"
	[ -n "$children" ]
}

# The kernel frees programs and uprobes a grace period after their last user is gone.
clean() {
	kernel_state >"$WORK/after"
	cmp -s "$WORK/before" "$WORK/after"
}

check() { # after WHAT
	for _ in {1..250}; do
		clean && break
		sleep 0.02
	done
	clean || fail "after $1: $(diff "$WORK/before" "$WORK/after")"
	have_children && fail "after $1: children: $children"
	return 0
}

kernel_state >"$WORK/before"
cp /proc/self/mountinfo "$WORK/mounts"
have_children && fail "children before: $children"

"$BRKSCOPE" report -d 0.2 >"$WORK/out" || fail "report: status $?"
check "a normal end"
"$BRKSCOPE" report -o "$WORK/out" -- true || fail "report -- true: status $?"
check "the end of the command"
"$BRKSCOPE" report -o "$WORK/out" -- /nonexistent 2>"$WORK/messages" && fail "report -- /nonexistent: status 0"
check "a command that cannot be executed"
"$BRKSCOPE" top -b 0.1 2 >"$WORK/out" || fail "top: status $?"
check "top"
"$BRKSCOPE" report --budget 1 -d 1 -o "$WORK/out" || fail "report --budget: status $?"
check "bursts"
"$BRKSCOPE" probes >"$WORK/out" || fail "probes: status $?"
check "probes"

for signal in INT TERM HUP; do
	start_collecting "$WORK/messages" report -j -o "$WORK/$signal.json"
	grep -q '^prog_id' "/proc/$AGENT"/fdinfo/* ||
		fail "the agent has no programs while it runs?"
	diff /proc/self/mountinfo "$WORK/mounts" || fail "the agent's mounts are to be its own"
	kill -$signal "$AGENT"
	ended "$AGENT" || fail "SIG$signal: status $?: $(cat "$WORK/messages")"
	[ -s "$WORK/$signal.json" ] || fail "SIG$signal: no report"
	check "SIG$signal"
done

# Killed while it loads, attaches, collects, reports and detaches; also with a command, held or running.
for delay in 0.005 0.02 0.05 0.1 0.2 0.4 0.8 1 1.3; do
	start "$BRKSCOPE" report -d 0.5 -o "$WORK/out" 2>"$WORK/messages"
	AGENT=$!
	sleep $delay
	kill -KILL "$AGENT" 2>/dev/null
	ended "$AGENT" 2>/dev/null
	check "kill -9 at $delay s"
done
for delay in 0.02 0.1 0.3; do
	start "$BRKSCOPE" report -o "$WORK/out" -- \
		sh -c 'echo $$ >"$0"; exec sleep 30' "$WORK/command.pid" 2>"$WORK/messages"
	AGENT=$!
	sleep $delay
	kill -KILL "$AGENT"
	ended "$AGENT" 2>/dev/null
	# A command that runs goes on without its agent.
	if [ -s "$WORK/command.pid" ]; then
		kill "$(cat "$WORK/command.pid")" || fail "the command has ended with the agent"
		rm "$WORK/command.pid"
	fi
	check "kill -9 at $delay s, with a command"
done
