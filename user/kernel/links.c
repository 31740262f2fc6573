/*
 * links.c - uprobes that are attached and detached again and again.
 */
#include "kernel/links.h"

#include <errno.h>
#include <fcntl.h>
#include <pthread.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

struct link {
	struct bpf_program *prog;
	enum uprobe_kind kind;
	int fd; /* of the file */
	__u32 pid;
	struct uprobes *attached; /* NULL: it is not */
	size_t n;
	struct uprobe_place *places;
};

struct links {
	bool cookies;
	struct link *all;
	size_t n, most;
	pthread_t thread;
	bool detaching;
	struct uprobes **leaving; /* the thread's */
	size_t n_leaving;
};

struct links *links__new(bool cookies)
{
	struct links *l = calloc(1, sizeof(*l));

	if (l)
		l->cookies = cookies;
	return l;
}

static void forget(struct link *link)
{
	if (link->fd >= 0)
		close(link->fd);
	free(link->places);
}

void links__free(struct links *l)
{
	if (!l)
		return;
	links__detach(l);
	links__settle(l);
	for (size_t i = 0; i < l->n; i++)
		forget(&l->all[i]);
	free(l->all);
	free(l);
}

static int attach(const struct links *l, struct link *link)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/self/fd/%d", link->fd);
	link->attached = uprobes__attach(link->prog, link->kind, path, link->places, link->n,
					 link->pid, l->cookies);
	return link->attached ? 0 : -errno;
}

static int make_room(struct links *l)
{
	size_t most = l->most ? 2 * l->most : 16;
	struct link *more;

	if (l->n < l->most)
		return 0;
	more = realloc(l->all, most * sizeof(*more));
	if (!more)
		return -ENOMEM;
	l->all = more;
	l->most = most;
	return 0;
}

int links__add(struct links *l, struct bpf_program *prog, enum uprobe_kind kind, const char *path,
	       const struct uprobe_place *places, size_t n, __u32 pid, bool *multi)
{
	struct link link = {.prog = prog, .kind = kind, .pid = pid, .n = n};
	int err = make_room(l);

	if (err)
		return err;
	link.places = malloc(n * sizeof(*places));
	link.fd = open(path, O_RDONLY | O_CLOEXEC);
	err = link.fd < 0 ? -errno : !link.places ? -ENOMEM : 0;
	if (!err) {
		memcpy(link.places, places, n * sizeof(*places));
		err = attach(l, &link);
	}
	if (err) {
		forget(&link);
		return err;
	}
	*multi = uprobes__multi(link.attached);
	l->all[l->n++] = link;
	return 0;
}

size_t links__attach(struct links *l)
{
	size_t failed = 0;

	for (size_t i = 0; i < l->n; i++)
		if (!l->all[i].attached && attach(l, &l->all[i]))
			failed++;
	return failed;
}

static void *detach(void *arg)
{
	struct links *l = arg;

	uprobes__detach_all(l->leaving, l->n_leaving);
	return NULL;
}

void links__settle(struct links *l)
{
	if (l->detaching)
		pthread_join(l->thread, NULL);
	l->detaching = false;
	free(l->leaving);
	l->leaving = NULL;
	l->n_leaving = 0;
}

void links__detach(struct links *l)
{
	links__settle(l);
	if (!l->n)
		return;
	l->leaving = calloc(l->n, sizeof(struct uprobes *));
	for (size_t i = 0; i < l->n; i++) {
		if (l->leaving && l->all[i].attached)
			l->leaving[l->n_leaving++] = l->all[i].attached;
		else
			uprobes__detach(l->all[i].attached);
		l->all[i].attached = NULL;
	}
	if (!l->n_leaving)
		return;
	l->detaching = !pthread_create(&l->thread, NULL, detach, l);
	if (!l->detaching)
		detach(l);
}

bool links__attached(const struct links *l)
{
	for (size_t i = 0; i < l->n; i++)
		if (l->all[i].attached)
			return true;
	return false;
}
