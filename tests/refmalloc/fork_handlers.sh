#!/bin/bash
# fork_handlers.sh - fork handlers of others may allocate, while threads do; and they may begin
# threads that allocate, or wait for such.

set -u
. "$(dirname "$0")/../bpf/lib.sh"

cat >"$WORK/library.c" <<'END'
#include <pthread.h>
#include <stdlib.h>

static void allocate(void)
{
	for (int i = 0; i < 30; i++) {
		free(malloc(i * 1000 + 1));
		free(calloc(1, i * 30000));
	}
}

__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(allocate, allocate, allocate);
}
END
cat >"$WORK/program.c" <<'END'
#include <pthread.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

static volatile int stop;

static void *churn(void *arg)
{
	for (unsigned int i = 0; !stop; i++)
		free(malloc(i * 7919 % 200000));
	return arg;
}

int main(void)
{
	pthread_t threads[2];
	int status;

	for (int i = 0; i < 2; i++)
		pthread_create(&threads[i], NULL, churn, NULL);
	for (int i = 0; i < 40; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			alarm(5);
			free(malloc(100000));
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	stop = 1;
	for (int i = 0; i < 2; i++)
		pthread_join(threads[i], NULL);
	return 0;
}
END
gcc -O1 -fno-builtin -shared -fPIC "$WORK/library.c" -o "$WORK/library.so" &&
	gcc -O1 -fno-builtin "$WORK/program.c" -Wl,--no-as-needed "$WORK/library.so" -o "$WORK/program" -pthread ||
	fail "no program"
for options in "" cache=0; do
	REFMALLOC_OPTIONS=$options scripts/preload.sh timeout 10 "$WORK/program" ||
		fail "options '$options': the program ends with $?"
done

# As libraries with a thread of their own do, and as POSIX's manual has it for a mutex.
cat >"$WORK/waits.c" <<'END'
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

static pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
static pthread_t worker;
static volatile int stop;
static const char *what;

static void *work(void *arg)
{
	void *blocks[50];

	while (!stop) {
		pthread_mutex_lock(&mutex);
		for (int i = 0; i < 50; i++)
			blocks[i] = malloc(20000 + i * 300);
		for (int i = 0; i < 50; i++)
			free(blocks[i]);
		pthread_mutex_unlock(&mutex);
		usleep(50);
	}
	return arg;
}

static void begin(void)
{
	stop = 0;
	pthread_create(&worker, NULL, work, NULL);
}

static void end(void)
{
	stop = 1;
	pthread_join(worker, NULL);
}

static void lock(void)
{
	pthread_mutex_lock(&mutex);
}

static void unlock(void)
{
	pthread_mutex_unlock(&mutex);
}

static void begin_another(void)
{
	pthread_mutex_init(&mutex, NULL);
	begin();
}

static void nothing(void)
{
}

int main(int argc, char **argv)
{
	int status;

	what = argv[1];
	alarm(20);
	if (!strcmp(what, "joins"))
		pthread_atfork(end, begin, NULL);
	else if (!strcmp(what, "locks"))
		pthread_atfork(lock, unlock, unlock);
	else if (!strcmp(what, "begins"))
		pthread_atfork(NULL, NULL, begin_another);
	else /* the next one's place is allocated, under a lock */
		for (int i = 0; i < 48; i++)
			pthread_atfork(nothing, NULL, NULL);
	begin();
	for (int i = 0; i < 30; i++) {
		pid_t pid = fork();

		if (pid == 0) {
			alarm(5);
			free(malloc(100000));
			if (!strcmp(what, "begins"))
				end();
			_exit(0);
		}
		if (waitpid(pid, &status, 0) != pid || status)
			return 1;
	}
	end();
	return 0;
}
END
gcc -O1 -fno-builtin "$WORK/waits.c" -o "$WORK/waits" -pthread &&
	gcc -O1 -fno-builtin -static "$WORK/waits.c" -Wl,--whole-archive "$OUT/librefmalloc.a" -Wl,--no-whole-archive \
		-pthread -o "$WORK/waits_static" || fail "no program that waits"
for what in joins locks begins many; do
	scripts/preload.sh "$WORK/waits" $what || fail "$what: ends with $?"
	"$WORK/waits_static" $what || fail "$what, static: ends with $?"
done
