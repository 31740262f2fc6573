/*
 * thread_stack.h - which mappings are threads' stacks, proved by what the threads' library wrote.
 *
 * A stack pointer proves little: it may be in a coroutine's stack, or in a
 * language's own heap, and the kernel shows neighbours as one mapping.  But the
 * thread pointer leads to the descriptor that glibc or musl keeps of a thread,
 * and in there stands what was mapped for its stack.
 */
#ifndef BRKSCOPE_THREAD_STACK_H
#define BRKSCOPE_THREAD_STACK_H

#include <stdbool.h>

#include "kernel/listing.h"

/* All that was mapped: the guard, the stack, and the thread's own data on top of it. */
struct thread_stack {
	__u64 start, end;
};

/*
 * The stacks of those of the process's threads for which it is proved: *out, by
 * address and apart from each other, for the caller to free.  0 or -ENOMEM.
 */
int thread_stacks__find(const struct listed *p, __u64 page_size, struct thread_stack **out,
			size_t *n);

/*
 * Of n words of a thread's descriptor, two that say where its stack's mapping
 * begins and how long it is, and that the list of mappings bears out.  False:
 * there are none.
 */
bool thread_stack__in(const __u64 *words, size_t n, const struct listed *p, __u64 tp,
		      __u64 page_size, struct thread_stack *out);

#endif
