/*
 * cmd_map_callers.c - the names of those who mapped what a map shows.
 *
 * Copies: a map is shown when nothing is collected any more, and those who know
 * the names have gone.
 */
#include "cmd_map.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "cmd_callers.h"

static bool is_known(const struct map_callers *m, __u32 caller)
{
	for (size_t i = 0; i < m->n; i++)
		if (m->all[i].caller == caller)
			return true;
	return false;
}

static int copy(const char **to, const char *from)
{
	*to = from ? strdup(from) : NULL;
	return from && !*to ? -ENOMEM : 0;
}

/* Some dozens in a process: a linear search. */
static int add(struct map_callers *m, struct callers *c, __u32 caller, const struct process *p)
{
	const struct caller_name *name;
	struct map_caller *more;
	int err;

	if (caller < CALLER_FIRST || is_known(m, caller))
		return 0;
	name = callers__name(c, caller, &p->stats);
	if (!name)
		return 0;
	more = realloc(m->all, (m->n + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	m->all = more;
	more[m->n] = (struct map_caller){.caller = caller, .name.site = name->site};
	err = copy(&more[m->n].name.object, name->object);
	if (!err)
		err = copy(&more[m->n].name.function, name->function);
	m->n++;
	return err;
}

int map__name_callers(struct mapped_process *mp, struct callers *c, const struct process *p)
{
	int err = 0;

	map__forget_callers(mp);
	for (size_t i = 0; i < mp->snapshot.count && !err; i++)
		if (mp->snapshot.segments[i].part < CAUSE_COUNT)
			err = add(&mp->callers, c, mp->snapshot.segments[i].caller, p);
	for (size_t i = 0; i < mp->snapshot.change_count && !err; i++)
		err = add(&mp->callers, c, mp->snapshot.changes[i].caller, p);
	mp->snapshot.callers = mp->callers.all;
	mp->snapshot.caller_count = mp->callers.n;
	return err;
}

void map__forget_callers(struct mapped_process *mp)
{
	for (size_t i = 0; i < mp->callers.n; i++) {
		free((char *)mp->callers.all[i].name.object);
		free((char *)mp->callers.all[i].name.function);
	}
	free(mp->callers.all);
	mp->callers = (struct map_callers){};
}
