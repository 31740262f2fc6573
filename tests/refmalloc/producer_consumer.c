/* producer_consumer.c - blocks freed by another thread go home: the heap stays as small as the
 * queue. */
#include "test.h"

#define QUEUE  1024
#define BLOCKS 2000000

static void *queue[QUEUE];

static void *consume(void *arg)
{
	(void)arg;
	for (size_t i = 0; i < BLOCKS; i++) {
		void *p;

		while (!(p = __atomic_load_n(&queue[i % QUEUE], __ATOMIC_ACQUIRE)))
			sched_yield();
		__atomic_store_n(&queue[i % QUEUE], NULL, __ATOMIC_RELEASE);
		free(p);
	}
	return NULL;
}

int main(void)
{
	pthread_t consumer;

	CHECK(pthread_create(&consumer, NULL, consume, NULL) == 0);
	for (size_t i = 0; i < BLOCKS; i++) {
		while (__atomic_load_n(&queue[i % QUEUE], __ATOMIC_ACQUIRE))
			sched_yield();
		__atomic_store_n(&queue[i % QUEUE], hidden(malloc(16 + i % 500)), __ATOMIC_RELEASE);
	}
	CHECK(pthread_join(consumer, NULL) == 0);
	CHECK(stats().heap_peak < 8 << 20);
	return 0;
}
