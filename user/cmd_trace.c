/*
 * cmd_trace.c - one line per event as it happens, for everything that is watched.
 *
 * Nothing waits for long for the reader of the lines.  When it falls behind,
 * events spill; when it reads no more, they are counted in the place of their
 * lines.  A line says how many are left out at that point.
 */
#include "commands.h"

#include <errno.h>
#include <time.h>
#include <unistd.h>

#include "cmd_callers.h"
#include "cmd_collect.h"
#include "cmd_targets.h"
#include "log.h"
#include "output.h"
#include "render/callers.h"
#include "render/cost.h"
#include "render/json_event.h"
#include "render/style.h"
#include "render/traceline.h"

#define NS_PER_S 1000000000ll

struct trace {
	struct collector *collector;
	struct callers *callers;
	struct output out;
	struct style style;
	__s64 midnight_ns; /* of today, as time since boot */
	__u64 page_size;
	__u64 spilled_told;
	__u64 unwritten, unwritten_told; /* there was no room for their lines */
	bool json;
	bool out_of_memory;
};

static __s64 clock_ns(clockid_t id)
{
	struct timespec t;

	clock_gettime(id, &t);
	return t.tv_sec * NS_PER_S + t.tv_nsec;
}

static __s64 find_midnight(void)
{
	__s64 real = clock_ns(CLOCK_REALTIME), boot = clock_ns(CLOCK_BOOTTIME);
	time_t now = real / NS_PER_S;
	struct tm tm;

	localtime_r(&now, &tm);
	return boot - real % NS_PER_S - ((tm.tm_hour * 60 + tm.tm_min) * 60 + tm.tm_sec) * NS_PER_S;
}

/* Whose a direct mapping is; NULL: it is another one, or that is not known. */
static const char *caller_of(struct trace *t, const struct event *e, const struct note *note,
			     char text[SANITIZED_SIZE(CALLER_COLUMNS)])
{
	const struct caller_name *name;

	if (e->type != EVENT_MMAP || note->cause != CAUSE_DIRECT)
		return NULL;
	name = callers__name(t->callers, note->caller, &note->process->stats);
	if (!name)
		return NULL;
	caller__text(text, name, CALLER_COLUMNS, t->style.utf8);
	return text;
}

/* A call's line comes when it returns, if it is seen to. */
static bool has_line(const struct event *e, const struct note *note)
{
	if (e->type == EVENT_CALL)
		return note->unpaired || e->flags & EVENT_F_NO_RETURN;
	return (e->type != EVENT_RETURN && e->type != EVENT_BLOCK) || note->call.tid;
}

static void print_event(struct trace *t, const struct event *e, const struct note *note)
{
	__s64 since = (__s64)e->ts_ns - t->midnight_ns;
	char by[SANITIZED_SIZE(CALLER_COLUMNS)];
	struct trace_line line = {
		.e = e,
		.day_ns = since % (86400 * NS_PER_S),
		.comm = note->process ? note->process->stats.comm : NULL,
		.by = caller_of(t, e, note, by),
		.request = note->call.tid ? &note->call.request : NULL,
		.cause = note->cause,
		.page_size = t->page_size,
		.colour = t->style.colour,
		.utf8 = t->style.utf8,
	};

	if (!t->json)
		render__trace_event(t->out.file, &line);
	else if (render__json_event(t->out.file, &line))
		t->out_of_memory = true;
}

/* In the place of the lines that are missing: before the next one. */
static void print_left_out(struct trace *t)
{
	__u64 spilled = collector__spilled(t->collector) - t->spilled_told;
	__u64 unwritten = t->unwritten - t->unwritten_told;

	t->spilled_told += spilled;
	t->unwritten_told += unwritten;
	if (t->json && spilled)
		render__json_spilled(t->out.file, spilled);
	if (t->json && unwritten)
		render__json_unwritten(t->out.file, unwritten);
	if (!t->json && spilled + unwritten)
		fprintf(t->out.file,
			"... %llu events left out: they came faster than they could "
			"be written\n",
			spilled + unwritten);
}

static void on_event(const struct event *e, const struct note *note, void *arg)
{
	struct trace *t = arg;

	if (!has_line(e, note))
		return;
	if (!output__has_room(&t->out)) {
		t->unwritten++;
		return;
	}
	if (t->unwritten != t->unwritten_told)
		print_left_out(t);
	print_event(t, e, note);
}

static void print_end(struct trace *t, const struct snapshot *s)
{
	char cost[COST_SIZE];

	print_left_out(t);
	if (t->json)
		render__json_end(t->out.file, s, t->unwritten);
	else if (s->lost || s->skipped || s->spilled || t->unwritten)
		fprintf(t->out.file, "%llu events, %llu left out, %llu lost, cost: %s\n",
			s->received + s->spilled, s->spilled + t->unwritten, s->lost + s->skipped,
			cost__text(cost, &s->cost));
}

static void on_batch(void *arg)
{
	struct trace *t = arg;

	/* Only where there is room, or this would be what fills it up. */
	if (output__has_room(&t->out))
		print_left_out(t);
	output__flush(&t->out);
	if (!output__good(&t->out) || t->out_of_memory)
		collector__stop(t->collector);
}

static void on_started(void *arg)
{
	struct trace *t = arg;

	output__truncate(&t->out);
}

static int run(const struct options *o)
{
	struct trace t = {.midnight_ns = find_midnight(),
			  .page_size = sysconf(_SC_PAGESIZE),
			  .json = o->json};
	struct collector_hooks hooks = {
		.event = on_event, .started = on_started, .batch = on_batch, .arg = &t};
	int status = STATUS_FAILED, err;
	struct snapshot s;

	if (output__open(&t.out, o->output))
		return STATUS_FAILED;
	hooks.out = &t.out;
	style__detect(&t.style, t.out.fd);
	err = collector__open(&t.collector, o, &hooks);
	if (!err) {
		t.callers = callers__new(collector__model(t.collector),
					 targets__objects(collector__targets(t.collector)));
		err = t.callers ? 0 : -ENOMEM;
	}
	if (!err) {
		err = collector__run(t.collector);
		/* Reads what the kernel says it has lost. */
		if (!err)
			err = collector__snapshot(t.collector, &s);
		if (!err && t.out_of_memory) {
			log__error("out of memory; the trace ends here");
			err = -ENOMEM;
		}
		if (!err)
			print_end(&t, &s);
	}
	if (t.collector)
		collector__detach(t.collector);
	if (output__close(&t.out, t.collector && collector__end(t.collector)))
		err = -1;
	if (!err)
		status = STATUS_DONE;
	if (t.collector)
		status = collector__status(t.collector, status);
	callers__free(t.callers);
	collector__close(t.collector);
	return status;
}

const struct subcommand cmd_trace = {
	.options = {.command = "trace",
		    .letters = "pncdljo",
		    .takes_command = true,
		    .schema = "brkscope.event/1: an object a line"},
	.arguments = "[OPTIONS] [-- COMMAND ARGS...]",
	.summary = "one line per event: brk, mmap and malloc calls, with their causes",
	.examples = "  brkscope trace -- ls                    a command, from its start\n"
		    "  brkscope trace -l syscalls -o t.txt -d 5  brk and mmap of all, into a file\n"
		    "  brkscope trace -j -o t.json -- ls       an object a line\n",
	.run = run,
};
