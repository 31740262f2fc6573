/*
 * cmd_collect.c - what report, top and trace share: probes, ring, model, and the loop around them.
 *
 * The order at the start matters.  Events flow from one instant on, when all is
 * attached; only then are the mappings read that were there before.  What
 * happened meanwhile is still in the ring and is applied on top, which the
 * ledger can take twice: no region is double, and none is missing.
 */
#include "cmd_collector.h"

#include <errno.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/resource.h>
#include <sys/signalfd.h>
#include <unistd.h>

#include "clock.h"
#include "cmd_targets.h"
#include "kernel/command.h"
#include "kernel/probes.h"
#include "kernel/ring.h"
#include "kernel/spill.h"
#include "keys.h"
#include "log.h"
#include "output.h"

#define NS_PER_S 1000000000ull
#define PRIORITY -10	     /* as a nice value */
#define POLL_NS	 50000000ull /* events that nobody was woken for are read this often */
#define FIRST_NS 1000000ull  /* the first ones sooner: somebody waits to see that it works */
#define REST_NS	 1000000ull  /* what was being written when the others were read */
#define IDLE_NS                                                                                    \
	100000000ull /* or this often, after a second without any; not where each is shown */

static bool maps_code(const struct event_map *e)
{
	return e->prot & PROT_EXEC && !(e->e.flags & EVENT_F_ANON) && e->e.op == MAP_OK;
}

static void out_of_memory(struct collector *c)
{
	log__error("out of memory; the numbers end here");
	c->error = -ENOMEM;
	c->stop = true;
}

static void on_event(const struct event *e, size_t size, void *arg)
{
	struct collector *c = arg;
	struct note note;
	int err = model__event(c->model, e, size, &note);

	if (err == -ENOMEM) {
		out_of_memory(c);
		return;
	}
	if (err)
		return;
	if ((e->type == EVENT_MALLOC || e->type == EVENT_CALL || e->type == EVENT_BLOCK) &&
	    (!note.process->allocator_called || note.process->allocator_index != e->object))
		targets__saw_malloc(c->targets, note.process, e->object);
	if (e->type == EVENT_MMAP && maps_code((const struct event_map *)e))
		targets__saw_code(c->targets, note.process, (const struct event_map *)e);
	/* What is no call of its own is counted, and not shown. */
	if (c->hooks.event && !(e->type == EVENT_MALLOC && e->flags & EVENT_F_KEPT))
		c->hooks.event(e, &note, c->hooks.arg);
}

/* The block that it is about comes from memory by the time of its turn. */
static void before_event(const struct event *e, size_t size, void *arg)
{
	const struct collector *c = arg;

	if (size == sizeof(struct event_call) && e->type >= EVENT_CALL)
		model__prefetch(c->model, (const struct event_call *)e);
}

/* Lists from before `then`, when the ring ended there: what came before them has been applied. */
static void settle(struct collector *c, unsigned long end, __u64 then)
{
	if (ring__has_read(c->ring, end) && !c->error && model__settle_until(c->model, then))
		out_of_memory(c);
}

unsigned int collector__read_ring(struct collector *c)
{
	const struct ring_reader reader = {
		.event = on_event,
		.ahead = c->options.level >= LEVEL_LIVE ? before_event : NULL,
		.arg = c,
	};
	__u64 now = clock__boot_ns();
	unsigned long end = ring__end(c->ring);
	unsigned int n;

	model__set_time(c->model, now);
	n = ring__read(c->ring, READ_MOST, &reader);
	settle(c, end, now);
	if (n)
		c->read_ns = clock__boot_ns();
	if (c->hooks.batch)
		c->hooks.batch(c->hooks.arg);
	return n;
}

/*
 * The first Ctrl-C reaches a command from the terminal as well, and it decides
 * what to do; sent to the agent alone, it is passed on.  A second one ends.
 */
static void on_signal(struct collector *c, const struct signalfd_siginfo *s)
{
	int status;

	if (s->ssi_signo == SIGCHLD) {
		if (c->command && command__ended(c->command, false, &status))
			c->stop = true;
		return;
	}
	c->end = END_SIGNAL;
	if (c->command && (s->ssi_signo != SIGINT || s->ssi_code == SI_USER))
		command__signal(c->command, s->ssi_signo);
	if (!c->command || s->ssi_signo != SIGINT || c->interrupts++)
		c->stop = true;
}

static void read_signals(struct collector *c)
{
	struct signalfd_siginfo s;

	while (read(c->signal_fd, &s, sizeof(s)) == sizeof(s))
		on_signal(c, &s);
}

static bool watched_are_gone(struct collector *c)
{
	const struct options *o = &c->options;

	if (!o->n_pids)
		return false;
	for (size_t i = 0; i < o->n_pids; i++)
		if (model__find(c->model, o->pids[i]))
			return false;
	return true;
}

static void show_progress(struct collector *c, __u64 now)
{
	double runs = (now - c->start_ns) / 1e9;

	if (!c->hooks.progress || !isatty(STDERR_FILENO) || now - c->shown_ns < NS_PER_S ||
	    now - c->start_ns < NS_PER_S || !log__is_read())
		return;
	c->shown_ns = now;
	fprintf(stderr, "\r\033[Kbrkscope: collecting, %.0f s", runs);
	if (c->options.seconds > 0)
		fprintf(stderr, " of %.0f", c->options.seconds);
	fprintf(stderr, ", %llu events; Ctrl-C ends it", ring__received(c->ring));
	fflush(stderr);
}

static void clear_progress(struct collector *c)
{
	if (c->shown_ns && log__is_read())
		fprintf(stderr, "\r\033[K");
}

/* How long events may wait to be read. */
static __u64 poll_ns(const struct collector *c, __u64 now)
{
	__u64 running = now - c->start_ns;

	if (ring__more(c->ring))
		return REST_NS;
	if (running < POLL_NS)
		return running > FIRST_NS ? running : FIRST_NS;
	return !c->hooks.event && now - c->read_ns > NS_PER_S ? IDLE_NS : POLL_NS;
}

/* What is due by now; returns when the next thing is. */
static __u64 on_clock(struct collector *c, __u64 now)
{
	__u64 next = now + poll_ns(c, now), end, due;

	if (c->hooks.interval > 0) {
		if (now >= c->next_tick && !c->stop) {
			c->hooks.tick(c->hooks.arg);
			c->next_tick += (__u64)(c->hooks.interval * 1e9);
			/* Not a burst of ticks after a stall. */
			if (c->next_tick < now)
				c->next_tick = now + (__u64)(c->hooks.interval * 1e9);
		}
		next = c->next_tick < next ? c->next_tick : next;
	}
	/* After a tick of the same time: with -d 3 there are three. */
	if (c->options.seconds > 0) {
		end = c->start_ns + (__u64)(c->options.seconds * 1e9);
		if (now >= end && !c->stop) {
			c->end = c->end ? c->end : END_TIME;
			c->stop = true;
		}
		next = end < next ? end : next;
	}
	cost__tick(&c->cost, now);
	due = budget__step(c, now);
	next = due < next ? due : next;
	show_progress(c, now);
	return next > now ? next : now;
}

static void wait_until(struct collector *c, __u64 when)
{
	struct output *out = c->hooks.out;
	bool waiting = out && output__waiting(out);
	struct pollfd fds[] = {
		{.fd = ring__fd(c->ring), .events = POLLIN},
		{.fd = c->signal_fd, .events = POLLIN},
		/* POLLERR comes unasked */
		{.fd = out ? out->fd : -1, .events = waiting ? POLLOUT : 0},
		{.fd = c->hooks.keys ? keys__fd() : -1, .events = POLLIN},
	};
	__u64 now = clock__boot_ns(), ns = when > now ? when - now : 0;
	struct timespec t = {ns / NS_PER_S, ns % NS_PER_S};

	if (ppoll(fds, 4, &t, NULL) <= 0)
		return;
	if (fds[2].revents & POLLERR)
		c->stop = true;
	else if (fds[2].revents & POLLOUT)
		output__flush(out);
	if (fds[3].revents)
		c->hooks.keys(c->hooks.arg);
}

/*
 * Those whose events it reads must not keep it from doing so: with some threads a CPU that do
 * nothing but allocate the ring would fill up.  It takes no more for that, but it has it in time.
 * Whom the user has given another priority keeps that; so do commands, which have been forked.
 */
static void set_priority(struct collector *c)
{
	errno = 0;
	c->has_priority = !getpriority(PRIO_PROCESS, 0) && !errno &&
			  !setpriority(PRIO_PROCESS, 0, PRIORITY);
}

static void give_up_priority(struct collector *c)
{
	if (c->has_priority)
		setpriority(PRIO_PROCESS, 0, 0);
	c->has_priority = false;
}

static int begin(struct collector *c)
{
	int err;

	set_priority(c);
	c->start_ns = c->window_ns = clock__boot_ns();
	cost__begin(&c->cost, c->probes, c->ring, c->start_ns);
	budget__prepare(c);
	probes__start(c->probes);
	c->next_tick = c->start_ns + (__u64)(c->hooks.interval * 1e9);
	/* Reading what is there takes a while: malloc need not be probed as long. */
	if (!c->command)
		budget__begin(c);
	targets__seed(c->targets, c->model);
	if (c->hooks.begun)
		c->hooks.begun(c->hooks.arg);
	err = c->command ? command__go(c->command) : 0;
	if (c->command)
		budget__begin(c);
	return err;
}

/*
 * What processes are is read while they are still followed: the kernel's counts
 * are to be compared with all that led to them.
 */
static void finish(struct collector *c)
{
	numbers__read(c);
	probes__stop(c->probes);
	c->stop_ns = clock__boot_ns();
	cost__end(&c->cost);
	while (collector__read_ring(c) > 0)
		;
	budget__end(c);
	give_up_priority(c);
	clear_progress(c);
}

int collector__run(struct collector *c)
{
	__u64 next = 0;
	int err = begin(c);

	if (err) {
		give_up_priority(c);
		command__free(c->command);
		c->command = NULL;
		return err;
	}
	if (c->hooks.started)
		c->hooks.started(c->hooks.arg);
	while (!c->stop) {
		wait_until(c, next);
		read_signals(c);
		/* A full batch: there is more, do not sleep. */
		if (collector__read_ring(c) == READ_MOST) {
			on_clock(c, clock__boot_ns());
			next = 0;
			continue;
		}
		if (watched_are_gone(c))
			break;
		next = on_clock(c, clock__boot_ns());
	}
	if (c->hooks.ending && !c->error)
		c->hooks.ending(c->hooks.arg);
	finish(c);
	return c->error;
}

/*
 * What comes meanwhile may come as fast as it is read, and can wait: so can the lists that are
 * read meanwhile, of which the ring still has events from before.
 */
int collector__catch_up(struct collector *c)
{
	__u64 now = clock__boot_ns();
	unsigned long end = ring__end(c->ring);
	unsigned int n;

	do {
		n = collector__read_ring(c);
	} while (n && !ring__has_read(c->ring, end));
	settle(c, end, now);
	return c->error;
}

struct process *collector__process(struct collector *c, __u32 pid)
{
	return model__find(c->model, pid);
}

void collector__stop(struct collector *c)
{
	c->stop = true;
}

enum collector_end collector__end(const struct collector *c)
{
	return c->end;
}

void collector__detach(struct collector *c)
{
	probes__detach(c->probes);
}

void collector__forget_exited(struct collector *c)
{
	model__forget_exited(c->model);
}

__u64 collector__spilled(const struct collector *c)
{
	return probes__spilled(c->probes);
}

const struct features *collector__features(const struct collector *c)
{
	return probes__features(c->probes);
}

struct model *collector__model(const struct collector *c)
{
	return c->model;
}

struct targets *collector__targets(const struct collector *c)
{
	return c->targets;
}

bool collector__command_ended(const struct collector *c)
{
	int status;

	return c->command && command__ended(c->command, false, &status);
}

int collector__status(struct collector *c, int status)
{
	int command_status;

	if (!c->command || status)
		return status;
	/* A second signal is not ours to hold back any more. */
	sigprocmask(SIG_SETMASK, &c->old_mask, NULL);
	if (!command__ended(c->command, false, &command_status)) {
		log__note("collecting has ended; waiting for %s (PID %d) to end",
			  c->options.command[0], (int)command__pid(c->command));
		command__ended(c->command, true, &command_status);
	}
	return command_status;
}
