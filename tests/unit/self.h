/*
 * self.h - the test program's own code, as the file that it is from: open_self and close_self are
 * set up before the tests of a group, and taken down after.
 */
#ifndef SELF_H
#define SELF_H

#include <link.h>
#include <stdint.h>

#include "kernel/elf_file.h"

static struct elf_file *self;
static uintptr_t self_base; /* where it is loaded: an address here less this is one in the file */

static int find_self_base(struct dl_phdr_info *info, size_t size, void *arg)
{
	self_base = info->dlpi_addr;
	return 1; /* the program is the first */
}

static int open_self(void **state)
{
	dl_iterate_phdr(find_self_base, NULL);
	return elf_file__open("/proc/self/exe", &self);
}

static int close_self(void **state)
{
	elf_file__close(self);
	return 0;
}

#endif
