#!/bin/bash
# fuzzers.sh - each fuzzer can be built, and finds nothing in some hundred inputs, nor in what was found once.
# timeout: 180
cd "$(dirname "$0")/../.." || exit 1

work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT
built=$(realpath "${OUT:-build}")
for source in tests/fuzz/*.c; do
	name=${source##*/}
	fuzzer=fuzz/${name%.c}
	make -s "${OUT:-build}/$fuzzer" >"$work/said" 2>&1 || { cat "$work/said"; exit 1; }
	# Where it may write what it has found.
	(cd "$work" && "$built/$fuzzer" -runs=300 -max_len=2048 -seed=1) >"$work/said" 2>&1 ||
		{ echo "$fuzzer: status $?"; tail -30 "$work/said"; exit 1; }
	for found in "tests/fuzz/found/${name%.c}"/*; do
		[ -e "$found" ] || continue
		"$built/$fuzzer" "$found" >"$work/said" 2>&1 ||
			{ echo "$fuzzer $found: status $?"; tail -30 "$work/said"; exit 1; }
	done
done
