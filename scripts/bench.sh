#!/bin/bash
# bench.sh - what being watched costs a program: levels in turn, medians of some rounds, as ratios.
set -eu
cd "$(dirname "$0")/.."
out=${OUT:-build}
rounds=${ROUNDS:-7}
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

for ((round = 0; round < rounds; round++)); do
	"$out/tests/bench/cost" >>"$work/untraced"
	for level in syscalls sizes; do
		"$out/brkscope" report -l $level -o /dev/null -- "$out/tests/bench/cost" >>"$work/$level"
	done
done

median() { # FILE WHAT
	awk -v what="$2" '$1 == what { print $2 }' "$work/$1" | sort -n | sed -n "$((rounds / 2 + 1))p"
}

printf '%-14s %12s %20s %20s\n' 'ns a call' untraced 'at level syscalls' 'at level sizes'
for what in malloc+free mmap+munmap getppid; do
	base=$(median untraced $what)
	for level in syscalls sizes; do
		ns=$(median $level $what)
		eval "$level=\$(awk -v a=$ns -v b=$base 'BEGIN { printf \"%.0f (%.2fx, %+.0f)\", a, a / b, a - b }')"
	done
	printf '%-14s %12.0f %20s %20s\n' $what "$base" "$syscalls" "$sizes"
done
