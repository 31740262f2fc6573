/* thread_end.c - what an ended thread leaves can be freed, and is used again: no growth. */
#include "test.h"

#define ROUNDS 300
#define BLOCKS 1000

static pthread_key_t key;

/* Behind the allocator's own destructor it still works. */
static void late(void *arg)
{
	static __thread int times;

	free(hidden(malloc(300)));
	if (++times < 3)
		pthread_setspecific(key, arg);
}

static void *work(void *arg)
{
	void **blocks = arg;

	pthread_setspecific(key, blocks);
	for (int i = 0; i < BLOCKS; i++)
		blocks[i] = hidden(malloc(i % 700));
	for (int i = 0; i < BLOCKS; i += 3) {
		free(blocks[i]);
		blocks[i] = NULL;
	}
	return NULL;
}

int main(void)
{
	static void *blocks[BLOCKS];
	uint64_t after_some = 0;
	pthread_t thread;

	pthread_key_create(&key, late);
	for (int round = 0; round < ROUNDS; round++) {
		CHECK(pthread_create(&thread, NULL, work, blocks) == 0);
		CHECK(pthread_join(thread, NULL) == 0);
		for (int i = 0; i < BLOCKS; i++)
			free(blocks[i]);
		if (round == 20)
			after_some = stats().heap_bytes;
	}
	CHECK(stats().heap_bytes <= after_some);
	return 0;
}
