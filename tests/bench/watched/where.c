/*
 * where.c - which places in malloc's family have a probe, as their process sees it.
 *
 * A uprobe is a breakpoint written over the instruction, or since Linux 6.18 a call over a nop
 * (kernel/events/uprobes.c), in the memory of each process that maps the file, and
 * not in the file.  So whoever compares the two knows every watcher's places, and
 * needs to believe none of them.
 */
#include "where.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <link.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define LOOKED_AT 64 /* bytes behind a function's entry; no place is further in */

static const char *const family[] = {
	"malloc",	 "free",	   "calloc", "realloc", "memalign",
	"aligned_alloc", "posix_memalign", "valloc", "pvalloc", "reallocarray",
};
#define FAMILY (sizeof(family) / sizeof(family[0]))

void say(const char *format, ...)
{
	char line[4096] = "= ";
	va_list args;
	int n;

	va_start(args, format);
	n = 2 + vsnprintf(line + 2, sizeof(line) - 3, format, args);
	va_end(args);
	if (n > (int)sizeof(line) - 2)
		n = sizeof(line) - 2;
	line[n++] = '\n';
	if (write(STDOUT_FILENO, line, n) != n)
		_exit(1);
}

struct found {
	const char *address;
	unsigned long offset; /* of it, in the file */
	unsigned long left;   /* bytes of code from there on */
};

static int find_segment(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct found *f = arg;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *p = &info->dlpi_phdr[i];
		unsigned long into = (unsigned long)f->address - info->dlpi_addr - p->p_vaddr;

		if (p->p_type != PT_LOAD || into >= p->p_filesz)
			continue;
		f->offset = p->p_offset + into;
		f->left = p->p_filesz - into;
		return 1;
	}
	return 0;
}

static int starts_a_function(const char *address)
{
	for (size_t i = 0; i < FAMILY; i++)
		if (dlsym(RTLD_DEFAULT, family[i]) == address)
			return 1;
	return 0;
}

/* Appends to line what differs between the function here and in the file. */
static int differences(const char *name, int fd, char *line, size_t size)
{
	struct found f = {.address = dlsym(RTLD_DEFAULT, name)};
	unsigned char in_file[LOOKED_AT];
	size_t used = 0, n;

	if (!f.address || !dl_iterate_phdr(find_segment, &f))
		return 0;
	n = f.left < LOOKED_AT ? f.left : LOOKED_AT;
	if (pread(fd, in_file, n, f.offset) != (ssize_t)n)
		return 0;
	for (size_t i = 0; i < n && used + 64 < size; i++) {
		if (i && starts_a_function(f.address + i))
			break;
		if (in_file[i] != (unsigned char)f.address[i])
			used += snprintf(line + used, size - used, " %s+%zu=%lu", name, i,
					 f.offset + i);
	}
	return used;
}

static const char *malloc_file(void)
{
	static Dl_info info;
	void *address = dlsym(RTLD_DEFAULT, "malloc");

	return address && dladdr(address, &info) ? info.dli_fname : "?";
}

void say_where(void)
{
	const char *file = malloc_file();
	int fd = open(file, O_RDONLY | O_CLOEXEC);
	char line[2048] = "";
	size_t used = 0;

	if (fd < 0) {
		say("error: %s: %m", file);
		return;
	}
	for (size_t i = 0; i < FAMILY; i++)
		used += differences(family[i], fd, line + used, sizeof(line) - used);
	close(fd);
	say("%s%s", file, line);
}

void say_malloc(void)
{
	say("%s", malloc_file());
}
