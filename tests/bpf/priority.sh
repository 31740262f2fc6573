#!/bin/bash
# priority.sh - while it collects brkscope goes before those that it watches, where it may and was given no priority by its user; what it runs does not.
. "$(dirname "$0")/lib.sh"
need_bpf
need setpriv

# Nice values, behind the name in /proc/PID/stat: of whom runs it, and its own.
# shellcheck disable=SC2016
TELL='for pid in $PPID $$; do sed "s/.*) //" /proc/$pid/stat | cut -d " " -f 17; done'

# priorities WANTED COMMAND...: that runs TELL.
priorities() {
	local want=$1 got

	shift
	got=$("$@" -o "$WORK/report" -- sh -c "$TELL") || fail "$*: status $?"
	[ "${got/$'\n'/ }" = "$want" ] || fail "$*: $got, not $want"
}
priorities '-10 0' "$BRKSCOPE" report
priorities '-10 0' "$BRKSCOPE" trace
priorities '5 5' nice -n 5 "$BRKSCOPE" report
priorities '-3 -3' nice -n -3 "$BRKSCOPE" report
priorities '0 0' setpriv --bounding-set -sys_nice "$BRKSCOPE" report
