/*
 * cmd_callers.c - the names of those who called mmap.
 */
#include "cmd_callers.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/symbols.h"

struct callers {
	struct model *model;
	struct objects *objects;
	struct symbols *symbols;
	struct caller_name *names; /* by number; object NULL: to be looked up (again) */
	__u32 n;
};

struct callers *callers__new(struct model *m, struct objects *objects)
{
	struct callers *c = calloc(1, sizeof(*c));

	if (!c)
		return NULL;
	c->model = m;
	c->objects = objects;
	c->symbols = symbols__new(objects);
	if (c->symbols)
		return c;
	free(c);
	return NULL;
}

void callers__free(struct callers *c)
{
	if (!c)
		return;
	symbols__free(c->symbols);
	free(c->names);
	free(c);
}

static int need_names(struct callers *c)
{
	__u32 n = model__caller_count(c->model);
	struct caller_name *names;

	if (n <= c->n)
		return 0;
	names = realloc(c->names, n * sizeof(*names));
	if (!names)
		return -ENOMEM;
	memset(names + c->n, 0, (n - c->n) * sizeof(*names));
	c->names = names;
	c->n = n;
	return 0;
}

static void look_up(struct callers *c, __u32 caller, const struct site *site, __u32 pid)
{
	struct caller_name *name = &c->names[caller];
	struct symbol symbol;

	if (name->object)
		return;
	symbol = symbols__name(c->symbols, site, pid);
	*name = (struct caller_name){*site, symbol.object, symbol.function};
}

/* A program that ended before anybody could look at its mappings is what its exec named. */
static void look_at_program(struct callers *c, const struct process_stats *p,
			    const struct site *site)
{
	if (p->exe && site && site->ino && !objects__known(c->objects, site->dev, site->ino))
		objects__of_path(c->objects, p->exe);
}

const struct caller_name *callers__name(struct callers *c, __u32 caller,
					const struct process_stats *p)
{
	const struct site *site = model__caller_site(c->model, caller);

	if (!site || need_names(c))
		return NULL;
	if (p)
		look_at_program(c, p, site);
	look_up(c, caller, site, p ? p->pid : 0);
	return &c->names[caller];
}

struct place {
	__u32 caller;
	__u32 pid; /* who has called there, and lives; 0: none */
	struct site site;
};

static void note_process(struct callers *c, struct place *places, __u32 n,
			 const struct process_stats *p)
{
	for (size_t i = 0; i < p->n_callers; i++) {
		__u32 at = p->callers[i].caller - CALLER_FIRST;

		if (p->callers[i].caller < CALLER_FIRST || at >= n)
			continue;
		look_at_program(c, p, &places[at].site);
		if (!p->exited)
			places[at].pid = p->pid;
	}
}

static int by_file(const void *a, const void *b)
{
	const struct site *x = &((const struct place *)a)->site;
	const struct site *y = &((const struct place *)b)->site;

	if (x->ino != y->ino)
		return x->ino < y->ino ? -1 : 1;
	return x->dev == y->dev ? 0 : x->dev < y->dev ? -1 : 1;
}

int callers__join(struct callers *c, struct snapshot *s)
{
	__u32 n = model__caller_count(c->model) - CALLER_FIRST;
	struct place *places = calloc(n ? n : 1, sizeof(*places));

	if (!places || need_names(c) || model__update_callers(c->model)) {
		free(places);
		return -ENOMEM;
	}
	/* File by file: each is read once. */
	for (__u32 i = 0; i < n; i++) {
		places[i].caller = CALLER_FIRST + i;
		places[i].site = *model__caller_site(c->model, CALLER_FIRST + i);
	}
	for (size_t i = 0; i < s->count; i++)
		note_process(c, places, n, s->processes[i]);
	qsort(places, n, sizeof(*places), by_file);
	for (__u32 i = 0; i < n; i++)
		look_up(c, places[i].caller, &places[i].site, places[i].pid);
	free(places);
	s->caller_names = c->names;
	s->n_caller_names = c->n;
	return 0;
}
