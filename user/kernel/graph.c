/*
 * graph.c - a function's instructions, what follows each, and what is known there of a call.
 *
 * Followed from the entry, wherever jumps lead: what a compiler puts elsewhere (.cold), or shares,
 * is part of it.  A function that goes on where it cannot be told, by a table or a pointer, or does
 * what is not known, is given up.
 */
#include "kernel/graph.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/elf_file.h"
#include "kernel/noreturn.h"

#define NODES_MOST  1024 /* glibc 2.36's malloc has some 200 */
#define SLOTS	    (2 * NODES_MOST)
#define CALLS_MOST  128
#define PASSES_MOST 200 /* through all nodes; it takes some ten */
#define PIECE	    1024
#define LINE	    16

/* A call, as long as it is not known whether it returns. */
struct call_site {
	int node;
	__u64 after;	       /* the next instruction */
	__u64 line;	       /* the next one but for padding, if it begins a line; or 0 */
	bool never;	       /* noreturn__always */
	bool asked, somewhere; /* noreturn__somewhere */
};

struct reader {
	const struct elf_file *f;
	csh handle;
	cs_insn *insn;
	struct graph *g;
	short slot[SLOTS]; /* by address: the node's number + 1 */
	size_t seen;	   /* nodes before this one have been read */
	struct call_site call[CALLS_MOST];
	unsigned int n_calls;
	unsigned char piece[PIECE]; /* of the code, that was read last */
	__u64 piece_at;
	size_t piece_size;
};

static short *slot_of(struct reader *r, __u64 addr)
{
	size_t i = (addr * 0x9e3779b97f4a7c15ull >> 40) % SLOTS;

	while (r->slot[i] && r->g->node[r->slot[i] - 1].addr != addr)
		i = (i + 1) % SLOTS;
	return &r->slot[i];
}

/* The node there, made if need be; -1: there are too many. */
static int node_at(struct reader *r, __u64 addr)
{
	short *slot = slot_of(r, addr);

	if (*slot)
		return *slot - 1;
	if (r->g->n == NODES_MOST)
		return -1;
	r->g->node[r->g->n] = (struct node){.addr = addr, .next = -1, .other = -1};
	*slot = ++r->g->n;
	return *slot - 1;
}

static bool decode(struct reader *r, __u64 addr)
{
	const unsigned char *code;
	uint64_t at = addr;
	size_t size;

	if (addr - r->piece_at >= r->piece_size ||
	    (addr - r->piece_at + INSN_LONGEST > r->piece_size && r->piece_size == PIECE)) {
		r->piece_at = addr;
		r->piece_size = elf_file__read(r->f, addr, r->piece, PIECE);
	}
	code = r->piece + (addr - r->piece_at);
	size = r->piece_size - (addr - r->piece_at);
	return size && cs_disasm_iter(r->handle, &code, &size, &at, r->insn);
}

/* Where what is behind padding begins, if that is a line's beginning; or 0. */
static __u64 line_behind(struct reader *r, __u64 after)
{
	__u64 addr = after;

	while (addr - after < LINE && decode(r, addr) && insn__is_padding(r->insn))
		addr += r->insn->size;
	return addr % LINE == 0 ? addr : 0;
}

static bool read_call(struct reader *r, int node, __u64 target, __u64 after)
{
	struct call_site *c;

	if (r->n_calls == CALLS_MOST)
		return false;
	c = &r->call[r->n_calls++];
	*c = (struct call_site){.node = node, .after = after};
	c->never = target && noreturn__always(r->f, r->handle, r->insn, target);
	c->line = line_behind(r, after);
	return true;
}

static bool read_node(struct reader *r, int i)
{
	struct node *node = &r->g->node[i];
	__u64 after, target;

	if (!decode(r, node->addr))
		return false;
	after = node->addr + r->insn->size;
	node->size = r->insn->size;
	node->goes = insn__goes(r->insn, &target);
	node->cost = insn__cost(r->insn);
	node->target = target;
	node->effect.to = node->effect.from = PROBE_REGS;
	if (node->goes == INSN_GOES_ANYWHERE)
		return false;
	if (node->goes == INSN_GOES_ON && !insn__effect(r->handle, r->insn, &node->effect))
		return false;
	if (node->goes == INSN_CALLS) {
		insn__call_effect(&node->effect);
		return read_call(r, i, target, after);
	}
	if (node->goes == INSN_GOES_TO || node->goes == INSN_GOES_EITHER) {
		node->other = node_at(r, target);
		if (node->other < 0)
			return false;
	}
	if (node->goes == INSN_GOES_ON || node->goes == INSN_GOES_EITHER) {
		node->next = node_at(r, after);
		if (node->next < 0)
			return false;
	}
	return true;
}

static bool read_on(struct reader *r)
{
	for (; r->seen < r->g->n; r->seen++)
		if (!read_node(r, r->seen))
			return false;
	return true;
}

/* Jumps lead there, and none from behind it, as to a loop's beginning. */
static bool led_to_from_before(struct reader *r, __u64 addr)
{
	short node = *slot_of(r, addr) - 1;
	bool led_to = false;

	for (size_t i = 0; node >= 0 && i < r->g->n; i++) {
		const struct node *from = &r->g->node[i];

		if (from->other == node && from->addr >= addr)
			return false;
		led_to |= from->other == node;
	}
	return led_to;
}

static bool somewhere(struct reader *r, struct call_site *c)
{
	__u64 target = r->g->node[c->node].target;

	if (!c->asked)
		c->somewhere = target && noreturn__somewhere(r->f, r->handle, r->insn, target);
	c->asked = true;
	return c->somewhere;
}

/*
 * Of a function that does not return from everywhere (noreturn.c) it takes more to know that it
 * does not here: behind such a call compilers put no code but what jumps lead to, and begin that at
 * a line (GCC's -falign-jumps).  That alone says nothing: what a call returns into may begin at a
 * line as well, if more jumps lead there.
 */
static bool never_returns(struct reader *r, struct call_site *c)
{
	return c->never || (c->line && led_to_from_before(r, c->line) && somewhere(r, c));
}

/*
 * Of the calls of which it is not known where they lead, the next one that returns.  surely:
 * whatever may still be found; else for want of anything that says that it does not.
 */
static struct call_site *next_return(struct reader *r, bool surely)
{
	for (unsigned int i = 0; i < r->n_calls; i++) {
		struct call_site *c = &r->call[i];

		if (r->g->node[c->node].next < 0 &&
		    (surely ? !c->never && !c->line : !never_returns(r, c)))
			return c;
	}
	return NULL;
}

/* Those first that are sure to return: behind them may be jumps to what is behind others. */
static bool read_all(struct reader *r)
{
	struct call_site *c;

	do {
		if (!read_on(r))
			return false;
		c = next_return(r, true) ?: next_return(r, false);
		if (c) {
			r->g->node[c->node].next = node_at(r, c->after);
			if (r->g->node[c->node].next < 0)
				return false;
		}
	} while (c);
	return true;
}

/* A probe on an instruction that is part of another would be in the middle of that. */
static bool overlaps(struct reader *r)
{
	for (size_t i = 0; i < r->g->n; i++)
		for (unsigned int k = 1; k < r->g->node[i].size; k++)
			if (*slot_of(r, r->g->node[i].addr + k))
				return true;
	return false;
}

/* ---- what is known ---- */

/* What is known on each way that leads there.  True: that is news. */
static bool meet(struct node *to, const struct call_state *s, bool *same_frame)
{
	bool news = !to->reached;

	if (news) {
		to->state = *s;
		to->reached = true;
		return true;
	}
	*same_frame &= to->state.frame == s->frame;
	for (int arg = 0; arg < PROBE_ARGS; arg++) {
		news |= (to->state.holds[arg] & ~s->holds[arg]) != 0;
		to->state.holds[arg] &= s->holds[arg];
	}
	return news;
}

static bool goes_on_with(struct graph *g, int to, const struct call_state *s, bool *same_frame)
{
	return to >= 0 && meet(&g->node[to], s, same_frame);
}

/* False: the stack is not the same on each way to some instruction, or at a return. */
static bool find_states(struct graph *g)
{
	bool news = true, same_frame = true;
	unsigned int passes = 0;

	insn__enter(&g->node[0].state);
	g->node[0].reached = true;
	while (news && same_frame) {
		if (passes++ == PASSES_MOST)
			return false;
		news = false;
		for (size_t i = 0; i < g->n; i++) {
			struct call_state s = g->node[i].state;

			if (!g->node[i].reached)
				continue;
			if (!insn__apply(&g->node[i].effect, &s) ||
			    (g->node[i].goes == INSN_RETURNS && s.frame))
				return false;
			news |= goes_on_with(g, g->node[i].next, &s, &same_frame);
			news |= goes_on_with(g, g->node[i].other, &s, &same_frame);
		}
	}
	return same_frame;
}

static __u8 of_both(__u8 a, __u8 b)
{
	if (a == RESULT_NEVER || a == b)
		return b;
	return b == RESULT_NEVER ? a : RESULT_LATER;
}

/* Where it is before an instruction, of where it is behind that. */
static __u8 result_before(const struct node *node, __u8 behind)
{
	const struct insn_effect *e = &node->effect;

	if (behind >= PROBE_REGS || !(e->written >> behind & 1))
		return behind;
	if (e->zeroed >> behind & 1)
		return RESULT_NULL;
	return e->to == behind && e->from < PROBE_REGS ? e->from : RESULT_LATER;
}

static void find_results(struct graph *g)
{
	bool news = true;

	for (size_t i = 0; i < g->n; i++)
		g->node[i].result = RESULT_NEVER;
	while (news) {
		news = false;
		for (size_t i = g->n; i-- > 0;) {
			struct node *node = &g->node[i];
			__u8 behind = RESULT_NEVER, result;

			if (node->goes == INSN_RETURNS)
				behind = INSN_RESULT;
			if (node->next >= 0)
				behind = of_both(behind, g->node[node->next].result);
			if (node->other >= 0)
				behind = of_both(behind, g->node[node->other].result);
			result = result_before(node, behind);
			news |= result != node->result;
			node->result = result;
		}
	}
}

static bool read_graph(struct graph *g, const struct elf_file *f, __u64 addr)
{
	struct reader *r = calloc(1, sizeof(*r));
	bool whole = false;

	if (!r || !insn__open(&r->handle)) {
		free(r);
		return false;
	}
	r->f = f;
	r->g = g;
	r->insn = cs_malloc(r->handle);
	if (r->insn) {
		whole = node_at(r, addr) == 0 && read_all(r) && !overlaps(r);
		cs_free(r->insn, 1);
	}
	cs_close(&r->handle);
	free(r);
	return whole;
}

bool graph__open(struct graph *g, const struct elf_file *f, __u64 addr)
{
	*g = (struct graph){.node = calloc(NODES_MOST, sizeof(*g->node))};
	if (!g->node)
		return false;
	if (!read_graph(g, f, addr) || !find_states(g)) {
		graph__close(g);
		return false;
	}
	find_results(g);
	return true;
}

void graph__close(struct graph *g)
{
	free(g->node);
	*g = (struct graph){};
}
