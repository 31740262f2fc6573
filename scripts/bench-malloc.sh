#!/bin/bash
# bench-malloc.sh - refmalloc against libc's malloc: medians of interleaved runs, and their ratio.
#
# bench-malloc.sh [ROUNDS]  OUT=DIR is the build.

set -u
cd "$(dirname "$0")/.." || exit 1
OUT=${OUT:-build}
export OUT

for ((round = 0; round < ${1:-5}; round++)); do
	"$OUT/tests/bench/patterns" | sed 's/^/libc /'
	scripts/preload.sh "$OUT/tests/bench/patterns" | sed 's/^/refmalloc /'
done | sort -k 2,2 -k 1,1 -k 3,3n | awk '
function median() {
	return times[int((count + 1) / 2)]
}
function line() {
	if (whose == "refmalloc") {
		printf "%-10s %9.3f %9.3f %6.2f\n", pattern, libc, median(), median() / libc
		sum += log(median() / libc)
		patterns++
	} else if (whose)
		libc = median()
}
BEGIN { printf "%-10s %9s %9s %6s\n", "pattern", "libc", "refmalloc", "ratio" }
$1 != whose || $2 != pattern {
	line()
	whose = $1
	pattern = $2
	count = 0
}
{ times[++count] = $3 }
END {
	line()
	printf "%-10s %26.2f\n", "geometric mean", exp(sum / patterns)
}'
