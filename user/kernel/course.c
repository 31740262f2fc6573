/*
 * course.c - where along a call of an allocation function its request and its result can be seen.
 *
 * Stations at which calls end are a cut through the function between its entry and its returns, of
 * instructions from which on the result stays where it is, and one that no way passes twice: so
 * each call is counted once.  Stations at which they begin are a cut between the entry and what
 * must not come before it is known that there is a call: anything that is called, for it may make
 * a system call, and ends at which the request is not known any more.  None of these is on a way
 * that does without them.
 *
 * Of both kinds the cheapest: instructions that the kernel emulates.  Where a call fails, it may
 * have to step others.
 */
#include "kernel/course.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/cut.h"
#include "kernel/elf_file.h"

/* A uprobe's cost, in some unit: pushes write memory, which is a tenth more. */
static const unsigned int costs[] = {
	[INSN_HARMFUL] = 0,
	[INSN_STEPPED] = 1000,
	[INSN_PUSHES] = 11,
	[INSN_EMULATED] = 10,
};

struct plan {
	const struct elf_file *f;
	const struct elf_function *fn;
	struct graph g;
	unsigned int args;
	unsigned int *cost;
	bool *ends, *begins; /* the stations */
	bool *stops;	     /* where a way ends */
	bool *stops_before;
	bool *quick; /* from here an end that knows the request may come without any call */
	int *queue;
};

static bool is_sized(const struct plan *p, const struct node *node)
{
	for (unsigned int arg = 0; arg < p->args; arg++)
		if (!node->state.holds[arg])
			return false;
	return true;
}

/*
 * 0: not there.  Stepping costs ten times as much: only where there is no memory anyway.  What is
 * not the function's own code others may share, and come by as well (LLVM's outliner).
 */
static unsigned int cost_of(const struct plan *p, const struct node *node)
{
	if (!node->reached || node->addr - p->fn->addr >= p->fn->size)
		return 0;
	if (node->cost == INSN_STEPPED && node->result != RESULT_NULL)
		return 0;
	return costs[node->cost];
}

static bool find_ends(struct plan *p)
{
	struct cut cut = {.g = &p->g, .cost = p->cost, .end = p->stops, .once = true};

	for (size_t i = 0; i < p->g.n; i++) {
		const struct node *node = &p->g.node[i];

		p->stops[i] = node->goes == INSN_RETURNS;
		p->cost[i] = node->result <= RESULT_NULL ? cost_of(p, node) : 0;
	}
	return cut__find(&cut, p->ends);
}

static bool leads_to(const struct plan *p, const struct node *node, const bool *set)
{
	return (node->next >= 0 && set[node->next]) || (node->other >= 0 && set[node->other]);
}

/* False: there is no such way, and nothing is won.  One that only fails is none. */
static bool find_quick_ways(struct plan *p)
{
	bool news = true;

	for (size_t i = 0; i < p->g.n; i++)
		p->quick[i] = p->ends[i] && is_sized(p, &p->g.node[i]) &&
			      p->g.node[i].result < PROBE_REGS;
	while (news) {
		news = false;
		for (size_t i = p->g.n; i-- > 0;) {
			const struct node *node = &p->g.node[i];

			if (p->quick[i] || p->ends[i] || node->goes == INSN_CALLS ||
			    !leads_to(p, node, p->quick))
				continue;
			p->quick[i] = news = true;
		}
	}
	return p->quick[0];
}

static bool find_begins(struct plan *p)
{
	struct cut cut = {.g = &p->g,
			  .cost = p->cost,
			  .end = p->stops,
			  .end_before = p->stops_before,
			  .wall = p->ends};

	for (size_t i = 0; i < p->g.n; i++) {
		const struct node *node = &p->g.node[i];
		bool may = !p->quick[i] && !p->ends[i] && is_sized(p, node);

		p->cost[i] = may ? cost_of(p, node) : 0;
		p->stops[i] = node->goes == INSN_CALLS && !p->ends[i];
		p->stops_before[i] = p->ends[i] && !is_sized(p, node);
	}
	return cut__find(&cut, p->begins);
}

/* ---- what has been found ---- */

static bool find_register(const struct call_state *s, unsigned int arg, __u8 *reg)
{
	if (!s->holds[arg])
		return false;
	*reg = __builtin_ctz(s->holds[arg]);
	return true;
}

static bool place(const struct plan *p, const struct node *node, struct placement *out)
{
	*out = (struct placement){.frame = node->state.frame,
				  .emulated = node->cost >= INSN_PUSHES};
	for (unsigned int arg = 0; arg < p->args; arg++)
		find_register(&node->state, arg, &out->reg[arg]);
	placement__print(p->f, node->addr, out);
	return elf_file__offset(p->f, node->addr, &out->off);
}

static bool add_station(const struct plan *p, size_t i, struct course *out, int *number)
{
	const struct node *node = &p->g.node[i];
	struct station *s = &out->station[out->n];

	if (out->n == STATIONS_MOST)
		return false;
	*s = (struct station){
		.kind = p->ends[i] ? STATION_ENDS : STATION_BEGINS,
		.result = node->result < PROBE_REGS ? node->result : PROBE_REGS,
		.sized = is_sized(p, node),
	};
	number[i] = out->n++;
	return place(p, node, &s->at);
}

/* Where those come who are here, or, at a station of this kind, go on: to p->stops. */
static void follow(struct plan *p, size_t from, bool past_begins)
{
	bool *seen = p->stops;
	int head = 0, tail = 0;

	memset(seen, 0, p->g.n * sizeof(*seen));
	p->queue[tail++] = from;
	while (head < tail) {
		int at = p->queue[head++];
		const int on[] = {p->g.node[at].next, p->g.node[at].other};

		if (p->ends[at] || (p->begins[at] && !past_begins))
			continue;
		for (int i = 0; i < 2; i++) {
			if (on[i] < 0 || seen[on[i]])
				continue;
			seen[on[i]] = true;
			p->queue[tail++] = on[i];
		}
	}
}

static void connect_stations(struct plan *p, const int *number, struct course *out)
{
	for (size_t i = 0; i < p->g.n; i++) {
		if (!p->begins[i])
			continue;
		follow(p, i, true);
		for (size_t k = 0; k < p->g.n; k++)
			if (p->stops[k] && number[k] >= 0)
				out->station[number[k]].after |= 1u << number[i];
	}
	follow(p, 0, false);
	for (size_t k = 0; k < p->g.n; k++)
		if (p->stops[k] && p->ends[k])
			out->station[number[k]].alone = true;
}

/* The first that stands behind that address; g.n: there is none. */
static size_t next_station(const struct plan *p, __u64 addr)
{
	size_t found = p->g.n;

	for (size_t i = 0; i < p->g.n; i++)
		if ((p->ends[i] || p->begins[i]) && p->g.node[i].addr > addr &&
		    (found == p->g.n || p->g.node[i].addr < p->g.node[found].addr))
			found = i;
	return found;
}

static bool write_course(struct plan *p, struct course *out)
{
	int *number = calloc(p->g.n, sizeof(*number));
	bool fits = number;

	*out = (struct course){};
	for (size_t i = 0; i < p->g.n && fits; i++)
		number[i] = -1;
	for (size_t i = next_station(p, 0); i < p->g.n && fits;
	     i = next_station(p, p->g.node[i].addr))
		fits = add_station(p, i, out, number);
	if (fits)
		connect_stations(p, number, out);
	free(number);
	return fits;
}

static bool find_course(struct plan *p, struct course *out)
{
	size_t n = p->g.n;
	bool *flags = calloc(5 * n, sizeof(*flags)), found;

	p->cost = calloc(n, sizeof(*p->cost));
	p->queue = calloc(n + 1, sizeof(*p->queue));
	p->ends = flags;
	p->begins = flags + n;
	p->stops = flags + 2 * n;
	p->stops_before = flags + 3 * n;
	p->quick = flags + 4 * n;
	found = flags && p->cost && p->queue && find_ends(p) && find_quick_ways(p) &&
		find_begins(p) && write_course(p, out);
	free(flags);
	free(p->cost);
	free(p->queue);
	return found;
}

bool course__find(const struct elf_file *f, const struct elf_function *fn, unsigned int args,
		  struct course *out)
{
	struct plan p = {.f = f, .fn = fn, .args = args};
	bool found;

	if (!graph__open(&p.g, f, fn->addr))
		return false;
	found = find_course(&p, out);
	graph__close(&p.g);
	return found;
}
