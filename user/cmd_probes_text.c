/*
 * cmd_probes_text.c - what is attached, for people.
 */
#include "cmd_probes.h"

#include <string.h>
#include <sys/utsname.h>

#include "alloc_fn.h"
#include "kernel/features.h"
#include "kernel/places.h"
#include "render/sanitize.h"

#define PATH_COLUMNS 100

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
		[CALIBRATE_RETURN] = "and with the return emulated",
		[CALIBRATE_STEPPED_RETURN] = "stepped",
	};
	char text[32];

	fprintf(out, "  %-28s ", "what a hit costs here");
	for (int i = 0; i < CALIBRATE_KINDS; i++)
		fprintf(out, "%s%s %s", i ? ", " : "", names[i], cost_text(text, found->hit.ns[i]));
	fprintf(out, "\n  %-28s %s", "any other system call", cost_text(text, found->syscall));
	fprintf(out, ", while %s %s\n",
		found->features->on_functions ? "functions are probed" : "tracepoints are in use",
		cost_text(text, found->syscall_traced));
}

static const char *returns_text(const struct features *f)
{
	if (f->returns == RETURNS_SAFE)
		return f->session ? "probed, which harms no process here"
				  : "probed, which harms no process here but by signal handlers";
	if (f->returns == RETURNS_SPARE)
		return "probed but in processes that filter their system calls: it would kill them";
	return f->shadow_stacks ? "not probed: it would kill processes with a shadow stack"
				: "not probed: it would kill processes that filter their system "
				  "calls, and they cannot be left out before Linux 6.13";
}

/* What it takes to see calls' ends. */
static void print_returns(FILE *out, const struct found_probes *found)
{
	const struct features *f = found->features;

	if (found->live)
		fprintf(out, "  %-28s %s\n", "calls and their returns",
			f->session	  ? "one link for both (uprobe session)"
			: f->uprobe_multi ? "a link each: no uprobe sessions before Linux 6.13"
					  : "a perf event each");
	fprintf(out, "  %-28s %s\n", "returns", returns_text(f));
	if (found_probes__handlers(found))
		fprintf(out, "  %-28s %s\n", "those in signal handlers",
			found_probes__handlers(found));
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
	if (found->asked_live)
		print_returns(out, found);
	print_costs(out, found);
}

/* "free+0x3": the function's name, and how far behind its entry. */
static void print_place(FILE *out, const struct found_probes *found, const char *symbol,
			__u64 entry, const struct placement *place, bool returns)
{
	char at[128], text[32];

	if (place->none) {
		fprintf(out, "  %-24s 0x%-9llx no instruction on which a probe does no harm",
			symbol, entry);
		return;
	}
	snprintf(at, sizeof(at), "%s+0x%llx", symbol, place->off - entry);
	fprintf(out, "  %-24s 0x%-9llx %-28s %-9s %8s%s", at, place->off,
		*place->insn ? place->insn : "-", found_probes__kind(place),
		cost_text(text, found_probes__cost(found, place, returns)),
		returns ? "  with the return" : "");
}

/* " may go on in malloc, calloc" */
static void print_jumps(FILE *out, __u64 jumps, bool frees)
{
	const char *before = "  may go on in ";

	for (int i = 0; i < (frees ? FREE_ENTRIES : ALLOC_ENTRIES); i++) {
		if (!(jumps >> i & 1))
			continue;
		fprintf(out, "%s%s", before, frees ? free_entries[i] : alloc_entries[i].symbol);
		before = ", ";
	}
	fprintf(out, "\n");
}

/* Those that most calls come by first. */
static void print_course(FILE *out, const struct found_probes *found, const struct object *o,
			 int entry, const struct course *c)
{
	static const struct {
		const char *shows, *text;
	} kinds[] = {{"both", "request and result of a call"},
		     {"begin", "the beginning of a slower one"},
		     {"end", "and its result"}};

	for (int kind = 0; kind < 3; kind++) {
		for (unsigned int i = 0; i < c->n; i++) {
			if (strcmp(found_probes__shows(&c->station[i]), kinds[kind].shows))
				continue;
			print_place(out, found, alloc_entries[entry].symbol, o->fn[entry].off,
				    &c->station[i].at, false);
			fprintf(out, "  %s\n", kinds[kind].text);
		}
	}
}

static void print_call(FILE *out, const struct found_probes *found, const struct object *o, int i)
{
	const char *symbol = alloc_entries[i].symbol, *name = alloc_fn__name(alloc_entries[i].fn);
	const struct course *course = found_probes__course(found, o, i);

	if (course) {
		print_course(out, found, o, i, course);
		return;
	}
	print_place(out, found, symbol, o->fn[i].off, places__of_call(o, i, found->live),
		    found_probes__returns(found, i));
	if (i == ENTRY_KEPT)
		fprintf(out, "  where a resized block keeps its mapping");
	else if (strcmp(symbol, name))
		fprintf(out, "  counted as %s", name);
	print_jumps(out, found_probes__jumps(o, i), false);
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

static void print_free(FILE *out, const struct found_probes *found, const struct object *o, int i)
{
	const char *same = found_probes__same_free(o, i);

	if (same)
		fprintf(out, "  %-24s counted as %s: the same code\n", free_entries[i], same);
	if (!o->free[i].probed)
		return;
	print_place(out, found, free_entries[i], o->free[i].off, &o->free[i].place, false);
	print_jumps(out, o->free[i].jumps, true);
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
	for (int i = 0; found->live && i < FREE_ENTRIES; i++)
		print_free(out, found, o, i);
}

static void print_sites(FILE *out, const struct found_probes *found, const struct object *o)
{
	fprintf(out, "  its own places for tracers (USDT), which tell of each call:");
	for (int i = SITE_NONE + 1; i < SITE_COUNT; i++)
		if (places__use_site(i, found->live))
			fprintf(out, " +0x%llx", o->site[i].off);
	fprintf(out, "\n");
}

static void print_object(FILE *out, const struct found_probes *found, const struct object *o)
{
	const char *without = places__without(o, found->live);
	char path[SANITIZED_SIZE(PATH_COLUMNS)];

	fprintf(out, "\n%s (%s%s)\n", path_text(path, o), object__kind_name(o),
		o->program ? ", in the program" : "");
	if (without)
		fprintf(out, "  not probed, for %s cannot be: no malloc numbers\n", without);
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

void found_probes__print(FILE *out, const struct found_probes *found)
{
	const struct objects *objects = found->objects;
	char path[SANITIZED_SIZE(PATH_COLUMNS)];

	print_kernel(out, found);
	fputs(found->features->on_functions
		      ? "\nfunctions of the kernel\n"
			"  those of brk, mmap, munmap, mremap, mprotect, shmat, shmdt, and their "
			"returns: what was asked, what came of it\n"
			"  wake_up_new_task, finalize_exec, taskstats_exit: processes that come "
			"and go\n"
		      : "\ntracepoints\n"
			"  sys_enter, sys_exit of brk, mmap, munmap, mremap, mprotect, shmat, "
			"shmdt: what was asked, what came of it\n"
			"  sched_process_fork, _exec, _exit: processes that come and go\n",
	      out);
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
