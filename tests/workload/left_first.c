/*
 * left_first.c - a thread's first call of malloc is left while libc sets the thread's own memory
 * up, and the next one has the same frame.
 *
 * A filter answers by SIGSYS where libc maps an arena, before it has changed anything of its own.
 * It prints its PID and what the calls have given: the handler's, of 103 bytes, and the next one,
 * of 3001.  The first asked for 41.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <ucontext.h>

#include "say.h"

#define ARENA                                                                                      \
	(2 * 64 * 1024 * 1024) /* glibc's HEAP_MAX_SIZE, malloc/arena.c, twice: to align it        \
				*/

static sigjmp_buf out;
static volatile int trapped;
static void *volatile of_handler, *volatile of_next;

static void on_trap(int signal, siginfo_t *info, void *context)
{
	if (!trapped++) {
		of_handler = keep(malloc(103));
		siglongjmp(out, 1);
	}
	((ucontext_t *)context)->uc_mcontext.gregs[REG_RAX] = -ENOMEM;
}

static void *run(void *arg)
{
	static const size_t sizes[] = {41, 3001};

	for (volatile int i = 0; i < 2; i++)
		if (!sigsetjmp(out, 1))
			of_next = keep(malloc(sizes[i]));
	return NULL;
}

static void filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 0, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ARENA, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	MUST(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	MUST(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program));
}

int main(void)
{
	const struct sigaction action = {.sa_sigaction = on_trap,
					 .sa_flags = SA_SIGINFO | SA_NODEFER};
	pthread_t thread;

	MUST(!sigaction(SIGSYS, &action, NULL));
	filter();
	MUST(!pthread_create(&thread, NULL, run, NULL) && !pthread_join(thread, NULL) && trapped);
	say("{\"pid\": %d, \"103\": %lu, \"3001\": %lu}\n", getpid(), (unsigned long)of_handler,
	    (unsigned long)of_next);
	_exit(0);
}
