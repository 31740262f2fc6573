/*
 * cmd_report.c - collects, then prints the heap-versus-mmap table and the histograms.
 */
#include "commands.h"

#include <errno.h>

#include "cmd_callers.h"
#include "cmd_collect.h"
#include "cmd_targets.h"
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
