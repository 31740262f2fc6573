#!/bin/bash
# interface.sh - the library shows malloc's whole interface and nothing else, asks of libc only what
# does not allocate, and has its data of threads without a call; sys.c alone makes calls for memory.

set -u
. "$(dirname "$0")/../bpf/lib.sh"

shown=$(nm -D --defined-only "$OUT/librefmalloc.so" | awk '{ print $3 }' | LC_ALL=C sort | xargs)
expected="aligned_alloc calloc free mallinfo mallinfo2 malloc malloc_info malloc_stats malloc_trim"
expected+=" malloc_usable_size mallopt memalign posix_memalign pvalloc realloc reallocarray"
expected+=" refmalloc_kept refmalloc_stats refmalloc_walk valloc"
[ "$shown" = "$expected" ] || fail "it shows $shown"
shown=$(nm --defined-only -g "$OUT/librefmalloc.a" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort | xargs)
[ "$shown" = "$expected" ] || fail "librefmalloc.a shows $shown"

# wanted OBJECT: what it wants of others.
wanted() { nm -u "$@" | awk 'NF == 2 { print $2 }' | sort -u; }

# malloc_info is given a stream, and all else has nothing to do with stdio.
others=$(for object in "$OUT"/user/refmalloc/*.o; do
	[[ $object == */tune.o ]] || wanted "$object"
done)
grep -Ex 'f?v?s?n?printf|fopen|fwrite|fputs|dl(open|sym|addr)|__tls_get_addr|pthread_(once|mutex_.*|getspecific)|sbrk|strdup' \
	<<<"$others" && fail "it calls these"
for object in "$OUT"/user/refmalloc/*.o; do
	[[ $object == */sys.o ]] ||
		! wanted "$object" | grep -Ex '(mmap|munmap|mremap|brk|madvise|mprotect)(64)?' ||
		fail "not only sys.c calls for memory: $object"
done
grep -n 'SYS_\(brk\|mmap\|munmap\|mremap\)' user/refmalloc/*.[ch] | grep -v '^user/refmalloc/sys\.c:' &&
	fail "not only sys.c calls for memory"
readelf -rW "$OUT/librefmalloc.so" | grep -E 'DTPMOD|DTPOFF|TLSDESC' && fail "not initial-exec"

# What is started under it, and what not.
OUT=/nowhere scripts/preload.sh true 2>"$WORK/said" && fail "it starts without the library"
grep -q 'no /nowhere/librefmalloc.so' "$WORK/said" || fail "$(cat "$WORK/said")"
scripts/preload.sh 2>"$WORK/said"
[ $? = 2 ] || fail "status for no command"
