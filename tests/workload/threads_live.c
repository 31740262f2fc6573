/*
 * threads_live.c - blocks that one thread has and another gives back; threads that come and go.
 *
 * threads_live [threads [rounds]].  Consumers free what producers have put into their hands: at
 * one place of their stacks, often at the address that they have freed last.
 */
#include <pthread.h>
#include <stdint.h>

#include "say.h"

#define KEPT 8

static unsigned long rounds = 200;
static void *_Atomic hand[4];
static pthread_key_t key;

static void *produce(void *arg)
{
	void *_Atomic *to = arg;

	for (unsigned long i = 0; i < rounds; i++) {
		void *p = keep(malloc(40 + i % 3 * 1000));

		while (*to)
			sched_yield();
		*to = p;
	}
	return NULL;
}

/* No malloc in between. */
static void *consume(void *arg)
{
	void *_Atomic *from = arg;

	for (unsigned long i = 0; i < rounds; i++) {
		void *p;

		while (!(p = *from))
			sched_yield();
		*from = NULL;
		free(p);
	}
	return NULL;
}

static void *live_shortly(void *arg)
{
	unsigned long n = (uintptr_t)arg;
	void *own[KEPT];

	MUST(!pthread_setspecific(key, malloc(50 + n)));
	for (int i = 0; i < KEPT; i++)
		MUST((own[i] = keep(malloc(n * 100 + i))));
	for (int i = 0; i < KEPT; i += 2)
		free(own[i]);
	if (n % 3 == 0)
		pthread_exit(own[1]);
	if (n % 50 == 1)
		MUST((own[1] = keep(realloc(own[1], 400000 + n))));
	return own[1];
}

static void cleanup(void *p)
{
	free(p);
}

/* Held at a cancellation point, with a block in a handler's hand. */
static void *be_cancelled(void *arg)
{
	void *p = keep(malloc(1234));
	char byte;

	pthread_cleanup_push(cleanup, p);
	MUST(keep(malloc(77)));
	*(volatile int *)arg = 1;
	for (;;)
		MUST(pause() < 0 && read(-1, &byte, 1) < 0);
	pthread_cleanup_pop(1);
	return NULL;
}

static void come_and_go(unsigned long count)
{
	pthread_t threads[8];
	void *block;

	for (unsigned long i = 0; i < count; i += 8) {
		for (unsigned long k = 0; k < 8; k++)
			MUST(!pthread_create(&threads[k], NULL, live_shortly, (void *)(i + k)));
		for (unsigned long k = 0; k < 8; k++) {
			MUST(!pthread_join(threads[k], &block));
			if ((i + k) % 2)
				free(block);
		}
	}
}

static void cancel(unsigned long count)
{
	for (unsigned long i = 0; i < count; i++) {
		volatile int waits = 0;
		pthread_t thread;

		MUST(!pthread_create(&thread, NULL, be_cancelled, (void *)&waits));
		while (!waits)
			sched_yield();
		MUST(!pthread_cancel(thread));
		MUST(!pthread_join(thread, NULL));
	}
}

int main(int argc, char **argv)
{
	unsigned long count = argc > 1 ? number(argv[1]) : 200;
	pthread_t threads[8];

	rounds = argc > 2 ? number(argv[2]) : rounds;
	MUST(!pthread_key_create(&key, free));
	for (int i = 0; i < 4; i++) {
		MUST(!pthread_create(&threads[2 * i], NULL, produce, (void *)&hand[i]));
		MUST(!pthread_create(&threads[2 * i + 1], NULL, consume, (void *)&hand[i]));
	}
	for (int i = 0; i < 8; i++)
		MUST(!pthread_join(threads[i], NULL));
	come_and_go(count);
	cancel(20);
	return 0;
}
