#!/bin/bash
# retained.sh - what a program has freed and its heap keeps is told, by whom it is kept, and what would help.
#
# A program that lays its heap out on purpose, a way a mode, says what it has left; glibc, by
# mallinfo2, what is free there.
. "$(dirname "$0")/lib.sh"
need_bpf

# MODE: what the report has to call it, and what has to help
declare -A verdict=(
	[none]="none"
	[top]="top_kept malloc_trim trim_threshold"
	[cached]="top_cached malloc_trim tcache"
	[fastbins]="top_cached malloc_trim fastbins"
	[both]="top_kept malloc_trim trim_threshold fastbins"
	[untrimmed]="top_untrimmed malloc_trim trim_settings"
	[padded]="top_untrimmed malloc_trim trim_settings"
	[pinned]="top_pinned free_pin malloc_trim"
	[several]="top_pinned free_pin malloc_trim"
	[reused]="top_pinned free_pin malloc_trim"
	[inside]="inside malloc_trim"
	[arenas]="arenas arena_max malloc_trim"
	[threshold]="threshold_raised mmap_threshold malloc_trim"
	[large]="threshold_raised mmap_threshold malloc_trim"
)

for mode in "${!verdict[@]}"; do
	echo | "$BRKSCOPE" report -l live -j -o "$WORK/$mode.json" -- "$WORKLOAD/retained" "$mode" \
		>"$WORK/$mode.said" 2>"$WORK/messages" || fail "$mode: status $?: $(cat "$WORK/messages")"
	# shellcheck disable=SC2086 # words
	SAID=$(cat "$WORK/$mode.said") "$PYTHON" "$HERE/retained.py" "$WORKLOAD/retained" "$mode" \
		${verdict[$mode]} <"$WORK/$mode.json" || fail "$mode"
done

# Attached to in its middle nothing is certain, and nothing is claimed.
mkfifo "$WORK/go"
exec 3<>"$WORK/go"
start "$WORKLOAD/retained" pinned <"$WORK/go" >"$WORK/late.said"
PID=$!
eventually 20 test -s "$WORK/late.said"
"$BRKSCOPE" report -l live -j -p "$PID" -d 0.2 -o "$WORK/late.json" || fail "attached: status $?"
"$PYTHON" - "$WORK/late.json" <<'END' || fail "attached in the middle"
import json, sys
row = json.load(open(sys.argv[1]))["processes"][0]
if row["malloc"]["live_complete"] or (row["retained"] and not row["retained"]["at_most"]):
    sys.exit(str(row["retained"]))
END
