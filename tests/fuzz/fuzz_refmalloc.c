/*
 * fuzz_refmalloc.c - any sequence of calls, by two threads, against a model of every block.
 *
 * Four bytes are a call: what, which slot, the size as a mantissa and a power of two.  Blocks keep
 * what was written to them, do not overlap (each is filled to its end with its own pattern), lie
 * where they were asked to, and what the allocator tells of them is what the model knows.
 */
#include <malloc.h>
#include <pthread.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "refmalloc.h"

#define SLOTS	 64
#define LARGEST	 20 /* power of two */
#define LIVE_MAX (64 << 20)

struct slot {
	unsigned char *block;
	size_t size;
	unsigned char mark;
};

static struct slot slots[SLOTS];
static size_t live_bytes, live_blocks;
static unsigned char next_mark;

static void require(bool holds)
{
	if (!holds)
		abort();
}

static void fill(struct slot *s, void *block, size_t size)
{
	s->block = block;
	s->size = size;
	s->mark = ++next_mark;
	memset(block, s->mark, size);
	live_blocks++;
	live_bytes += size;
}

/* Its ends and some of what is between. */
static void look(const struct slot *s, size_t size)
{
	for (size_t i = 0; i < size; i += i < 64 || i + 64 > size ? 1 : 61)
		require(s->block[i] == s->mark);
}

static void forget(struct slot *s)
{
	live_blocks--;
	live_bytes -= s->size;
	s->block = NULL;
}

static void *free_it(void *block)
{
	free(block);
	return NULL;
}

static void free_elsewhere(void *block)
{
	pthread_t thread;

	require(pthread_create(&thread, NULL, free_it, block) == 0);
	pthread_join(thread, NULL);
}

static void *malloc_it(void *size)
{
	return malloc(*(size_t *)size);
}

static void *malloc_elsewhere(size_t size)
{
	pthread_t thread;
	void *block;

	require(pthread_create(&thread, NULL, malloc_it, &size) == 0);
	pthread_join(thread, &block);
	return block;
}

static void *zeroed(size_t size)
{
	unsigned char *block = calloc(1, size);

	for (size_t i = 0; i < size; i++)
		require(block[i] == 0);
	return block;
}

static void *aligned(size_t to, size_t size)
{
	void *block = (void *)1;

	require(posix_memalign(&block, to, size) == 0 && (uintptr_t)block % to == 0);
	return block;
}

static void take(struct slot *s, unsigned int how, size_t size)
{
	void *block;

	switch (how % 8) {
	case 0:
		block = zeroed(size);
		break;
	case 1:
		block = aligned((size_t)16 << how / 8 % 12, size);
		break;
	case 2:
		block = malloc_elsewhere(size);
		break;
	default:
		block = malloc(size);
	}
	require(block && (uintptr_t)block % 16 == 0 && malloc_usable_size(block) >= size);
	fill(s, block, size);
}

static void resize(struct slot *s, size_t size)
{
	struct slot old = *s;

	forget(s);
	s->block = realloc(old.block, size);
	require((s->block != NULL) == (size != 0));
	if (!size)
		return;
	look(s, size < old.size ? size : old.size);
	fill(s, s->block, size);
}

static void one_call(const uint8_t *in)
{
	struct slot *s = &slots[in[1] % SLOTS];
	size_t size = ((size_t)in[2] << in[3] % (LARGEST - 7)) + in[3] / 16;

	if (s->block)
		look(s, s->size);
	if (in[0] == 255) {
		malloc_trim(size);
	} else if (!s->block) {
		if (live_bytes + size < LIVE_MAX)
			take(s, in[0], size);
	} else if (in[0] % 4 == 0) {
		resize(s, size);
	} else {
		if (in[0] % 16 == 1)
			free_elsewhere(s->block);
		else
			free(s->block);
		forget(s);
	}
}

static int add_block(const struct refmalloc_block *b, void *arg)
{
	struct refmalloc_count *sum = arg;

	sum->calls++;
	sum->bytes += b->size;
	return 0;
}

/* All that is live is the model's: the fuzzer itself, and libc, have the sanitizer's malloc. */
static void compare(void)
{
	struct refmalloc_count walked = {0}, live = {0};
	struct refmalloc_stats stats;

	refmalloc_stats(&stats);
	refmalloc_walk(add_block, &walked);
	for (int route = 0; route < REFMALLOC_ROUTES; route++) {
		live.calls += stats.live[route].calls;
		live.bytes += stats.live[route].bytes;
	}
	require(walked.calls == live.calls && walked.bytes == live.bytes);
	require(live.calls == live_blocks && live.bytes == live_bytes);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	for (size_t i = 0; i + 4 <= size; i += 4)
		one_call(data + i);
	compare();
	for (int i = 0; i < SLOTS; i++)
		if (slots[i].block) {
			look(&slots[i], slots[i].size);
			free(slots[i].block);
			forget(&slots[i]);
		}
	compare();
	return 0;
}
