#!/bin/bash
# sanitized.sh - the allocator's own code under the thread, address and undefined behaviour sanitizers.
# timeout: 180

set -u
. "$(dirname "$0")/../bpf/lib.sh"

for sanitizer in thread address,undefined; do
	for test in model producer_consumer thread_end; do
		gcc -std=gnu11 -O1 -g -fsanitize=$sanitizer -fno-sanitize-recover=undefined -D_GNU_SOURCE \
			-include tests/refmalloc/renamed.h -fno-builtin -Iinclude user/refmalloc/*.c \
			tests/refmalloc/$test.c -pthread -o "$WORK/$test" 2>"$WORK/errors" ||
			fail "$test, $sanitizer: $(cat "$WORK/errors")"
		MODEL_CALLS=20000 "$WORK/$test" >"$WORK/said" 2>&1 ||
			fail "$test, $sanitizer: status $?: $(head -40 "$WORK/said")"
	done
done
