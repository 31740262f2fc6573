/*
 * kernel_types_state.h - what the files that read the kernel's types share, and nobody else sees.
 */
#ifndef BRKSCOPE_KERNEL_TYPES_STATE_H
#define BRKSCOPE_KERNEL_TYPES_STATE_H

#include "kernel/kernel_types.h"

struct kernel_types {
	char *data; /* /sys/kernel/btf/vmlinux */
	size_t size;
	bool mapped;
	const char *types, *strings; /* in it */
	__u32 types_size, strings_size;
	__u32 *at; /* in types, by number; of 0, which is void, nothing */
	__u32 n;
	__u32 *found; /* numbers of those that were asked for */
	size_t n_found;
};

static inline const struct btf_type *kernel_types__type(const struct kernel_types *t, __u32 id)
{
	return (const void *)(t->types + t->at[id]);
}

static inline const char *kernel_types__name(const struct kernel_types *t, __u32 offset)
{
	return offset < t->strings_size ? t->strings + offset : "";
}

/* What follows a type of its kind, in bytes; -1: it is not known. */
int kernel_types__tail(const struct btf_type *type);

#endif
