/*
 * cmd_report.c - collects, then prints the heap-versus-mmap table and the histograms.
 */
#include "commands.h"

#include <errno.h>
#include <stdio.h>

#include "cmd_callers.h"
#include "cmd_collect.h"
#include "cmd_targets.h"
#include "log.h"
#include "output.h"
#include "render/json.h"
#include "render/text.h"

#define ROWS_DEFAULT	 20
#define SECTIONS_DEFAULT 3

static int render(const struct snapshot *s, const struct options *o, struct output *out)
{
	struct style style = {};

	if (o->json)
		return render__json(out->file, s);
	style__detect(&style, out->fd);
	style.rows = o->rows >= 0 ? o->rows : ROWS_DEFAULT;
	style.histograms = SECTIONS_DEFAULT;
	style.sort = o->sort_given ? o->sort : SORT_GAINED;
	return render__report(out->file, s, &style);
}

/* What has put itself into the background was collected up to the command's end only. */
static void name_running(const struct snapshot *s)
{
	char pids[3 * sizeof("4294967295,")], *end = pids;
	const char *name = NULL;
	size_t running = 0;

	for (size_t i = 0; i < s->count; i++) {
		const struct process_stats *p = s->processes[i];

		if (p->exited)
			continue;
		if (running < 3)
			end += sprintf(end, "%s%u", running ? "," : "", p->pid);
		name = name ? name : p->comm;
		running++;
	}
	if (running)
		log__note("the command has ended, and %zu of its processes (%s%s) run on; "
			  "to collect of them: brkscope report -p %s%s",
			  running, name, running > 1 ? " ..." : "", pids,
			  running > 3 ? ",..." : "");
}

static int print(struct collector *c, const struct options *o, struct output *out)
{
	struct snapshot s;
	struct callers *callers;
	int err = collector__snapshot(c, &s);

	if (err)
		return err;
	callers = callers__new(collector__model(c), targets__objects(collector__targets(c)));
	err = callers ? callers__join(callers, &s) : -ENOMEM;
	collector__detach(c);
	if (!err)
		err = render(&s, o, out);
	if (!err && collector__command_ended(c))
		name_running(&s);
	if (!err && !s.count && o->comm)
		log__note("no process was called '%s'; "
			  "names are compared whole, as ps -eo comm shows them",
			  o->comm);
	callers__free(callers);
	return err;
}

static void on_started(void *arg)
{
	output__truncate(arg);
}

static int run(const struct options *o)
{
	struct output out;
	struct collector_hooks hooks = {
		.started = on_started, .progress = true, .resident = true, .arg = &out};
	struct collector *c = NULL;
	int status = STATUS_FAILED, err;

	if (output__open(&out, o->output))
		return STATUS_FAILED;
	err = collector__open(&c, o, &hooks);
	if (!err)
		err = collector__run(c);
	if (!err)
		print(c, o, &out); /* what can fail in it, output__close says */
	/* Nothing is attached any more: only who has ended it by a signal is in a hurry. */
	if (output__close(&out, c && collector__end(c) == END_SIGNAL))
		err = -1;
	if (!err)
		status = STATUS_DONE;
	if (c)
		status = collector__status(c, status);
	collector__close(c);
	return status;
}

const struct subcommand cmd_report = {
	.options = {.command = "report",
		    .letters = "pncdljrso",
		    .takes_command = true,
		    .takes_budget = true},
	.arguments = "[OPTIONS] [-- COMMAND ARGS...]",
	.summary = "collect, then print the heap-versus-mmap table and the histograms",
	.examples = "  brkscope report -d 5                 the whole machine, for 5 seconds\n"
		    "  brkscope report -- python3 job.py    a command and its children, from their "
		    "start\n"
		    "  brkscope report -p 1234 -d 10 -j     one process, as JSON\n"
		    "  brkscope report -n nginx             until Ctrl-C\n",
	.run = run,
};
