/*
 * sampled.c - how far off an estimate from bursts may be.
 */
#include "model/sampled.h"

/*
 * Of what takes 3/n of the time n bursts see nothing in one of 20 cases.  With fewer bursts than
 * these that is more than a seventh of the time: nothing tells how much there was in that.
 */
#define RARE	    3.0
#define WINDOWS_TOP 20.0
#define PRICE_OFF   1.15 /* what a hit costs is known that well */
/* Of a burst: what would have been done in it nobody can tell; and where CPUs are contended. */
#define SLOWED_MOST	 0.6
#define SLOWED_CONTENDED 0.05

static double square(double x)
{
	return x * x;
}

static double difference(__u64 a, __u64 b)
{
	return a > b ? (double)(a - b) : (double)(b - a);
}

void sampled__slice(struct sampled *s, double calls, double bytes)
{
	if (calls > s->calls_most)
		s->calls_most = calls;
	if (bytes > s->bytes_most)
		s->bytes_most = bytes;
}

static void add_unseen(struct sampled *s, double lengths, __u64 calls, __u64 bytes)
{
	s->unseen.lengths += lengths;
	s->unseen.squares += square(lengths);
	s->unseen.calls += lengths * calls;
	s->unseen.bytes += lengths * bytes;
	s->unseen.calls_crowd += lengths * calls * calls;
	s->unseen.bytes_crowd += lengths * bytes * calls;
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
	add_unseen(s, times - 1.0, calls, bytes);
	sampled__slice(s, calls, bytes);
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

static double larger(double a, double b)
{
	return a > b ? a : b;
}

/* Calls, or bytes. */
struct quantity {
	double total, seen;
	double away; /* from the total: t times its standard error */
	double mean; /* in a length that was not seen, */
	double most; /* in any that was, */
	double last; /* in the burst before */
};

/* The window under way: cut of it is over. */
struct under_way {
	double times, cut;
};

static struct interval interval_of(const struct sampled *s, const struct quantity *q,
				   struct under_way w, double least, double fuller)
{
	double n = square(s->unseen.lengths) / s->unseen.squares;
	double rare = (n > RARE ? RARE / n : 1) * s->unseen.lengths;
	double part = w.times * larger(q->mean, q->last);
	/* Its burst has been, and stands for all of it, or is still to come. */
	double below = root(square(q->away) + square(rare * q->mean) + square((1 - w.cut) * part));
	double above = root(square(q->away) + square(rare * larger(0, q->most - q->mean)) +
			    square(w.cut * part));
	double high = q->seen + (q->total + larger(above, least) - q->seen) * fuller;
	struct interval i = {.known = true, .few = n < WINDOWS_TOP};

	i.open = i.few || fuller <= 0;
	i.low = to_number(larger(q->total - below, q->seen));
	i.high = i.open ? ~0ull : to_number(high);
	return i;
}

/*
 * How many times as much there is if what the probes took of each burst was taken from calls;
 * 0: nobody knows.  1 / (1 - x) is at most 1 + x / (1 - most), for every x up to that most.
 */
static double fuller(const struct totals *t, double unseen, double crowd, double most)
{
	double lost = t->call * PRICE_OFF;

	if (lost * most > (t->contended ? SLOWED_CONTENDED : SLOWED_MOST))
		return 0;
	return unseen > 0 ? 1 + lost * crowd / unseen / (1 - lost * most) : 1;
}

/* t times the standard error of what stands for all that was not seen. */
static double away(const struct sampled *s, double spread, double last)
{
	/* What reached into the first window may have been seen in part. */
	return quantile(s->windows) *
	       root(spread * s->weights / s->told + 2.0 * s->most / 3 * square(last));
}

static struct interval calls_of(const struct sampled *s, const struct totals *t, struct under_way w)
{
	struct quantity q = {
		.total = t->calls,
		.seen = t->seen_calls,
		.away = away(s, s->calls_spread, s->last.calls),
		.mean = s->unseen.calls / s->unseen.lengths,
		.most = s->calls_most,
		.last = s->last.calls,
	};

	/* What 19 of 20 times would have been seen once, had there been so many of it. */
	return interval_of(s, &q, w, RARE * (s->most - 1.0),
			   fuller(t, s->unseen.calls, s->unseen.calls_crowd, s->calls_most));
}

static struct interval bytes_of(const struct sampled *s, const struct totals *t, struct under_way w)
{
	struct quantity q = {
		.total = t->bytes,
		.seen = t->seen_bytes,
		.away = away(s, s->bytes_spread, s->last.bytes),
		.mean = s->unseen.bytes / s->unseen.lengths,
		.most = s->bytes_most,
		.last = s->last.bytes,
	};

	return interval_of(s, &q, w, 0,
			   fuller(t, s->unseen.bytes, s->unseen.bytes_crowd, s->calls_most));
}

struct estimates sampled__intervals(const struct sampled *s, const struct totals *t, __u32 times,
				    double cut)
{
	struct under_way w = {};

	if (!sampled__is_told(s))
		return (struct estimates){};
	if (times > 1 && cut > 0 && cut < 1)
		w = (struct under_way){times, cut};
	return (struct estimates){
		.calls = calls_of(s, t, w),
		/* Of how many bytes a call is that was not seen nothing tells. */
		.bytes = t->seen_calls ? bytes_of(s, t, w) : (struct interval){},
	};
}
