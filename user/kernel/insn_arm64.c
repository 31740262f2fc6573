/*
 * insn_arm64.c - what an instruction at a function's beginning does, and what a uprobe on it costs.
 */
#if defined(__aarch64__)
#include "kernel/insn.h"

#include <stdio.h>
#include <string.h>

bool insn__open(csh *handle)
{
	if (cs_open(CS_ARCH_ARM64, CS_MODE_ARM, handle) != CS_ERR_OK)
		return false;
	cs_option(*handle, CS_OPT_DETAIL, CS_OPT_ON);
	return true;
}

void insn__print(csh handle, const cs_insn *insn, char *text, size_t size)
{
	snprintf(text, size, "%s%s%s", insn->mnemonic, *insn->op_str ? " " : "", insn->op_str);
}

void insn__enter(struct call_state *s)
{
	/* x0 to x3 */
	*s = (struct call_state){.holds = {1 << 0, 1 << 1, 1 << 2, 1 << 3}};
}

static __u32 word(const cs_insn *insn)
{
	__u32 bytes;

	memcpy(&bytes, insn->bytes, sizeof(bytes));
	return bytes;
}

/*
 * The ones that arm_probe_decode_insn (arch/arm64/kernel/probes/decode-insn.c) of Linux 5.10
 * gives a handler, by the encodings in arch/arm64/include/asm/insn.h.  Later kernels
 * simulate nop as well.
 */
static const struct {
	__u32 mask, value;
} simulated[] = {
	{0xfc000000, 0x14000000}, /* b */
	{0xfc000000, 0x94000000}, /* bl */
	{0xff000010, 0x54000000}, /* b.cond */
	{0x7e000000, 0x34000000}, /* cbz, cbnz */
	{0x7e000000, 0x36000000}, /* tbz, tbnz */
	{0xfffffc1f, 0xd61f0000}, /* br */
	{0xfffffc1f, 0xd63f0000}, /* blr */
	{0xfffffc1f, 0xd65f0000}, /* ret */
	{0x1f000000, 0x10000000}, /* adr, adrp */
	{0xbf000000, 0x18000000}, /* ldr Wt or Xt, of a literal */
	{0xff000000, 0x98000000}, /* ldrsw, of a literal */
};

enum insn_cost insn__cost(const cs_insn *insn)
{
	for (size_t i = 0; i < sizeof(simulated) / sizeof(*simulated); i++)
		if ((word(insn) & simulated[i].mask) == simulated[i].value)
			return INSN_EMULATED;
	return INSN_STEPPED;
}

/* It makes calls of none. */
bool insn__is_harmful(const unsigned char *code, size_t n, __u64 addr)
{
	return false;
}

static bool is_known(const cs_insn *insn)
{
	static const unsigned int known[] = {
		ARM64_INS_MOV, ARM64_INS_MOVZ, ARM64_INS_MOVK, ARM64_INS_MOVN, ARM64_INS_ADD,
		ARM64_INS_SUB, ARM64_INS_CMP,  ARM64_INS_CMN,  ARM64_INS_TST,  ARM64_INS_AND,
		ARM64_INS_ORR, ARM64_INS_EOR,  ARM64_INS_LSL,  ARM64_INS_LSR,  ARM64_INS_STP,
		ARM64_INS_STR, ARM64_INS_STUR, ARM64_INS_LDP,  ARM64_INS_LDR,  ARM64_INS_LDUR,
		ARM64_INS_ADR, ARM64_INS_ADRP, ARM64_INS_NOP,
	};

	/* bti: a hint, as is paciasp, which changes the return address */
	if ((word(insn) & 0xffffff3f) == 0xd503241f)
		return true;
	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (insn->id == known[i])
			return true;
	return false;
}

/* 0 to 30; -1: none that an argument or the return address is in. */
static int number(unsigned int reg)
{
	if (reg >= ARM64_REG_X0 && reg <= ARM64_REG_X28)
		return reg - ARM64_REG_X0;
	if (reg >= ARM64_REG_W0 && reg <= ARM64_REG_W30)
		return reg - ARM64_REG_W0;
	return reg == ARM64_REG_X29 ? 29 : reg == ARM64_REG_X30 ? 30 : -1;
}

/* False: the return address is where it was no longer. */
static bool overwrite(struct call_state *s, unsigned int reg)
{
	int n = number(reg);

	for (int arg = 0; n >= 0 && arg < PROBE_ARGS; arg++)
		s->holds[arg] &= ~(1u << n);
	return n != 30;
}

bool insn__execute(csh handle, const cs_insn *insn, struct call_state *s)
{
	const cs_arm64 *arm = &insn->detail->arm64;
	struct call_state before = *s;
	cs_regs read, written;
	uint8_t n_read, n_written;

	if (!is_known(insn) ||
	    cs_regs_access(handle, insn, read, &n_read, written, &n_written) != CS_ERR_OK)
		return false;
	for (uint8_t i = 0; i < n_written; i++)
		if (!overwrite(s, written[i]))
			return false;
	/* In any case the first operand, of a pair that is loaded both, but of what only reads. */
	if (insn->id != ARM64_INS_STP && insn->id != ARM64_INS_STR && insn->id != ARM64_INS_STUR &&
	    insn->id != ARM64_INS_CMP && insn->id != ARM64_INS_CMN && insn->id != ARM64_INS_TST)
		for (int i = 0; i < arm->op_count && i < (insn->id == ARM64_INS_LDP ? 2 : 1); i++)
			if (arm->operands[i].type == ARM64_OP_REG &&
			    !overwrite(s, arm->operands[i].reg))
				return false;
	/* mov Xd, Xm (Arm ARM, C6.2.229) */
	if ((word(insn) & 0xffe0ffe0) == 0xaa0003e0)
		for (int arg = 0; arg < PROBE_ARGS; arg++)
			s->holds[arg] |= (before.holds[arg] >> (word(insn) >> 16 & 31) & 1)
					 << (word(insn) & 31);
	return true;
}

/* No course of a call is looked for here: return addresses are not on the stack (course.h). */
bool insn__effect(csh handle, const cs_insn *insn, struct insn_effect *e)
{
	return false;
}

void insn__call_effect(struct insn_effect *e)
{
	*e = (struct insn_effect){};
}

bool insn__apply(const struct insn_effect *e, struct call_state *s)
{
	return false;
}

enum insn_goes insn__goes(const cs_insn *insn, __u64 *target)
{
	*target = 0;
	return INSN_GOES_ANYWHERE;
}

bool insn__is_padding(const cs_insn *insn)
{
	return false;
}
#endif
