/*
 * insn_x86.c - what a uprobe on an instruction costs, and how it is written.
 */
#if defined(__x86_64__)
#include "kernel/insn.h"

#include <stdio.h>
#include <string.h>

#include "kernel/features.h"

bool insn__open(csh *handle)
{
	if (cs_open(CS_ARCH_X86, CS_MODE_64, handle) != CS_ERR_OK)
		return false;
	cs_option(*handle, CS_OPT_DETAIL, CS_OPT_ON);
	return true;
}

/* Decoded again: with AT&T's syntax the operands have AT&T's order in the details as well. */
void insn__print(csh handle, const cs_insn *insn, char *text, size_t size)
{
	cs_insn *again;
	size_t n;

	*text = 0;
	cs_option(handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_ATT);
	n = cs_disasm(handle, insn->bytes, insn->size, insn->address, 1, &again);
	cs_option(handle, CS_OPT_SYNTAX, CS_OPT_SYNTAX_INTEL);
	if (!n)
		return;
	snprintf(text, size, "%s%s%s", again->mnemonic, *again->op_str ? " " : "", again->op_str);
	cs_free(again, n);
}

/* ---- what the kernel emulates ---- */

/*
 * By bytes, as arch/x86/kernel/uprobes.c decides it, of Linux 5.10: push_setup_xol_ops
 * has a register, with REX.B alone before it or nothing (since e7ed9d9bd037, "uprobes/x86:
 * Emulate push insns for uprobe on x86", 4.15); branch_setup_xol_ops the near jumps and
 * calls, and nop.  Of those with prefixes none is taken for emulated: some make the kernel
 * refuse the probe.
 */
static bool is_push(const unsigned char *b, size_t size)
{
	if (size == 2 && b[0] == 0x41)
		return (b[1] & 0xf8) == 0x50;
	return size == 1 && (b[0] & 0xf8) == 0x50;
}

static bool is_call(const unsigned char *b, size_t size)
{
	return size == 5 && b[0] == 0xe8;
}

static bool is_jump(const unsigned char *b, size_t size)
{
	if (size == 2)
		return (b[0] & 0xf0) == 0x70 || b[0] == 0xeb;
	if (size == 5)
		return b[0] == 0xe9;
	return size == 6 && b[0] == 0x0f && (b[1] & 0xf0) == 0x80;
}

static bool is_nop(const unsigned char *b, size_t size)
{
	return (size == 1 && b[0] == 0x90) || (size == 2 && b[0] == 0x66 && b[1] == 0x90);
}

/*
 * The long ones that the kernel itself uses: since "uprobes/x86: Add support to emulate NOP
 * instructions" (Linux 6.16).  endbr64 is none of them in any version: it is 0f 1e.
 */
static bool is_long_nop(const unsigned char *b, size_t size)
{
	static const unsigned char nops[][8] = {
		[3] = {0x0f, 0x1f, 0x00},
		[4] = {0x0f, 0x1f, 0x40, 0x00},
		[5] = {0x0f, 0x1f, 0x44, 0x00, 0x00},
		[6] = {0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00},
		[7] = {0x0f, 0x1f, 0x80, 0x00, 0x00, 0x00, 0x00},
		[8] = {0x0f, 0x1f, 0x84, 0x00, 0x00, 0x00, 0x00, 0x00},
	};

	return size >= 3 && size <= 8 && !memcmp(b, nops[size], size);
}

/* The kernel puts no probe on it (is_prefix_bad, arch/x86/kernel/uprobes.c). */
static bool is_refused(const cs_insn *insn)
{
	const uint8_t *prefix = insn->detail->x86.prefix;

	return prefix[0] == 0xf0 || prefix[1] == 0x26 || prefix[1] == 0x2e || prefix[1] == 0x36 ||
	       prefix[1] == 0x3e;
}

enum insn_cost insn__cost(const cs_insn *insn)
{
	if (is_refused(insn))
		return INSN_HARMFUL;
	if (insn__is_harmful(insn->bytes, insn->size, insn->address))
		return INSN_HARMFUL;
	if (is_long_nop(insn->bytes, insn->size))
		return features__kernel_has(6, 16) ? INSN_EMULATED : INSN_STEPPED;
	if (is_push(insn->bytes, insn->size) || is_call(insn->bytes, insn->size))
		return INSN_PUSHES;
	if (is_jump(insn->bytes, insn->size) || is_nop(insn->bytes, insn->size))
		return INSN_EMULATED;
	return INSN_STEPPED;
}

/* ---- what the kernel makes a call of ---- */

#define CALL_SIZE 5

static bool is_prefix(unsigned char byte)
{
	return byte == 0x66 || byte == 0x67 || byte == 0xf2 || byte == 0xf3 || byte == 0x2e ||
	       byte == 0x36 || byte == 0x3e || byte == 0x26 || byte == 0x64 || byte == 0x65 ||
	       (byte & 0xf0) == 0x40;
}

/* Of what begins with a ModRM byte (Intel SDM, volume 2, table 2-2). */
static size_t operand_size(const unsigned char *modrm)
{
	unsigned int mod = *modrm >> 6, rm = *modrm & 7;
	bool sib = mod != 3 && rm == 4;
	size_t size = 1 + sib;

	if (mod == 1)
		return size + 1;
	if (mod == 2 || (mod == 0 && (rm == 5 || (sib && (modrm[1] & 7) == 5))))
		return size + 4;
	return size;
}

/* So many bytes long, and nothing that is known to change anything: rather too many than one too
 * few. */
static bool is_nop_of(const unsigned char *code, size_t size)
{
	const unsigned char *at = code, *end = code + size;

	while (at < end - 1 && is_prefix(*at))
		at++;
	switch (*at++) {
	case 0x90:
		return at == end;
	case 0xe9: /* to the next instruction */
		return at + 4 == end && !at[0] && !at[1] && !at[2] && !at[3];
	case 0xeb:
		return at + 1 == end && !*at;
	case 0x89: /* between registers */
	case 0x8b:
		return at + 1 == end && *at >> 6 == 3;
	case 0x8d: /* a distance of 0 or none */
		return at < end && at + operand_size(at) == end && (*at >> 6 == 0 || !end[-1]);
	case 0x0f:
		return at + 1 < end && *at == 0x1f && at + 1 + operand_size(at + 1) == end;
	default:
		return false;
	}
}

/*
 * Any nop of 5 bytes in one page, after some hits, since ba2bfc97b462 ("uprobes/x86: Add
 * support to optimize uprobes", Linux 6.18): of a call into a page of the process's that its
 * children by fork do not have, so that the next one ends a child by SIGSEGV; and its return
 * address is written over a leaf function's data below the stack pointer.  Mended by "uprobes/x86:
 * Allow to copy uprobe trampolines on fork" and "uprobes/x86: Move optimized uprobe from nop5 to
 * nop10", of which version is not asked: what it costs to do without is next to nothing.
 * What a nop is has changed as well; insn_is_nop, since 6.19, knows also jumps to the next
 * instruction and registers that are moved to themselves.
 */
bool insn__is_harmful(const unsigned char *code, size_t n, __u64 addr)
{
	return n >= CALL_SIZE && (addr & 4095) <= 4096 - CALL_SIZE && is_nop_of(code, CALL_SIZE) &&
	       features__kernel_has(6, 18);
}
#endif
