/*
 * cmd_ahead.c - what the command will map, and allocators that are installed.
 */
#include "cmd_ahead.h"

#include <pthread.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/libraries.h"

struct ahead {
	const struct options *options;
	struct objects *objects; /* the thread's, until it has ended */
	char **paths;
	size_t n, most;
	pthread_t thread;
	bool running;
};

static void look_at(const char *path, void *arg)
{
	struct ahead *a = arg;
	char **more;

	if (a->n == a->most) {
		more = realloc(a->paths, (2 * a->most + 16) * sizeof(*more));
		if (!more)
			return;
		a->paths = more;
		a->most = 2 * a->most + 16;
	}
	a->paths[a->n] = strdup(path);
	if (!a->paths[a->n])
		return;
	a->n++;
	objects__look_ahead(a->objects, path);
}

static void *look(void *arg)
{
	struct ahead *a = arg;
	const struct options *o = a->options;

	/* Of processes that run, what they have is known; and only they are watched. */
	if (o->n_pids && !o->command)
		return NULL;
	libraries__allocators(look_at, a);
	if (o->command)
		libraries__of_command(o->command, look_at, a);
	return NULL;
}

struct ahead *ahead__begin(const struct options *o)
{
	struct ahead *a = calloc(1, sizeof(*a));

	if (!a)
		return NULL;
	a->options = o;
	a->objects = objects__new(o->level >= LEVEL_LIVE);
	if (!a->objects) {
		free(a);
		return NULL;
	}
	a->running = !pthread_create(&a->thread, NULL, look, a);
	if (!a->running)
		look(a);
	return a;
}

static void wait_for(struct ahead *a)
{
	if (a->running)
		pthread_join(a->thread, NULL);
	a->running = false;
}

struct objects *ahead__objects(struct ahead *a)
{
	struct objects *objects = a->objects;

	wait_for(a);
	a->objects = NULL;
	return objects;
}

void ahead__list(const struct ahead *a, struct objects *objects)
{
	for (size_t i = 0; i < a->n; i++)
		objects__of_path(objects, a->paths[i]);
}

void ahead__free(struct ahead *a)
{
	if (!a)
		return;
	wait_for(a);
	objects__free(a->objects);
	for (size_t i = 0; i < a->n; i++)
		free(a->paths[i]);
	free(a->paths);
	free(a);
}
