/*
 * cmd_probes.c - what would be attached, where and why, and what this kernel offers.
 */
#include "commands.h"

#include <stdio.h>
#include <string.h>
#include <sys/utsname.h>

#include "alloc_fn.h"
#include "cmd_targets.h"
#include "kernel/objects.h"
#include "kernel/probes.h"
#include "output.h"

static void print_kernel(FILE *out, const struct features *f)
{
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
}

static void print_entry(FILE *out, const struct object *o, int i)
{
	const char *symbol = alloc_entries[i].symbol, *name = alloc_fn__name(alloc_entries[i].fn);

	if (!o->fn[i].present)
		fprintf(out, "  %-16s -          not in this libc\n", symbol);
	else if (!o->fn[i].probed)
		fprintf(out, "  %-16s %-10s counted as %s: %s\n", symbol, "-", o->fn[i].same,
			i == FN_REALLOCARRAY && !strcmp(o->fn[i].same, "realloc")
				? "it goes through it"
				: "the same code");
	else if (i == ENTRY_KEPT)
		fprintf(out, "  %-16s +0x%-8llx uprobe where a resized block keeps its mapping\n",
			symbol, o->fn[i].off);
	else if (!strcmp(symbol, name))
		fprintf(out, "  %-16s +0x%-8llx uprobe at its entry\n", symbol, o->fn[i].off);
	else
		fprintf(out, "  %-16s +0x%-8llx uprobe at its entry, counted as %s\n", symbol,
			o->fn[i].off, name);
}

static void print_object(FILE *out, const struct object *o)
{
	fprintf(out, "\n%s (%s%s)\n", o->path, object__kind_name(o),
		o->program ? ", in the program" : "");
	for (int i = 0; i < ALLOC_ENTRIES; i++)
		if (o->fn[i].present || (object__is_libc(o) && i <= FN_REALLOCARRAY))
			print_entry(out, o, i);
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

static void print(FILE *out, const struct targets *t, const struct probes *p)
{
	const struct objects *objects = targets__objects(t);

	print_kernel(out, probes__features(p));
	fprintf(out, "\ntracepoints\n"
		     "  sys_enter/sys_exit of brk, mmap, munmap, mremap, mprotect: what was asked, "
		     "what came of it\n"
		     "  sched_process_fork, _exec, _exit: processes that come and go\n");
	for (size_t i = 0; i < objects__count(objects); i++) {
		const struct object *o = objects__get(objects, i);

		if (object__is_allocator(o))
			print_object(out, o);
	}
	for (size_t i = 0; i < objects__count(objects); i++) {
		const struct object *o = objects__get(objects, i);

		if (o->kind == OBJECT_NAMELESS)
			fprintf(out,
				"\n%s\n  a static program without symbols: where its malloc is "
				"cannot be told\n",
				o->path);
		else if (o->kind == OBJECT_FORWARDER)
			fprintf(out, "\n%s\n  hands malloc on to libc's, where it is counted\n",
				o->path);
	}
}

/* Attached for real, so that what is printed is what would happen. */
static int run(const struct options *o)
{
	struct probes_config config = {.malloc = true, .ring_pages = o->ring_pages};
	struct probes *p = NULL;
	struct targets *t = NULL;
	struct output out;
	int err;

	if (output__open(&out, NULL))
		return STATUS_FAILED;
	err = probes__open(&p, &config);
	if (!err)
		err = probes__attach_events(p);
	if (!err)
		err = targets__open(&t, o, p);
	if (!err)
		err = targets__attach(t);
	if (!err)
		print(out.file, t, p);
	if (output__close(&out))
		err = -1;
	targets__close(t);
	probes__free(p);
	return err ? STATUS_FAILED : STATUS_DONE;
}

const struct subcommand cmd_probes = {
	.options = {.command = "probes", .letters = ""},
	.arguments = "[-v]",
	.summary = "what would be attached, where and why; what this kernel offers",
	.examples = "  brkscope probes\n",
	.run = run,
};
