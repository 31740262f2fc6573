/*
 * sampled.c - how far off an estimate from bursts may be.
 */
#include "model/sampled.h"

/* Fewer windows tell nothing about each other. */
#define WINDOWS_LEAST 3

static double square(double x)
{
	return x * x;
}

static double difference(__u64 a, __u64 b)
{
	return a > b ? (double)(a - b) : (double)(b - a);
}

void sampled__window(struct sampled *s, __u32 times, __u64 calls, __u64 bytes)
{
	/* Of the window's variance: by m^2 it is larger than a burst's, but for what was seen. */
	double weight = (double)times * (times - 1), both;

	if (s->windows) {
		both = (weight + s->last.weight) / 2;
		s->told += both;
		s->calls_spread += both * square(difference(calls, s->last.calls)) / 2;
		s->bytes_spread += both * square(difference(bytes, s->last.bytes)) / 2;
	}
	s->weights += weight;
	s->windows++;
	if (times > s->most)
		s->most = times;
	s->last.weight = weight;
	s->last.calls = calls;
	s->last.bytes = bytes;
}

/* Without libm. */
static double root(double x)
{
	double r = x > 1 ? x : 1;

	if (!(x > 0))
		return 0;
	for (int i = 0; i < 1100 && r * r > x * (1 + 1e-12); i++)
		r = (r + x / r) / 2;
	return r;
}

/*
 * Student's t, 97.5%, for as many degrees of freedom as n windows' differences have:
 * 2 (n - 1)^2 / (3 n - 4) for independent normal ones (von Neumann and others, 1941).
 */
static double quantile(__u32 n)
{
	static const double t[] = {12.71, 12.71, 4.30, 3.18, 2.78, 2.57, 2.45, 2.36, 2.31, 2.26,
				   2.23,  2.20,	 2.18, 2.16, 2.14, 2.13, 2.12, 2.11, 2.10, 2.09};
	double freedom = 2 * square(n - 1) / (3.0 * n - 4);
	__u32 whole = freedom < 1e6 ? (__u32)freedom : 1000000;
	double part = freedom - whole;

	if (whole + 1 >= sizeof(t) / sizeof(*t))
		return whole < 60 ? 2.09 : 1.96 + 2.4 / whole;
	return t[whole] + (t[whole + 1] - t[whole]) * part;
}

static __u64 to_number(double x)
{
	return x <= 0 ? 0 : x >= 18446744073709549568.0 ? ~0ull : (__u64)(x + 0.5);
}

static struct interval interval_of(double total, double spread, double least, __u64 seen, double t)
{
	double away = t * root(spread);
	struct interval i = {.known = true, .low = to_number(total - away)};

	i.high = to_number(total + (away > least ? away : least));
	if (i.low < seen)
		i.low = seen;
	return i;
}

struct estimates sampled__intervals(const struct sampled *s, const struct totals *t, __u32 times,
				    double cut)
{
	double q, calls, bytes, now = times && cut > 0 && cut < 1 ? cut * (1 - cut) : 0;
	/* What 19 of 20 times would have been seen once, had there been so many of it. */
	double unseen = 3.0 * (s->most > 1 ? s->most - 1 : 0);

	if (s->windows < WINDOWS_LEAST || !(s->told > 0))
		return (struct estimates){};
	q = quantile(s->windows);
	/*
	 * The burst of the window under way has been, or is still to come; it, and what reached
	 * into the first one, may be seen in part.
	 */
	now = times > 1 ? now * square(times) + 2.0 * times / 3 : 0;
	calls = s->calls_spread * s->weights / s->told + now * square(s->last.calls);
	bytes = s->bytes_spread * s->weights / s->told + now * square(s->last.bytes);
	return (struct estimates){
		.calls = interval_of(t->calls, calls, unseen, t->seen_calls, q),
		/* Of how many bytes a call is that was not seen nothing tells. */
		.bytes = t->seen_calls ? interval_of(t->bytes, bytes, 0, t->seen_bytes, q)
				       : (struct interval){},
	};
}

/* What a hit costs is known that well. */
#define PRICE_OFF   1.15
#define SLOWED_MOST 0.6

void sampled__slow(struct interval *i, double slowed)
{
	double lost = slowed * PRICE_OFF;

	if (!i->known || lost <= 0)
		return;
	i->open = lost > SLOWED_MOST;
	i->high = i->open ? ~0ull : to_number(i->high / (1 - lost));
}
