/*
 * ring.c - the records of the ring buffer, in order.
 */
#include "kernel/ring.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <stdlib.h>

struct ring {
	struct ring_buffer *rb;
	bool *woken;
	__u64 received;
	unsigned int left; /* of this read */
	void (*event)(const struct event *e, size_t size, void *arg);
	void *arg;
};

/* A negative value ends libbpf's loop, with this record consumed. */
static int on_record(void *ctx, void *data, size_t size)
{
	struct ring *r = ctx;

	r->received++;
	if (size >= sizeof(struct event))
		r->event(data, size, r->arg);
	return --r->left ? 0 : -EAGAIN;
}

int ring__open(struct ring **out, int map_fd, bool *woken)
{
	struct ring *r = calloc(1, sizeof(*r));

	if (!r)
		return -ENOMEM;
	r->woken = woken;
	r->rb = ring_buffer__new(map_fd, on_record, r, NULL);
	if (!r->rb) {
		free(r);
		return -errno;
	}
	*out = r;
	return 0;
}

void ring__close(struct ring *r)
{
	if (!r)
		return;
	ring_buffer__free(r->rb);
	free(r);
}

int ring__fd(const struct ring *r)
{
	return ring_buffer__epoll_fd(r->rb);
}

int ring__read(struct ring *r, unsigned int most,
	       void (*event)(const struct event *e, size_t size, void *arg), void *arg)
{
	__u64 before = r->received;
	int n;

	r->left = most;
	r->event = event;
	r->arg = arg;
	/* Before the first look at the ring: a wake-up after it must not be missed. */
	__atomic_store_n(r->woken, false, __ATOMIC_SEQ_CST);
	n = ring_buffer__consume(r->rb);
	return n < 0 && n != -EAGAIN ? n : (int)(r->received - before);
}

__u64 ring__received(const struct ring *r)
{
	return r->received;
}
