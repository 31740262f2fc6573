/*
 * cmd_top.c - the table of all processes, again and again.
 *
 * On a terminal it is redrawn in place until q is pressed; in a pipe, or with -b, the tables
 * follow each other; with -j each of them is a line of JSON.
 */
#include "commands.h"

#include <stdio.h>
#include <sys/ioctl.h>
#include <time.h>
#include <unistd.h>

#include "cmd_collect.h"
#include "keys.h"
#include "output.h"
#include "render/json.h"
#include "render/text.h"

#define ROWS_DEFAULT 20
#define LINES_BESIDE 16 /* of a table with all its foot lines, that are not rows */

struct top {
	const struct options *options;
	struct collector *collector;
	struct output out;
	unsigned long shown;
	bool in_place;
	bool quit; /* by a key */
	bool failed;
};

/* As many rows as the terminal has room for. */
static int rows_that_fit(const struct top *t)
{
	struct winsize size;

	if (t->options->rows >= 0)
		return t->options->rows;
	if (!t->in_place || ioctl(t->out.fd, TIOCGWINSZ, &size) || !size.ws_row)
		return ROWS_DEFAULT;
	return size.ws_row > LINES_BESIDE ? size.ws_row - LINES_BESIDE : 1;
}

static void print_time(FILE *out)
{
	char text[32];
	time_t now = time(NULL);
	struct tm tm;

	localtime_r(&now, &tm);
	strftime(text, sizeof(text), "%H:%M:%S", &tm);
	fprintf(out, "%s\n", text);
}

static void print_table(const struct top *t, const struct snapshot *s)
{
	struct style style = {};

	style__detect(&style, t->out.fd);
	style.rows = rows_that_fit(t);
	style.sort = t->options->sort_given ? t->options->sort : SORT_MEMORY;
	style.rates = true;
	if (t->in_place)
		fputs("\033[H\033[J", t->out.file);
	else if (t->shown)
		fputc('\n', t->out.file);
	if (t->options->timestamps)
		print_time(t->out.file);
	render__table(t->out.file, s, &style);
}

static void show(void *arg)
{
	struct top *t = arg;
	struct snapshot s;

	/* Not read yet: the next one tells of the time since the last one. */
	if (output__waiting(&t->out))
		return;
	if (collector__snapshot(t->collector, &s)) {
		t->failed = true;
		collector__stop(t->collector);
		return;
	}
	if (t->options->json)
		render__json_line(t->out.file, &s);
	else
		print_table(t, &s);
	output__flush(&t->out);
	collector__forget_exited(t->collector);
	t->shown++;
	if (!output__good(&t->out) || (t->options->count && t->shown >= t->options->count))
		collector__stop(t->collector);
}

/* Signals are blocked by now: they end it in order, and the terminal is given back. */
static void on_started(void *arg)
{
	struct top *t = arg;

	output__truncate(&t->out);
	if (t->in_place)
		keys__open();
}

static void on_keys(void *arg)
{
	struct top *t = arg;

	if (keys__read() != 'q')
		return;
	t->quit = true;
	collector__stop(t->collector);
}

static bool in_hurry(const struct top *t)
{
	return t->quit || (t->collector && collector__end(t->collector));
}

static int run(const struct options *o)
{
	struct top t = {.options = o};
	struct collector_hooks hooks = {.started = on_started,
					.tick = show,
					.keys = on_keys,
					.interval = o->interval,
					.arg = &t};
	int err;

	if (output__open(&t.out, o->output))
		return STATUS_FAILED;
	hooks.out = &t.out;
	t.in_place = !o->json && !o->batch && !o->no_clear && isatty(t.out.fd);
	err = collector__open(&t.collector, o, &hooks);
	if (!err) {
		err = collector__run(t.collector);
		keys__close();
		/* Shorter than an interval: what there was is shown all the same. */
		if (!err && o->seconds > 0 && !t.shown)
			show(&t);
	}
	if (t.collector)
		collector__detach(t.collector);
	if (output__close(&t.out, in_hurry(&t)) || t.failed)
		err = -1;
	collector__close(t.collector);
	return err ? STATUS_FAILED : STATUS_DONE;
}

const struct subcommand cmd_top = {
	.options = {.command = "top",
		    .letters = "pncdljrsbCTo",
		    .interval_and_count = true,
		    .takes_budget = true},
	.arguments = "[OPTIONS] [INTERVAL [COUNT]]",
	.summary = "live: one row a process, with what it got since the last update",
	.examples = "  brkscope top               every second, until q or Ctrl-C\n"
		    "  brkscope top 5 -s growth   every 5 seconds, what grows first\n"
		    "  brkscope top -b 1 3        three plain tables\n"
		    "  brkscope top -j 10         a line of JSON every 10 seconds\n"
		    "  brkscope top -l syscalls   brk and mmap alone: nothing on malloc's path\n",
	.run = run,
};
