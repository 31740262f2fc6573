#!/bin/bash
# sanitized.sh - the allocator's own code under three sanitizers, and under valgrind.
# timeout: 180

set -u
. "$(dirname "$0")/../bpf/lib.sh"

# By other names, so that it stands beside the sanitizer's or valgrind's own malloc.
FLAGS=(-std=gnu11 -O1 -g -D_GNU_SOURCE -include "$PWD/tests/refmalloc/renamed.h" -fno-builtin
	-I"$PWD/include" -I"$PWD/user/refmalloc" -pthread)
mapfile -t SOURCES < <(ls "$PWD"/user/refmalloc/*.c | grep -v /atfork.c)

build() { # DIR FLAG...
	local dir=$WORK/$1 test

	shift
	mkdir "$dir"
	(cd "$dir" && gcc "${FLAGS[@]}" "$@" -c "${SOURCES[@]}") || return
	for test in model producer_consumer thread_end adopt asleep; do
		gcc "${FLAGS[@]}" "$@" "tests/refmalloc/$test.c" "$dir"/*.o -o "$dir/$test" || return
	done
}

for sanitizer in thread address,undefined; do
	build $sanitizer -fsanitize=$sanitizer -fno-sanitize-recover=undefined 2>"$WORK/errors" ||
		fail "$sanitizer: $(cat "$WORK/errors")"
	for test in model producer_consumer thread_end adopt asleep; do
		MODEL_CALLS=10000 "$WORK/$sanitizer/$test" >"$WORK/said" 2>&1 ||
			fail "$test, $sanitizer: status $?: $(head -40 "$WORK/said")"
	done
done

need valgrind
# That new pages of the heap are zero valgrind does not know: what the model reads of a calloc.
printf '{\n new_pages_are_zero\n Memcheck:Cond\n fun:take\n fun:work\n}\n' >"$WORK/suppressions"
build valgrind 2>"$WORK/errors" || fail "$(cat "$WORK/errors")"
MODEL_CALLS=2000 valgrind -q --error-exitcode=9 --fair-sched=yes --suppressions="$WORK/suppressions" \
	"$WORK/valgrind/model" >"$WORK/said" 2>&1 ||
	fail "model, valgrind: status $?: $(head -40 "$WORK/said")"
