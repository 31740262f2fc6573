#!/bin/bash
# preload.sh - runs a command, and what it starts, under librefmalloc.
#
# preload.sh COMMAND...  OUT=DIR is the build.  REFMALLOC_OPTIONS in the environment tunes it.

OUT=${OUT:-$(dirname "${BASH_SOURCE[0]}")/../build}
library=$(realpath -e "$OUT/librefmalloc.so") || {
	echo "preload.sh: no $OUT/librefmalloc.so: make refmalloc" >&2
	exit 1
}
[ $# -gt 0 ] || {
	echo "usage: scripts/preload.sh COMMAND..." >&2
	exit 2
}
LD_PRELOAD=$library${LD_PRELOAD:+:$LD_PRELOAD} exec "$@"
