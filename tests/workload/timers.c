/*
 * timers.c - timers that start a thread each: timers N.
 *
 * glibc has a thread of its own for that (sysdeps/unix/sysv/linux/timer_routines.c), which calls
 * malloc once a timer, from static code that stands just before malloc's own.
 */
#include <semaphore.h>
#include <signal.h>
#include <time.h>

#include "say.h"

static sem_t told;

static void expired(union sigval value)
{
	sem_post(value.sival_ptr);
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
	}
	_exit(0);
}
