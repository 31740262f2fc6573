/*
 * block_table.c - blocks by address: 16 bytes each, in an array kept in the order of their hashes.
 */
#include "model/block_table.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define MASK	    (BLOCK_LIMIT - 1)
#define FEW_PLACES  8
#define SEEDS_TRIED 8

/* SplitMix64 */
static __u64 draw(__u64 *state)
{
	__u64 z = *state += 0x9e3779b97f4a7c15;

	z = (z ^ (z >> 30)) * 0xbf58476d1ce4e5b9;
	z = (z ^ (z >> 27)) * 0x94d049bb133111eb;
	return z ^ (z >> 31);
}

/* Newton: each step doubles the right bits, of which an odd number has three to begin with. */
static __u64 inverse(__u64 odd)
{
	__u64 x = odd;

	for (int right = 3; right < BLOCK_BITS; right *= 2)
		x *= 2 - odd * x;
	return x;
}

void block_table__init(struct block_table *t, __u64 seed)
{
	*t = (struct block_table){.seed = seed};
	for (int i = 0; i < 3; i++) {
		t->by[i] = draw(&t->seed) | 1;
		t->back[i] = inverse(t->by[i]);
	}
}

void block_table__init_like(struct block_table *t, const struct block_table *like)
{
	*t = *like;
	t->slots = NULL;
	t->n = t->places = t->end = 0;
}

void block_table__clear(struct block_table *t)
{
	free(t->slots);
	t->slots = NULL;
	t->n = t->places = t->end = 0;
}

/* 0 stays 0: a free slot is no block's. */
static __u64 hash_of(const struct block_table *t, __u64 addr)
{
	__u64 x = addr * t->by[0] & MASK;

	x ^= x >> 24;
	x = x * t->by[1] & MASK;
	x ^= x >> 24;
	return x * t->by[2] & MASK;
}

__u64 block_table__address(const struct block_table *t, __u64 hash)
{
	__u64 x = hash * t->back[2] & MASK;

	x ^= x >> 24;
	x = x * t->back[1] & MASK;
	x ^= x >> 24;
	return x * t->back[0] & MASK;
}

/* The order of places is that of hashes. */
static __u64 place_of(__u64 hash_size, __u64 places)
{
	return (hash_size >> 32) * places >> 32;
}

static struct block_slot pack(const struct block *b, __u64 hash)
{
	return (struct block_slot){
		hash << 16 | b->size >> 32,
		b->size << 32 | (__u64)b->route << 30 | b->tag,
	};
}

static void unpack(const struct block_slot *s, __u64 addr, struct block *out)
{
	out->addr = addr;
	out->size = (s->hash_size & 0xffff) << 32 | s->rest >> 32;
	out->route = s->rest >> 30 & 3;
	out->tag = s->rest & BLOCK_TAG_MAX;
}

/* The slot that has the hash, or the one that it would be put before. */
static struct block_slot *slot_for(const struct block_table *t, __u64 hash)
{
	struct block_slot *s = t->slots + place_of(hash << 16, t->places);

	while (s->hash_size && s->hash_size < hash << 16)
		s++;
	return s;
}

static bool has(const struct block_slot *s, __u64 hash)
{
	return s->hash_size >> 16 == hash;
}

/*
 * Slots behind the last place.  The odds that a block stands n slots or more behind its own are
 * about exp(-0.57 n) with three quarters taken; what finds no slot makes the array larger.
 */
static __u64 tail_of(__u64 places)
{
	return places < 896 ? 8 + places / 16 : 64;
}

/* Slots that `places` take, if all blocks are to find theirs. */
static __u64 end_with(const struct block_table *t, __u64 places)
{
	__u64 next = 0, end = places + tail_of(places);

	for (__u32 i = 0; i < t->end; i++) {
		__u64 hash_size = t->slots[i].hash_size, place = place_of(hash_size, places);

		place = (place > next ? place : next) + 1;
		next = hash_size ? place : next;
	}
	return next > end ? next : end;
}

/*
 * All blocks to the end of the array, in their order; returns where they begin.  Here and below no
 * branch depends on whether a slot is free, which nobody can predict.
 */
static __u64 push_up(struct block_table *t, __u64 end)
{
	__u64 to = end;

	for (__u64 from = t->end; from--;) {
		t->slots[to - 1] = t->slots[from];
		to -= t->slots[from].hash_size != 0;
	}
	return to;
}

/* And from there to their places: none is written over, because there is room for all behind it. */
static void spread(struct block_table *t, __u64 from, __u64 from_end)
{
	__u64 next = 0;

	memset(t->slots, 0, from * sizeof(*t->slots));
	for (; from < from_end; from++) {
		struct block_slot s = t->slots[from];
		__u64 place = place_of(s.hash_size, t->places);

		next = place > next ? place : next;
		t->slots[from] = (struct block_slot){};
		t->slots[next++] = s;
	}
	t->slots[t->end] = (struct block_slot){};
}

static int resize(struct block_table *t, __u64 places)
{
	__u64 end = end_with(t, places), work_end = end > t->end ? end : t->end, from;
	struct block_slot *slots;

	if (end >= (__u32)-1)
		return -ENOMEM;
	if (end > t->end || !t->slots) {
		slots = realloc(t->slots, (end + 1) * sizeof(*slots));
		if (!slots)
			return -ENOMEM;
		t->slots = slots;
	}
	from = push_up(t, work_end);
	t->places = places;
	t->end = end;
	spread(t, from, work_end);
	if (end < work_end) {
		slots = realloc(t->slots, (end + 1) * sizeof(*slots));
		t->slots = slots ? slots : t->slots;
	}
	return 0;
}

/* 55% taken */
static __u64 places_for(__u64 n)
{
	__u64 places = n * 20 / 11;

	return places < FEW_PLACES ? FEW_PLACES : places;
}

/* The block into its place, before s.  false: that is too far, or there is no slot for it. */
static bool insert(struct block_table *t, struct block_slot *s, struct block_slot block)
{
	struct block_slot *home = t->slots + place_of(block.hash_size, t->places), *free_slot = s;

	while (free_slot->hash_size)
		free_slot++;
	if (free_slot == t->slots + t->end || free_slot - home > BLOCK_WAY_MAX)
		return false;
	for (; s <= free_slot; s++) {
		struct block_slot moved = *s;

		*s = block;
		block = moved;
	}
	t->n++;
	return true;
}

static bool insert_all(struct block_table *t, const struct block_table *from)
{
	struct block b;

	for (__u32 at = 0; block_table__next(from, &at, &b);) {
		__u64 hash = hash_of(t, b.addr);

		if (!insert(t, slot_for(t, hash), pack(&b, hash)))
			return false;
	}
	return true;
}

/* The same blocks by another permutation. */
static int reseed(struct block_table *t)
{
	__u64 seed = t->seed;

	for (int i = 0; i < SEEDS_TRIED; i++) {
		struct block_table other;

		block_table__init(&other, seed);
		seed = other.seed;
		if (resize(&other, t->places))
			return -ENOMEM;
		if (insert_all(&other, t)) {
			block_table__clear(t);
			*t = other;
			return 0;
		}
		block_table__clear(&other);
	}
	return -ENOMEM;
}

static int make_way(struct block_table *t)
{
	return 2ULL * t->n < t->places ? reseed(t) : resize(t, 2ULL * t->n + FEW_PLACES);
}

static int put_new(struct block_table *t, const struct block *block)
{
	int err = 0;

	if (4ULL * (t->n + 1) > 3ULL * t->places)
		err = resize(t, places_for(t->n + 1ULL));
	for (int i = 0; !err && i < SEEDS_TRIED; i++) {
		__u64 hash = hash_of(t, block->addr);

		if (insert(t, slot_for(t, hash), pack(block, hash)))
			return 0;
		err = make_way(t);
	}
	return -ENOMEM;
}

int block_table__put(struct block_table *t, const struct block *block, struct block *old)
{
	__u64 hash = hash_of(t, block->addr);
	struct block_slot *s;

	if (!t->slots)
		return put_new(t, block);
	s = slot_for(t, hash);
	if (has(s, hash)) {
		if (old)
			unpack(s, block->addr, old);
		*s = pack(block, hash);
		return 1;
	}
	if (4ULL * (t->n + 1) <= 3ULL * t->places && insert(t, s, pack(block, hash)))
		return 0;
	return put_new(t, block);
}

void block_table__prefetch(const struct block_table *t, __u64 addr)
{
	if (t->slots)
		__builtin_prefetch(t->slots + place_of(hash_of(t, addr) << 16, t->places), 1);
}

bool block_table__find(const struct block_table *t, __u64 addr, struct block *out)
{
	__u64 hash = hash_of(t, addr);
	struct block_slot *s;

	if (!t->n)
		return false;
	s = slot_for(t, hash);
	if (!has(s, hash))
		return false;
	unpack(s, addr, out);
	return true;
}

bool block_table__take(struct block_table *t, __u64 addr, struct block *out)
{
	__u64 hash = hash_of(t, addr);
	struct block_slot *s, *next;

	if (!t->n)
		return false;
	s = slot_for(t, hash);
	if (!has(s, hash))
		return false;
	unpack(s, addr, out);
	for (next = s + 1; next->hash_size; s = next++) {
		if (place_of(next->hash_size, t->places) == (__u64)(next - t->slots))
			break;
		*s = *next;
	}
	*s = (struct block_slot){};
	t->n--;
	/* Without memory for less memory it stays as it is. */
	if (t->places > FEW_PLACES && 100ULL * t->n < 43ULL * t->places)
		resize(t, places_for(t->n));
	return true;
}

bool block_table__next(const struct block_table *t, __u32 *at, struct block *out)
{
	for (; *at < t->end; ++*at) {
		const struct block_slot *s = &t->slots[*at];

		if (!s->hash_size)
			continue;
		unpack(s, block_table__address(t, s->hash_size >> 16), out);
		++*at;
		return true;
	}
	return false;
}

int block_table__copy(struct block_table *t, const struct block_table *from)
{
	struct block_slot *slots;

	block_table__init_like(t, from);
	if (!from->slots)
		return 0;
	slots = malloc((from->end + 1ULL) * sizeof(*slots));
	if (!slots)
		return -ENOMEM;
	memcpy(slots, from->slots, (from->end + 1ULL) * sizeof(*slots));
	*t = *from;
	t->slots = slots;
	return 0;
}

size_t block_table__memory(const struct block_table *t)
{
	return t->slots ? (t->end + 1ULL) * sizeof(*t->slots) : 0;
}
