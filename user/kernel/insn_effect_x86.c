/*
 * insn_effect_x86.c - what an instruction does to the registers and the stack, and what follows it.
 */
#if defined(__x86_64__)
#include "kernel/insn.h"

#include <string.h>

#define FRAME_MOST (1 << 20) /* that a function takes */

void insn__enter(struct call_state *s)
{
	*s = (struct call_state){
		.holds = {1u << PROBE_REG_DI, 1u << PROBE_REG_SI, 1u << PROBE_REG_DX,
			  1u << PROBE_REG_CX},
	};
}

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

static bool is_stack_pointer(unsigned int reg)
{
	return reg == X86_REG_RSP || reg == X86_REG_ESP || reg == X86_REG_SP || reg == X86_REG_SPL;
}

/* Of 16 bits: a push takes 2 bytes then, and of a jump processors differ in what it is. */
static bool has_half_operands(const cs_insn *insn)
{
	return insn->detail->x86.prefix[2] == 0x66;
}

/* The stack pointer becomes what it was, less this.  False: it becomes something else. */
static bool taken(const cs_insn *insn, __s64 *bytes)
{
	const cs_x86 *x86 = &insn->detail->x86;
	const cs_x86_op *by = &x86->operands[1];

	*bytes = 0;
	if (insn->id == X86_INS_PUSH) {
		*bytes = 8;
		return x86->operands[0].size == 8 && !has_half_operands(insn);
	}
	if (insn->id == X86_INS_POP) {
		*bytes = -8;
		return x86->operands[0].size == 8 && !has_half_operands(insn) &&
		       x86->operands[0].type == X86_OP_REG &&
		       !is_stack_pointer(x86->operands[0].reg);
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

/* Between whole registers; else it is another number. */
static void find_copy(const cs_insn *insn, struct insn_effect *e)
{
	const cs_x86 *x86 = &insn->detail->x86;
	const cs_x86_op *to = &x86->operands[0], *from = &x86->operands[1];

	e->to = e->from = PROBE_REGS;
	if (insn->id != X86_INS_MOV || x86->op_count != 2 || from->type != X86_OP_REG ||
	    to->type != X86_OP_REG || from->size != 8 || to->size != 8)
		return;
	e->to = whole_register(to->reg);
	e->from = whole_register(from->reg);
}

/* Of half a register too: the other half becomes 0 by itself. */
static bool zeroes(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;
	const cs_x86_op *to = &x86->operands[0], *by = &x86->operands[1];

	if (x86->op_count != 2 || to->type != X86_OP_REG || to->size < 4)
		return false;
	if (insn->id == X86_INS_XOR || insn->id == X86_INS_SUB)
		return by->type == X86_OP_REG && by->reg == to->reg;
	return insn->id == X86_INS_MOV && by->type == X86_OP_IMM && !by->imm;
}

static __u32 bit_of(unsigned int reg)
{
	enum probe_reg whole = whole_register(reg);

	return whole < PROBE_REGS ? 1u << whole : 0;
}

static bool only_reads_first(const cs_insn *insn)
{
	return insn->id == X86_INS_PUSH || insn->id == X86_INS_TEST || insn->id == X86_INS_CMP ||
	       insn->id == X86_INS_BT;
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

/* They write to more than their first operand: rather too much than too little.  None to the stack
 * pointer. */
static bool is_further(const cs_insn *insn, __u32 *written)
{
	static const unsigned int further[] = {
		X86_INS_XCHG, X86_INS_XADD, X86_INS_CMPXCHG, X86_INS_MUL, X86_INS_IMUL,
		X86_INS_DIV,  X86_INS_IDIV, X86_INS_CDQ,     X86_INS_CQO, X86_INS_CDQE,
	};
	const cs_x86 *x86 = &insn->detail->x86;

	for (size_t i = 0; i < sizeof(further) / sizeof(*further); i++) {
		if (insn->id != further[i])
			continue;
		*written |= 1u << PROBE_REG_AX | 1u << PROBE_REG_DX;
		for (uint8_t op = 0; op < x86->op_count; op++) {
			if (x86->operands[op].type != X86_OP_REG)
				continue;
			if (is_stack_pointer(x86->operands[op].reg))
				return false;
			*written |= bit_of(x86->operands[op].reg);
		}
		return true;
	}
	return insn->id == X86_INS_POP;
}

bool insn__effect(csh handle, const cs_insn *insn, struct insn_effect *e)
{
	const cs_x86 *x86 = &insn->detail->x86;
	cs_regs read, written;
	uint8_t n_read, n_written;

	*e = (struct insn_effect){};
	if ((!is_known(insn) && !is_further(insn, &e->written)) || !taken(insn, &e->taken) ||
	    cs_regs_access(handle, insn, read, &n_read, written, &n_written) != CS_ERR_OK)
		return false;
	/* What Capstone says is written, and in any case the first operand. */
	for (uint8_t i = 0; i < n_written; i++)
		e->written |= bit_of(written[i]);
	if (x86->op_count && x86->operands[0].type == X86_OP_REG && !only_reads_first(insn))
		e->written |= bit_of(x86->operands[0].reg);
	find_copy(insn, e);
	if (zeroes(insn))
		e->zeroed = bit_of(x86->operands[0].reg);
	return true;
}

/* System V ABI, AMD64 supplement, figure 3.4. */
void insn__call_effect(struct insn_effect *e)
{
	*e = (struct insn_effect){
		.written = 1u << PROBE_REG_AX | 1u << PROBE_REG_CX | 1u << PROBE_REG_DX |
			   1u << PROBE_REG_SI | 1u << PROBE_REG_DI | 1u << PROBE_REG_R8 |
			   1u << PROBE_REG_R9 | 1u << PROBE_REG_R10 | 1u << PROBE_REG_R11,
		.to = PROBE_REGS,
		.from = PROBE_REGS,
	};
}

bool insn__apply(const struct insn_effect *e, struct call_state *s)
{
	for (int arg = 0; arg < PROBE_ARGS; arg++) {
		bool copied = e->from < PROBE_REGS && s->holds[arg] >> e->from & 1;

		s->holds[arg] &= ~e->written;
		if (copied && e->to < PROBE_REGS)
			s->holds[arg] |= 1u << e->to;
	}
	s->frame += e->taken;
	return s->frame >= 0 && s->frame <= FRAME_MOST;
}

bool insn__execute(csh handle, const cs_insn *insn, struct call_state *s)
{
	struct insn_effect e;

	return is_known(insn) && insn__effect(handle, insn, &e) && insn__apply(&e, s);
}

static bool in_group(const cs_insn *insn, unsigned int group)
{
	for (uint8_t i = 0; i < insn->detail->groups_count; i++)
		if (insn->detail->groups[i] == group)
			return true;
	return false;
}

enum insn_goes insn__goes(const cs_insn *insn, __u64 *target)
{
	const cs_x86 *x86 = &insn->detail->x86;
	bool direct = x86->op_count == 1 && x86->operands[0].type == X86_OP_IMM;

	*target = direct ? (__u64)x86->operands[0].imm : 0;
	if (has_half_operands(insn) && (insn->id == X86_INS_CALL || in_group(insn, CS_GRP_JUMP)))
		return INSN_GOES_ANYWHERE;
	switch (insn->id) {
	case X86_INS_XBEGIN:
		return INSN_GOES_ANYWHERE;
	case X86_INS_JMP:
		return direct ? INSN_GOES_TO : INSN_GOES_ANYWHERE;
	case X86_INS_CALL:
		return INSN_CALLS;
	case X86_INS_RET:
		return x86->op_count ? INSN_GOES_ANYWHERE : INSN_RETURNS;
	case X86_INS_HLT:
	case X86_INS_UD2:
	case X86_INS_INT3:
		return INSN_ENDS;
	}
	if (in_group(insn, CS_GRP_JUMP))
		return direct ? INSN_GOES_EITHER : INSN_GOES_ANYWHERE;
	if (in_group(insn, CS_GRP_CALL) || in_group(insn, CS_GRP_RET) ||
	    in_group(insn, CS_GRP_IRET) || in_group(insn, CS_GRP_INT))
		return INSN_GOES_ANYWHERE;
	return INSN_GOES_ON;
}

bool insn__is_padding(const cs_insn *insn)
{
	return insn->id == X86_INS_NOP;
}
#endif
