/*
 * cmd_open.c - a collector is opened and closed: what it takes from the system, and gives back.
 */
#include "cmd_collector.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/utsname.h>
#include <time.h>
#include <unistd.h>

#include "clock.h"
#include "cmd_ahead.h"
#include "cmd_targets.h"
#include "kernel/command.h"
#include "kernel/probes.h"
#include "kernel/procfs.h"
#include "kernel/ring.h"
#include "kernel/spill.h"
#include "log.h"

static int open_signals(struct collector *c)
{
	struct sigaction hangup;
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	/* nohup: ignored, and to stay so. */
	if (!sigaction(SIGHUP, NULL, &hangup) && hangup.sa_handler != SIG_IGN)
		sigaddset(&mask, SIGHUP);
	sigaddset(&mask, SIGCHLD);
	sigprocmask(SIG_BLOCK, &mask, &c->old_mask);
	/* A script's background job begins with it ignored, and is to end by it all the same. */
	signal(SIGINT, SIG_DFL);
	signal(SIGPIPE, SIG_IGN);
	c->signal_fd = signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
	if (c->signal_fd < 0) {
		log__error("signalfd: %s", strerror(errno));
		return -errno;
	}
	return 0;
}

/* A kernel on which return probes do harm gives less than was asked for, and it is said. */
static int check_level(struct collector *c)
{
	if (c->options.level < LEVEL_LIVE || probes__live(c->probes))
		return 0;
	c->options.level = LEVEL_SIZES;
	log__note(
		"level live: this kernel's return probes would end processes that filter their "
		"system calls or have shadow stacks, so none is placed; collecting at level sizes");
	return 0;
}

/* Events carry the kernel's process ids; /proc and -p have those of the namespace. */
static int check_namespace(void)
{
	unsigned long long own = procfs__pid_namespace();

	if (!own)
		return 0;
	log__error("in PID namespace %llu processes have other ids than the kernel's; run brkscope "
		   "in the host's (docker run --pid=host, or nsenter -t 1 -p -m on the host)",
		   own);
	return -ENOTSUP;
}

static int open_programs(struct collector *c)
{
	const struct options *o = &c->options;
	struct probes_config config = {
		.malloc = o->level >= LEVEL_SIZES,
		.live = o->level >= LEVEL_LIVE,
		.bursts = o->budget > 0 && o->level >= LEVEL_SIZES,
		.calibrate = o->level >= LEVEL_SIZES,
		.times = c->hooks.event != NULL,
		.ring_pages = o->ring_pages,
		.max_processes = o->max_processes,
		.by_pid = o->n_pids || o->command,
		.n_pids = o->n_pids,
		.follow = o->command != NULL,
		.comm = o->comm,
		.cgroup = o->cgroup,
	};
	int err = probes__open(&c->probes, &config);

	if (!err)
		err = check_level(c);
	if (!err)
		err = probes__ring(c->probes, &c->ring);
	if (!err)
		err = probes__spill(c->probes, &c->spill);
	for (size_t i = 0; i < o->n_pids && !err; i++)
		err = probes__watch(c->probes, o->pids[i]);
	if (!err && c->command)
		err = probes__watch(c->probes, command__pid(c->command));
	return err;
}

/* And what they are to be put into: files are read while the kernel verifies programs. */
static int open_probes(struct collector *c)
{
	struct ahead *ahead = ahead__begin(&c->options);
	int err = ahead ? open_programs(c) : -ENOMEM;

	if (!err)
		err = targets__open(&c->targets, &c->options, c->probes, ahead);
	ahead__free(ahead);
	return err;
}

static void maps_wanted(__u32 pid, bool image, void *arg)
{
	struct collector *c = arg;

	targets__read(c->targets, c->model, pid, image);
}

static void resolve(__u32 pid, struct site *site, void *arg)
{
	struct collector *c = arg;

	if (!probes__site_seen(c->probes, pid, site->ino, site))
		targets__resolve(pid, site);
}

static int open_model(struct collector *c)
{
	struct model_config config = {
		.page_size = sysconf(_SC_PAGESIZE),
		.level = c->options.level,
		.causes = targets__causes(c->targets),
		.judge = c->hooks.resident && c->options.level >= LEVEL_LIVE,
		.comm = c->options.comm,
		.maps_wanted = maps_wanted,
		.resolve = resolve,
		.arg = c,
	};

	c->model = model__new(&config);
	return c->model ? 0 : -ENOMEM;
}

/* What it takes tells how often it may be done. */
static int attach_malloc(struct collector *c)
{
	__u64 start = clock__boot_ns();
	__u64 cpu = clock__cpu_ns();
	int err = targets__attach(c->targets);

	c->attach_ns = clock__boot_ns() - start;
	c->attach_cpu_ns = clock__cpu_ns() - cpu;
	return err;
}

static int attach(struct collector *c)
{
	int err = probes__attach_events(c->probes);

	if (!err && c->options.level >= LEVEL_SIZES)
		err = attach_malloc(c);
	if (!err)
		probes__calibrate_meter(c->probes);
	return err;
}

int collector__open(struct collector **out, const struct options *o,
		    const struct collector_hooks *hooks)
{
	struct collector *c = calloc(1, sizeof(*c));
	int err;

	if (!c)
		return -ENOMEM;
	c->options = *o;
	c->hooks = *hooks;
	c->signal_fd = -1;
	uname(&c->uname);
	err = check_namespace();
	if (!err)
		err = targets__check_pids(o->pids, o->n_pids);
	/* Before the signals: a command begins with those that the agent was given. */
	if (!err && o->command)
		err = command__hold(&c->command, o->command);
	if (!err)
		err = open_signals(c);
	if (!err)
		err = open_probes(c);
	if (!err)
		err = open_model(c);
	if (!err)
		err = attach(c);
	if (err) {
		collector__close(c);
		return err;
	}
	*out = c;
	return 0;
}

void collector__close(struct collector *c)
{
	if (!c)
		return;
	command__free(c->command);
	spill__close(c->spill);
	free(c->ends.all);
	ring__close(c->ring);
	probes__free(c->probes);
	model__free(c->model);
	targets__close(c->targets);
	if (c->signal_fd >= 0) {
		close(c->signal_fd);
		sigprocmask(SIG_SETMASK, &c->old_mask, NULL);
	}
	free(c);
}
