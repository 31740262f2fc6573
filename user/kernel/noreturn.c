/*
 * noreturn.c - functions that never return.
 *
 * No function runs on into what happens to stand behind it.  So one without any return, or jump to
 * elsewhere, never returns; and a call with which some function's code ends does not, which is also
 * so of functions that return or not by their arguments (glibc's __libc_message, until 2.37).
 */
#include "kernel/noreturn.h"

#include <string.h>

#include "kernel/elf_file.h"
#include "kernel/stub.h"

#define CODE_MOST 4096 /* bytes of a function: those that only say what is wrong are short */
#define PIECE	  16384
#define TEXT_MOST (64u << 20) /* bytes that are looked through */
#define LOOK_MOST 256	      /* calls that are looked at */
#define CALL_SIZE 5	      /* x86: e8, and a distance of 32 bits */

/* Those that are called by name, from another file. */
static bool is_known(const char *name)
{
	static const char *const known[] = {"abort", "exit", "_exit", "__assert_fail",
					    "__stack_chk_fail"};

	for (size_t i = 0; name && i < sizeof(known) / sizeof(*known); i++)
		if (!strcmp(name, known[i]))
			return true;
	return false;
}

static bool leaves(const cs_insn *insn, __u64 lo, __u64 hi)
{
	__u64 target;

	switch (insn__goes(insn, &target)) {
	case INSN_RETURNS:
	case INSN_GOES_ANYWHERE:
		return true;
	case INSN_GOES_TO:
	case INSN_GOES_EITHER:
		return target < lo || target >= hi;
	default:
		return false;
	}
}

/* All of it, from one instruction to the next. */
static bool has_no_way_out(const struct elf_file *f, csh handle, cs_insn *insn, __u64 lo, __u64 hi)
{
	unsigned char bytes[CODE_MOST];
	const unsigned char *code = bytes;
	size_t size = hi - lo;
	uint64_t addr = lo;

	if (size > sizeof(bytes) || elf_file__read(f, lo, bytes, size) != size)
		return false;
	while (size) {
		if (!cs_disasm_iter(handle, &code, &size, &addr, insn) || leaves(insn, lo, hi))
			return false;
	}
	return true;
}

/* Nothing is behind this call but padding, up to the next function. */
static bool ends_function(const struct elf_file *f, csh handle, cs_insn *insn, __u64 after)
{
	unsigned char bytes[64];
	const unsigned char *code = bytes;
	uint64_t addr = after;
	__u64 lo, hi;
	size_t size;

	/* The call's own function: what is behind it may be the next one already. */
	if (!elf_file__unwound(f, after - 1, &lo, &hi) || hi - after > sizeof(bytes))
		return false;
	size = elf_file__read(f, after, bytes, hi - after);
	if (size != hi - after)
		return false;
	while (size)
		if (!cs_disasm_iter(handle, &code, &size, &addr, insn) || !insn__is_padding(insn))
			return false;
	return true;
}

/* One of the calls of it ends a function. */
static bool is_last_somewhere(const struct elf_file *f, csh handle, cs_insn *insn, __u64 target,
			      __u64 lo, __u64 hi)
{
	unsigned char piece[PIECE];
	unsigned int looked = 0;
	size_t size;

	if (hi - lo > TEXT_MOST)
		hi = lo + TEXT_MOST;
	for (; lo < hi; lo += size - (CALL_SIZE - 1)) {
		size = elf_file__read(f, lo, piece, hi - lo < PIECE ? hi - lo : PIECE);
		if (size < CALL_SIZE)
			return false;
		for (size_t i = 0; i + CALL_SIZE <= size; i++) {
			const unsigned char *call = memchr(piece + i, 0xe8,
							   size - CALL_SIZE + 1 - i);
			__s32 distance;
			__u64 after;

			if (!call)
				break;
			i = call - piece;
			after = lo + i + CALL_SIZE;
			memcpy(&distance, call + 1, sizeof(distance));
			if (after + distance != target)
				continue;
			if (looked++ == LOOK_MOST)
				return false;
			if (ends_function(f, handle, insn, after))
				return true;
		}
	}
	return false;
}

bool noreturn__always(const struct elf_file *f, csh handle, cs_insn *insn, __u64 addr)
{
	__u64 lo, hi;

	return is_known(stub__target(f, addr)) ||
	       (elf_file__unwound(f, addr, &lo, &hi) && lo == addr &&
		has_no_way_out(f, handle, insn, lo, hi));
}

bool noreturn__somewhere(const struct elf_file *f, csh handle, cs_insn *insn, __u64 addr)
{
	__u64 lo, hi;

	for (unsigned int i = 0; elf_file__code(f, i, &lo, &hi); i++)
		if (is_last_somewhere(f, handle, insn, addr, lo, hi))
			return true;
	return false;
}
