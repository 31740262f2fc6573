#!/bin/bash
# fork_handlers.sh - the fork handlers of a library that was there first may allocate, while threads do.

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
