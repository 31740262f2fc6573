/*
 * cmd_probes.c - what is attached, where and why, what it costs, and what this kernel offers.
 */
#include "cmd_probes.h"

#include <errno.h>
#include <string.h>
#include <sys/utsname.h>

#include "alloc_fn.h"
#include "cmd_targets.h"
#include "commands.h"
#include "kernel/probes.h"
#include "log.h"
#include "output.h"
#include "render/sanitize.h"

#define PATH_COLUMNS 100

const struct placement *found_probes__place(const struct found_probes *found,
					    const struct object *o, int entry)
{
	/* Where a realloc comes by, there is no return. */
	return found->live && entry != ENTRY_KEPT ? &o->fn[entry].return_place
						  : &o->fn[entry].place;
}

double found_probes__cost(const struct found_probes *found, const struct placement *place,
			  bool returns)
{
	if (returns)
		return place->nop5 ? -1
				   : found->hit.ns[place->emulated ? CALIBRATE_RETURN
								   : CALIBRATE_STEPPED_RETURN];
	return found->hit.ns[place->nop5       ? CALIBRATE_OPTIMISED
			     : place->emulated ? CALIBRATE_EMULATED
					       : CALIBRATE_STEPPED];
}

const char *found_probes__kind(const struct placement *place)
{
	return place->nop5 ? "optimised" : place->emulated ? "emulated" : "stepped";
}

bool found_probes__site(const struct found_probes *found, const struct object *o, int site)
{
	return found->live || (site != SITE_RESIZING && site != SITE_FREE);
}

/* "612 ns" */
static const char *cost_text(char text[32], double ns)
{
	if (ns < 0)
		return "-";
	snprintf(text, 32, "%.0f ns", ns);
	return text;
}

static void print_costs(FILE *out, const struct found_probes *found)
{
	static const char *const names[CALIBRATE_KINDS] = {
		[CALIBRATE_EMULATED] = "emulated",
		[CALIBRATE_STEPPED] = "stepped",
		[CALIBRATE_OPTIMISED] = "nop of 5 bytes",
		[CALIBRATE_RETURN] = "and with the return emulated",
		[CALIBRATE_STEPPED_RETURN] = "stepped",
	};
	char text[32];

	fprintf(out, "  %-28s ", "what a hit costs here");
	for (int i = 0; i < CALIBRATE_KINDS; i++)
		fprintf(out, "%s%s %s", i ? ", " : "", names[i], cost_text(text, found->hit.ns[i]));
	fprintf(out, "\n  %-28s %s", "any other system call", cost_text(text, found->syscall));
	fprintf(out, ", while tracepoints are in use %s\n", cost_text(text, found->syscall_traced));
}

static void print_kernel(FILE *out, const struct found_probes *found)
{
	const struct features *f = found->features;
	struct utsname u;

	uname(&u);
	fprintf(out, "kernel %s\n", u.release);
	fprintf(out, "  %-28s %s\n", "caller of an mmap",
		f->find_vma ? "looked up in the kernel (bpf_find_vma)"
			    : "an address only: no bpf_find_vma before Linux 5.17");
	fprintf(out, "  %-28s %s\n", "what was there before",
		f->iter_vma ? "listed in the kernel (bpf_iter)"
			    : "read from /proc: no iterator over mappings before Linux 5.12");
	fprintf(out, "  %-28s %s\n", "uprobes of one object",
		f->uprobe_multi ? "one link (uprobe_multi)"
				: "a perf event each: no uprobe_multi before Linux 6.6");
	fprintf(out, "  %-28s %s\n", "what a probe is told by",
		f->cookie ? "its cookie" : "its page offset: no cookies before Linux 5.15");
	print_costs(out, found);
}

/* "free+0x3": the function's name, and how far behind its entry. */
static void print_place(FILE *out, const struct found_probes *found, const char *symbol,
			__u64 entry, const struct placement *place, bool returns)
{
	char at[128], text[32];

	snprintf(at, sizeof(at), "%s+0x%llx", symbol, place->off - entry);
	fprintf(out, "  %-24s 0x%-9llx %-28s %-9s %8s%s", at, place->off,
		*place->insn ? place->insn : "-", found_probes__kind(place),
		cost_text(text, found_probes__cost(found, place, returns)),
		returns ? "  with the return" : "");
}

static void print_call(FILE *out, const struct found_probes *found, const struct object *o, int i)
{
	const char *symbol = alloc_entries[i].symbol, *name = alloc_fn__name(alloc_entries[i].fn);

	print_place(out, found, symbol, o->fn[i].off, found_probes__place(found, o, i),
		    found->live && i != ENTRY_KEPT);
	if (i == ENTRY_KEPT)
		fprintf(out, "  where a resized block keeps its mapping");
	else if (strcmp(symbol, name))
		fprintf(out, "  counted as %s", name);
	fprintf(out, "\n");
}

static void print_entry(FILE *out, const struct found_probes *found, const struct object *o, int i)
{
	const char *symbol = alloc_entries[i].symbol;

	if (!o->fn[i].present)
		fprintf(out, "  %-24s not in this libc\n", symbol);
	else if (!o->fn[i].probed)
		fprintf(out, "  %-24s counted as %s: %s\n", symbol, o->fn[i].same,
			i == FN_REALLOCARRAY && !strcmp(o->fn[i].same, "realloc")
				? "it goes through it"
				: "the same code");
	else
		print_call(out, found, o, i);
}

static const char *path_text(char text[SANITIZED_SIZE(PATH_COLUMNS)], const struct object *o)
{
	sanitize__path(text, o->path, strlen(o->path), PATH_COLUMNS, false);
	return text;
}

static void print_functions(FILE *out, const struct found_probes *found, const struct object *o)
{
	fprintf(out, "  %-24s %-11s %-28s %-9s %8s\n", "probe", "in the file", "instruction",
		"kernel", "a hit");
	for (int i = 0; i < ALLOC_ENTRIES; i++)
		if (o->fn[i].present || (object__is_libc(o) && i <= FN_REALLOCARRAY))
			print_entry(out, found, o, i);
	for (int i = 0; found->live && i < FREE_ENTRIES; i++) {
		if (!o->free[i].probed)
			continue;
		print_place(out, found, free_entries[i], o->free[i].off, &o->free[i].place, false);
		fprintf(out, "\n");
	}
}

static void print_sites(FILE *out, const struct found_probes *found, const struct object *o)
{
	fprintf(out, "  its own places for tracers (USDT), which tell of each call:");
	for (int i = SITE_NONE + 1; i < SITE_COUNT; i++)
		if (found_probes__site(found, o, i))
			fprintf(out, " +0x%llx", o->site[i].off);
	fprintf(out, "\n");
}

static void print_object(FILE *out, const struct found_probes *found, const struct object *o)
{
	char path[SANITIZED_SIZE(PATH_COLUMNS)];

	fprintf(out, "\n%s (%s%s)\n", path_text(path, o), object__kind_name(o),
		o->program ? ", in the program" : "");
	if (o->told)
		print_sites(out, found, o);
	else
		print_functions(out, found, o);
	fprintf(out, "  malloc's own code ");
	for (unsigned int i = 0; i < o->n_internal; i++)
		fprintf(out, "%s+0x%llx..0x%llx", i ? ", " : "", o->internal[i].lo,
			o->internal[i].hi);
	fprintf(out,
		"%s\n  calls from there are not counted again, and its mmap calls are malloc's\n",
		o->whole ? ", all of it" : "");
	for (unsigned int i = 0; i < o->n_calls; i++)
		fprintf(out,
			"  mmap or mremap at +0x%llx, %u bytes below the address of its caller\n",
			o->calls[i].off, o->calls[i].frame);
}

static void print(FILE *out, const struct found_probes *found)
{
	const struct objects *objects = found->objects;
	char path[SANITIZED_SIZE(PATH_COLUMNS)];

	print_kernel(out, found);
	fprintf(out, "\ntracepoints\n"
		     "  sys_enter/sys_exit of brk, mmap, munmap, mremap, mprotect: what was asked, "
		     "what came of it\n"
		     "  sched_process_fork, _exec, _exit: processes that come and go\n");
	for (size_t i = 0; i < objects__count(objects); i++) {
		const struct object *o = objects__get(objects, i);

		if (object__is_allocator(o))
			print_object(out, found, o);
	}
	for (size_t i = 0; i < objects__count(objects); i++) {
		const struct object *o = objects__get(objects, i);

		if (o->kind == OBJECT_NAMELESS)
			fprintf(out,
				"\n%s\n  a static program without symbols: where its malloc is "
				"cannot be told\n",
				path_text(path, o));
		else if (o->kind == OBJECT_FORWARDER)
			fprintf(out, "\n%s\n  hands malloc on to libc's, where it is counted\n",
				path_text(path, o));
	}
}

static int write_found(FILE *out, const struct found_probes *found, bool json)
{
	int err;

	if (!json) {
		print(out, found);
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
		err = targets__open(&t, o, p);
	if (!err)
		err = targets__attach(t);
	if (!err) {
		/* An error leaves all of it unknown, and shown so. */
		probes__calibrate(p, &found.hit);
		found.features = probes__features(p);
		found.live = probes__live(p);
		found.objects = targets__objects(t);
		output__truncate(&out);
		err = write_found(out.file, &found, o->json);
	}
	if (output__close(&out))
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
