/*
 * ring.c - the records of the ring buffer, in order.
 *
 * Read here and not by libbpf's ring_buffer__consume, which says of each record that it has been
 * read: the programs look at that word for each record that they write, and so it would go from
 * one CPU to the other for each.  Said once for a batch, it is cheaper for both.  And the records
 * behind one can be seen before their turn comes.
 *
 * The map's own descriptor is readable as long as there is anything to read, which while a program
 * allocates there always is: who waits for that reads a record or two at a time, without an end.
 * An edge-triggered epoll has only the wake-ups.
 *
 * The layout is the kernel's: Documentation/bpf/ringbuf.rst, kernel/bpf/ringbuf.c.
 */
#include "kernel/ring.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/brief.h"

#define BATCH 64 /* records: a kilobyte or two that the programs have to wait for */

/* A record, as those who read events know it. */
struct taken {
	const struct event *e; /* NULL: none that anybody knows */
	size_t size;
	struct event_call room;
};

struct ring {
	int wakes;		       /* epoll */
	size_t page, size;	       /* bytes; of the data, a power of two */
	unsigned long *consumed;       /* a page that is ours to write */
	const unsigned long *produced; /* a page, and behind it the data, twice */
	const unsigned char *data;
	bool *woken;
	__u64 received, repeated;
	bool more;
};

/* -1: errno says why. */
static int watch_wakes(struct ring *r, int map_fd)
{
	struct epoll_event wake = {.events = EPOLLIN | EPOLLET};

	r->wakes = epoll_create1(EPOLL_CLOEXEC);
	return r->wakes < 0 ? -1 : epoll_ctl(r->wakes, EPOLL_CTL_ADD, map_fd, &wake);
}

int ring__open(struct ring **out, int map_fd, bool *woken)
{
	struct bpf_map_info info = {};
	__u32 length = sizeof(info);
	struct ring *r;
	void *map;
	int err;

	if (bpf_obj_get_info_by_fd(map_fd, &info, &length))
		return -errno;
	r = calloc(1, sizeof(*r));
	if (!r)
		return -ENOMEM;
	r->page = sysconf(_SC_PAGESIZE);
	r->size = info.max_entries;
	r->woken = woken;
	if (watch_wakes(r, map_fd))
		goto fail;
	map = mmap(NULL, r->page, PROT_READ | PROT_WRITE, MAP_SHARED, map_fd, 0);
	if (map == MAP_FAILED)
		goto fail;
	r->consumed = map;
	map = mmap(NULL, r->page + 2 * r->size, PROT_READ, MAP_SHARED, map_fd, r->page);
	if (map == MAP_FAILED)
		goto fail;
	r->produced = map;
	r->data = (const unsigned char *)map + r->page;
	*out = r;
	return 0;
fail:
	err = -errno;
	ring__close(r);
	return err;
}

void ring__close(struct ring *r)
{
	if (!r)
		return;
	if (r->consumed)
		munmap(r->consumed, r->page);
	if (r->produced)
		munmap((void *)r->produced, r->page + 2 * r->size);
	if (r->wakes >= 0)
		close(r->wakes);
	free(r);
}

int ring__fd(const struct ring *r)
{
	return r->wakes;
}

/* Those until now are no news any more. */
static void forget_wakes(struct ring *r)
{
	struct epoll_event wake;

	epoll_wait(r->wakes, &wake, 1, 0);
}

/* The length and its bits of the record at this position; false: it is still being written. */
static bool written(const struct ring *r, unsigned long at, __u32 *length)
{
	const __u32 *header = (const __u32 *)(r->data + (at & (r->size - 1)));

	*length = __atomic_load_n(header, __ATOMIC_ACQUIRE);
	return !(*length & BPF_RINGBUF_BUSY_BIT);
}

static unsigned long behind(unsigned long at, __u32 length)
{
	__u32 size = length & ~(BPF_RINGBUF_BUSY_BIT | BPF_RINGBUF_DISCARD_BIT);

	return at + (((unsigned long)size + BPF_RINGBUF_HDR_SZ + 7) & ~7ul);
}

static const void *record_at(const struct ring *r, unsigned long at)
{
	return r->data + (at & (r->size - 1)) + BPF_RINGBUF_HDR_SZ;
}

unsigned long ring__end(const struct ring *r)
{
	return __atomic_load_n(r->produced, __ATOMIC_ACQUIRE);
}

/* What is there from *at on, at most so many; *end: as far as there has been something. */
static unsigned int take(struct ring *r, unsigned long *at, unsigned long *end, unsigned int most,
			 struct taken *taken)
{
	unsigned int n = 0;
	__u32 length;

	while (n < most) {
		if (*at == *end)
			*end = ring__end(r);
		if (*at == *end || !written(r, *at, &length))
			break;
		if (!(length & BPF_RINGBUF_DISCARD_BIT)) {
			r->repeated += brief_event__is_repeated(record_at(r, *at), length);
			taken[n].size = length;
			taken[n].e = brief__expand(record_at(r, *at), &taken[n].size,
						   &taken[n].room);
			n++;
		}
		*at = behind(*at, length);
	}
	return n;
}

/* What all of them will want may come from memory before the first one's turn. */
static void hand_over(const struct taken *taken, unsigned int n, const struct ring_reader *reader)
{
	for (unsigned int i = 0; i < n && reader->ahead; i++)
		if (taken[i].e)
			reader->ahead(taken[i].e, taken[i].size, reader->arg);
	for (unsigned int i = 0; i < n; i++)
		if (taken[i].e)
			reader->event(taken[i].e, taken[i].size, reader->arg);
}

unsigned int ring__read(struct ring *r, unsigned int most, const struct ring_reader *reader)
{
	unsigned long at = *r->consumed, end;
	unsigned int all = 0, n, asked;
	struct taken taken[BATCH];

	forget_wakes(r);
	/* Before the first look at the ring: a wake-up after it must not be missed. */
	__atomic_store_n(r->woken, false, __ATOMIC_SEQ_CST);
	end = ring__end(r);
	do {
		asked = most - all < BATCH ? most - all : BATCH;
		n = take(r, &at, &end, asked, taken);
		hand_over(taken, n, reader);
		__atomic_store_n(r->consumed, at, __ATOMIC_RELEASE);
		r->received += n;
		all += n;
	} while (n == asked && all < most);
	r->more = at != end;
	return all;
}

bool ring__has_read(const struct ring *r, unsigned long end)
{
	return *r->consumed >= end;
}

bool ring__more(const struct ring *r)
{
	return r->more;
}

__u64 ring__received(const struct ring *r)
{
	return r->received;
}

__u64 ring__repeated(const struct ring *r)
{
	return r->repeated;
}
