/*
 * code.c - what a function's machine code calls and jumps to, by capstone.
 */
#include "kernel/code.h"

#include <capstone/capstone.h>
#include <string.h>

#include "kernel/stub.h"

#define CODE_MAX                                                                                   \
	4096 /* of one function; allocation functions that only forward are far shorter            \
	      */

#if defined(__x86_64__)
static bool open_decoder(csh *handle)
{
	return cs_open(CS_ARCH_X86, CS_MODE_64, handle) == CS_ERR_OK;
}

static bool branch_target(const cs_insn *insn, __u64 *target)
{
	const cs_x86 *x86 = &insn->detail->x86;

	if ((insn->id != X86_INS_CALL && insn->id != X86_INS_JMP) || x86->op_count != 1 ||
	    x86->operands[0].type != X86_OP_IMM)
		return false;
	*target = x86->operands[0].imm;
	return true;
}

static bool is_syscall(const cs_insn *insn)
{
	return insn->id == X86_INS_SYSCALL;
}

static bool is_jump(const cs_insn *insn)
{
	return insn->id == X86_INS_JMP;
}

static bool ends_block(const cs_insn *insn)
{
	return insn->id == X86_INS_RET || insn->id == X86_INS_JMP;
}

/* What the instruction puts on the stack, in bytes. */
static __s64 pushed(const cs_insn *insn)
{
	const cs_x86 *x86 = &insn->detail->x86;

	if (insn->id == X86_INS_PUSH)
		return 8;
	if (insn->id == X86_INS_POP)
		return -8;
	if (x86->op_count != 2 || x86->operands[0].type != X86_OP_REG ||
	    x86->operands[0].reg != X86_REG_RSP || x86->operands[1].type != X86_OP_IMM)
		return 0;
	if (insn->id == X86_INS_SUB)
		return x86->operands[1].imm;
	return insn->id == X86_INS_ADD ? -x86->operands[1].imm : 0;
}
#else
/* A branch's target is its only operand. */
static bool open_decoder(csh *handle)
{
	return cs_open(CS_ARCH_ARM64, CS_MODE_ARM, handle) == CS_ERR_OK;
}

static bool branch_target(const cs_insn *insn, __u64 *target)
{
	const cs_arm64 *arm = &insn->detail->arm64;

	if ((insn->id != ARM64_INS_BL && insn->id != ARM64_INS_B) || arm->op_count != 1 ||
	    arm->operands[0].type != ARM64_OP_IMM)
		return false;
	*target = arm->operands[0].imm;
	return true;
}

static bool is_syscall(const cs_insn *insn)
{
	return insn->id == ARM64_INS_SVC;
}

static bool is_jump(const cs_insn *insn)
{
	return insn->id == ARM64_INS_B;
}

static bool ends_block(const cs_insn *insn)
{
	return false;
}

/* The return address is in the link register, whatever the stack holds. */
static __s64 pushed(const cs_insn *insn)
{
	return 0;
}
#endif

static bool stub_leads_to(const struct elf_file *f, __u64 addr, const char *name)
{
	const char *target = stub__target(f, addr);

	return target && !strcmp(target, name);
}

/* A function's instructions, one after the other: all of a long one's take a megabyte. */
struct body {
	csh handle;
	cs_insn *insn;
	unsigned char code[CODE_MAX];
	const unsigned char *next;
	size_t left;
	uint64_t addr;
};

static bool body__open(struct body *b, const struct elf_file *f, const struct elf_function *fn)
{
	b->next = b->code;
	b->left = fn->size < CODE_MAX ? fn->size : CODE_MAX;
	b->left = elf_file__read(f, fn->addr, b->code, b->left);
	b->addr = fn->addr;
	if (!b->left || !open_decoder(&b->handle))
		return false;
	cs_option(b->handle, CS_OPT_DETAIL, CS_OPT_ON);
	b->insn = cs_malloc(b->handle);
	if (!b->insn)
		cs_close(&b->handle);
	return b->insn;
}

static bool body__next(struct body *b)
{
	return cs_disasm_iter(b->handle, &b->next, &b->left, &b->addr, b->insn);
}

static void body__close(struct body *b)
{
	cs_free(b->insn, 1);
	cs_close(&b->handle);
}

bool code__reaches(const struct elf_file *f, const struct elf_function *fn,
		   const struct elf_function *target)
{
	bool found = false;
	struct body b;
	__u64 to;

	if (!body__open(&b, f, fn))
		return false;
	while (!found && body__next(&b))
		if (branch_target(b.insn, &to))
			found = to == target->addr || stub_leads_to(f, to, target->name);
	body__close(&b);
	return found;
}

void code__jumps(const struct elf_file *f, const struct elf_function *fn,
		 void (*visit)(__u64 addr, const char *name, void *arg), void *arg)
{
	struct body b;
	__u64 to;

	if (!body__open(&b, f, fn))
		return;
	while (body__next(&b))
		if (is_jump(b.insn) && branch_target(b.insn, &to) &&
		    (to < fn->addr || to >= fn->addr + fn->size))
			visit(to, stub__target(f, to), arg);
	body__close(&b);
}

/* syscall(2), called as any function. */
static bool calls_syscall(const struct body *b, const struct elf_file *f,
			  const struct elf_function *syscall, const cs_insn *insn)
{
	__u64 to;

	if (is_jump(insn) || !branch_target(insn, &to))
		return false;
	return syscall ? to == syscall->addr : stub_leads_to(f, to, "syscall");
}

/*
 * In the order of the code, without following branches: a wrapper sets its frame
 * up once, at its beginning, and what stands behind a return or a jump has been
 * branched to from where the frame was up.
 */
unsigned int code__syscalls(const struct elf_file *f, const struct elf_function *fn,
			    struct syscall_site *sites, unsigned int most)
{
	const struct elf_function *by_function = elf_file__find(f, "syscall");
	unsigned int found = 0;
	__s64 frame = 0, whole = 0;
	struct body b;

	if (!body__open(&b, f, fn))
		return 0;
	while (found < most && body__next(&b)) {
		frame += pushed(b.insn);
		if (frame > whole)
			whole = frame;
		if (ends_block(b.insn))
			frame = whole;
		if (frame < 0 ||
		    (!is_syscall(b.insn) && !calls_syscall(&b, f, by_function, b.insn)))
			continue;
		sites[found].after = b.insn->address + b.insn->size;
		sites[found++].frame = frame;
	}
	body__close(&b);
	return found;
}
