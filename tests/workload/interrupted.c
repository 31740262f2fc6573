/*
 * interrupted.c - malloc, realloc and free are interrupted by a signal, whose handler allocates,
 * and returns or does not.
 *
 * interrupted [storm | fork | below]: with the preload tests/preload/raise_malloc.c, whose numbers
 * it prints in the end.  "storm": a timer interrupts wherever it will, for 200,000 calls.  "fork":
 * the handler forks, and both go on with the call.  "below": the handler's stack is above the
 * thread's.
 */
#include <dlfcn.h>
#include <pthread.h>
#include <setjmp.h>
#include <signal.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/mman.h>
#include <sys/time.h>
#include <sys/wait.h>

#include "say.h"

struct raise_malloc {
	uint64_t calls, bytes, frees, failed, blocks, block_bytes;
	volatile int raise_in;
};

static struct raise_malloc *numbers;
static sigjmp_buf out;
static volatile bool jumps;
static volatile unsigned int deeper;
static volatile bool forks, is_child;

static void on_signal(int signal)
{
	int error = errno;
	void *p = keep(malloc(1001));

	MUST(keep(malloc(102)) && (p = keep(realloc(p, 1003))));
	free(p);
	if (deeper) {
		deeper--;
		numbers->raise_in = 'm';
		free(keep(malloc(55)));
	}
	if (forks) {
		pid_t pid = fork();
		int status;

		MUST(pid >= 0 && (!pid || (waitpid(pid, &status, 0) == pid && !status)));
		is_child = !pid;
	}
	if (jumps)
		siglongjmp(out, 1);
	errno = error;
}

static void handle(int flags)
{
	struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};

	MUST(!sigaction(SIGUSR1, &action, NULL) && !sigaction(SIGALRM, &action, NULL));
}

/* Each function, and the block that it was about after that. */
static void interrupt_each(void)
{
	void *volatile p = keep(malloc(10)); /* volatile: as it is when the signal comes */
	volatile int i;

	for (i = 0; i < 30; i++) {
		deeper = jumps ? 0 : i % 3;
		if (!sigsetjmp(out, 1)) {
			numbers->raise_in = "mrf"[i % 3];
			free(keep(malloc(20 + i)));
			p = keep(realloc(p, 3000 + i));
			free(keep(malloc(30)));
		}
		numbers->raise_in = 0;
	}
	MUST((p = keep(realloc(p, 5))));
	for (i = 0; i < 5; i++) {
		void *volatile q = keep(malloc(70 + i));

		if (!sigsetjmp(out, 1)) {
			numbers->raise_in = 'r';
			q = keep(realloc(q, 700 + i));
		}
		if (i % 2)
			free(q);
	}
}

static void *run(void *arg)
{
	for (int i = 0; i < 2; i++) {
		jumps = i;
		interrupt_each();
	}
	return NULL;
}

static char alternate[65536];

static void set_stack(void *stack, size_t size)
{
	stack_t s = {.ss_sp = stack, .ss_size = size};

	MUST(!sigaltstack(&s, NULL));
}

static void *run_on_stack(void *stack)
{
	set_stack(stack, sizeof(alternate));
	return run(NULL);
}

/* The alternate stack is above the thread's own: what is on it looks like what called the rest. */
static void run_below(void)
{
	char *room = mmap(NULL, 1 << 20, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0);
	pthread_attr_t attr;
	pthread_t thread;

	MUST(room != MAP_FAILED && !pthread_attr_init(&attr));
	MUST(!pthread_attr_setstack(&attr, room, 1 << 19));
	MUST(!pthread_create(&thread, &attr, run_on_stack, room + (1 << 19)));
	MUST(!pthread_join(thread, NULL));
}

static void storm(void)
{
	const struct itimerval often = {{0, 300}, {0, 300}}, never = {0};
	void *blocks[16] = {0};

	MUST(!setitimer(ITIMER_REAL, &often, NULL));
	for (unsigned int i = 0; i < 200000; i++) {
		void **p = &blocks[i % 16];

		if (i % 7 == 3) {
			free(*p);
			*p = NULL;
		} else if (i % 5 == 1 && *p) {
			MUST((*p = keep(realloc(*p, i % 300))));
		} else {
			free(*p);
			MUST((*p = keep(malloc(i % 200))));
		}
	}
	MUST(!setitimer(ITIMER_REAL, &never, NULL));
}

/* Of a child only what it has, for its counts began with its parent's. */
static void fork_in_each(void)
{
	void *p = keep(malloc(10));

	forks = true;
	for (int i = 0; i < 6 && !is_child; i++) {
		numbers->raise_in = "mr"[i % 2];
		MUST((p = keep(realloc(p, 3000 + i))) && keep(malloc(20 + i)));
		numbers->raise_in = 0;
	}
	if (is_child)
		free(p);
}

static void tell(void)
{
	say("{\"pid\": %d, \"calls\": %lu, \"bytes\": %lu, \"frees\": %lu, \"failed\": %lu, "
	    "\"live_blocks\": %lu, \"live_bytes\": %lu}\n",
	    getpid(), numbers->calls, numbers->bytes, numbers->frees, numbers->failed,
	    numbers->blocks, numbers->block_bytes);
}

int main(int argc, char **argv)
{
	const char *how = argc > 1 ? argv[1] : "";
	bool below = !strcmp(how, "below");

	numbers = dlsym(RTLD_DEFAULT, "raise_malloc");
	MUST(numbers);
	handle(0);
	if (!strcmp(how, "storm")) {
		storm();
	} else if (!strcmp(how, "fork")) {
		fork_in_each();
	} else if (below) {
		handle(SA_ONSTACK);
		run_below();
	} else {
		run(NULL);
		handle(SA_ONSTACK);
		set_stack(alternate, sizeof(alternate));
		run(NULL);
	}
	tell();
	_exit(0);
}
