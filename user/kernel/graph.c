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

#define NODES_MOST 1024 /* glibc 2.36's malloc has some 200 */
#define SLOTS	   (2 * NODES_MOST)

struct reader {
	const struct elf_file *f;
	csh handle;
	cs_insn *insn;
	struct graph *g;
	short slot[SLOTS];	   /* by address: the node's number + 1 */
	size_t seen;		   /* nodes before this one have been read */
	__u64 targets[NODES_MOST]; /* of each node */
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
	unsigned char bytes[INSN_LONGEST];
	const unsigned char *code = bytes;
	size_t size = elf_file__read(r->f, addr, bytes, sizeof(bytes));
	uint64_t at = addr;

	return size && cs_disasm_iter(r->handle, &code, &size, &at, r->insn);
}

static bool read_node(struct reader *r, size_t i)
{
	struct node *node = &r->g->node[i];
	__u64 after;

	if (!decode(r, node->addr))
		return false;
	after = node->addr + r->insn->size;
	node->goes = insn__goes(r->insn, &r->targets[i]);
	node->cost = insn__cost(r->insn);
	switch (node->goes) {
	case INSN_GOES_ON:
		if (!insn__effect(r->handle, r->insn, &node->effect))
			return false;
		break;
	case INSN_CALLS:
		insn__call_effect(&node->effect);
		r->targets[i] = after; /* whether it returns is to be seen */
		return true;
	case INSN_GOES_ANYWHERE:
		return false;
	default:
		node->effect.to = node->effect.from = PROBE_REGS;
	}
	if (node->goes == INSN_GOES_TO || node->goes == INSN_GOES_EITHER) {
		node->other = node_at(r, r->targets[i]);
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

/* Only jumps lead there, and none from behind it, as to a loop's beginning. */
static bool led_to_from_before(struct reader *r, __u64 addr)
{
	short node = *slot_of(r, addr) - 1;
	bool led_to = false;

	for (size_t i = 0; node >= 0 && i < r->g->n; i++) {
		const struct node *from = &r->g->node[i];

		if (from->next == node || (from->other == node && from->addr >= addr))
			return false;
		led_to |= from->other == node;
	}
	return led_to;
}

/*
 * A call that does not return, as of abort: behind it compilers put no code but what jumps lead to,
 * and begin that at a line of 16 bytes (GCC's -falign-jumps).  They do the same before a loop,
 * into which a call may well return.
 */
#define LINE 16

/* Where what is behind padding begins; 0: there is none, or not at a line. */
static __u64 behind_padding(struct reader *r, __u64 after)
{
	__u64 addr = after;

	while (addr - after < LINE && decode(r, addr) && insn__is_padding(r->insn))
		addr += r->insn->size;
	return addr != after && addr % LINE == 0 ? addr : 0;
}

/* Or what stands there ends the program. */
static bool ends_there(struct reader *r, __u64 after)
{
	__u64 target;

	return decode(r, after) && insn__goes(r->insn, &target) == INSN_ENDS;
}

/*
 * Of the calls of which it is not known where they lead: the next one that returns.  surely: by
 * what stands behind it; else for want of anything that says that it does not.
 */
static struct node *next_return(struct reader *r, bool surely, __u64 *after)
{
	for (size_t i = 0; i < r->seen; i++) {
		struct node *node = &r->g->node[i];
		__u64 behind;

		if (node->goes != INSN_CALLS || node->next >= 0 || ends_there(r, r->targets[i]))
			continue;
		*after = r->targets[i];
		behind = behind_padding(r, *after);
		if (!behind || (!surely && !led_to_from_before(r, behind)))
			return node;
	}
	return NULL;
}

/* Those first that are sure to return: behind them may be jumps to what is behind others. */
static bool read_all(struct reader *r)
{
	struct node *call;
	__u64 after;

	do {
		if (!read_on(r))
			return false;
		call = next_return(r, true, &after) ?: next_return(r, false, &after);
		if (call) {
			call->next = node_at(r, after);
			if (call->next < 0)
				return false;
		}
	} while (call);
	return true;
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

	insn__enter(&g->node[0].state);
	g->node[0].reached = true;
	while (news && same_frame) {
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
		whole = node_at(r, addr) == 0 && read_all(r);
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
