#!/bin/bash
# brk_calls.sh - a program that allocates much asks for heap seldom, and does not give it back in vain.

set -u
. "$(dirname "$0")/../bpf/lib.sh"

calls_of() { # COMMAND...
	rm -f "$WORK/stats"
	REFMALLOC_OPTIONS=stats=$WORK/stats scripts/preload.sh "$@" >"$WORK/said" 2>&1 ||
		fail "$*: $?: $(cat "$WORK/said")"
	"$PYTHON" -c "import json
stats = json.loads(open('$WORK/stats').readlines()[-1])
assert stats['route']['heap']['calls'] > 100000 and stats['route']['arena']['calls'] == 0, stats
print(stats['brk_grow']['calls'] + stats['brk_shrink']['calls'] + stats['brk_queries'])"
}

for program in "$OUT/tests/bench/patterns sh6bench" "env PYTHONMALLOC=malloc $PYTHON tests/bench/churn.py"; do
	# shellcheck disable=SC2086
	calls=$(calls_of $program) || fail "$program: $calls"
	[ "$calls" -le 100 ] || fail "$program: $calls calls of brk"
done
