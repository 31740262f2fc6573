#!/bin/bash
# arm64.sh - it is built for arm64 without a warning, and works there as far as an emulator tells.

set -u
. "$(dirname "$0")/../bpf/lib.sh"
need aarch64-linux-gnu-gcc

mkdir -p "$WORK/include/sys"
cp /usr/include/*/sys/sdt*.h "$WORK/include/sys" 2>/dev/null || cp /usr/include/sys/sdt*.h "$WORK/include/sys" ||
	fail "no sys/sdt.h"
mapfile -t sources < <(ls user/refmalloc/*.c | grep -v /atfork.c)
for test in model realloc fork; do
	aarch64-linux-gnu-gcc -std=gnu11 -Wall -Wextra -Wno-unused-parameter -Werror -O1 -fno-builtin \
		-D_GNU_SOURCE -I"$WORK/include" -Iinclude "${sources[@]}" tests/refmalloc/$test.c \
		-pthread -static -o "$WORK/$test" 2>"$WORK/errors" || fail "$test: $(cat "$WORK/errors")"
done
need qemu-aarch64-static
for test in model realloc fork; do
	MODEL_CALLS=3000 qemu-aarch64-static "$WORK/$test" >"$WORK/said" 2>&1 ||
		fail "$test: status $?: $(cat "$WORK/said")"
done
