/*
 * maps.h - a process's own /proc/self/maps, read without malloc or mmap.
 */
#ifndef WORKLOAD_MAPS_H
#define WORKLOAD_MAPS_H

#include <fcntl.h>

#include "say.h"

struct mapping {
	unsigned long start, end;
	char prot[5];
	char name[64];
};

/* All of the file, whole: the kernel gives at most a page of it a read. */
static inline size_t maps__read(char *text, size_t size)
{
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);
	size_t used = 0;
	ssize_t got;

	MUST(fd >= 0);
	while ((got = read(fd, text + used, size - 1 - used)) > 0)
		used += got;
	MUST(got == 0 && used < size - 1);
	close(fd);
	text[used] = '\0';
	return used;
}

/* The line at text into m; returns the next line, or NULL behind the last. */
static inline const char *maps__next(const char *text, struct mapping *m)
{
	int fields;

	if (!*text)
		return NULL;
	m->name[0] = '\0';
	fields = sscanf(text, "%lx-%lx %4s %*s %*s %*s%*[ ]%63[^\n]", &m->start, &m->end, m->prot,
			m->name);
	MUST(fields >= 3);
	text = strchr(text, '\n');
	MUST(text);
	return text + 1;
}

#endif
