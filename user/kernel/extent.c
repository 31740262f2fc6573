/*
 * extent.c - which code of an ELF file is its malloc's own.
 *
 * Of a library whose purpose is to be an allocator: all of it.  A C library and a
 * program have other code as well, and there the names of functions tell.
 * Exported names are all there is in a stripped libc: glibc's malloc.o is one
 * piece, from behind the last exported function before it (its own static
 * functions come first) to its last one.  In a static program the names of the
 * static functions are there too.
 */
#include "kernel/extent.h"

#include <string.h>

#include "alloc_fn.h"
#include "kernel/stub.h"

/* What a libc's malloc.o exports: glibc's malloc/Versions, musl's src/malloc. */
static const char *const exported[] = {
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

/* What only .symtab has of glibc's, malloc/malloc.c and arena.c; the compiler may put ".part.0"
 * behind a name.
 */
static const char *const glibc_static[] = {
	"_int_malloc",	 "_int_free",	 "_int_realloc",    "_int_memalign",
	"_mid_memalign", "sysmalloc",	 "sysmalloc_mmap",  "sysmalloc_mmap_fallback",
	"systrim",	 "munmap_chunk", "mremap_chunk",    "malloc_consolidate",
	"ptmalloc_init", "tcache_init",	 "new_heap",	    "alloc_new_heap",
	"heap_trim",	 "arena_get2",	 "arena_get_retry", "__glibc_morecore",
};

#define COUNT(a) (sizeof(a) / sizeof(*(a)))

static bool is_one_of(const char *name, const char *const *names, size_t n)
{
	size_t len = strcspn(name, ".");

	for (size_t i = 0; i < n; i++)
		if (*name == *names[i] && !strncmp(name, names[i], len) && !names[i][len])
			return true;
	return false;
}

static bool begins(const char *name, const char *with)
{
	return !strncmp(name, with, strlen(with));
}

struct search {
	const struct elf_file *f;
	enum object_kind kind;
	bool all_names;	   /* static functions have theirs as well */
	size_t malloc_own; /* the source file of glibc's malloc, as elf_function has it */
};

/* Names that an allocator gives to all that it exports. */
static bool has_family_name(enum object_kind kind, const char *name)
{
	switch (kind) {
	case OBJECT_JEMALLOC:
		return begins(name, "je_") || !strcmp(name, "mallocx") || !strcmp(name, "rallocx");
	case OBJECT_MIMALLOC:
		return begins(name, "mi_") || begins(name, "_mi_");
	case OBJECT_TCMALLOC:
		return begins(name, "tc_") || strstr(name, "tcmalloc") ||
		       strstr(name, "SysAllocator") || strstr(name, "MallocHook");
	case OBJECT_REFMALLOC:
		return begins(name, "refmalloc_");
	case OBJECT_GLIBC:
		return begins(name, "__malloc_") ||
		       is_one_of(name, glibc_static, COUNT(glibc_static));
	case OBJECT_MUSL:
		return begins(name, "__malloc_") || begins(name, "__libc_malloc");
	default:
		return false;
	}
}

static bool is_exported(const char *name)
{
	return is_one_of(name, exported, COUNT(exported));
}

static bool is_malloc_own(const struct search *s, const struct elf_function *fn)
{
	if (is_exported(fn->name))
		return true;
	if (!s->all_names)
		return false;
	return (fn->source && fn->source == s->malloc_own) || has_family_name(s->kind, fn->name);
}

void extent__add(const struct elf_file *f, struct code_span *spans, unsigned int *n,
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

static void end_run(struct object *o, const struct search *s, struct run *run)
{
	/*
	 * glibc's static functions stand in front of the exported ones; musl's between them.  So
	 * do other files' (of timer_settime's, SIGEV_THREAD's thread), which unlike malloc's own
	 * call malloc by its name, as anybody does.
	 */
	if (run->has_malloc && s->kind == OBJECT_GLIBC && !s->all_names && run->before)
		run->from = stub__last_call(s->f, run->before, run->from, is_exported);
	extent__add(s->f, o->internal, &o->n_internal, PROBE_RANGES, run->from, run->to);
	run->to = 0;
}

/* One address, whatever names it has. */
struct place {
	__u64 addr, end;
	bool own, is_malloc;
	bool local; /* under all of its names */
};

static struct place next_place(const struct search *s, const struct elf_function *fn, size_t n,
			       size_t *i)
{
	struct place p = {.addr = fn[*i].addr, .end = fn[*i].addr, .local = true};

	for (; *i < n && fn[*i].addr == p.addr; (*i)++) {
		__u64 end = p.addr + fn[*i].size;

		p.end = end > p.end ? end : p.end;
		p.own |= is_malloc_own(s, &fn[*i]);
		p.is_malloc |= !strcmp(fn[*i].name, "malloc");
		p.local &= fn[*i].local;
	}
	return p;
}

/*
 * Runs of neighbouring functions that are all malloc's.  A static function belongs
 * to those that it stands between.
 */
static void find_runs(struct object *o, const struct search *s)
{
	size_t n, i = 0;
	const struct elf_function *fn = elf_file__functions(s->f, &n);
	struct run run = {};
	__u64 foreign_end = 0;

	while (i < n) {
		struct place p = next_place(s, fn, n, &i);

		if (!p.own) {
			if (run.to && p.addr >= run.to && !p.local)
				end_run(o, s, &run);
			foreign_end = p.end > foreign_end ? p.end : foreign_end;
			continue;
		}
		if (!run.to)
			run = (struct run){.before = foreign_end, .from = p.addr};
		run.to = p.end > run.to ? p.end : run.to;
		run.has_malloc |= p.is_malloc;
	}
	if (run.to)
		end_run(o, s, &run);
}

/* A program's entry points that are in none of them, such as C++'s operator new. */
static void add_entries(struct object *o, const struct elf_file *f)
{
	const struct elf_function *fn;

	for (int i = 0; i < ALLOC_ENTRIES; i++) {
		fn = o->fn[i].probed ? elf_file__find(f, alloc_entries[i].symbol) : NULL;
		if (fn && !object__is_internal(o, o->fn[i].off))
			extent__add(f, o->internal, &o->n_internal, PROBE_RANGES, fn->addr,
				    fn->addr + fn->size);
	}
}

void extent__find(struct object *o, const struct elf_file *f)
{
	struct search s = {.f = f, .kind = o->kind, .all_names = o->program};
	const struct elf_function *known = elf_file__find(f, "_int_malloc");

	if (!s.all_names && !object__is_libc(o)) {
		o->whole = elf_file__text(f, &o->internal[0].lo, &o->internal[0].hi);
		o->n_internal = o->whole;
		return;
	}
	s.malloc_own = known ? known->source : 0;
	find_runs(o, &s);
	if (!object__is_libc(o))
		add_entries(o, f);
}
