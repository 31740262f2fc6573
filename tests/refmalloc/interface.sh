#!/bin/bash
# interface.sh - the library shows malloc's whole interface and nothing else, asks of libc only what
# does not allocate, and has its data of threads without a call; sys.c alone makes calls for memory.

set -u
. "$(dirname "$0")/../bpf/lib.sh"

shown=$(nm -D --defined-only "$OUT/librefmalloc.so" | awk '{ print $3 }' | LC_ALL=C sort | xargs)
expected="aligned_alloc calloc free mallinfo mallinfo2 malloc malloc_info malloc_stats malloc_trim"
expected+=" malloc_usable_size mallopt memalign posix_memalign pvalloc realloc reallocarray"
expected+=" refmalloc_kept refmalloc_stats refmalloc_walk valloc"
[ "$shown" = "__register_atfork $expected" ] || fail "it shows $shown"
shown=$(nm --defined-only -g "$OUT/librefmalloc.a" | awk 'NF == 3 { print $3 }' | LC_ALL=C sort | xargs)
[ "$shown" = "$expected" ] || fail "librefmalloc.a shows $shown"

# FILE SYMBOL: what each wants of others.  malloc_info (tune.c) is given a stream, and all else has
# nothing to do with stdio; what atfork.c has to do is not on malloc's way.
nm -uA "$OUT"/user/refmalloc/*.o | awk '{ sub(/^.*\//, "", $1); print $1, $NF }' >"$WORK/wanted"
grep -q '^sys.o: mmap$' "$WORK/wanted" || fail "no calls seen: $(head -3 "$WORK/wanted")"
others='f?v?s?n?printf|fopen|fwrite|fputs|dl(open|sym|addr)|__tls_get_addr|sbrk|strdup'
others+='|pthread_(once|mutex_.*|getspecific)'
grep -v '^\(tune\|atfork\).o:' "$WORK/wanted" | grep -E " ($others)\$" && fail "it calls these"
grep -v '^sys.o:' "$WORK/wanted" | grep -E ' (mmap|munmap|mremap|brk|madvise|mprotect)(64)?$' &&
	fail "not only sys.c calls for memory"
grep -n 'SYS_\(brk\|mmap\|munmap\|mremap\)' user/refmalloc/*.[ch] | grep -v '^user/refmalloc/sys\.c:' &&
	fail "not only sys.c calls for memory"
readelf -rW "$OUT/librefmalloc.so" | grep -E 'DTPMOD|DTPOFF|TLSDESC' && fail "not initial-exec"

# What is started under it, and what not.
OUT=/nowhere scripts/preload.sh true 2>"$WORK/said" && fail "it starts without the library"
grep -q 'no /nowhere/librefmalloc.so' "$WORK/said" || fail "$(cat "$WORK/said")"
scripts/preload.sh 2>"$WORK/said"
[ $? = 2 ] || fail "status for no command"
