/*
 * inner_calls.c - reallocs that call malloc inside, with calls of malloc before, after and between.
 *
 * glibc's calls it where a block with a mapping of its own cannot grow: no inner call is one more
 * call of the program, and none of the program's is taken for one, from wherever on the stack it
 * is made.  That mremap fails a signal handler says, which allocates as well: as it could have
 * where another signal had come just then.  Says what it called, as realloc_chain.c does.
 */
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "say.h"

#if defined(__GLIBC__) /* musl's compiler does not know the kernel's headers */
#include <linux/filter.h>
#include <linux/seccomp.h>
#endif

#define ROUNDS 100
#define DEPTH  6
#define LARGE  (1u << 20)
#define HUGE   (1u << 30)

static unsigned long mallocs, callocs, reallocs, bytes;

static size_t hide(size_t value)
{
	__asm__ volatile("" : "+r"(value));
	return value;
}

static void small(size_t n)
{
	mallocs++;
	callocs++;
	bytes += n + 3 * n;
	free(keep(malloc(hide(n))));
	free(keep(calloc(hide(3), hide(n))));
}

#if defined(__GLIBC__)
static void refuse(int sig, siginfo_t *info, void *context)
{
	ucontext_t *uc = context;

	(void)sig;
	(void)info;
	small(24);
#if defined(__x86_64__)
	uc->uc_mcontext.gregs[REG_RAX] = -ENOMEM;
#else
	uc->uc_mcontext.regs[0] = -ENOMEM;
#endif
}

static int trap_mremap(void)
{
	struct sigaction action = {.sa_sigaction = refuse, .sa_flags = SA_SIGINFO};
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mremap, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	return sigaction(SIGSYS, &action, NULL) || prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}
#else
static int trap_mremap(void)
{
	return 0;
}
#endif

/* In frames below each other; the one that grows is neither the first nor the last. */
__attribute__((noinline)) static void deeper(void *block, int depth)
{
	volatile char frame[64 * 3];

	frame[0] = depth;
	small(40 + depth);
	if (depth == DEPTH / 2) {
		reallocs++;
		bytes += HUGE;
		MUST(!keep(realloc(block, hide(HUGE))));
	}
	if (depth < DEPTH)
		deeper(block, depth + 1);
	small(80 + depth);
	frame[1] = frame[0];
}

int main(void)
{
	struct rlimit room = {.rlim_cur = HUGE / 2, .rlim_max = HUGE / 2};
	void *block = keep(malloc(hide(LARGE)));

	mallocs++;
	bytes += LARGE;
	MUST(block && !setrlimit(RLIMIT_AS, &room));
	for (int i = 0; i < ROUNDS; i++)
		deeper(block, 0);
	MUST(!trap_mremap());
	for (int i = 0; i < ROUNDS; i++)
		deeper(block, 0);
#if defined(__GLIBC__)
	MUST(mallocs == ROUNDS * 2 * 2 * (DEPTH + 1) + ROUNDS + 1);
#endif
	free(block);
	say("{\"pid\": %d, \"malloc\": %lu, \"calloc\": %lu, \"realloc\": %lu, \"bytes\": %lu}\n",
	    getpid(), mallocs, callocs, reallocs, bytes);
	_exit(0);
}
