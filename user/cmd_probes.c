/*
 * cmd_probes.c - what is attached, where and why, what it costs, and what this kernel offers.
 */
#include "cmd_probes.h"

#include <errno.h>
#include <string.h>

#include "cmd_ahead.h"
#include "cmd_targets.h"
#include "commands.h"
#include "kernel/places.h"
#include "kernel/probes.h"
#include "log.h"
#include "output.h"

double found_probes__cost(const struct found_probes *found, const struct placement *place,
			  bool returns)
{
	if (returns)
		return found->hit.ns[place->emulated ? CALIBRATE_RETURN : CALIBRATE_STEPPED_RETURN];
	return found->hit.ns[place->emulated ? CALIBRATE_EMULATED : CALIBRATE_STEPPED];
}

const char *found_probes__kind(const struct placement *place)
{
	return place->emulated ? "emulated" : "stepped";
}

bool found_probes__returns(const struct found_probes *found, int entry)
{
	return places__see_return(entry, found->live, found->features->session);
}

const struct course *found_probes__course(const struct found_probes *found, const struct object *o,
					  int entry)
{
	return places__course(o, entry, found->features->stations);
}

const char *found_probes__shows(const struct station *s)
{
	if (s->kind == STATION_BEGINS)
		return "begin";
	return s->alone ? "both" : "end";
}

/* Why it would: hides_others in bpf/may_return.bpf.h, which only a session's programs can heed. */
const char *found_probes__handlers(const struct found_probes *found)
{
	if (!found->live)
		return NULL;
	return found->features->session
		       ? "left out on a stack above the call that is interrupted, where that is "
			 "not hidden (SS_AUTODISARM): there one may end the process"
		       : "cannot be left out before Linux 6.13: on a stack above the call that is "
			 "interrupted one may end the process";
}

const char *found_probes__same_free(const struct object *o, int entry)
{
	for (int i = 0; o->free[entry].off && i < entry; i++)
		if (o->free[i].probed && o->free[i].off == o->free[entry].off)
			return free_entries[i];
	return NULL;
}

__u64 found_probes__jumps(const struct object *o, int entry)
{
	/* Of a libc's it is not looked at, and said of all. */
	return object__is_libc(o) ? 0 : o->fn[entry].jumps & ~(1ull << entry);
}

static int open_targets(struct targets **out, const struct options *o, struct probes *p)
{
	struct ahead *ahead = ahead__begin(o);
	int err = ahead ? targets__open(out, o, p, ahead) : -ENOMEM;

	ahead__free(ahead);
	return err;
}

static int write_found(FILE *out, const struct found_probes *found, bool json)
{
	int err;

	if (!json) {
		found_probes__print(out, found);
		return 0;
	}
	err = found_probes__json(out, found);
	if (err == -ENOMEM)
		log__error("probes: %s", strerror(-err));
	return err == -ENOMEM ? err : 0; /* of out, output__close says it */
}

/* Attached for real, so that what is printed is what would happen. */
static int run(const struct options *o)
{
	struct probes_config config = {
		.malloc = true,
		.live = o->level >= LEVEL_LIVE,
		.calibrate = true,
		.ring_pages = o->ring_pages,
	};
	struct found_probes found = {};
	struct probes *p = NULL;
	struct targets *t = NULL;
	struct output out;
	int err;

	if (o->level < LEVEL_SIZES) {
		log__error(
			"probes: -l syscalls: no function is probed then; it takes sizes or live");
		return STATUS_USAGE;
	}
	if (output__open(&out, o->output))
		return STATUS_FAILED;
	err = probes__open(&p, &config);
	found.syscall = calibrate__syscall();
	if (!err)
		err = probes__attach_events(p);
	found.syscall_traced = calibrate__syscall();
	if (!err)
		err = open_targets(&t, o, p);
	if (!err)
		err = targets__attach(t);
	if (!err) {
		/* An error leaves all of it unknown, and shown so. */
		probes__calibrate(p, &found.hit);
		found.features = probes__features(p);
		found.asked_live = config.live;
		found.live = probes__live(p);
		found.objects = targets__objects(t);
		output__truncate(&out);
		err = write_found(out.file, &found, o->json);
	}
	/* Nobody is to pay for what waits for its reader. */
	if (p)
		probes__detach(p);
	if (output__close(&out, false))
		err = -1;
	targets__close(t);
	probes__free(p);
	return err ? STATUS_FAILED : STATUS_DONE;
}

const struct subcommand cmd_probes = {
	.options = {.command = "probes", .letters = "ljo", .schema = "brkscope.probes/1"},
	.arguments = "[-l LEVEL] [-j] [-o FILE] [-v]",
	.summary =
		"what would be attached, where and why, and what it costs; what this kernel offers",
	.examples = "  brkscope probes\n"
		    "  brkscope probes -l live   and those of frees and returns\n"
		    "  brkscope probes -j        as JSON, schema brkscope.probes/1\n",
	.run = run,
};
