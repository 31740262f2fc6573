#!/bin/bash
# brk_calls.sh - a program that allocates much asks for heap seldom, and does not give it back in vain.

set -u
. "$(dirname "$0")/../bpf/lib.sh"

cat >"$WORK/work.py" <<'END'
import json
data = [{str(i): [str(k) for k in range(i % 40)], "n": i} for i in range(6000)]
for _ in range(3):
    text = json.dumps(data)
    data = json.loads(text)
words = {}
for i in range(150000):
    words.setdefault(str(i * 7919 % 30011), []).append(i)
END
calls_of() { # COMMAND...
	rm -f "$WORK/stats"
	REFMALLOC_OPTIONS=stats=$WORK/stats scripts/preload.sh "$@" >"$WORK/said" 2>&1 ||
		fail "$*: $?: $(cat "$WORK/said")"
	"$PYTHON" -c "import json
stats = json.loads(open('$WORK/stats').readlines()[-1])
assert stats['route']['heap']['calls'] > 100000 and stats['route']['arena']['calls'] == 0, stats
print(stats['brk_grow']['calls'] + stats['brk_shrink']['calls'] + stats['brk_queries'])"
}

for program in "$OUT/tests/bench/patterns sh6bench" "env PYTHONMALLOC=malloc $PYTHON $WORK/work.py"; do
	# shellcheck disable=SC2086
	calls=$(calls_of $program) || fail "$program: $calls"
	[ "$calls" -le 100 ] || fail "$program: $calls calls of brk"
done
