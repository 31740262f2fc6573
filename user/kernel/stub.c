/*
 * stub.c - the code through which one object calls another's function, or its own by name.
 */
#include "kernel/stub.h"

#include <stdlib.h>
#include <string.h>

#define CODE_MOST (1u << 20) /* bytes; a C library's functions are shorter */

#if defined(__x86_64__)
/* [endbr64] [bnd] jmp *GOT(%rip) */
const char *stub__target(const struct elf_file *f, __u64 addr)
{
	static const unsigned char endbr64[] = {0xf3, 0x0f, 0x1e, 0xfa}, jmp[] = {0xff, 0x25};
	unsigned char code[16] = {};
	size_t at = 0;
	__s32 far;

	elf_file__read(f, addr, code, sizeof(code));
	if (!memcmp(code, endbr64, sizeof(endbr64)))
		at = sizeof(endbr64);
	at += code[at] == 0xf2;
	if (memcmp(code + at, jmp, sizeof(jmp)))
		return NULL;
	memcpy(&far, code + at + sizeof(jmp), sizeof(far));
	return elf_file__got_target(f, addr + at + sizeof(jmp) + sizeof(far) + far);
}

#define CALL_LENGTH 5
#define CALL_STEP   1 /* any byte may be the first one of an instruction */

static bool is_call(const unsigned char *code, __u64 addr, __u64 *to)
{
	__s32 far;

	memcpy(&far, code + 1, sizeof(far));
	*to = addr + CALL_LENGTH + far;
	return *code == 0xe8;
}
#else
/* adrp, ldr, add, br: the GOT entry has to be put together from the first two. */
const char *stub__target(const struct elf_file *f, __u64 addr)
{
	__u32 insn[3];
	__u64 page, slot;

	if (elf_file__read(f, addr, insn, sizeof(insn)) != sizeof(insn))
		return NULL;
	/* adrp xN, page: immlo is bits 30:29, immhi bits 23:5 (Arm ARM, C6.2.13) */
	if ((insn[0] & 0x9f000000) != 0x90000000 || (insn[1] & 0xffc00000) != 0xf9400000)
		return NULL;
	page = (__u64)(insn[0] >> 5 & 0x7ffff) << 2 | (insn[0] >> 29 & 3);
	page = (addr & ~4095ull) + (__u64)((__s64)(page << 43) >> 43 << 12);
	/* ldr xM, [xN, #imm12 * 8] (C6.2.166) */
	slot = page + (insn[1] >> 10 & 0xfff) * 8;
	return elf_file__got_target(f, slot);
}

#define CALL_LENGTH 4
#define CALL_STEP   4

/* bl (C6.2.35) */
static bool is_call(const unsigned char *code, __u64 addr, __u64 *to)
{
	__u32 insn;

	memcpy(&insn, code, sizeof(insn));
	*to = addr + (__u64)((__s64)((__u64)insn << 38) >> 36);
	return (insn & 0xfc000000) == 0x94000000;
}
#endif

__u64 stub__last_call(const struct elf_file *f, __u64 from, __u64 to,
		      bool (*wanted)(const char *name))
{
	size_t size = to - from;
	unsigned char *code = size <= CODE_MOST ? malloc(size + 1) : NULL;
	__u64 last = from, target;
	const char *name;

	if (code && elf_file__read(f, from, code, size) == size)
		for (size_t i = 0; i + CALL_LENGTH <= size; i += CALL_STEP) {
			if (!is_call(code + i, from + i, &target))
				continue;
			name = stub__target(f, target);
			if (name && wanted(name))
				last = from + i + CALL_LENGTH;
		}
	free(code);
	return last;
}
