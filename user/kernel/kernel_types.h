/*
 * kernel_types.h - the kernel's own types, of which a few are looked for.
 *
 * libbpf would make an index of all 150,000, and go through them once more for each type that a
 * program has a part of: that takes longer than to load the programs.
 */
#ifndef BRKSCOPE_KERNEL_TYPES_H
#define BRKSCOPE_KERNEL_TYPES_H

#include <bpf/btf.h>
#include <linux/types.h>
#include <stdbool.h>
#include <stddef.h>

struct kernel_types;

/*
 * Those that are called as one of programs' types, or one of the n names; -errno; -EPROTO: there
 * are some of a kind that is not known here.
 */
int kernel_types__open(struct kernel_types **out, const struct btf *programs,
		       const char *const *names, size_t n);
void kernel_types__close(struct kernel_types *t); /* NULL is allowed */
/* Of a kind (BTF_KIND_FUNC, ...); 0: there is none. */
__u32 kernel_types__find(const struct kernel_types *t, unsigned int kind, const char *name);
/* All of them, and what they consist of, to a file that libbpf fits programs by. */
int kernel_types__write(const struct kernel_types *t, int fd);

#endif
