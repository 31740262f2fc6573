/*
 * cut.c - the cheapest instructions of which every way through a function passes one.
 *
 * A minimum cut, by the most that can flow (Ford and Fulkerson; by shortest ways, Edmonds and
 * Karp).  Each instruction is two points, before and behind it, with its cost as the width between
 * them; what follows what is of no end of width.  For no way to pass two, none may lead back from
 * beyond the cut: such an edge is of no end of width in that direction as well, and so is none cut.
 */
#include "kernel/cut.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

#define ENDLESS	  (UINT_MAX / 4)
#define WAYS_MOST 1000 /* what cannot be cut at some ten places is given up */
#define EDGES	  6 /* of a node, at most, with the way back of each: through it, two on, two ends */

struct edge {
	int to, next; /* the next one from the same point */
	unsigned int width;
};

struct net {
	struct edge *edge; /* 2k + 1 leads back along 2k */
	int n_edges;
	int *first; /* of each point; -1: none */
	int *came;  /* by which edge; -1: not reached */
	int *queue;
	int points;
};

#define BEFORE(i) ((int)(2 * (i)))
#define BEHIND(i) ((int)(2 * (i) + 1))
#define END(g)	  ((int)(2 * (g)->n))

static void connect(struct net *net, int from, int to, unsigned int width, unsigned int back)
{
	net->edge[net->n_edges] = (struct edge){to, net->first[from], width};
	net->first[from] = net->n_edges++;
	net->edge[net->n_edges] = (struct edge){from, net->first[to], back};
	net->first[to] = net->n_edges++;
}

static void build(struct net *net, const struct cut *c)
{
	unsigned int back = c->once ? ENDLESS : 0;

	for (int i = 0; i < net->points; i++)
		net->first[i] = -1;
	for (size_t i = 0; i < c->g->n; i++) {
		const struct node *node = &c->g->node[i];

		connect(net, BEFORE(i), BEHIND(i), c->cost[i] ?: ENDLESS, back);
		if (c->end_before && c->end_before[i])
			connect(net, BEFORE(i), END(c->g), ENDLESS, 0);
		if (c->end[i])
			connect(net, BEHIND(i), END(c->g), ENDLESS, 0);
		if (c->end[i] || (c->wall && c->wall[i]))
			continue;
		if (node->next >= 0)
			connect(net, BEHIND(i), BEFORE(node->next), ENDLESS, back);
		if (node->other >= 0)
			connect(net, BEHIND(i), BEFORE(node->other), ENDLESS, back);
	}
}

/* What can still be reached; true: the end. */
static bool search(struct net *net, int end)
{
	int head = 0, tail = 0;

	for (int i = 0; i < net->points; i++)
		net->came[i] = -1;
	net->queue[tail++] = BEFORE(0);
	net->came[BEFORE(0)] = INT_MAX;
	while (head < tail) {
		int at = net->queue[head++];

		for (int e = net->first[at]; e >= 0; e = net->edge[e].next) {
			if (!net->edge[e].width || net->came[net->edge[e].to] >= 0)
				continue;
			net->came[net->edge[e].to] = e;
			net->queue[tail++] = net->edge[e].to;
		}
	}
	return net->came[end] >= 0;
}

/* As much more as the way that has been found takes; ENDLESS and more: nothing can stop it. */
static unsigned int push(struct net *net, int end)
{
	unsigned int most = ENDLESS;

	for (int at = end; at != BEFORE(0); at = net->edge[net->came[at] ^ 1].to)
		if (net->edge[net->came[at]].width < most)
			most = net->edge[net->came[at]].width;
	for (int at = end; at != BEFORE(0); at = net->edge[net->came[at] ^ 1].to) {
		struct edge *e = &net->edge[net->came[at]], *back = &net->edge[net->came[at] ^ 1];

		if (e->width < ENDLESS)
			e->width -= most;
		if (back->width < ENDLESS)
			back->width += most;
	}
	return most;
}

static bool flow(struct net *net, const struct cut *c, bool *in)
{
	unsigned int total = 0, ways = 0;

	build(net, c);
	while (search(net, END(c->g))) {
		total += push(net, END(c->g));
		if (total >= ENDLESS || ways++ == WAYS_MOST)
			return false;
	}
	for (size_t i = 0; i < c->g->n; i++)
		in[i] = net->came[BEFORE(i)] >= 0 && net->came[BEHIND(i)] < 0;
	return true;
}

bool cut__find(const struct cut *c, bool *in)
{
	struct net net = {.points = 2 * c->g->n + 1};
	bool found;

	net.edge = calloc(2 * EDGES * c->g->n, sizeof(*net.edge));
	net.first = calloc(net.points, sizeof(*net.first));
	net.came = calloc(net.points, sizeof(*net.came));
	net.queue = calloc(net.points, sizeof(*net.queue));
	found = net.edge && net.first && net.came && net.queue && flow(&net, c, in);
	free(net.edge);
	free(net.first);
	free(net.came);
	free(net.queue);
	return found;
}
