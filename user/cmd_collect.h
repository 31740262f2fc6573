/*
 * cmd_collect.h - what report, top and trace share: probes, ring, model, and the loop around them.
 */
#ifndef BRKSCOPE_CMD_COLLECT_H
#define BRKSCOPE_CMD_COLLECT_H

#include <stdbool.h>

#include "model/model.h"
#include "cmd_options.h"

struct collector;
struct features;
struct output;
struct targets;

struct collector_hooks {
	/* Each event, after the model has taken it; NULL: not wanted. */
	void (*event)(const struct event *e, const struct note *note, void *arg);
	/* Events come: all is attached, and the command, if there is one, runs. */
	void (*started)(void *arg);
	/* Every `interval` seconds (0: never), and after each reading of the ring (batch). */
	void (*tick)(void *arg);
	void (*batch)(void *arg);
	/* When all that was there before is known; and at the end, while events still come. */
	void (*begun)(void *arg);
	void (*ending)(void *arg);
	/* When there are keys to be read; NULL: it takes none. */
	void (*keys)(void *arg);
	double interval;
	bool resident;	    /* at the end, what is in memory of each process, by cause */
	struct output *out; /* written to meanwhile; its reader's going ends it; NULL: none */
	bool progress;	    /* say on a terminal's stderr that it runs */
	void *arg;
};

/* Everything attached, nothing collected yet.  0, or -errno with the error said. */
int collector__open(struct collector **out, const struct options *o,
		    const struct collector_hooks *hooks);
void collector__close(struct collector *c); /* NULL is allowed */

/*
 * Collects until the time is over, a signal comes, the command ends, the
 * watched processes are gone, or collector__stop.  0, or -errno with the error said.
 */
int collector__run(struct collector *c);
void collector__stop(struct collector *c);
/* Why it has ended, as far as it matters to those who wait for it. */
enum collector_end { END_ITSELF, END_TIME, END_SIGNAL };
enum collector_end collector__end(const struct collector *c);
/*
 * No probe is left then, and nobody pays for what is still to be written, however long that takes.
 * After the last snapshot.
 */
void collector__detach(struct collector *c);

/* For begun and ending: applies what is in the ring by now.  0 or -errno. */
int collector__catch_up(struct collector *c);
/* Valid until the next event; NULL: it is not watched, or has gone. */
struct process *collector__process(struct collector *c, __u32 pid);

/* The numbers now; valid until the next event. */
int collector__snapshot(struct collector *c, struct snapshot *s);
void collector__forget_exited(struct collector *c);
__u64 collector__spilled(const struct collector *c);
/* What this kernel offers. */
const struct features *collector__features(const struct collector *c);

/* For who joins them to more. */
struct model *collector__model(const struct collector *c);
struct targets *collector__targets(const struct collector *c);

/* There was one behind --, and it is no more. */
bool collector__command_ended(const struct collector *c);
/* The exit status: the command's, waited for, where one ran; else `status`. */
int collector__status(struct collector *c, int status);

#endif
