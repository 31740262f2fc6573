#!/bin/bash
# cost.sh - what the agent is trapped for itself is in its CPU time, and not told a second time.
. "$(dirname "$0")/lib.sh"
need_bpf
need gcc
[ "$(uname -m)" = x86_64 ] || skip "the allocator is in x86's assembler"

# An allocator that is trapped for as nobody else's is: its functions have nothing but instructions
# that are stepped.  So of these hits others have none, whatever they do meanwhile.
cat >"$WORK/allocator.c" <<'END_OF_PROGRAM'
#include <stddef.h>
#include <string.h>

/* Hands out what follows, and takes nothing back. */
static _Alignas(16) char arena[1ul << 30];
static size_t used;

__attribute__((used)) static void *do_malloc(size_t size)
{
	size_t *block = (size_t *)(arena + __atomic_fetch_add(&used, 16 + (size + 15) / 16 * 16,
							      __ATOMIC_RELAXED));

	*block = size;
	return block + 2;
}

__attribute__((used)) static void do_free(void *block)
{
}

void *calloc(size_t n, size_t size)
{
	return do_malloc(n * size);
}

void *realloc(void *block, size_t size)
{
	size_t old = block ? ((size_t *)block)[-2] : 0;

	return memcpy(do_malloc(size), block, old < size ? old : size);
}

#define FUNCTION(name, code)                                                                       \
	asm(".text\n.p2align 4\n.globl " #name "\n.type " #name ", @function\n" #name ":\n" code   \
	    ".size " #name ", . - " #name "\n")
FUNCTION(malloc, "lea do_malloc(%rip), %rax\n jmp *%rax\n");
FUNCTION(free, "lea do_free(%rip), %rax\n jmp *%rax\n");
END_OF_PROGRAM
gcc -shared -fPIC -fno-builtin -O1 -o "$WORK/liballocator.so" "$WORK/allocator.c" || fail "gcc: the allocator"

# The agent has it as well, and makes objects of JSON twenty times a second.
LD_PRELOAD="$WORK/liballocator.so" "$WORKLOAD/paced" 4 1 >"$WORK/truth" &
PACED=$!
LD_PRELOAD="$WORK/liballocator.so" "$BRKSCOPE" top -j -l live -n paced 0.05 40 >"$WORK/top" ||
	fail "top: status $?"
wait "$PACED" || fail "paced: status $?"

compare "$WORK" <<'END'
from oracle import *
with open(f"{sys.argv[1]}/top") as lines:
    reports = [json.loads(line) for line in lines]
expect("reports", len(reports), 40)
hits, ns = reports[-1]["cost"]["hits"], reports[-1]["duration_ns"]
# A malloc and a free in each millisecond.
expect_true(f"the workload's and no others: {hits} in {ns} ns",
            ns / 1e6 < hits["stepped"] < 3 * ns / 1e6)
END
