#!/bin/bash
# stress.sh - stress-ng's malloc stressor, which checks what it wrote, with threads.

set -u
. "$(dirname "$0")/../bpf/lib.sh"
need stress-ng

for options in "" check=1 "mmap_threshold=32K trim_threshold=0"; do
	REFMALLOC_OPTIONS=$options scripts/preload.sh stress-ng --temp-path "$WORK" --verify --malloc 2 \
		--malloc-pthreads 2 --malloc-bytes 64M --malloc-ops 20000 --timeout 20 >"$WORK/said" 2>&1 ||
		fail "options '$options': status $?: $(cat "$WORK/said")"
	grep -q 'successful run completed' "$WORK/said" || fail "options '$options': $(cat "$WORK/said")"
	grep -q 'refmalloc:\|fail:' "$WORK/said" && fail "options '$options': $(cat "$WORK/said")"
done
# It was our malloc that was stressed.
REFMALLOC_OPTIONS="stats=$WORK/stats" scripts/preload.sh stress-ng --temp-path "$WORK" --malloc 1 \
	--malloc-ops 500 --timeout 20 >"$WORK/said" 2>&1 || fail "status $?: $(cat "$WORK/said")"
"$PYTHON" -c "import json
assert any(json.loads(line)['route']['heap']['calls'] > 0 for line in open('$WORK/stats'))" ||
	fail "no statistics: $(cat "$WORK/stats")"
