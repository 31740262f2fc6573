/*
 * handover.c - one block at a time is put from the thread that asks for it into the hand of the one
 * that frees it: the same address again and again, at one place of its stack, with no malloc
 * between.
 *
 * With GLIBC_TUNABLES=glibc.malloc.tcache_count=0 it is the same.  It tells what it did, but
 * for what it takes to begin a thread: "handover 0" does nothing else.
 */
#include <pthread.h>

#include "say.h"

static void *_Atomic hand;
static unsigned long rounds, same;

static void *take(void *arg)
{
	for (unsigned long i = 0; i < rounds; i++) {
		void *p;

		while (!(p = hand))
			sched_yield();
		free(p);
		hand = NULL;
	}
	return NULL;
}

int main(int argc, char **argv)
{
	void *last = NULL;
	pthread_t thread;

	MUST(argc == 2);
	rounds = number(argv[1]);
	MUST(!pthread_create(&thread, NULL, take, NULL));
	for (unsigned long i = 0; i < rounds; i++) {
		void *p = keep(malloc(100));

		MUST(p);
		same += p == last;
		last = p;
		hand = p;
		while (hand)
			sched_yield();
	}
	MUST(!pthread_join(thread, NULL));
	say("{\"pid\": %d, \"calls\": %lu, \"bytes\": %lu, \"frees\": %lu, \"same\": %lu}\n",
	    getpid(), rounds, 100 * rounds, rounds, same);
	_exit(0);
}
