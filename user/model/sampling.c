/*
 * sampling.c - calls that were seen in bursts: what a process is estimated to have called.
 */
#include "model/state.h"

void model__burst(struct model *m, __u64 from_ns, __u64 to_ns, __u32 times)
{
	if (!m->bursts.n)
		m->begun_ns = from_ns;
	bursts__add(&m->bursts, from_ns, to_ns, times);
}

void model__burst_ends(struct model *m, __u64 to_ns)
{
	bursts__end(&m->bursts, to_ns);
}

void model__burst_length(struct model *m, __u64 ns)
{
	m->burst_ns = ns;
}

/* Is it a call of a time in which all is seen? */
static bool in_whole(const struct model *m, __u32 bits)
{
	return bursts__times_of(&m->bursts, bits) == 1;
}

static void add_to_slice(struct process *p, struct slice *s, __u64 number, const struct count *c,
			 double lengths)
{
	if (number != s->number)
		*s = (struct slice){.number = number};
	s->calls += c->calls;
	s->bytes += c->bytes;
	sampled__slice(&p->sampled, s->calls / lengths, s->bytes / lengths);
}

/* Those without a time come together: they are taken for even since the last ones came. */
static void count_spilled(const struct model *m, struct process *p, const struct count *c)
{
	double lengths = (double)(m->this_spill_ns - m->last_spill_ns) / (double)m->burst_ns;

	add_to_slice(p, &p->spilled_slice, m->this_spill_ns, c, lengths > 1 ? lengths : 1);
}

void sampling__count(const struct model *m, struct process *p, const struct count *c, __u32 bits,
		     __u64 ts)
{
	if (!m->bursts.n || !c->calls || c->flags & EVENT_F_KEPT)
		return;
	for (int bit = 0; bit < 2; bit++)
		if (bits & 1u << bit) {
			p->in_burst[bit].calls += c->calls;
			p->in_burst[bit].bytes += c->bytes;
		}
	if (!m->burst_ns || !in_whole(m, bits))
		return;
	if (ts)
		add_to_slice(p, &p->slice, ts / m->burst_ns, c, 1);
	else
		count_spilled(m, p, c);
}

static __u64 later_of(__u64 a, __u64 b)
{
	return a > b ? a : b;
}

static void set_seen(const struct model *m, struct seen_until *u, __u64 ts)
{
	if (u->ts_ns == ts)
		return;
	u->ts_ns = ts;
	u->seen_ns = bursts__seen_ns(&m->bursts, ts);
}

/* As long as the bursts of that time are known. */
static void keep_seen(const struct model *m, struct process *p)
{
	const struct process_stats *s = &p->stats;

	set_seen(m, &p->first_seen,
		 later_of(later_of(s->start_ns, m->begun_ns), s->malloc_since_ns));
	if (p->gone && p->ended_ns)
		set_seen(m, &p->last_seen, p->ended_ns);
}

/* One that has ended is told of the first window without it. */
static void close_burst(struct model *m, struct process *p, __u32 times, __u32 bit)
{
	if (p->sampled_out)
		return;
	p->sampled_out = p->gone && !p->in_burst[bit].calls;
	if (times > 1) {
		if (!p->sampled.windows && p->stats.start_ns > m->begun_ns)
			sampled__window(&p->sampled, times, 0, 0);
		sampled__window(&p->sampled, times, p->in_burst[bit].calls, p->in_burst[bit].bytes);
		p->windows += !p->sampled_out;
	}
	p->in_burst[bit].calls = p->in_burst[bit].bytes = 0;
}

void model__burst_over(struct model *m, __u32 number)
{
	const typeof(m->bursts.at[0]) *b = &m->bursts.at[number & (BURSTS_KEPT - 1)];
	/* What is left of one from before the first window is no sample. */
	__u32 times = b->to - b->from >= m->burst_ns ? b->times : 1;

	m->windows += times > 1;
	for (size_t i = 0; i < m->n; i++) {
		keep_seen(m, m->all[i]);
		close_burst(m, m->all[i], times, number & 1);
	}
}

void model__window(struct model *m, __u64 from_ns, __u64 to_ns, __u32 times)
{
	m->window.from_ns = from_ns;
	m->window.to_ns = to_ns;
	m->window.times = times;
}

void model__drop_malloc(struct model *m)
{
	m->config.level = LEVEL_SYSCALLS;
	if (m->others)
		m->others->stats.malloc_known = false;
}

void model__hit_cost(struct model *m, double ns, bool contended)
{
	m->hit_ns = ns;
	m->contended = contended;
}

/* How much of the window under way is over. */
static double cut(const struct model *m, __u64 now)
{
	if (now <= m->window.from_ns || now >= m->window.to_ns)
		return 0;
	return (double)(now - m->window.from_ns) / (double)(m->window.to_ns - m->window.from_ns);
}

bool model__estimates(const struct model *m, __u64 now_ns)
{
	return m->bursts.n && now_ns > m->begun_ns &&
	       bursts__seen_ns(&m->bursts, now_ns) < now_ns - m->begun_ns;
}

/*
 * From fewer bursts than say how much they differ nothing is made: one may have hit anything.
 * That a process was not there in the windows around its time tells nothing of that time.
 */
static bool is_told(const struct process *p)
{
	return p->windows >= WINDOWS_LEAST && sampled__is_told(&p->sampled);
}

static void set_intervals(const struct model *m, struct process *p, __u64 now)
{
	struct process_stats *s = &p->stats;
	struct totals t = {.seen_calls = s->estimate.seen.calls,
			   .seen_bytes = s->estimate.seen.bytes,
			   .contended = m->contended};
	struct estimates e;

	process__extrapolate(p);
	t.calls = s->malloc.calls;
	t.bytes = s->malloc.bytes;
	if (m->burst_ns)
		t.call = m->hit_ns / (double)m->burst_ns;
	e = sampled__intervals(&p->sampled, &t, p->gone ? 0 : m->window.times, cut(m, now));
	s->estimate.calls = e.calls;
	s->estimate.bytes = e.bytes;
}

void sampling__estimate(struct model *m, struct process *p, __u64 now)
{
	struct process_stats *s = &p->stats;
	__u64 from, to, seen;

	s->estimate.is = s->estimate.at_least = s->window.unseen = false;
	if (!m->bursts.n)
		return;
	keep_seen(m, p);
	if (!p->gone || !p->ended_ns)
		set_seen(m, &p->last_seen, now);
	from = p->first_seen.ts_ns;
	to = p->last_seen.ts_ns;
	if (to <= from)
		return;
	seen = p->last_seen.seen_ns - p->first_seen.seen_ns;
	s->estimate.is = seen < to - from;
	s->window.unseen = p->last_seen.seen_ns == p->last.seen_ns;
	p->last.seen_ns = p->last_seen.seen_ns;
	s->estimate.seen_ns = seen;
	s->estimate.life_ns = to - from;
	s->estimate.coverage = (double)seen / (double)(to - from);
	s->estimate.slowed = seen ? (double)s->estimate.seen.calls * m->hit_ns / (double)seen : 0;
	if (s->estimate.slowed > 1)
		s->estimate.slowed = 1; /* of several threads */
	s->estimate.at_least = s->estimate.is && !is_told(p);
	if (s->estimate.is && !s->estimate.at_least)
		set_intervals(m, p, now);
}

void sampling__estimate_others(struct model *m, __u64 now)
{
	struct process *p = m->others;

	/* Whose calls they are nobody knows: of a time when all were seen, or of another. */
	p->stats.estimate.is = model__estimates(m, now);
	p->stats.estimate.at_least = p->stats.estimate.is && m->windows < WINDOWS_LEAST;
	if (p->stats.estimate.is && !p->stats.estimate.at_least)
		process__extrapolate(p);
}
