/*
 * spill.c - what the kernel counted when the ring had no room.
 *
 * What was handed over before is remembered by key, in a hash table with open
 * addressing; a deleted key's slot keeps its place in the probe sequence.
 */
#include "kernel/spill.h"

#include <bpf/bpf.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/map.h"

struct process_key {
	__u64 start_ns;
	__u32 tgid;
	__u32 pad;
};

struct seen {
	struct cell_key key;
	struct cell cell;
	bool used, dropped;
};

struct spill {
	int processes_fd, cells_fd, others_fd;
	struct seen *seen;
	size_t slots, used; /* slots: a power of two */
	size_t dropped;	    /* of those used */
	struct process_key *ended;
	size_t n_ended, most_ended;
};

int spill__open(struct spill **out, int processes_fd, int cells_fd, int others_fd)
{
	struct spill *s = calloc(1, sizeof(*s));

	if (!s)
		return -ENOMEM;
	s->processes_fd = processes_fd;
	s->cells_fd = cells_fd;
	s->others_fd = others_fd;
	*out = s;
	return 0;
}

void spill__close(struct spill *s)
{
	if (!s)
		return;
	free(s->seen);
	free(s->ended);
	free(s);
}

/* FNV-1a; the keys are the kernel's own, there is no adversary. */
static size_t hash(const struct cell_key *key)
{
	const unsigned char *p = (const unsigned char *)key;
	__u64 h = 0xcbf29ce484222325ull;

	for (size_t i = 0; i < sizeof(*key); i++)
		h = (h ^ p[i]) * 0x100000001b3ull;
	return h ^ h >> 32;
}

static struct seen *slot_of(const struct spill *s, const struct cell_key *key)
{
	size_t i = hash(key) & (s->slots - 1);

	while (s->seen[i].used && memcmp(&s->seen[i].key, key, sizeof(*key)))
		i = (i + 1) & (s->slots - 1);
	return &s->seen[i];
}

static int grow(struct spill *s)
{
	struct spill bigger = {.slots = s->slots ? s->slots * 2 : 1024};

	bigger.seen = calloc(bigger.slots, sizeof(*bigger.seen));
	if (!bigger.seen)
		return -ENOMEM;
	for (size_t i = 0; i < s->slots; i++)
		if (s->seen[i].used)
			*slot_of(&bigger, &s->seen[i].key) = s->seen[i];
	free(s->seen);
	s->seen = bigger.seen;
	s->slots = bigger.slots;
	return 0;
}

static int hand_over(struct spill *s, const struct cell_key *key, const struct cell *now,
		     const struct spill_visitor *v)
{
	struct cell fresh;
	struct seen *seen;

	if (s->used * 4 >= s->slots * 3 && grow(s))
		return -ENOMEM;
	seen = slot_of(s, key);
	if (!seen->used) {
		seen->used = true;
		seen->key = *key;
		s->used++;
	}
	s->dropped -= seen->dropped;
	seen->dropped = false;
	fresh.calls = now->calls - seen->cell.calls;
	fresh.bytes = now->bytes - seen->cell.bytes;
	seen->cell = *now;
	if (fresh.calls || fresh.bytes)
		v->cell(key, &fresh, v->arg);
	return 0;
}

static int by_process(const void *a, const void *b)
{
	const struct process_key *x = a, *y = b;

	if (x->tgid != y->tgid)
		return x->tgid < y->tgid ? -1 : 1;
	return x->start_ns == y->start_ns ? 0 : x->start_ns < y->start_ns ? -1 : 1;
}

static bool has_ended(const struct spill *s, const struct cell_key *key)
{
	struct process_key process = {.start_ns = key->start_ns, .tgid = key->tgid};

	return bsearch(&process, s->ended, s->n_ended, sizeof(process), by_process);
}

/* Nothing counts in it any more. */
static void drop_cell(struct spill *s, int fd, const struct cell_key *key)
{
	struct seen *seen = slot_of(s, key);

	map__delete(fd, key);
	s->dropped += !seen->dropped;
	seen->dropped = true;
	seen->cell = (struct cell){};
}

/* What was dropped keeps its slot until then: it stands in others' probe sequences. */
static void forget_dropped(struct spill *s)
{
	struct spill fresh = {.slots = s->slots};

	if (s->dropped * 2 < s->used || !s->dropped)
		return;
	fresh.seen = calloc(fresh.slots, sizeof(*fresh.seen));
	if (!fresh.seen)
		return; /* another time */
	for (size_t i = 0; i < s->slots; i++)
		if (s->seen[i].used && !s->seen[i].dropped)
			*slot_of(&fresh, &s->seen[i].key) = s->seen[i];
	free(s->seen);
	s->seen = fresh.seen;
	s->used -= s->dropped;
	s->dropped = 0;
}

static int read_cells(struct spill *s, int fd, const struct spill_visitor *v)
{
	struct cell_key key, next;
	struct cell cell;
	void *at = NULL;
	int err = 0;
	bool more;

	more = !bpf_map_get_next_key(fd, at, &next);
	while (more && !err) {
		key = next;
		/* Before anything is deleted, or the walk would start anew. */
		more = !bpf_map_get_next_key(fd, &key, &next);
		if (map__lookup(fd, &key, &cell))
			continue;
		err = hand_over(s, &key, &cell, v);
		if (has_ended(s, &key))
			drop_cell(s, fd, &key);
	}
	return err;
}

static int note_ended(struct spill *s, const struct process_key *key)
{
	struct process_key *more;

	if (s->n_ended == s->most_ended) {
		s->most_ended = s->most_ended ? s->most_ended * 2 : 64;
		more = realloc(s->ended, s->most_ended * sizeof(*more));
		if (!more)
			return -ENOMEM;
		s->ended = more;
	}
	s->ended[s->n_ended++] = *key;
	return 0;
}

static int read_processes(struct spill *s, const struct spill_visitor *v)
{
	struct process_key key, next;
	struct spilled_process p;
	int err = 0;
	bool more;

	s->n_ended = 0;
	more = !bpf_map_get_next_key(s->processes_fd, NULL, &next);
	while (more && !err) {
		key = next;
		more = !bpf_map_get_next_key(s->processes_fd, &key, &next);
		if (map__lookup(s->processes_fd, &key, &p))
			continue;
		if (v->process(key.tgid, &p, v->arg))
			err = note_ended(s, &key);
	}
	return err;
}

int spill__read(struct spill *s, const struct spill_visitor *v)
{
	int err = read_processes(s, v);

	if (s->n_ended)
		qsort(s->ended, s->n_ended, sizeof(*s->ended), by_process);
	if (!err)
		err = read_cells(s, s->cells_fd, v);
	if (!err)
		err = read_cells(s, s->others_fd, v);
	for (size_t i = 0; i < s->n_ended; i++)
		map__delete(s->processes_fd, &s->ended[i]);
	forget_dropped(s);
	return err;
}
