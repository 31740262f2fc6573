/*
 * fatal.c - what was wrong, the address, and where from: "refmalloc: double free of 0x55d0c1a2,
 * called from 0x55d0b11c9 (/usr/bin/server+0x11c9)".
 *
 * The place is looked up in /proc/self/maps, not by dladdr(), which takes a lock of the loader
 * that this very thread may hold.  abort() comes with its own fate: a core, a handler.
 */
#include "fatal.h"

#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include "text.h"

/* A line of /proc/self/maps: START-END PERMS OFFSET DEVICE INODE PATH.  Is `at` in it? */
static bool add_place(struct text *t, const char *line, uintptr_t at)
{
	const char *path = strchr(line, '/');
	char *p;
	uintptr_t start = strtoul(line, &p, 16);
	uintptr_t end = strtoul(p + 1, &p, 16);

	if (at < start || at >= end)
		return false;
	if (!path)
		return true;
	text__add(t, " (");
	/* A file may be called anything; the line must stay one line. */
	for (; *path; path++)
		text__add_bytes(t, *path < ' ' || *path == 127 ? "?" : path, 1);
	text__add(t, "+");
	text__add_hex(t, at - start + strtoul(p + sizeof(" r-xp"), NULL, 16));
	text__add(t, ")");
	return true;
}

static void add_module(struct text *t, uintptr_t at)
{
	char line[512], byte;
	size_t len = 0;
	int fd = open("/proc/self/maps", O_RDONLY | O_CLOEXEC);

	if (fd < 0)
		return;
	while (read(fd, &byte, 1) == 1) {
		if (byte != '\n') {
			if (len < sizeof(line) - 1)
				line[len++] = byte;
			continue;
		}
		line[len] = '\0';
		len = 0;
		if (add_place(t, line, at))
			break;
	}
	close(fd);
}

_Noreturn void fatal__block(const char *what, const void *block, const void *caller)
{
	struct text t = {.fd = 2};

	text__add(&t, "refmalloc: ");
	text__add(&t, what);
	text__add(&t, " ");
	text__add_hex(&t, (uintptr_t)block);
	if (caller) {
		text__add(&t, ", called from ");
		text__add_hex(&t, (uintptr_t)caller);
		add_module(&t, (uintptr_t)caller);
	}
	text__add(&t, "\n");
	text__flush(&t);
	abort();
}

_Noreturn void fatal__option(const char *word, size_t len)
{
	struct text t = {.fd = 2};

	text__add(&t, "refmalloc: REFMALLOC_OPTIONS: not understood: ");
	text__add_bytes(&t, word, len);
	text__add(&t, "\n");
	text__flush(&t);
	_exit(127);
}
