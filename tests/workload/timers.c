/*
 * timers.c - timers that start a thread each: timers N.
 *
 * glibc has a thread of its own for that (sysdeps/unix/sysv/linux/timer_routines.c), which calls
 * malloc once a timer, from static code that stands just before malloc's own.
 */
#include <semaphore.h>
#include <signal.h>
#include <sys/stat.h>
#include <time.h>

#include "say.h"

static sem_t told;

static void expired(union sigval value)
{
	sem_post(value.sival_ptr);
}

/* The next one takes its stack, and allocates none. */
static void wait_for_its_end(void)
{
	struct stat tasks;

	do {
		usleep(100);
		MUST(!stat("/proc/self/task", &tasks));
	} while (tasks.st_nlink > 2 + 2); /* . and .., this thread and libc's */
}

int main(int argc, char **argv)
{
	struct sigevent event = {.sigev_notify = SIGEV_THREAD,
				 .sigev_notify_function = expired,
				 .sigev_value.sival_ptr = &told};
	struct itimerspec soon = {.it_value.tv_nsec = 1000};
	timer_t timer;

	MUST(argc == 2 && !sem_init(&told, 0, 0));
	MUST(!timer_create(CLOCK_MONOTONIC, &event, &timer));
	for (unsigned long n = number(argv[1]); n; n--) {
		MUST(!timer_settime(timer, 0, &soon, NULL));
		while (sem_wait(&told))
			MUST(errno == EINTR);
		wait_for_its_end();
	}
	_exit(0);
}
