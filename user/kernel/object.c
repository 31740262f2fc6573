/*
 * object.c - one ELF file that a process maps: does it define malloc, and where is what.
 *
 * Where malloc's own code lies decides two things: which mmap calls are the
 * allocator's, and which calls of malloc are the allocator calling itself.
 * Exported names are all there is in a stripped libc, so its extent is read off
 * them: glibc's malloc.o is one piece, from behind the last exported function
 * before it (its own static functions come first) to its last one.
 */
#include "kernel/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "alloc_fn.h"
#include "kernel/code.h"
#include "kernel/elf_file.h"

/* What a libc's malloc.o exports: glibc's malloc/Versions, musl's src/malloc. */
static const char *const malloc_object[] = {
	"malloc",
	"__libc_malloc",
	"free",
	"__libc_free",
	"cfree",
	"realloc",
	"__libc_realloc",
	"calloc",
	"__libc_calloc",
	"memalign",
	"__libc_memalign",
	"aligned_alloc",
	"posix_memalign",
	"__posix_memalign",
	"valloc",
	"__libc_valloc",
	"pvalloc",
	"__libc_pvalloc",
	"mallinfo",
	"__libc_mallinfo",
	"mallinfo2",
	"__libc_mallinfo2",
	"malloc_trim",
	"malloc_usable_size",
	"malloc_stats",
	"malloc_info",
	"mallopt",
	"__libc_mallopt",
	"malloc_get_state",
	"malloc_set_state",
	"reallocarray",
	"__libc_reallocarray",
	"__default_morecore",
	"free_sized",
	"free_aligned_sized",
};

/* syscall: of mmap as of anything else. */
static const char *const wrappers[] = {"mmap", "mmap64", "__mmap", "mremap", "__mremap", "syscall"};

static bool is_malloc_object(const char *name)
{
	for (size_t i = 0; i < sizeof(malloc_object) / sizeof(*malloc_object); i++)
		if (!strcmp(name, malloc_object[i]))
			return true;
	return false;
}

static enum object_kind kind_of(const struct elf_file *f)
{
	const char *soname = elf_file__soname(f);

	if (!elf_file__find(f, "malloc"))
		return strstr(soname, "ld-linux") == soname || !strncmp(soname, "ld64", 4)
			       ? OBJECT_LOADER
			       : OBJECT_PLAIN;
	if (elf_file__find(f, "__libc_start_main"))
		return elf_file__find(f, "gnu_get_libc_version") ? OBJECT_GLIBC : OBJECT_MUSL;
	if (!strncmp(soname, "ld-linux", 8))
		return OBJECT_LOADER; /* glibc before 2.33: rtld's minimal malloc is exported */
	if (elf_file__find(f, "mi_malloc"))
		return OBJECT_MIMALLOC;
	if (elf_file__find(f, "tc_malloc"))
		return OBJECT_TCMALLOC;
	if (elf_file__find(f, "malloc_conf_2_conf_harder") || elf_file__find(f, "mallocx"))
		return OBJECT_JEMALLOC;
	return OBJECT_ALLOCATOR;
}

static void add_span(const struct elf_file *f, struct code_span *spans, unsigned int *n,
		     unsigned int most, __u64 from, __u64 to)
{
	struct code_span *s = &spans[*n];

	if (*n == most || from >= to || !elf_file__offset(f, from, &s->lo))
		return;
	s->hi = s->lo + (to - from);
	(*n)++;
}

struct run {
	__u64 before; /* where the exported function before it ends */
	__u64 from, to;
	bool has_malloc;
};

static void end_run(struct object *o, const struct elf_file *f, struct run *run)
{
	/* glibc's static functions stand in front of the exported ones; musl's between them. */
	if (run->has_malloc && o->kind == OBJECT_GLIBC && run->before)
		run->from = run->before;
	add_span(f, o->internal, &o->n_internal, PROBE_RANGES, run->from, run->to);
	run->to = 0;
}

/*
 * Runs of neighbouring functions that are all malloc.o's.  A name that stands
 * for the same address as another one (a version, an alias) is no neighbour.
 */
static void find_internal(struct object *o, const struct elf_file *f)
{
	size_t n;
	const struct elf_function *fn = elf_file__functions(f, &n);
	struct run run = {};
	__u64 foreign_end = 0;

	for (size_t i = 0; i < n; i++) {
		__u64 end = fn[i].addr + fn[i].size;

		if (!is_malloc_object(fn[i].name)) {
			if (run.to && fn[i].addr >= run.to)
				end_run(o, f, &run);
			foreign_end = end > foreign_end ? end : foreign_end;
			continue;
		}
		if (!run.to)
			run = (struct run){.before = foreign_end, .from = fn[i].addr};
		run.to = end > run.to ? end : run.to;
		run.has_malloc |= !strcmp(fn[i].name, "malloc");
	}
	if (run.to)
		end_run(o, f, &run);
}

static void find_calls(struct object *o, const struct elf_file *f, const struct elf_function *fn)
{
	struct syscall_site sites[4];
	unsigned int n = code__syscalls(f, fn, sites, 4);
	struct wrapper_call *call;

	for (unsigned int i = 0; i < n; i++) {
		if (o->n_calls == sizeof(o->calls) / sizeof(*o->calls))
			return;
		call = &o->calls[o->n_calls];
		call->frame = sites[i].frame;
		if (elf_file__offset(f, sites[i].after, &call->off))
			o->n_calls++;
	}
}

static void find_wrappers(struct object *o, const struct elf_file *f)
{
	const struct elf_function *fn;
	__u64 seen = 0;

	for (size_t i = 0; i < sizeof(wrappers) / sizeof(*wrappers); i++) {
		fn = elf_file__find(f, wrappers[i]);
		if (!fn || fn->addr == seen)
			continue;
		seen = fn->addr;
		add_span(f, o->wrapper, &o->n_wrappers, sizeof(o->wrapper) / sizeof(*o->wrapper),
			 fn->addr, fn->addr + fn->size);
		find_calls(o, f, fn);
	}
}

/* The function whose code `fn` shares; functions come in the order of preference. */
static const char *alias_of(const struct elf_file *f, const struct elf_function *fn, int before)
{
	const struct elf_function *other;

	for (int i = 0; i < before; i++) {
		other = elf_file__find(f, alloc_fn__name(i));
		if (other && other->addr == fn->addr)
			return alloc_fn__name(i);
	}
	return NULL;
}

static void find_functions(struct object *o, const struct elf_file *f)
{
	const struct elf_function *fn, *realloc_fn = elf_file__find(f, "realloc");

	for (int i = 0; i < FN_COUNT; i++) {
		fn = elf_file__find(f, alloc_fn__name(i));
		if (!fn || !elf_file__offset(f, fn->addr, &o->fn[i].off))
			continue;
		o->fn[i].present = true;
		o->fn[i].same = alias_of(f, fn, i);
		/* Its realloc may be another object's: counting both would count one call twice. */
		if (i == FN_REALLOCARRAY && realloc_fn && code__reaches(f, fn, realloc_fn))
			o->fn[i].same = "realloc";
		o->fn[i].probed = !o->fn[i].same;
	}
}

int object__inspect(struct object *o, const char *path, const char *file)
{
	struct elf_file *f;
	int err = elf_file__open(file, &f);

	if (err)
		return err;
	o->path = strdup(path);
	o->file = strdup(file);
	if (!o->path || !o->file) {
		elf_file__close(f);
		return -ENOMEM;
	}
	o->kind = kind_of(f);
	if (o->kind == OBJECT_LOADER || o->kind == OBJECT_MUSL)
		elf_file__text(f, &o->text.lo, &o->text.hi);
	if (o->kind != OBJECT_PLAIN && o->kind != OBJECT_LOADER) {
		find_functions(o, f);
		find_internal(o, f);
	}
	if (object__is_libc(o))
		find_wrappers(o, f);
	elf_file__close(f);
	return 0;
}

void object__clear(struct object *o)
{
	free(o->path);
	free(o->file);
	memset(o, 0, sizeof(*o));
}

bool object__is_libc(const struct object *o)
{
	return o->kind == OBJECT_GLIBC || o->kind == OBJECT_MUSL;
}
