/*
 * thread_stack.c - which mappings are threads' stacks, proved by what the threads' library wrote.
 *
 * glibc (nptl/descr.h, struct pthread: stackblock, stackblock_size) and musl
 * (src/internal/pthread_impl.h: map_base, map_size) both keep address and length
 * side by side.  Where in the descriptor differs from version to version, so they
 * are looked for: two such words that hold the very thread pointer that led to
 * them, and have the mappings on their side, are no coincidence.
 */
#include "kernel/thread_stack.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/uio.h>

/* More than either descriptor has: glibc 2.41's is 2368 bytes, musl 1.2's 200. */
#define DESCRIPTOR_MAX 4096

#define ACCESS (VMA_F_READ | VMA_F_WRITE | VMA_F_EXEC)

/* The guard is of the same mapping, and mprotect took all access from it. */
static bool guards(const struct vma_record *below, const struct vma_record *stack, __u64 start)
{
	return below->kind == VMA_ANON && !(below->flags & ACCESS) && below->end == stack->start &&
	       below->start <= start;
}

/*
 * A stack without a guard must be the whole mapping, or among mappings that are
 * all MAP_STACK's: a program that puts a thread's stack into a piece of its own
 * memory has not mapped a stack.
 */
static bool fits(const struct listed *p, const struct vma_record *holder, __u64 start, __u64 end)
{
	if (end > holder->end)
		return false;
	if (start < holder->start)
		return holder > p->vmas && guards(holder - 1, holder, start);
	return (start == holder->start && end == holder->end) || holder->flags & VMA_F_NOHUGE;
}

bool thread_stack__in(const __u64 *words, size_t n, const struct listed *p, __u64 tp,
		      __u64 page_size, struct thread_stack *out)
{
	const struct vma_record *holder = listed__vma(p, tp);

	if (!holder || holder->kind != VMA_ANON || !(holder->flags & VMA_F_WRITE))
		return false;
	for (size_t i = 0; i + 1 < n; i++) {
		__u64 start = words[i], size = words[i + 1];

		if (!size || (start | size) & (page_size - 1) || start > tp || size > -start ||
		    start + size <= tp || !fits(p, holder, start, start + size))
			continue;
		*out = (struct thread_stack){start, start + size};
		return true;
	}
	return false;
}

/* Where the descriptor is: it begins where the thread pointer points, or, on arm64, it ends there.
 */
#if defined(__x86_64__)
#define BEGINS_THERE true
#else
#define BEGINS_THERE false
#endif

/* As many of its words as there are; what is beyond it is read too. */
static size_t read_descriptor(const struct vma_record *holder, __u64 tp, __u64 *words)
{
	__u64 room = BEGINS_THERE ? holder->end - tp : tp - holder->start;
	struct iovec here = {words, DESCRIPTOR_MAX}, there;
	ssize_t n;

	if (tp % sizeof(*words))
		return 0;
	room = room < DESCRIPTOR_MAX ? room : DESCRIPTOR_MAX;
	there.iov_base = (void *)(unsigned long)(BEGINS_THERE ? tp : tp - room);
	there.iov_len = room;
	n = process_vm_readv(holder->tid, &here, 1, &there, 1, 0);
	return n < 0 ? 0 : n / sizeof(*words);
}

static bool find_stack(const struct listed *p, __u64 tp, __u64 page_size, struct thread_stack *out)
{
	const struct vma_record *holder = tp ? listed__vma(p, tp) : NULL;
	__u64 words[DESCRIPTOR_MAX / sizeof(__u64)];
	size_t n;

	if (!holder || holder->kind != VMA_ANON)
		return false;
	n = read_descriptor(holder, tp, words);
	return thread_stack__in(words, n, p, tp, page_size, out);
}

static int by_start(const void *a, const void *b)
{
	const struct thread_stack *x = a, *y = b;

	return x->start == y->start ? 0 : x->start < y->start ? -1 : 1;
}

int thread_stacks__find(const struct listed *p, __u64 page_size, struct thread_stack **out,
			size_t *n)
{
	struct thread_stack *stacks = calloc(p->n_tasks ? p->n_tasks : 1, sizeof(*stacks));
	size_t found = 0, kept = 0;

	if (!stacks)
		return -ENOMEM;
	for (size_t i = 0; i < p->n_tasks; i++)
		found += find_stack(p, p->tasks[i].tp, page_size, &stacks[found]);
	qsort(stacks, found, sizeof(*stacks), by_start);
	/* A thread that began while others ended may have the stack of one of them. */
	for (size_t i = 0; i < found; i++)
		if (!kept || stacks[i].start >= stacks[kept - 1].end)
			stacks[kept++] = stacks[i];
	*out = stacks;
	*n = kept;
	return 0;
}
