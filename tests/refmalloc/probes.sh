#!/bin/bash
# probes.sh - every probe is in the library's notes, guarded, at a nop of one byte before one of five.

set -u
. "$(dirname "$0")/../bpf/lib.sh"

readelf -n "$OUT/librefmalloc.so" >"$WORK/notes"
for probe in refmalloc:{alloc,free,resizing,realloc,failed,brk,mmap,munmap,mremap} otel_memory:{alloc,free,mmap,munmap}; do
	site=$(awk -v provider="${probe%:*}" -v name="${probe#*:}" '
		$1 == "Provider:" { p = $2 }
		$1 == "Name:" { n = $2 }
		$1 == "Location:" && p == provider && n == name && $NF !~ /^0x0+$/ { print $2 }' "$WORK/notes" | tr -d ,)
	[ -n "$site" ] || fail "no guarded probe $probe"
	[ "$(uname -m)" = x86_64 ] || continue
	code=$(objdump -d "$OUT/librefmalloc.so" --start-address="$site" --stop-address=$((site + 6)) |
		awk -F '\t' 'NF > 2 { printf "%s", $2 }' | tr -d ' ')
	[ "$code" = 900f1f440000 ] || fail "$probe: not the two nops: $code"
done
