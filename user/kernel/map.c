/*
 * map.c - a BPF map's elements, read and written.
 */
#include "kernel/map.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <sched.h>

static bool steady;

void map__set_steady(bool on)
{
	steady = on;
}

/* True: the thread is a real-time one now, and was none. */
static bool begin(void)
{
	const struct sched_param lowest = {.sched_priority = sched_get_priority_min(SCHED_FIFO)};

	return steady && sched_getscheduler(0) == SCHED_OTHER &&
	       !sched_setscheduler(0, SCHED_FIFO, &lowest);
}

static void end(bool begun)
{
	const struct sched_param none = {};
	int err = errno;

	if (begun)
		sched_setscheduler(0, SCHED_OTHER, &none);
	errno = err;
}

int map__lookup(int fd, const void *key, void *value)
{
	bool begun = begin();
	int err = bpf_map_lookup_elem(fd, key, value);

	end(begun);
	return err;
}

int map__update(int fd, const void *key, const void *value, __u64 flags)
{
	bool begun = begin();
	int err = bpf_map_update_elem(fd, key, value, flags);

	end(begun);
	return err;
}

int map__delete(int fd, const void *key)
{
	bool begun = begin();
	int err = bpf_map_delete_elem(fd, key);

	end(begun);
	return err;
}
