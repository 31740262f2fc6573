#!/bin/bash
# dlopened.sh - libraries that come and go use it, before their constructors' end and after; so
# does a program that opens refmalloc itself, beside libc's malloc, and closes it.

set -u
. "$(dirname "$0")/../bpf/lib.sh"

cat >"$WORK/library.c" <<'END'
#include <stdlib.h>
#include <string.h>

static char *held;
static __thread char *of_thread;

__attribute__((constructor)) static void begin(void)
{
	held = strcpy(malloc(1000), "held");
}

void *work(void *size)
{
	of_thread = realloc(of_thread, (size_t)size);
	memset(of_thread, 1, (size_t)size);
	free(of_thread);
	of_thread = NULL;
	return strdup(held);
}

__attribute__((destructor)) static void end(void)
{
	free(held);
}
END
cat >"$WORK/opener.c" <<'END'
#include <dlfcn.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	void *library, *(*work)(void *), *said[4];
	pthread_t threads[4];

	for (int round = 0; round < 100; round++) {
		library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
		work = library ? (void *(*)(void *))dlsym(library, "work") : NULL;
		if (!work)
			return 1;
		for (size_t i = 0; i < 4; i++)
			pthread_create(&threads[i], NULL, work, (void *)(i * 50000 + 1));
		for (int i = 0; i < 4; i++) {
			pthread_join(threads[i], &said[i]);
			if (strcmp(said[i], "held") != 0)
				return 2;
		}
		dlclose(library);
		for (int i = 0; i < 4; i++)
			free(said[i]);
	}
	return argc != 2;
}
END
cat >"$WORK/beside.c" <<'END'
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>

int main(int argc, char **argv)
{
	void *library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	void *(*their_malloc)(size_t) = (void *(*)(size_t))dlsym(library, "malloc");
	void (*their_free)(void *) = (void (*)(void *))dlsym(library, "free");
	char *theirs[2000], *ours[2000];

	if (their_malloc == malloc)
		return 3;
	for (int i = 0; i < 2000; i++) {
		size_t size = i * 37 % 9000 + 1;

		theirs[i] = memset(their_malloc(size), i, size);
		ours[i] = memset(malloc(size), ~i, size);
	}
	for (int i = 0; i < 2000; i++) {
		size_t size = i * 37 % 9000 + 1;

		for (size_t k = 0; k < size; k++)
			if (theirs[i][k] != (char)i || ours[i][k] != (char)~i)
				return 4;
		their_free(theirs[i]);
		free(ours[i]);
	}
	return argc != 2;
}
END
cat >"$WORK/closer.c" <<'END'
#include <dlfcn.h>
#include <pthread.h>

static pthread_barrier_t used, closed;
static void *library;

static void *use(void *unused)
{
	void *(*their_malloc)(size_t) = (void *(*)(size_t))dlsym(library, "malloc");

	(void)unused;
	their_malloc(100);
	pthread_barrier_wait(&used);
	pthread_barrier_wait(&closed);
	return NULL;
}

int main(int argc, char **argv)
{
	pthread_t thread;

	library = dlopen(argv[1], RTLD_NOW | RTLD_LOCAL);
	pthread_barrier_init(&used, NULL, 2);
	pthread_barrier_init(&closed, NULL, 2);
	pthread_create(&thread, NULL, use, NULL);
	pthread_barrier_wait(&used);
	dlclose(library);
	pthread_barrier_wait(&closed);
	return pthread_join(thread, NULL) || argc != 2;
}
END
gcc -O1 -fno-builtin -shared -fPIC "$WORK/library.c" -o "$WORK/library.so" || fail "no library"
for program in opener beside closer; do
	gcc -O1 -fno-builtin "$WORK/$program.c" -o "$WORK/$program" -pthread || fail "no $program"
done
for options in "" check=2,junk cache=0; do
	REFMALLOC_OPTIONS=$options scripts/preload.sh "$WORK/opener" "$WORK/library.so" ||
		fail "options '$options': a program that opens a library ends with $?"
	REFMALLOC_OPTIONS=$options "$WORK/beside" "$OUT/librefmalloc.so" ||
		fail "options '$options': a program that opens refmalloc ends with $?"
	REFMALLOC_OPTIONS=$options "$WORK/closer" "$OUT/librefmalloc.so" ||
		fail "options '$options': a program that closes refmalloc ends with $?"
done
