/*
 * json_cost.c - what brkscope itself costs, in schema brkscope.report/1.
 */
#include "render/json_cost.h"

#include "render/cost.h"
#include "render/json_value.h"

static json_t *percent(bool known, double part)
{
	return known ? json_real(cost__rounded_percent(part)) : json_null();
}

static json_t *parts_of(const struct cost *c)
{
	return json_pack("{s:o, s:o, s:o, s:o}", "percent_of_one_cpu",
			 percent(c->known, c->probes + c->agent), "at_least_percent",
			 percent(true, c->probes + c->agent), "probes_percent",
			 percent(c->known, c->probes), "agent_percent", percent(true, c->agent));
}

static json_t *hits_of(const struct snapshot *s)
{
	json_t *object = json_object();
	int failed = 0;

	for (int kind = 0; kind < HIT_KINDS; kind++)
		failed |= json_object_set_new(object, hit_names[kind],
					      value__number(s->hits[kind]));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

static json_t *prices_of(const struct snapshot *s)
{
	json_t *object = json_object();
	int failed = 0;

	for (int kind = 0; kind < HIT_KINDS; kind++)
		failed |= json_object_set_new(
			object, hit_names[kind],
			value__known(s->hit_ns[kind] >= 0, (__u64)(s->hit_ns[kind] + 0.5)));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}

json_t *json_budget(const struct snapshot *s)
{
	bool dropped = s->budget.dropped;

	if (!s->budget.on)
		return json_null();
	return json_pack("{s:f, s:b, s:o, s:o, s:o}", "percent",
			 cost__rounded_percent(s->budget.of), "estimated", s->budget.estimated,
			 "burst_ns", value__known(s->budget.burst_ns, s->budget.burst_ns),
			 "malloc_until_ns", value__known(dropped, s->budget.dropped_ns),
			 "rest_percent", percent(dropped, s->budget.base));
}

json_t *json_cost(const struct snapshot *s)
{
	json_t *object = parts_of(&s->cost);
	int failed = json_object_set_new(object, "window", parts_of(&s->window_cost));

	failed |= json_object_set_new(object, "hits", hits_of(s));
	failed |= json_object_set_new(object, "ns", prices_of(s));
	if (!failed)
		return object;
	json_decref(object);
	return NULL;
}
