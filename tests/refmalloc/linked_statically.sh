#!/bin/bash
# linked_statically.sh - librefmalloc.a in static programs, glibc's and musl's: the one malloc there.

set -u
. "$(dirname "$0")/../bpf/lib.sh"

cat >"$WORK/program.c" <<'END'
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

#include "refmalloc.h"

static void *work(void *arg);

static void allocate(void)
{
	work(NULL);
	for (int i = 0; i < 50; i++)
		free(calloc(1, 50000 + i * 1000));
}

/* Before refmalloc does: in a fork such handlers come inside refmalloc's own. */
__attribute__((constructor)) static void watch_forks(void)
{
	pthread_atfork(allocate, allocate, allocate);
}

static void *wait_for_end(void *arg)
{
	pause();
	return arg;
}

static void *work(void *arg)
{
	void *volatile blocks[1000];

	for (int i = 0; i < 1000; i++)
		blocks[i] = malloc(i);
	for (int i = 0; i < 1000; i++)
		free(blocks[i]);
	return arg;
}

int main(void)
{
	struct refmalloc_stats s;
	pthread_t thread;
	int status;
	pid_t pid;

	pthread_create(&thread, NULL, work, NULL);
	pthread_join(thread, NULL);
	pthread_create(&thread, NULL, wait_for_end, NULL);
	pid = fork();
	if (pid == 0) {
		work(NULL);
		_exit(0);
	}
	waitpid(pid, &status, 0);
	free(malloc(1000000));
	refmalloc_stats(&s);
	return status || s.function[REFMALLOC_MALLOC].calls < 1001 ||
	       s.mmap[REFMALLOC_MAP_BLOCK].calls != 1 || s.brk_grow.calls == 0;
}
END
for compiler in gcc musl-gcc; do
	$compiler -static -O1 -fno-builtin -Iinclude "$WORK/program.c" "$OUT/librefmalloc.a" -pthread \
		-o "$WORK/program" 2>"$WORK/errors" || fail "$compiler: $(cat "$WORK/errors")"
	timeout 10 "$WORK/program" || fail "the program of $compiler ends with $?"
	"$WORK/program" || fail "again, the program of $compiler ends with $?"
done
