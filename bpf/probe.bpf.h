/*
 * probe.bpf.h - the uprobe that has just hit: which one it is, and what it finds there.
 *
 * user/kernel/placement.c chooses the instruction, and says in which registers the
 * function's arguments are by then and how far below the return address the stack
 * pointer is.
 */
#ifndef PROBE_BPF_H
#define PROBE_BPF_H

#include "maps.bpf.h"
#include "returns.bpf.h"
#include <bpf/bpf_tracing.h>

#if defined(__TARGET_ARCH_x86)
/*
 * No program is ever in them.  Two, for programs of one attach type only may share one since
 * Linux 6.18 (4540aed51b12 "bpf: Enforce expected_attach_type for tailcall compatibility").
 */
struct no_programs {
	__uint(type, BPF_MAP_TYPE_PROG_ARRAY);
	__uint(max_entries, 1);
	__type(key, __u32);
	__type(value, __u32);
};

struct no_programs no_programs SEC(".maps") __weak;
struct no_programs no_sessions SEC(".maps") __weak;

/*
 * Since Linux 6.13 (e00931c02568 "bpf: Enable private stack for eligible subprogs") a program
 * with much on its stack is given one for each CPU.  A uprobe's program can be
 * preempted, and whoever runs it next on that CPU would write into this one's:
 * sizes were mixed up between threads on 7.3.  Programs with a tail call in them,
 * if only one that is never made, keep the kernel's own stack.
 */
#define keep_own_stack(ctx, none)                                                                  \
	do {                                                                                       \
		if (config.never)                                                                  \
			bpf_tail_call(ctx, &(none), 0);                                            \
	} while (0)
#else
/* Kernels of this architecture before 6.0 take no tail call beside calls of functions. */
#define keep_own_stack(ctx, none)
#endif

static __always_inline const struct probe *probe_hit(struct pt_regs *ctx)
{
	__u32 index, page_offset;
	__u32 *at;

	if (config.has_cookie) {
		index = bpf_get_attach_cookie(ctx);
		return bpf_map_lookup_elem(&probes, &index);
	}
	page_offset = PT_REGS_IP(ctx) & 4095;
	at = bpf_map_lookup_elem(&probe_at, &page_offset);
	return at ? bpf_map_lookup_elem(&probes, at) : NULL;
}

/* The stack pointer at the function's entry: on x86 that is where its return address is. */
static __always_inline __u64 entry_sp(struct pt_regs *ctx, const struct probe *probe)
{
	return PT_REGS_SP(ctx) + probe->frame;
}

static __always_inline __u64 return_address(struct pt_regs *ctx, const struct probe *probe)
{
#if defined(__TARGET_ARCH_x86)
	__u64 ret = 0;

	bpf_probe_read_user(&ret, sizeof(ret), (void *)entry_sp(ctx, probe));
#else
	__u64 ret = PT_REGS_RET(ctx);

#endif
	return real_return(ret);
}

/*
 * The asm, different for each: clang would choose among addresses in the context,
 * which the verifier does not take.
 */
#define READ_REG(number, field)                                                                    \
	if (reg == (number)) {                                                                     \
		__u64 value = ctx->field;                                                          \
                                                                                                   \
		asm volatile("" : "+r"(value) : "i"(number));                                      \
		return value;                                                                      \
	}

/* Out of line: few probes need it, and each of them is in every program many times. */
static __noinline __u64 register_other(struct pt_regs *ctx, __u8 reg)
{
#if defined(__TARGET_ARCH_x86)
	READ_REG(PROBE_REG_CX, cx)
	READ_REG(PROBE_REG_AX, ax)
	READ_REG(PROBE_REG_R8, r8)
	READ_REG(PROBE_REG_R9, r9)
	READ_REG(PROBE_REG_R10, r10)
	READ_REG(PROBE_REG_R11, r11)
	READ_REG(PROBE_REG_BX, bx)
	READ_REG(PROBE_REG_BP, bp)
	READ_REG(PROBE_REG_R12, r12)
	READ_REG(PROBE_REG_R13, r13)
	READ_REG(PROBE_REG_R14, r14)
	READ_REG(PROBE_REG_R15, r15)
#else
	READ_REG(3, regs[3])
	READ_REG(4, regs[4])
	READ_REG(5, regs[5])
	READ_REG(6, regs[6])
	READ_REG(7, regs[7])
	READ_REG(8, regs[8])
	READ_REG(9, regs[9])
	READ_REG(10, regs[10])
	READ_REG(11, regs[11])
	READ_REG(12, regs[12])
	READ_REG(13, regs[13])
	READ_REG(14, regs[14])
	READ_REG(15, regs[15])
	READ_REG(16, regs[16])
	READ_REG(17, regs[17])
	READ_REG(18, regs[18])
	READ_REG(19, regs[19])
	READ_REG(20, regs[20])
	READ_REG(21, regs[21])
	READ_REG(22, regs[22])
	READ_REG(23, regs[23])
	READ_REG(24, regs[24])
	READ_REG(25, regs[25])
	READ_REG(26, regs[26])
	READ_REG(27, regs[27])
	READ_REG(28, regs[28])
	READ_REG(29, regs[29])
	READ_REG(30, regs[30])
#endif
	return 0;
}

static __always_inline __u64 register_read(struct pt_regs *ctx, __u8 reg)
{
#if defined(__TARGET_ARCH_x86)
	READ_REG(PROBE_REG_DI, di)
	READ_REG(PROBE_REG_SI, si)
	READ_REG(PROBE_REG_DX, dx)
#else
	READ_REG(0, regs[0])
	READ_REG(1, regs[1])
	READ_REG(2, regs[2])
#endif
	return register_other(ctx, reg);
}

/* Of the function, from 1 on. */
static __always_inline __u64 argument(struct pt_regs *ctx, const struct probe *probe, __u8 which)
{
	return register_read(ctx, probe->reg[(which - 1) & (PROBE_ARGS - 1)]);
}

/* Does the call come from the allocator's own code? */
static __always_inline bool internal_call(struct pt_regs *ctx, const struct probe *probe, __u64 ret)
{
	__u64 off = ret - (PT_REGS_IP(ctx) - probe->off);

	if (off < probe->internal_lo || off >= probe->internal_hi)
		return false;
	for (int i = 0; i < PROBE_RANGES; i++) {
		if (!probe->internal[i].hi)
			break;
		if (off >= probe->internal[i].lo && off < probe->internal[i].hi)
			return true;
	}
	return false;
}

#endif
