#!/bin/bash
# operators.sh - C++'s operators new and delete, in every form, are malloc and free of refmalloc.

set -u
. "$(dirname "$0")/../bpf/lib.sh"
need g++

cat >"$WORK/operators.cc" <<'END'
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <initializer_list>
#include <new>

#include "refmalloc.h"

static const std::align_val_t A{256};
static const std::nothrow_t &N = std::nothrow;

static struct refmalloc_stats now()
{
	struct refmalloc_stats s;

	refmalloc_stats(&s);
	return s;
}

static uint64_t live_bytes()
{
	struct refmalloc_stats s = now();

	return s.live[REFMALLOC_HEAP].bytes + s.live[REFMALLOC_MMAP].bytes;
}

#define MUST(condition)                                                        \
	do {                                                                   \
		if (!(condition)) {                                            \
			std::fprintf(stderr, "%d: %s\n", __LINE__, #condition); \
			std::exit(1);                                          \
		}                                                              \
	} while (0)

/* The block is of ours, aligned, and gone after. */
#define PAIR(to, take, give)                                                   \
	do {                                                                   \
		uint64_t before = live_bytes();                                \
		void *p = take;                                                \
                                                                               \
		MUST(p && (uintptr_t)p % (to) == 0);                           \
		MUST(live_bytes() >= before + size);                           \
		give;                                                          \
		MUST(live_bytes() == before);                                  \
	} while (0)

int main()
{
	static volatile size_t huge = SIZE_MAX / 2;
	uint64_t failed;

	for (size_t size : {1, 100, 5000, 60000, 3000000}) {
		PAIR(16, operator new(size), operator delete(p));
		PAIR(16, operator new(size), operator delete(p, size));
		PAIR(16, operator new[](size), operator delete[](p));
		PAIR(16, operator new[](size), operator delete[](p, size));
		PAIR(16, operator new(size, N), operator delete(p, N));
		PAIR(16, operator new[](size, N), operator delete[](p, N));
		PAIR(256, operator new(size, A), operator delete(p, A));
		PAIR(256, operator new(size, A), operator delete(p, size, A));
		PAIR(256, operator new[](size, A), operator delete[](p, A));
		PAIR(256, operator new[](size, A), operator delete[](p, size, A));
		PAIR(256, operator new(size, A, N), operator delete(p, A, N));
		PAIR(256, operator new[](size, A, N), operator delete[](p, A, N));
	}
	failed = now().failed;
	MUST(!operator new(huge, N) && !operator new[](huge, A, N));
	try {
		operator delete(operator new(huge));
		return 2;
	} catch (const std::bad_alloc &) {
	}
	MUST(now().failed == failed + 3);
	return 0;
}
END
g++ -std=c++17 -O1 -fsized-deallocation -Iinclude "$WORK/operators.cc" -o "$WORK/operators" -L"$OUT" \
	-Wl,-rpath,"$OUT" -lrefmalloc 2>"$WORK/errors" || fail "$(cat "$WORK/errors")"
for options in "" check=2,junk cache=0; do
	REFMALLOC_OPTIONS=$options "$WORK/operators" 2>"$WORK/said" ||
		fail "options '$options': $?: $(cat "$WORK/said")"
done
