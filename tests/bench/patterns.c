/*
 * patterns.c - well-known patterns of allocation, written anew from what they are known for.
 *
 *	patterns NAME         runs one; prints NAME GROUP SECONDS PEAK-RSS-KB
 *	patterns -            prints the names
 *	patterns NAME COMMAND...
 *	                      the same of a command, with $BENCH_PRELOAD in its LD_PRELOAD
 *
 * Seconds are those of the processor with one thread and for commands, of the clock with more
 * threads, where waiting counts.  What scripts/bench-malloc.sh runs under each allocator.
 */
#include <pthread.h>
#include <sched.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/wait.h>
#include <time.h>
#include <unistd.h>

#define MOST_THREADS 4

/* One thread's work: `me` of `of`. */
struct work {
	pthread_t thread;
	unsigned int me, of;
};

static unsigned int next(unsigned int *seed)
{
	*seed = *seed * 1103515245 + 12345;
	return *seed >> 8;
}

/* A byte of each page is written: what is allocated is used. */
static void *taken(size_t size)
{
	volatile char *p = malloc(size);

	for (size_t at = 0; at < size; at += 4096)
		p[at] = 1;
	return (void *)p;
}

/* glibc's simplest: one block at a time. */
static void pair(struct work *w)
{
	for (int i = 0; i < 8000000; i++)
		free(taken(16 + (i & 63) * 8));
}

/* cfrac: numbers of a few words, temporaries that live for a step among some that stay. */
static void cfrac(struct work *w)
{
	void *kept[64] = {0}, *a, *b, *c;
	unsigned int seed = 1;

	for (int i = 0; i < 1500000; i++) {
		unsigned int r = next(&seed);

		a = taken(8 + (r & 7) * 8);
		b = taken(8 + (r >> 3 & 7) * 8);
		c = taken(8 + (r >> 6 & 15) * 8);
		free(a);
		free(r & 512 ? b : c);
		free(kept[r >> 10 & 63]);
		kept[r >> 10 & 63] = r & 512 ? c : b;
	}
	for (int i = 0; i < 64; i++)
		free(kept[i]);
}

/* sh6bench: batches of sizes that come round, freed half in order and half in reverse. */
static void sh6bench(struct work *w)
{
	enum { BATCH = 20000 };
	static void *blocks[MOST_THREADS][BATCH];
	void **p = blocks[w->me];

	for (int round = 0; round < 60; round++) {
		for (int i = 0; i < BATCH; i++)
			p[i] = taken(1 + (i * 7 + round) % (i % 8 ? 100 : 1000));
		for (int i = 0; i < BATCH / 2; i++)
			free(p[i]);
		for (int i = BATCH; i-- > BATCH / 2;)
			free(p[i]);
	}
}

/* sh8bench: the same, but what one thread filled another frees. */
static void sh8bench(struct work *w)
{
	enum { BATCH = 1000 };
	static void **shelf[8];
	unsigned int seed = w->me + 1;
	void **p = NULL;

	for (int round = 0; round < 500; round++) {
		if (!p)
			p = malloc(BATCH * sizeof(*p));
		for (int i = 0; i < BATCH; i++)
			p[i] = taken(1 + (i * 7 + round) % (i % 8 ? 100 : 1000));
		p = __atomic_exchange_n(&shelf[next(&seed) % 8], p, __ATOMIC_ACQ_REL);
		for (int i = 0; p && i < BATCH; i++)
			free(p[i % 2 ? BATCH - i : i]);
	}
	free(p);
}

/* Any of some is replaced, by one of `least` to `least + span` bytes. */
static void replace(unsigned int seed, int rounds, void **p, int blocks, size_t least, size_t span)
{
	for (int i = 0; i < rounds; i++) {
		int k = next(&seed) % blocks;

		free(p[k]);
		p[k] = taken(least + next(&seed) % span);
	}
}

static void free_all(void **p, int blocks)
{
	for (int i = 0; i < blocks; i++)
		free(p[i]);
}

#define SESSIONS 5000

static void *larson_generation(void *blocks)
{
	replace((uintptr_t)blocks >> 4, 200000, blocks, SESSIONS, 10, 500);
	return NULL;
}

/* larson: a server's sessions, whose threads end and hand what they have to the next. */
static void larson(struct work *w)
{
	void **p = calloc(SESSIONS, sizeof(*p));
	pthread_t thread;

	for (int generation = 0; generation < 8; generation++) {
		if (pthread_create(&thread, NULL, larson_generation, p))
			exit(1);
		pthread_join(thread, NULL);
	}
	free_all(p, SESSIONS);
	free(p);
}

/* glibc's bench-malloc-thread: sizes up to 32 KiB, the more the smaller. */
static void glibc_thread(struct work *w)
{
	static void *blocks[MOST_THREADS][1024];
	unsigned int seed = w->me + 1;

	for (int i = 0; i < 1500000; i++) {
		unsigned int k = next(&seed) % 1024, r = next(&seed);

		free(blocks[w->me][k]);
		blocks[w->me][k] = taken(4 + (r % 32768 >> (r >> 15) % 12));
	}
	free_all(blocks[w->me], 1024);
}

static void medium(struct work *w)
{
	static void *blocks[MOST_THREADS][200];

	replace(w->me + 1, 400000, blocks[w->me], 200, 1000, 60000);
	free_all(blocks[w->me], 200);
}

/* xmalloc: half of the threads only allocate, the others only free. */
static void xmalloc(struct work *w)
{
	enum { SLOTS = 64, BATCH = 100, ROUNDS = 10000 };
	static void **slots[MOST_THREADS][SLOTS];
	unsigned int seed = w->me + 1;
	void **p;

	for (int i = 0; i < ROUNDS; i++) {
		void ***slot = &slots[w->me / 2][i % SLOTS];

		if (w->me % 2 == 0) {
			p = malloc(BATCH * sizeof(*p));
			for (int k = 0; k < BATCH; k++)
				p[k] = taken(16 + next(&seed) % 500);
			while (__atomic_load_n(slot, __ATOMIC_ACQUIRE))
				sched_yield();
			__atomic_store_n(slot, p, __ATOMIC_RELEASE);
		} else {
			while (!(p = __atomic_load_n(slot, __ATOMIC_ACQUIRE)))
				sched_yield();
			__atomic_store_n(slot, NULL, __ATOMIC_RELEASE);
			free_all(p, BATCH);
			free(p);
		}
	}
}

/* mstress: many live blocks of very different sizes, some handed over to whoever comes by. */
static void mstress(struct work *w)
{
	enum { BLOCKS = 10000, SHELF = 256 };
	static void *shelf[SHELF];
	void **p = calloc(BLOCKS, sizeof(*p));
	unsigned int seed = w->me + 1;

	for (int i = 0; i < 1200000; i++) {
		unsigned int r = next(&seed);
		void **at = &p[next(&seed) % BLOCKS];

		free(*at);
		*at = taken((8 + r % 56) << (r % 97 == 0 ? 8 : r % 7 == 0 ? 4 : 0));
		if (r % 8 == 0)
			*at = __atomic_exchange_n(&shelf[r >> 8 & (SHELF - 1)], *at,
						  __ATOMIC_ACQ_REL);
	}
	free_all(p, BLOCKS);
	free(p);
}

static void *theirs[MOST_THREADS]; /* small blocks, one after the other, by the first thread */

/* cache-scratch: such a block is freed; the own ones must not share its line with others'. */
static void scratch(struct work *w)
{
	free(theirs[w->me]);
	for (int i = 0; i < 10000; i++) {
		volatile char *p = malloc(8);

		for (int k = 0; k < 2000; k++)
			p[k & 7]++;
		free((void *)p);
	}
}

/* Large blocks, a byte of each page written. */
static void large(struct work *w)
{
	unsigned int seed = 1;
	char *blocks[16] = {0};

	for (int i = 0; i < 3000; i++) {
		char **p = &blocks[next(&seed) % 16];
		size_t size = 100000 + next(&seed) % 8000000;

		free(*p);
		*p = taken(size);
	}
	for (int i = 0; i < 16; i++)
		free(blocks[i]);
}

static void growth(struct work *w)
{
	for (int round = 0; round < 1000; round++) {
		char *p = NULL, *other = NULL;

		for (size_t size = 16; size < 4000000; size += size / 8 + 16) {
			p = realloc(p, size);
			p[size - 1] = 1;
			other = realloc(other, size / 16 + 1);
		}
		free(p);
		free(other);
	}
}

static const struct pattern {
	const char *name;
	void (*run)(struct work *w);
	unsigned int threads;
	const char *group;
} patterns[] = {
	{"pair", pair, 1, "one"},
	{"cfrac", cfrac, 1, "one"},
	{"sh6bench", sh6bench, 1, "one"},
	{"larson", larson, 1, "one"},
	{"glibc-thread", glibc_thread, 1, "one"},
	{"medium", medium, 1, "one"},
	{"mstress", mstress, 1, "one"},
	{"growth", growth, 1, "one"},
	{"larson-2", larson, 2, "threads"},
	{"glibc-thread-2", glibc_thread, 2, "threads"},
	{"medium-2", medium, 2, "threads"},
	{"sh8bench-4", sh8bench, 4, "threads"},
	{"xmalloc-2", xmalloc, 2, "threads"},
	{"xmalloc-4", xmalloc, 4, "threads"},
	{"mstress-2", mstress, 2, "threads"},
	{"scratch-2", scratch, 2, "threads"},
	{"large", large, 1, "large"},
};

static const struct pattern *running;

static void *run_thread(void *work)
{
	running->run(work);
	return NULL;
}

static void run(void)
{
	struct work works[MOST_THREADS];

	for (int i = 0; running->run == scratch && i < MOST_THREADS; i++)
		theirs[i] = taken(8);
	for (unsigned int i = 0; i < running->threads; i++) {
		works[i].me = i;
		works[i].of = running->threads;
		if (i && pthread_create(&works[i].thread, NULL, run_thread, &works[i]))
			exit(1);
	}
	running->run(&works[0]);
	for (unsigned int i = 1; i < running->threads; i++)
		pthread_join(works[i].thread, NULL);
}

static double clock_seconds(void)
{
	struct timespec now;

	clock_gettime(CLOCK_MONOTONIC, &now);
	return now.tv_sec + now.tv_nsec * 1e-9;
}

static double processor_seconds(const struct rusage *u)
{
	return u->ru_utime.tv_sec + u->ru_stime.tv_sec +
	       (u->ru_utime.tv_usec + u->ru_stime.tv_usec) * 1e-6;
}

/* Of a line "NAME: KB kB" in a file of /proc/self. */
static long kb_of(const char *path, const char *name)
{
	char line[256];
	long kb = 0;
	FILE *f = fopen(path, "r");

	while (f && !kb && fgets(line, sizeof(line), f))
		if (strncmp(line, name, strlen(name)) == 0)
			kb = atol(line + strlen(name));
	if (f)
		fclose(f);
	return kb;
}

/*
 * Of this program alone: what rusage says includes what it was before exec.  The kernel's
 * high-water mark lags behind, by what each processor has not yet added to it (since 6.2 up to 32
 * pages of each kind), which is a tenth of a small program: what is there now is at least its peak.
 */
static long peak_kb(void)
{
	long mark = kb_of("/proc/self/status", "VmHWM:");
	long now = kb_of("/proc/self/smaps_rollup", "Rss:");

	return now > mark ? now : mark;
}

static int run_command(char **argv)
{
	const char *preload = getenv("BENCH_PRELOAD");
	struct rusage usage;
	int status;
	pid_t pid = fork();

	if (pid == 0) {
		if (preload && *preload)
			setenv("LD_PRELOAD", preload, 1);
		execvp(argv[2], argv + 2);
		_exit(127);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid || status)
		return 1;
	getrusage(RUSAGE_CHILDREN, &usage);
	printf("%s applications %.4f %ld\n", argv[1], processor_seconds(&usage), usage.ru_maxrss);
	return 0;
}

int main(int argc, char **argv)
{
	struct rusage usage;
	double start;

	if (argc > 2)
		return run_command(argv);
	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++) {
		running = &patterns[i];
		if (argc != 2 || strcmp(argv[1], "-") == 0)
			puts(running->name);
		else if (strcmp(argv[1], running->name) == 0)
			break;
		running = NULL;
	}
	if (!running)
		return argc == 2 && strcmp(argv[1], "-") != 0;
	start = clock_seconds();
	run();
	start = clock_seconds() - start;
	getrusage(RUSAGE_SELF, &usage);
	printf("%s %s %.4f %ld\n", running->name, running->group,
	       running->threads > 1 ? start : processor_seconds(&usage), peak_kb());
	return 0;
}
