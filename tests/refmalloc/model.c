/*
 * model.c - random calls against a model: every block's contents, and in the end every number.
 *
 * First one thread, then several that take blocks out of each other's hands.  A block is filled
 * with its own pattern and looked at before it is freed or resized: blocks that overlapped, or a
 * realloc that lost something, would show.  MODEL_CALLS in the environment: how many a thread.
 */
#include "test.h"

#define SLOTS	512
#define THREADS 4

struct slot {
	pthread_mutex_t lock;
	unsigned char *block;
	size_t size;
	unsigned char mark;
};

struct expected {
	struct refmalloc_count function[REFMALLOC_FUNCTIONS];
	uint64_t histogram[REFMALLOC_BUCKETS];
	uint64_t frees, served_calls, served_bytes;
};

struct worker {
	pthread_t thread;
	uint64_t random;
	struct expected expected;
};

static struct slot slots[SLOTS];
static unsigned long calls = 100000;

static uint64_t next(struct worker *w)
{
	w->random ^= w->random << 13;
	w->random ^= w->random >> 7;
	w->random ^= w->random << 17;
	return w->random;
}

static size_t random_size(struct worker *w)
{
	uint64_t r = next(w);

	switch (r % 16) {
	case 0:
		return next(w) % 300000;
	case 1:
		return next(w) % 40000;
	case 2:
	case 3:
		return next(w) % 5000;
	default:
		return next(w) % 300;
	}
}

static void expect(struct worker *w, enum refmalloc_function f, size_t size)
{
	w->expected.function[f].calls++;
	w->expected.function[f].bytes += size;
	w->expected.served_calls++;
	w->expected.served_bytes += size;
	for (int i = 0;; i++)
		if (size <= 1ul << i) {
			w->expected.histogram[i]++;
			return;
		}
}

static void fill(struct slot *s, size_t size, unsigned char mark)
{
	s->size = size;
	s->mark = mark;
	memset(s->block, mark, size);
}

static void look(const struct slot *s, size_t size)
{
	for (size_t i = 0; i < size; i++)
		CHECK(s->block[i] == s->mark);
}

static void take(struct worker *w, struct slot *s)
{
	size_t size = random_size(w), to = 16ul << next(w) % 10;
	enum refmalloc_function f = REFMALLOC_MALLOC;
	void *p;

	switch (next(w) % 10) {
	case 0:
		f = REFMALLOC_CALLOC;
		p = calloc(1, size);
		for (size_t i = 0; i < size; i++)
			CHECK(((char *)p)[i] == 0);
		break;
	case 1:
		f = REFMALLOC_ALIGNED_ALLOC;
		p = aligned_alloc(to, size);
		CHECK((uintptr_t)p % to == 0);
		break;
	case 2:
		f = REFMALLOC_POSIX_MEMALIGN;
		CHECK(posix_memalign(&p, to, size) == 0 && (uintptr_t)p % to == 0);
		break;
	default:
		p = malloc(size);
	}
	s->block = hidden(p);
	CHECK(s->block && malloc_usable_size(p) >= size);
	expect(w, f, size);
	fill(s, size, next(w));
}

static void resize(struct worker *w, struct slot *s)
{
	size_t size = random_size(w) + 1;

	s->block = hidden(realloc(s->block, size));
	expect(w, REFMALLOC_REALLOC, size);
	look(s, size < s->size ? size : s->size);
	fill(s, size, next(w));
}

static void *work(void *arg)
{
	struct worker *w = arg;

	for (unsigned long i = 0; i < calls; i++) {
		struct slot *s = &slots[next(w) % SLOTS];

		pthread_mutex_lock(&s->lock);
		if (!s->block) {
			take(w, s);
		} else {
			look(s, s->size);
			if (next(w) % 4 == 0) {
				resize(w, s);
			} else {
				free(s->block);
				s->block = NULL;
				w->expected.frees++;
			}
		}
		pthread_mutex_unlock(&s->lock);
	}
	return NULL;
}

/* Adds up what the walk finds; nobody else allocates meanwhile. */
static int add_block(const struct refmalloc_block *b, void *arg)
{
	struct refmalloc_count *live = arg;

	live[b->route].calls++;
	live[b->route].bytes += b->size;
	return 0;
}

static void compare(const struct expected *e, const struct refmalloc_stats *before)
{
	struct refmalloc_count walked[REFMALLOC_ROUTES] = {0};
	uint64_t served_calls = 0, served_bytes = 0, in_bucket;
	struct refmalloc_stats s = stats();

	for (int f = 0; f < REFMALLOC_FUNCTIONS; f++) {
		CHECK(s.function[f].calls - before->function[f].calls == e->function[f].calls);
		CHECK(s.function[f].bytes - before->function[f].bytes == e->function[f].bytes);
	}
	CHECK(s.frees - before->frees == e->frees && s.failed == before->failed);
	CHECK(refmalloc_walk(add_block, walked) == 0);
	for (int r = 0; r < REFMALLOC_ROUTES; r++) {
		CHECK(walked[r].calls == s.live[r].calls && walked[r].bytes == s.live[r].bytes);
		served_calls += s.route[r].calls - before->route[r].calls;
		served_bytes += s.route[r].bytes - before->route[r].bytes;
	}
	CHECK(served_calls == e->served_calls && served_bytes == e->served_bytes);
	for (int i = 0; i < REFMALLOC_BUCKETS; i++) {
		in_bucket = 0;
		for (int r = 0; r < REFMALLOC_ROUTES; r++)
			in_bucket += s.histogram[r][i] - before->histogram[r][i];
		CHECK(in_bucket == e->histogram[i]);
	}
}

static void add(struct expected *to, const struct expected *e)
{
	for (size_t i = 0; i < sizeof(*to) / sizeof(uint64_t); i++)
		((uint64_t *)to)[i] += ((const uint64_t *)e)[i];
}

/* Were the numbers compared? */
static bool run(int threads)
{
	static struct worker workers[THREADS];
	struct expected sum = {0};
	struct refmalloc_stats before;
	uint64_t threads_own;

	memset(workers, 0, sizeof(workers));
	before = stats();
	for (int i = 0; i < threads; i++) {
		workers[i].random = 0x9e3779b97f4a7c15 * (i + 1);
		CHECK(threads == 1 || !pthread_create(&workers[i].thread, NULL, work, &workers[i]));
		if (threads == 1)
			work(&workers[i]);
	}
	for (int i = 0; i < threads; i++) {
		CHECK(threads == 1 || !pthread_join(workers[i].thread, NULL));
		add(&sum, &workers[i].expected);
	}
	/* libc's own for each thread: a calloc of its TLS descriptors. */
	threads_own = stats().function[REFMALLOC_CALLOC].calls -
		      before.function[REFMALLOC_CALLOC].calls -
		      sum.function[REFMALLOC_CALLOC].calls;
	CHECK(threads_own <= (threads > 1 ? (uint64_t)threads : 0));
	if (threads_own)
		return false;
	compare(&sum, &before);
	return true;
}

int main(void)
{
	if (getenv("MODEL_CALLS"))
		calls = strtoul(getenv("MODEL_CALLS"), NULL, 10);
	for (int i = 0; i < SLOTS; i++)
		pthread_mutex_init(&slots[i].lock, NULL);
	CHECK(run(1));
	run(THREADS);
	/* The second time libc has what it needs for its threads. */
	CHECK(run(THREADS));
	for (int i = 0; i < SLOTS; i++)
		free(slots[i].block);
	return 0;
}
