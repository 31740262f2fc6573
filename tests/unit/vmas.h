/*
 * vmas.h - the kernel's list of mappings, for tests, in pages and from text.
 *
 * "0-4 rw- 8-9 ---": ranges of pages and their access.  A name may stand behind:
 * "[heap]", "[stack]", "[vdso]", "[uprobes]", "[vsyscall]" or a path.
 */
#ifndef BRKSCOPE_TEST_VMAS_H
#define BRKSCOPE_TEST_VMAS_H

#include "model/vma.h"

#define VMAS_MOST 16

struct vmas {
	struct vma all[VMAS_MOST];
	size_t n;
	char text[512]; /* what the names point into */
};

void vmas__of(struct vmas *v, const char *text);

#endif
