/* beside_libc.c - libc's own malloc and this one in a program, both growing the heap by brk. */
#include <dlfcn.h>

#include "test.h"

#define BLOCKS 1000

static void *(*their_malloc)(size_t);
static void (*their_free)(void *);

static void *work(void *arg)
{
	void *ours[BLOCKS], *theirs[BLOCKS];

	for (int i = 0; i < BLOCKS; i++) {
		ours[i] = hidden(malloc(i * 50));
		theirs[i] = hidden(their_malloc(i * 50));
		CHECK(ours[i] && theirs[i]);
		memset(ours[i], 1, i * 50);
		memset(theirs[i], 2, i * 50);
	}
	for (int i = 0; i < BLOCKS; i++) {
		for (int k = 0; k < i * 50; k++)
			CHECK(((char *)ours[i])[k] == 1 && ((char *)theirs[i])[k] == 2);
		free(ours[i]);
		their_free(theirs[i]);
	}
	return arg;
}

int main(void)
{
	void *libc = dlopen("libc.so.6", RTLD_NOW);
	pthread_t thread;

	CHECK(libc);
	their_malloc = (void *(*)(size_t))dlsym(libc, "malloc");
	their_free = (void (*)(void *))dlsym(libc, "free");
	CHECK(their_malloc && their_malloc != malloc);
	work(NULL);
	CHECK(pthread_create(&thread, NULL, work, NULL) == 0);
	CHECK(pthread_join(thread, NULL) == 0);
	return 0;
}
