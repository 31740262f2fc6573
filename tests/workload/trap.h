/*
 * trap.h - a filter that answers an mmap of one length by SIGSYS, and what answers that.
 */
#ifndef WORKLOAD_TRAP_H
#define WORKLOAD_TRAP_H

#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "say.h"

static inline void trap_mmap(unsigned int length,
			     void (*on_trap)(int signal, siginfo_t *info, void *context))
{
	const struct sigaction action = {.sa_sigaction = on_trap,
					 .sa_flags = SA_SIGINFO | SA_NODEFER};
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, length, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	MUST(!sigaction(SIGSYS, &action, NULL));
	MUST(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	MUST(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

/* To the handler's program the call has failed. */
static inline void trap_refuse(void *context)
{
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = -ENOMEM;
}

#endif
