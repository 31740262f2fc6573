/*
 * cmd_probes.c - what would be attached, where and why, and what this kernel offers.
 */
#include "commands.h"

#include <stdio.h>
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

static void print_object(FILE *out, const struct object *o)
{
	fprintf(out, "\n%s (%s)\n", o->path, o->kind == OBJECT_MUSL ? "musl" : "glibc");
	for (int fn = 0; fn < FN_COUNT; fn++) {
		if (!o->fn[fn].present)
			fprintf(out, "  %-16s -          not in this libc\n", alloc_fn__name(fn));
		else if (!o->fn[fn].probed)
			fprintf(out, "  %-16s %-10s counted as %s: %s\n", alloc_fn__name(fn), "-",
				o->fn[fn].same,
				fn == FN_REALLOCARRAY ? "it goes through it" : "the same code");
		else
			fprintf(out, "  %-16s +0x%-8llx uprobe at its entry\n", alloc_fn__name(fn),
				o->fn[fn].off);
	}
	fprintf(out, "  malloc's own code ");
	for (unsigned int i = 0; i < o->n_internal; i++)
		fprintf(out, "%s+0x%llx..0x%llx", i ? ", " : "", o->internal[i].lo,
			o->internal[i].hi);
	fprintf(out,
		"\n  calls from there are not counted again, and its mmap calls are malloc's\n");
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

		if (object__is_libc(o))
			print_object(out, o);
	}
	for (size_t i = 0; i < objects__count(objects); i++) {
		const struct object *o = objects__get(objects, i);

		if (o->kind != OBJECT_PLAIN && o->kind != OBJECT_LOADER && !object__is_libc(o))
			fprintf(out,
				"\n%s\n  defines malloc and is not probed: processes that use it "
				"have no malloc numbers\n",
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
		err = targets__attach(t, NULL, 0);
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
