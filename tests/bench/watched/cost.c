/*
 * cost.c - the program that is watched: it measures itself, on command.
 *
 * A line on stdin, an answer on stdout behind "= ".  MS is how long to go on.
 *   pair MS       malloc and free, small blocks of several sizes, in one thread
 *   swap MS       the same among the blocks that `hold` left: frees one, makes another
 *   hold N        keeps N small blocks from now on
 *   threads N MS  pairs in N threads; their processor time
 *   getppid MS    a system call that no watcher of memory asks about
 *   mmap MS       mmap and munmap of 16 KiB
 *   tick MS       a pair each millisecond
 *   fork N        N children that allocate a little and sleep
 *   pin CPU       stays on it
 *   where         the places in malloc's family whose code is not the file's: probes
 *   malloc        which file's malloc it calls
 * Answers to the timed ones: "NS LOW HIGH LEAST CALLS", the median, the quartiles and
 * the least twentieth of stretches of about a millisecond each, and the calls of malloc that
 * this process has made up to now.  It allocates nothing but what it measures.
 */
#include "where.h"

#include <pthread.h>
#include <sched.h>
#include <signal.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#define STRETCHES   4096
#define STRETCH_NS  1e6
#define THREADS_MAX 1024

static unsigned long calls;
static void **held;
static unsigned long n_held;

static double clock_ns(clockid_t clock)
{
	struct timespec t;

	clock_gettime(clock, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static double now_ns(void)
{
	return clock_ns(CLOCK_MONOTONIC);
}

/* 16 to 256 bytes: glibc's per-thread cache has them all. */
static size_t small(unsigned long i)
{
	return 16 + (i * 48 & 255);
}

static void pair(unsigned long i)
{
	void *p = malloc(small(i));

	__asm__ volatile("" : : "r"(p) : "memory");
	free(p);
}

static void one_pair(unsigned long i)
{
	pair(i);
	calls++;
}

static void one_swap(unsigned long i)
{
	static uint64_t random = 88172645463325252ULL;
	void **p;

	random ^= random << 13;
	random ^= random >> 7;
	random ^= random << 17;
	p = &held[random % n_held];
	free(*p);
	*p = malloc(small(i));
	calls++;
}

static void one_mapping(unsigned long i)
{
	void *p = mmap(NULL, 16384, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);

	munmap(p, 16384);
}

static void one_other(unsigned long i)
{
	syscall(SYS_getppid);
}

/* Shell's: qsort of this many allocates. */
static void sort(double *v, size_t n)
{
	for (size_t gap = n / 2; gap; gap = gap == 2 ? 1 : gap * 5 / 11)
		for (size_t i = gap; i < n; i++) {
			double x = v[i];
			size_t j = i;

			for (; j >= gap && v[j - gap] > x; j -= gap)
				v[j] = v[j - gap];
			v[j] = x;
		}
}

static double stretch(void (*call)(unsigned long), unsigned long n)
{
	double from = now_ns();

	for (unsigned long i = 0; i < n; i++)
		call(i);
	return (now_ns() - from) / n;
}

static void timed(void (*call)(unsigned long), double ms)
{
	static double ns[STRETCHES];
	double until = now_ns() + ms * 1e6;
	size_t stretches = 0;
	unsigned long n;

	stretch(call, 300); /* a watcher's first sight of a caller may cost it much */
	n = STRETCH_NS / stretch(call, 300) + 1;
	while (stretches < STRETCHES && now_ns() < until)
		ns[stretches++] = stretch(call, n);
	sort(ns, stretches);
	say("%.2f %.2f %.2f %.2f %lu", ns[stretches / 2], ns[stretches / 4], ns[stretches * 3 / 4],
	    ns[stretches / 20], calls);
}

static void ticks(double ms)
{
	const struct timespec tick = {.tv_nsec = 1000000};

	for (double until = now_ns() + ms * 1e6; now_ns() < until; nanosleep(&tick, NULL))
		one_pair(0);
	say("0 0 0 0 %lu", calls);
}

static void hold(unsigned long n)
{
	for (unsigned long i = 0; i < n_held; i++)
		free(held[i]);
	if (held)
		munmap(held, n_held * sizeof(*held));
	n_held = n;
	held = NULL;
	if (n)
		held = mmap(NULL, n * sizeof(*held), PROT_READ | PROT_WRITE,
			    MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	for (unsigned long i = 0; i < n; i++)
		held[i] = malloc(small(i));
	calls += n;
	say("%lu", calls);
}

/* ---- threads ---- */

static double thread_until;

static void *pairs_until(void *arg)
{
	unsigned long n = 0;

	for (; now_ns() < thread_until; n += 100)
		for (unsigned long i = 0; i < 100; i++)
			pair(i);
	return (void *)n;
}

static void threads(unsigned long n, double ms)
{
	static pthread_t ids[THREADS_MAX];
	double from = clock_ns(CLOCK_PROCESS_CPUTIME_ID);
	unsigned long pairs = 0, started = 0;
	void *made;

	thread_until = now_ns() + ms * 1e6;
	while (started < n && started < THREADS_MAX &&
	       !pthread_create(&ids[started], NULL, pairs_until, NULL))
		started++;
	for (unsigned long i = 0; i < started; i++) {
		pthread_join(ids[i], &made);
		pairs += (unsigned long)made;
	}
	calls += pairs;
	from = clock_ns(CLOCK_PROCESS_CPUTIME_ID) - from;
	if (started == n && pairs)
		say("%.2f 0 0 0 %lu", from / pairs, calls);
	else
		say("error: %lu threads of %lu", started, n);
}

/* ---- children ---- */

static void sleep_as_child(pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(0);
	for (int i = 0; i < 20; i++)
		if (!malloc(small(i)))
			_exit(1);
	for (;;)
		pause();
}

static void children(unsigned long n)
{
	pid_t parent = getpid(), pid;
	unsigned long made = 0;

	for (; made < n; made++) {
		pid = fork();
		if (pid < 0)
			break;
		if (!pid)
			sleep_as_child(parent);
	}
	say("%lu", made);
}

static void pin(int cpu)
{
	cpu_set_t set;

	CPU_ZERO(&set);
	CPU_SET(cpu, &set);
	if (sched_setaffinity(0, sizeof(set), &set))
		say("error: CPU %d: %m", cpu);
	else
		say("%d", cpu);
}

static void answer(const char *line)
{
	char what[16] = "";
	double n = 0, ms = 0;

	sscanf(line, "%15s %lf %lf", what, &n, &ms);
	if (!strcmp(what, "pair"))
		timed(one_pair, n);
	else if (!strcmp(what, "swap") && n_held)
		timed(one_swap, n);
	else if (!strcmp(what, "getppid"))
		timed(one_other, n);
	else if (!strcmp(what, "mmap"))
		timed(one_mapping, n);
	else if (!strcmp(what, "tick"))
		ticks(n);
	else if (!strcmp(what, "hold"))
		hold(n);
	else if (!strcmp(what, "threads"))
		threads(n, ms);
	else if (!strcmp(what, "fork"))
		children(n);
	else if (!strcmp(what, "pin"))
		pin(n);
	else if (!strcmp(what, "where"))
		say_where();
	else if (!strcmp(what, "malloc"))
		say_malloc();
	else
		say("error: what is '%s'", what);
}

int main(void)
{
	static char line[256];
	size_t have = 0;

	/* stdio would allocate. */
	while (read(STDIN_FILENO, line + have, 1) == 1) {
		if (line[have] != '\n') {
			have += have + 2 < sizeof(line);
			continue;
		}
		line[have] = '\0';
		have = 0;
		answer(line);
	}
	return 0;
}
