/*
 * cmd_selftest.c - runs workloads with known answers under itself, and compares.
 *
 * Three runs: all workloads with the ring as it always is, at level sizes and at level
 * live; then the one that makes the most events with the smallest ring that there is, where
 * totals must stay exact though events spill.
 */
#include "commands.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "brkscope/version.h"
#include "clock.h"
#include "cmd_collect.h"
#include "kernel/features.h"
#include "log.h"
#include "output.h"
#include "render/selftest.h"
#include "selftest/workload.h"

#define BURST	   "burst"
#define TEXT_MOST  (1u << 20)
#define STALL_MOST 20000 /* milliseconds */

struct round {
	struct collector *collector;
	struct baselines baselines;
	struct claims claims;
	int claims_fd;
	enum level level;
	bool stalls; /* reads no more, from the first malloc on until the claims are there */
	int err;
};

/* Claims come when the workload has done all it does: what did not fit the ring has spilled. */
static void wait_for_claims(const struct round *r)
{
	const struct timespec millisecond = {.tv_nsec = 1000000};
	struct stat s;

	for (int i = 0; i < STALL_MOST && !fstat(r->claims_fd, &s) && !s.st_size; i++)
		nanosleep(&millisecond, NULL);
}

static void on_event(const struct event *e, const struct note *note, void *arg)
{
	struct round *r = arg;

	if (r->stalls && e->type == EVENT_MALLOC) {
		r->stalls = false;
		wait_for_claims(r);
	}
	/* Where it begins to count is a munmap. */
	if (note->process && e->type == EVENT_MUNMAP)
		process__update_blocks(note->process, note->process, r->level);
	if (!r->err && note->process)
		r->err = baselines__event(&r->baselines, e, &note->process->stats);
}

/* What the workloads have written, whole. */
static int read_claims(struct round *r)
{
	static char text[TEXT_MOST];
	size_t size = 0, line;
	ssize_t n;
	int err;

	while ((n = pread(r->claims_fd, text + size, sizeof(text) - size, size)) > 0)
		size += n;
	err = n < 0 ? -errno : claims__parse(&r->claims, text, size, &line);
	if (err == -EINVAL)
		log__error("selftest: what its workloads say cannot be read, from line %zu on",
			   line);
	else if (err)
		log__error("selftest: what its workloads say: %s", strerror(-err));
	return err;
}

/* Every event of them is read.  0, or -errno with the error said. */
static int run_workloads(struct round *r, const struct options *given, char **argv)
{
	struct collector_hooks hooks = {.event = on_event, .arg = r};
	struct options o = *given;
	int err, status;

	o.command = argv;
	o.level = r->level;
	err = collector__open(&r->collector, &o, &hooks);
	if (!err)
		err = collector__run(r->collector);
	if (err)
		return err;
	status = collector__status(r->collector, STATUS_DONE);
	if (status) {
		log__error("selftest: its workloads ended before the last one, with status %d%s",
			   status, status > 128 ? ": a signal" : "");
		return -EINTR;
	}
	if (r->err)
		log__error("selftest: %s", strerror(-r->err));
	return r->err ? r->err : read_claims(r);
}

static int round__run(struct round *r, const struct options *o, const char *only)
{
	char fd[16], pid[16];
	char *argv[] = {"/proc/self/exe", SELFTEST_ENTRY, "drive", fd, pid, (char *)only, NULL};

	r->claims_fd = memfd_create("brkscope-selftest", 0);
	if (r->claims_fd < 0) {
		log__error("selftest: a file in memory: %s", strerror(errno));
		return -errno;
	}
	snprintf(fd, sizeof(fd), "%d", r->claims_fd);
	snprintf(pid, sizeof(pid), "%d", (int)getpid());
	return run_workloads(r, o, argv);
}

static void round__clear(struct round *r)
{
	collector__close(r->collector);
	baselines__clear(&r->baselines);
	claims__clear(&r->claims);
	if (r->claims_fd >= 0)
		close(r->claims_fd);
}

static int add_events(struct selftest *t, const char *label, const struct snapshot *s, bool spills)
{
	int err = verdicts__add_number(&t->verdicts, label, "events.received", true, 0,
				       s->received);

	if (!err && spills)
		err = verdicts__add_number(&t->verdicts, label, "events.spilled", true, 0,
					   s->spilled);
	if (!err)
		err = verdicts__add_number(&t->verdicts, label, "events.lost", false, 0,
					   s->lost + s->skipped);
	t->received += s->received;
	t->spilled += s->spilled;
	t->lost += s->lost + s->skipped;
	return err;
}

static int add_silent(struct selftest *t, const struct claims *c)
{
	int err = 0;

	for (const struct workload *w = workloads; w->name && !err; w++)
		if (!claims__find(c, w->name))
			err = verdicts__add_missing(&t->verdicts, w->name,
						    "it ended before it said what to expect");
	return err;
}

static int compare(struct selftest *t, struct round *r, const struct baseline *instead,
		   const char *suffix)
{
	const struct features *f = collector__features(r->collector);
	char label[SELFTEST_LABEL_MAX + 16];
	struct snapshot s;
	struct comparison c = {.claims = &r->claims,
			       .snapshot = &s,
			       .baselines = &r->baselines,
			       .instead = instead,
			       .callers_known = f->find_vma,
			       .suffix = suffix};
	int err = collector__snapshot(r->collector, &s);

	if (!err)
		err = verdicts__compare(&t->verdicts, &c);
	if (!err && !instead)
		err = add_silent(t, &r->claims);
	snprintf(label, sizeof(label), "%s%s", instead ? BURST : "all", suffix);
	return err ? err : add_events(t, label, &s, instead != NULL);
}

static void set_features(struct selftest *t, const struct features *f)
{
	/* Nothing runs without BTF. */
	const struct {
		const char *name;
		bool there;
	} all[] = {
		{"BTF", true},
		{"uprobe_multi", f->uprobe_multi},
		{"uprobe.session", f->session},
		{"cookies", f->cookie},
		{"bpf_find_vma", f->find_vma},
	};

	for (t->n_features = 0; t->n_features < sizeof(all) / sizeof(*all); t->n_features++) {
		t->features[t->n_features].name = all[t->n_features].name;
		t->features[t->n_features].there = all[t->n_features].there;
	}
}

/* 0, or -errno with the error said. */
static int measure(struct selftest *t, const struct options *o)
{
	struct round all = {.claims_fd = -1, .level = LEVEL_SIZES};
	struct round live = {.claims_fd = -1, .level = LEVEL_LIVE};
	struct round small = {.claims_fd = -1, .level = LEVEL_SIZES, .stalls = true};
	struct options least = *o;
	const struct claimant *burst;
	const struct baseline *before = NULL;
	int err = round__run(&all, o, NULL);

	if (!err) {
		set_features(t, collector__features(all.collector));
		err = compare(t, &all, NULL, "");
		burst = claims__find(&all.claims, BURST);
		before = burst ? baselines__find(&all.baselines, burst->pid) : NULL;
	}
	if (!err)
		err = round__run(&live, o, NULL);
	if (!err)
		err = compare(t, &live, NULL, ", live");
	/* Its loader's part is the same in each run of it; the mark of this one may spill. */
	if (!err && before) {
		least.ring_pages = 1;
		err = round__run(&small, &least, BURST);
		if (!err)
			err = compare(t, &small, before, ", spilled");
	}
	if (err == -ENOMEM)
		log__error("selftest: out of memory");
	round__clear(&small);
	round__clear(&live);
	round__clear(&all);
	return err;
}

static int print(const struct selftest *t, const struct options *o, struct output *out)
{
	struct style style = {};

	if (o->json)
		return render__selftest_json(out->file, t);
	style__detect(&style, out->fd);
	return render__selftest(out->file, t, &style, o->verbose);
}

static int run(const struct options *o)
{
	struct selftest t = {.version = BRKSCOPE_VERSION, .page_size = sysconf(_SC_PAGESIZE)};
	__u64 start_ns = clock__boot_ns();
	struct verdict_sums sums;
	struct utsname u;
	struct output out;
	int err;

	if (output__open(&out, o->output))
		return STATUS_FAILED;
	uname(&u);
	t.host = u.nodename;
	t.kernel = u.release;
	err = measure(&t, o);
	t.duration_ns = clock__boot_ns() - start_ns;
	if (!err) {
		output__truncate(&out);
		print(&t, o, &out); /* what can fail in it, output__close says */
	}
	if (output__close(&out, false))
		err = -1;
	sums = verdicts__sum(&t.verdicts);
	verdicts__clear(&t.verdicts);
	return err || sums.errors || !sums.quantities ? STATUS_FAILED : STATUS_DONE;
}

const struct subcommand cmd_selftest = {
	.options = {.command = "selftest", .letters = "jo", .schema = "brkscope.selftest/1"},
	.arguments = "[-j] [-o FILE] [-v]",
	.summary = "trace programs with known answers, and print the error of every number",
	.examples =
		"  brkscope selftest                    the first thing on a new kernel: status 0, "
		"or an error\n"
		"  brkscope selftest -v                 with PIDs, and what libbpf says\n"
		"  brkscope selftest -j -o result.json  as JSON\n",
	.run = run,
};
