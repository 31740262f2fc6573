/*
 * insn_x86.c - what an instruction at a function's beginning does, and what a uprobe on it costs.
 */
#if defined(__x86_64__)
#include "kernel/insn.h"

#include <stdio.h>
#include <string.h>

#include "kernel/features.h"

#define FRAME_MOST (1 << 20) /* that a function takes at its beginning */

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

void insn__enter(struct call_state *s)
{
	*s = (struct call_state){
		.holds = {1u << PROBE_REG_DI, 1u << PROBE_REG_SI, 1u << PROBE_REG_DX,
			  1u << PROBE_REG_CX},
	};
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

enum insn_cost insn__cost(const cs_insn *insn)
{
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

/* ---- what it does ---- */

/* PROBE_REGS: none that an argument could be in. */
static enum probe_reg whole_register(unsigned int reg)
{
#define WHOLE(name, ...)                                                                           \
	{                                                                                          \
		PROBE_REG_##name,                                                                  \
		{                                                                                  \
			__VA_ARGS__                                                                \
		}                                                                                  \
	}
	static const struct {
		enum probe_reg whole;
		unsigned int parts[5];
	} registers[] = {
		WHOLE(AX, X86_REG_RAX, X86_REG_EAX, X86_REG_AX, X86_REG_AL, X86_REG_AH),
		WHOLE(BX, X86_REG_RBX, X86_REG_EBX, X86_REG_BX, X86_REG_BL, X86_REG_BH),
		WHOLE(CX, X86_REG_RCX, X86_REG_ECX, X86_REG_CX, X86_REG_CL, X86_REG_CH),
		WHOLE(DX, X86_REG_RDX, X86_REG_EDX, X86_REG_DX, X86_REG_DL, X86_REG_DH),
		WHOLE(SI, X86_REG_RSI, X86_REG_ESI, X86_REG_SI, X86_REG_SIL),
		WHOLE(DI, X86_REG_RDI, X86_REG_EDI, X86_REG_DI, X86_REG_DIL),
		WHOLE(BP, X86_REG_RBP, X86_REG_EBP, X86_REG_BP, X86_REG_BPL),
		WHOLE(R8, X86_REG_R8, X86_REG_R8D, X86_REG_R8W, X86_REG_R8B),
		WHOLE(R9, X86_REG_R9, X86_REG_R9D, X86_REG_R9W, X86_REG_R9B),
		WHOLE(R10, X86_REG_R10, X86_REG_R10D, X86_REG_R10W, X86_REG_R10B),
		WHOLE(R11, X86_REG_R11, X86_REG_R11D, X86_REG_R11W, X86_REG_R11B),
		WHOLE(R12, X86_REG_R12, X86_REG_R12D, X86_REG_R12W, X86_REG_R12B),
		WHOLE(R13, X86_REG_R13, X86_REG_R13D, X86_REG_R13W, X86_REG_R13B),
		WHOLE(R14, X86_REG_R14, X86_REG_R14D, X86_REG_R14W, X86_REG_R14B),
		WHOLE(R15, X86_REG_R15, X86_REG_R15D, X86_REG_R15W, X86_REG_R15B),
	};
#undef WHOLE

	for (size_t i = 0; i < sizeof(registers) / sizeof(*registers); i++)
		for (size_t part = 0; part < 5 && registers[i].parts[part]; part++)
			if (registers[i].parts[part] == reg)
				return registers[i].whole;
	return PROBE_REGS;
}

static void overwrite(struct call_state *s, unsigned int reg)
{
	enum probe_reg whole = whole_register(reg);

	for (int arg = 0; whole < PROBE_REGS && arg < PROBE_ARGS; arg++)
		s->holds[arg] &= ~(1u << whole);
}

/* Whatever the source held before. */
static void copy(struct call_state *s, const struct call_state *before, const cs_x86_op *to,
		 const cs_x86_op *from)
{
	enum probe_reg source, target;

	/* Of whole registers; else it is another number. */
	if (from->type != X86_OP_REG || to->type != X86_OP_REG || from->size != 8 || to->size != 8)
		return;
	source = whole_register(from->reg);
	target = whole_register(to->reg);
	for (int arg = 0; source < PROBE_REGS && target < PROBE_REGS && arg < PROBE_ARGS; arg++)
		s->holds[arg] |= (before->holds[arg] >> source & 1) << target;
}

static bool is_stack_pointer(unsigned int reg)
{
	return reg == X86_REG_RSP || reg == X86_REG_ESP || reg == X86_REG_SP || reg == X86_REG_SPL;
}

/* The stack pointer becomes what it was, less this.  False: it becomes something else. */
static bool taken(const cs_insn *insn, __s64 *bytes)
{
	const cs_x86 *x86 = &insn->detail->x86;
	const cs_x86_op *by = &x86->operands[1];

	*bytes = 0;
	if (insn->id == X86_INS_PUSH) {
		*bytes = 8;
		return x86->operands[0].size == 8;
	}
	if (!x86->op_count || x86->operands[0].type != X86_OP_REG ||
	    !is_stack_pointer(x86->operands[0].reg) || insn->id == X86_INS_TEST ||
	    insn->id == X86_INS_CMP)
		return true;
	if (x86->operands[0].reg != X86_REG_RSP || x86->op_count != 2)
		return false;
	if (insn->id == X86_INS_LEA && by->mem.base == X86_REG_RSP &&
	    by->mem.index == X86_REG_INVALID && by->mem.segment == X86_REG_INVALID) {
		*bytes = -by->mem.disp;
		return true;
	}
	if (by->type != X86_OP_IMM || (insn->id != X86_INS_SUB && insn->id != X86_INS_ADD))
		return false;
	*bytes = insn->id == X86_INS_SUB ? by->imm : -by->imm;
	return true;
}

/* Not all that there is: what compilers put at the beginning of functions. */
static bool is_known(const cs_insn *insn)
{
	static const unsigned int known[] = {
		X86_INS_MOV,	X86_INS_MOVABS, X86_INS_MOVZX, X86_INS_MOVSX,  X86_INS_MOVSXD,
		X86_INS_LEA,	X86_INS_TEST,	X86_INS_CMP,   X86_INS_XOR,    X86_INS_AND,
		X86_INS_OR,	X86_INS_ADD,	X86_INS_ADC,   X86_INS_SUB,    X86_INS_SBB,
		X86_INS_INC,	X86_INS_DEC,	X86_INS_NEG,   X86_INS_NOT,    X86_INS_SHL,
		X86_INS_SHR,	X86_INS_SAR,	X86_INS_ROL,   X86_INS_ROR,    X86_INS_BSR,
		X86_INS_BSF,	X86_INS_LZCNT,	X86_INS_TZCNT, X86_INS_BT,     X86_INS_PUSH,
		X86_INS_NOP,	X86_INS_PXOR,	X86_INS_XORPS, X86_INS_MOVAPS, X86_INS_MOVUPS,
		X86_INS_MOVDQA, X86_INS_MOVDQU, X86_INS_MOVD,  X86_INS_MOVQ,   X86_INS_ENDBR64,
	};

	for (size_t i = 0; i < sizeof(known) / sizeof(*known); i++)
		if (insn->id == known[i])
			return true;
	return !strncmp(insn->mnemonic, "cmov", 4) || !strncmp(insn->mnemonic, "set", 3);
}

bool insn__execute(csh handle, const cs_insn *insn, struct call_state *s)
{
	const cs_x86 *x86 = &insn->detail->x86;
	const cs_x86_op *op = x86->operands;
	struct call_state before = *s;
	cs_regs read, written;
	uint8_t n_read, n_written;
	__s64 bytes;

	/* What Capstone says is written, and in any case the first operand. */
	if (!is_known(insn) || !taken(insn, &bytes) ||
	    cs_regs_access(handle, insn, read, &n_read, written, &n_written) != CS_ERR_OK)
		return false;
	for (uint8_t i = 0; i < n_written; i++)
		overwrite(s, written[i]);
	if (x86->op_count && op->type == X86_OP_REG && insn->id != X86_INS_PUSH &&
	    insn->id != X86_INS_TEST && insn->id != X86_INS_CMP && insn->id != X86_INS_BT)
		overwrite(s, op->reg);
	if (insn->id == X86_INS_MOV && x86->op_count == 2)
		copy(s, &before, &op[0], &op[1]);
	s->frame += bytes;
	return s->frame >= 0 && s->frame <= FRAME_MOST;
}
#endif
