/*
 * said.bpf.h - a call of malloc's family to the ring, in the shortest form that holds it.
 */
#ifndef SAID_BPF_H
#define SAID_BPF_H

#include "emit.bpf.h"

#include "brkscope/brief.h"

struct said {
	__u64 id; /* bpf_get_current_pid_tgid */
	__u64 ts, size, addr;
	__u32 call, object;
	__u16 flags;
	__u8 type, op;
	struct thread *thread; /* of the call; NULL: it is not at hand */
};

/*
 * How full the ring is; 0 for a few calls of a thread that has just seen it not nearly full: asking
 * takes a third as long as writing.
 */
static __always_inline __u64 said_fill_of_ring(const struct said *s)
{
	struct thread *t = s->thread;
	__u64 fill;

	if (t && t->unasked) {
		t->unasked--;
		return 0;
	}
	fill = ring_fill();
	if (t && fill < config.wake_at)
		t->unasked = config.unasked;
	return fill;
}

static __always_inline void said_fill(struct event *e, const struct said *s)
{
	e->ts_ns = s->ts;
	e->size = s->size;
	e->tgid = s->id >> 32;
	e->tid = s->id;
	e->type = s->type;
	e->op = s->op;
	e->flags = s->flags;
	e->object = s->object;
}

/* Nobody asks for its time, which no brief form has. */
static __always_inline bool is_timeless(void)
{
	return !config.times && !config.bursts;
}

/* False: the ring has no room for it. */
static __always_inline bool malloc_put(const struct said *s)
{
	__u64 fill = said_fill_of_ring(s);
	struct brief_event *b;
	struct event *e;

	if (fill >= config.malloc_limit)
		return false;
	if (is_timeless() && brief_event__holds(s->size, s->id >> 32, s->flags, s->object)) {
		b = bpf_ringbuf_reserve(&ring, sizeof(*b), 0);
		if (!b)
			return false;
		*b = brief_event__of(s->size, s->id >> 32, s->op, s->flags, s->object);
		bpf_ringbuf_submit(b, wake_flags(fill));
		return true;
	}
	e = bpf_ringbuf_reserve(&ring, sizeof(*e), 0);
	if (!e)
		return false;
	said_fill(e, s);
	bpf_ringbuf_submit(e, wake_flags(fill));
	return true;
}

/* Does the brief form hold it? */
static __always_inline bool call_is_brief(const struct said *s)
{
	if (!is_timeless() || s->object > 0xff || s->flags > 0xff)
		return false;
	if (s->type == EVENT_CALL)
		return !s->addr;
	return s->type != EVENT_BLOCK || s->size <= 0xffffffff;
}

/* The same, with what pairs it. */
static __always_inline bool call_put(const struct said *s)
{
	__u64 fill = said_fill_of_ring(s);
	struct event_call *c;
	struct brief_call *b;

	if (fill >= config.malloc_limit)
		return false;
	if (call_is_brief(s)) {
		b = bpf_ringbuf_reserve(&ring, sizeof(*b), 0);
		if (!b)
			return false;
		b->type = s->type;
		b->op = s->op;
		b->flags = s->flags;
		b->object = s->object;
		b->tgid = s->id >> 32;
		b->tid = s->id;
		b->call = s->type == EVENT_BLOCK ? (__u32)s->size : s->call;
		b->value = s->type == EVENT_CALL ? s->size : s->addr;
		bpf_ringbuf_submit(b, wake_flags(fill));
		return true;
	}
	c = bpf_ringbuf_reserve(&ring, sizeof(*c), 0);
	if (!c)
		return false;
	said_fill(&c->e, s);
	c->addr = s->addr;
	c->call = s->call;
	c->pad = 0;
	bpf_ringbuf_submit(c, wake_flags(fill));
	return true;
}

#endif
