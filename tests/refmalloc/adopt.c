/* adopt.c - what an ended thread left is freed by some while others take it over: nobody loses. */
#include "test.h"

#define ROUNDS	400
#define BLOCKS	64
#define THREADS 4
#define SIZES	3

static const size_t sizes[SIZES] = {1000, 2000, 3500};
static unsigned char *left[SIZES * BLOCKS];
static pthread_barrier_t start;

static void *leave(void *arg)
{
	for (int i = 0; i < SIZES * BLOCKS; i++)
		left[i] = memset(hidden(malloc(sizes[i % SIZES])), i, sizes[i % SIZES]);
	return arg;
}

/* Frees its share of them, and takes others meanwhile. */
static void *work(void *arg)
{
	uintptr_t me = (uintptr_t)arg;
	unsigned char *own[SIZES * BLOCKS / THREADS];
	int count = 0;

	pthread_barrier_wait(&start);
	for (uintptr_t i = me; i < SIZES * BLOCKS; i += THREADS) {
		size_t size = sizes[(i + me) % SIZES];

		CHECK(left[i][0] == (unsigned char)i && left[i][999] == (unsigned char)i);
		free(left[i]);
		own[count++] = memset(hidden(malloc(size)), (int)me, size);
	}
	while (count--) {
		CHECK(own[count][0] == me && own[count][999] == me);
		free(own[count]);
	}
	return NULL;
}

int main(void)
{
	pthread_t leaver, workers[THREADS];

	pthread_barrier_init(&start, NULL, THREADS);
	for (int round = 0; round < ROUNDS; round++) {
		CHECK(pthread_create(&leaver, NULL, leave, NULL) == 0);
		pthread_join(leaver, NULL);
		for (uintptr_t i = 0; i < THREADS; i++)
			CHECK(pthread_create(&workers[i], NULL, work, (void *)i) == 0);
		for (int i = 0; i < THREADS; i++)
			pthread_join(workers[i], NULL);
	}
	return 0;
}
