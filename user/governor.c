/*
 * governor.c - when malloc is probed, so that all of brkscope stays under a budget.
 *
 * The cost is controlled by its sum since the beginning: what one window spent too much,
 * the next one is longer for; what idle times left over, the next ones may have.
 */
#include "governor.h"

#define BURST_LEAST 20000000ull
#define BURST_MOST  500000000ull
#define LOAD_LEAST  0.1		  /* for choosing b: a load may come */
#define CREDIT_NS   10000000000.0 /* of the budget may be saved up, not more */
#define ROOM_LEAST  0.05	  /* of the budget: less for bursts is none */
#define TIMES_MOST  1000000u

void burst__postpone(struct burst *b, __u64 now_ns)
{
	__u64 late = now_ns > b->from_ns ? now_ns - b->from_ns : 0;

	b->from_ns += late;
	b->late_ns += late;
	if (b->to_ns != BURST_OPEN)
		b->to_ns += late;
}

void burst__end(struct burst *b, __u64 to_ns)
{
	b->to_ns = to_ns + b->late_ns;
}

void governor__init(struct governor *g, double budget, __u64 seed, __u64 start_ns, __u64 end_ns)
{
	*g = (struct governor){
		.budget = budget, .random = seed, .start_ns = start_ns, .end_ns = end_ns};
}

void governor__learn(struct governor *g, double load, double overhead, double base)
{
	if (load >= 0)
		g->load = load;
	if (overhead >= 0)
		g->overhead = overhead;
	if (base >= 0)
		g->base = base;
}

/* splitmix64 */
static __u64 draw(struct governor *g, __u64 below)
{
	__u64 z = (g->random += 0x9e3779b97f4a7c15ull);

	z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ull;
	z = (z ^ z >> 27) * 0x94d049bb133111ebull;
	z ^= z >> 31;
	return (unsigned __int128)z * below >> 64;
}

/* What will have been spent too much by then; what was saved up is below 0. */
static double debt_at(struct governor *g, __u64 when, __u64 now, double spent)
{
	double ahead = when > now ? (double)(when - now) : 0;
	double debt = spent + g->charged + g->base * ahead -
		      (g->budget * (double)(when - g->start_ns) - g->forgone);
	double most = g->budget * CREDIT_NS;

	if (debt >= -most)
		return debt;
	g->forgone += -most - debt;
	return -most;
}

static __u32 bounded(double times)
{
	return times < 2 ? 2 : times > TIMES_MOST ? TIMES_MOST : (__u32)times;
}

/* The last windows share evenly what is left: one that is cut off tells less. */
static __u32 fit(const struct governor *g, __u32 times, __u64 when)
{
	double left, windows;

	if (g->end_ns <= when)
		return times;
	left = (double)(g->end_ns - when) / (double)g->burst_ns;
	if (left < times || left >= 4.0 * times)
		return times;
	windows = (double)(__u64)(left / times);
	return bounded(left / windows + 0.999);
}

/* m of a window that begins then; 1: all may be seen. */
static __u32 times_at(struct governor *g, __u64 when, __u64 now, double spent)
{
	double debt = debt_at(g, when, now, spent), b = (double)g->burst_ns;
	double room = g->budget - g->base, once = g->load * b;

	if (room < g->budget * ROOM_LEAST)
		room = g->budget * ROOM_LEAST;
	if (debt + once <= room * b)
		return 1;
	return fit(g, bounded((debt + once + g->overhead) / room / b + 1), when);
}

static void choose_burst(struct governor *g)
{
	double load = g->load > LOAD_LEAST ? g->load : LOAD_LEAST, b = 2 * g->overhead / load;

	g->burst_ns = b < BURST_LEAST ? BURST_LEAST : b > BURST_MOST ? BURST_MOST : (__u64)b;
}

bool governor__is_hopeless(const struct governor *g)
{
	return g->base > g->budget * (1 - ROOM_LEAST);
}

static void open_window(struct governor *g, __u64 at, __u32 times)
{
	__u64 length = times * g->burst_ns;

	g->offset_ns = draw(g, length);
	g->window_ns = at;
	g->next_ns = at + length;
	g->always = times == 1;
	g->times = times;
	g->charged = g->load * (double)g->burst_ns + (g->always ? 0 : g->overhead);
}

static struct burst burst_of(const struct governor *g)
{
	__u64 from = g->window_ns + g->offset_ns;

	return (struct burst){.from_ns = from,
			      .to_ns = g->always ? BURST_OPEN : from + g->burst_ns,
			      .times = g->times};
}

struct plan governor__begin(struct governor *g, __u64 now_ns, double spent)
{
	struct plan plan = {};
	__u64 reach, length;
	__u32 times;

	choose_burst(g);
	times = times_at(g, now_ns, now_ns, spent);
	length = times * g->burst_ns;
	/*
	 * The burst of a window before: of it only the end, if any, is behind the first
	 * stretch.  That it begins no earlier than that leaves out nothing.
	 */
	reach = draw(g, length) + g->burst_ns;
	open_window(g, now_ns, times);
	if (g->always)
		/* The first stretch goes on: another one, told late, would leave a gap. */
		return plan;
	plan.end_ns = now_ns;
	if (reach > length)
		plan.bursts[plan.n++] = (struct burst){
			.from_ns = now_ns, .to_ns = now_ns + reach - length, .times = times};
	plan.bursts[plan.n++] = burst_of(g);
	return plan;
}

/* One window of m 1 after the other: these are over, and others may have followed them. */
static void leave_behind(struct governor *g, __u64 now)
{
	__u64 since;

	if (now < g->next_ns)
		return;
	since = (now - g->next_ns) / g->burst_ns + 1;
	g->next_ns += since * g->burst_ns;
}

struct plan governor__next(struct governor *g, __u64 now_ns, double spent)
{
	bool was_always = g->always;
	__u64 offset = g->offset_ns;
	struct plan plan = {};
	__u32 times;

	if (was_always) {
		leave_behind(g, now_ns);
		g->charged = 0; /* it is paid for as it is seen */
	}
	if (governor__is_hopeless(g)) {
		plan.drop = true;
		plan.end_ns = was_always ? g->next_ns + offset : 0;
		return plan;
	}
	times = times_at(g, g->next_ns, now_ns, spent);
	if (was_always && times == 1) {
		g->next_ns += g->burst_ns;
		return plan;
	}
	if (was_always)
		plan.end_ns = g->next_ns + offset;
	open_window(g, g->next_ns, times);
	plan.bursts[plan.n++] = burst_of(g);
	return plan;
}
