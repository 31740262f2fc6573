/*
 * cmd_cost.c - what brkscope itself costs, while it collects: the probes' hits and its own CPU.
 */
#include "cmd_cost.h"

#include <unistd.h>

#include "kernel/probes.h"
#include "kernel/ring.h"

void cost__begin(struct cost_keeper *k, struct probes *probes, const struct ring *ring,
		 __u64 now_ns)
{
	*k = (struct cost_keeper){.meter = probes__meter(probes),
				  .ring = ring,
				  .repeated_before = ring__repeated(ring),
				  .begin_ns = now_ns,
				  .window.ns = now_ns};
	meter__begin(k->meter, now_ns);
}

void cost__tick(struct cost_keeper *k, __u64 now_ns)
{
	meter__sample(k->meter, now_ns);
}

static struct meter_reading reading(struct cost_keeper *k)
{
	struct meter_reading r = k->end;

	if (!k->ended)
		meter__read(k->meter, &r);
	r.hits[HIT_EMULATED] += ring__repeated(k->ring) - k->repeated_before;
	return r;
}

void cost__end(struct cost_keeper *k)
{
	meter__read(k->meter, &k->end);
	k->ended = true;
}

/* Of the hits whose cost is known. */
static double probes_ns(const struct meter_reading *r, bool *known)
{
	double ns = r->sampling_ns;

	for (int kind = 0; kind < HIT_KINDS; kind++) {
		if (r->ns[kind] >= 0)
			ns += r->hits[kind] * r->ns[kind];
		else if (r->hits[kind])
			*known = false;
	}
	return ns;
}

double cost__probes(struct cost_keeper *k)
{
	struct meter_reading r = reading(k);
	bool known;

	return probes_ns(&r, &known);
}

double cost__total(struct cost_keeper *k)
{
	struct meter_reading r = reading(k);
	bool known;

	return probes_ns(&r, &known) + r.agent_ns;
}

double cost__of_call(struct cost_keeper *k)
{
	static const enum hit_kind kinds[] = {HIT_EMULATED, HIT_STEPPED};
	struct meter_reading r = reading(k);
	double ns = 0, hits = 0;

	for (int i = 0; i < 2; i++)
		if (r.ns[kinds[i]] >= 0) {
			ns += r.hits[kinds[i]] * r.ns[kinds[i]];
			hits += r.hits[kinds[i]];
		}
	return hits > 0 ? ns / hits : 0;
}

static double share(double ns, double before, __u64 since, __u64 now)
{
	/* What a hit takes is known better and better: the part of a window is never below 0. */
	return now > since && ns > before ? (ns - before) / (now - since) : 0;
}

void cost__bound(struct cost *cost, double cpus)
{
	double left = cost->agent < cpus ? cpus - cost->agent : 0;

	if (cost->probes > left)
		cost->probes = left;
}

void cost__fill(struct cost_keeper *k, struct snapshot *s, __u64 now_ns)
{
	struct meter_reading r = reading(k);
	double cpus = sysconf(_SC_NPROCESSORS_ONLN);
	bool known = true;
	double probes = probes_ns(&r, &known);

	s->cost = (struct cost){
		.known = known,
		.probes = share(probes, 0, k->begin_ns, now_ns),
		.agent = share(r.agent_ns, 0, k->begin_ns, now_ns),
	};
	s->window_cost = (struct cost){
		.known = known,
		.probes = share(probes, k->window.probes, k->window.ns, now_ns),
		.agent = share(r.agent_ns, k->window.agent, k->window.ns, now_ns),
	};
	if (cpus > 0) {
		cost__bound(&s->cost, cpus);
		cost__bound(&s->window_cost, cpus);
	}
	for (int kind = 0; kind < HIT_KINDS; kind++) {
		s->hits[kind] = r.hits[kind];
		s->hit_ns[kind] = r.ns[kind];
	}
	k->window.ns = now_ns;
	k->window.probes = probes;
	k->window.agent = r.agent_ns;
}
