/*
 * cmd_map.c - a process's memory layout, each segment with its cause, and the sum of it.
 */
#include "cmd_map.h"

#include <errno.h>
#include <stdlib.h>

#include "cmd_targets.h"
#include "commands.h"
#include "log.h"
#include "output.h"
#include "render/json_map.h"
#include "render/map_text.h"

struct mapped_process *map__find(struct mapper *m, __u32 pid)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->all[i].pid == pid)
			return &m->all[i];
	return NULL;
}

static int open_mapper(struct mapper *m, const struct options *o)
{
	m->options = o;
	uname(&m->uname);
	m->all = calloc(o->n_pids, sizeof(*m->all));
	if (!m->all) {
		log__error("no memory for %zu processes", o->n_pids);
		return -ENOMEM;
	}
	for (size_t i = 0; i < o->n_pids; i++) {
		if (map__find(m, o->pids[i]))
			continue;
		m->all[m->n].pid = o->pids[i];
		m->all[m->n].failed = targets__check_pid(o->pids[i]) != 0;
		m->n++;
	}
	return 0;
}

static size_t shown(const struct mapper *m)
{
	size_t count = 0;

	for (size_t i = 0; i < m->n; i++)
		count += !m->all[i].failed;
	return count;
}

/* What can fail in it, output__close says. */
static int print(struct mapper *m, struct output *out)
{
	const struct map_snapshot **maps = calloc(m->n, sizeof(*maps));
	struct style style = {};
	size_t count = 0;

	if (!maps)
		return -ENOMEM;
	style__detect(&style, out->fd);
	style.rows = m->options->rows > 0 ? m->options->rows : 0;
	for (size_t i = 0; i < m->n; i++)
		if (!m->all[i].failed)
			maps[count++] = &m->all[i].snapshot;
	output__truncate(out);
	if (m->options->json)
		render__json_map(out->file, maps, count);
	for (size_t i = 0; i < count && !m->options->json; i++)
		render__map(out->file, maps[i], &style);
	free(maps);
	return 0;
}

static void close_mapper(struct mapper *m)
{
	for (size_t i = 0; i < m->n; i++) {
		address_space__clear(&m->all[i].space);
		changes__clear(&m->all[i].changes);
		map__forget_callers(&m->all[i]);
		free(m->all[i].exe);
	}
	free(m->all);
}

static int run(const struct options *o)
{
	struct mapper m = {};
	struct output out;
	int err, status = STATUS_FAILED;

	if (output__open(&out, o->output))
		return STATUS_FAILED;
	err = open_mapper(&m, o);
	if (!err && shown(&m))
		err = o->seconds > 0 ? map__followed(&m) : map__now(&m);
	if (!err && shown(&m))
		err = print(&m, &out);
	if (!output__close(&out, false) && !err && shown(&m) == m.n)
		status = STATUS_DONE;
	close_mapper(&m);
	return status;
}

const struct subcommand cmd_map = {
	.options = {.command = "map",
		    .letters = "pdljro",
		    .takes_pids = true,
		    .schema = "brkscope.map/1"},
	.arguments = "[OPTIONS] PID...",
	.summary = "a process's memory, segment by segment: its size, its cause, what is resident",
	.examples =
		"  brkscope map 1234            now: nothing is attached, nothing is slowed "
		"down\n"
		"  brkscope map -d 10 1234      and what has changed in 10 seconds, by brk and "
		"mmap\n"
		"  brkscope map -d 10 -l sizes 1234   and what malloc was asked for each new "
		"block\n"
		"  brkscope map -j 1234 1240    two processes, as JSON, schema brkscope.map/1\n",
	.run = run,
};
