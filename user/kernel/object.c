/*
 * object.c - one ELF file that a process maps: does it define malloc, and where is what.
 */
#include "kernel/object.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/code.h"
#include "kernel/elf_file.h"
#include "kernel/extent.h"

/* Around the system calls; an allocator may have its own, before libc's. */
static const char *const wrappers[] = {"mmap",	 "mmap64",   "__mmap", "__mmap64",
				       "mremap", "__mremap", "syscall"};

static bool has_one_of(const struct elf_file *f, const char *const *names, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (elf_file__find(f, names[i]))
			return true;
	return false;
}

#define HAS_ONE_OF(f, ...)                                                                         \
	has_one_of(f, (const char *const[]){__VA_ARGS__},                                          \
		   sizeof((const char *const[]){__VA_ARGS__}) / sizeof(char *))

static bool is_loader(const struct elf_file *f)
{
	const char *soname = elf_file__soname(f);

	return !strncmp(soname, "ld-linux", 8) || !strncmp(soname, "ld64", 4);
}

/* What is no libc: told by what it exports beside malloc. */
static enum object_kind kind_of_allocator(const struct elf_file *f)
{
	if (elf_file__find(f, "mi_malloc"))
		return OBJECT_MIMALLOC;
	if (elf_file__find(f, "tc_malloc"))
		return OBJECT_TCMALLOC;
	if (HAS_ONE_OF(f, "malloc_conf_2_conf_harder", "mallocx", "je_mallocx"))
		return OBJECT_JEMALLOC;
	if (elf_file__find(f, "refmalloc_stats"))
		return OBJECT_REFMALLOC;
	return OBJECT_ALLOCATOR;
}

/* A libc's code may be in it, and its malloc another's all the same: by what only its malloc has.
 */
static enum object_kind kind_of_program(const struct elf_file *f)
{
	if (HAS_ONE_OF(f, "_int_malloc", "__libc_mallopt"))
		return OBJECT_GLIBC;
	if (HAS_ONE_OF(f, "__libc_malloc_impl", "__simple_malloc", "__expand_heap"))
		return OBJECT_MUSL;
	return kind_of_allocator(f);
}

static enum object_kind kind_of_file(const struct elf_file *f)
{
	if (!elf_file__find(f, "malloc")) {
		if (elf_file__is_program(f) && !elf_file__has_symbols(f) &&
		    !*elf_file__interpreter(f))
			return OBJECT_NAMELESS;
		return is_loader(f) ? OBJECT_LOADER : OBJECT_PLAIN;
	}
	if (elf_file__is_program(f))
		return kind_of_program(f);
	if (elf_file__find(f, "__libc_start_main"))
		return elf_file__find(f, "gnu_get_libc_version") ? OBJECT_GLIBC : OBJECT_MUSL;
	if (is_loader(f))
		return OBJECT_LOADER; /* glibc before 2.33: rtld's minimal malloc is exported */
	if (elf_file__imports(f, "__libc_malloc"))
		return OBJECT_FORWARDER;
	return kind_of_allocator(f);
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
		extent__add(f, o->wrapper, &o->n_wrappers, sizeof(o->wrapper) / sizeof(*o->wrapper),
			    fn->addr, fn->addr + fn->size);
		find_calls(o, f, fn);
	}
}

/* The entry point whose code it shares; they come in the order of preference. */
static const char *alias_of(const struct object *o, int entry)
{
	for (int i = 0; i < entry; i++)
		if (o->fn[i].present && o->fn[i].off == o->fn[entry].off)
			return alloc_entries[i].symbol;
	return NULL;
}

static void find_entries(struct object *o, const struct elf_file *f)
{
	const struct elf_function *fn, *realloc_fn = elf_file__find(f, "realloc");
	/* C++'s, in a static program, is in terms of the malloc beside it. */
	int count = object__is_libc(o) ? FN_REALLOCARRAY + 1 : ALLOC_ENTRIES;

	for (int i = 0; i < count; i++) {
		fn = elf_file__find(f, alloc_entries[i].symbol);
		if (!fn || !elf_file__offset(f, fn->addr, &o->fn[i].off))
			continue;
		o->fn[i].present = true;
		o->fn[i].same = alias_of(o, i);
		/* Its realloc may be another object's: counting both would count one call twice. */
		if (i == FN_REALLOCARRAY && realloc_fn && code__reaches(f, fn, realloc_fn))
			o->fn[i].same = "realloc";
		o->fn[i].probed = !o->fn[i].same;
	}
}

static bool is_first_free(const struct object *o, int entry)
{
	for (int i = 0; i < entry; i++)
		if (o->free[i].probed && o->free[i].off == o->free[entry].off)
			return false;
	return true;
}

static void find_frees(struct object *o, const struct elf_file *f)
{
	const struct elf_function *fn;
	/* C++'s, in a static program, is in terms of the free beside it. */
	int count = object__is_libc(o) ? 4 : FREE_ENTRIES;

	for (int i = 0; i < count; i++) {
		fn = elf_file__find(f, free_entries[i]);
		if (fn && elf_file__offset(f, fn->addr, &o->free[i].off))
			o->free[i].probed = is_first_free(o, i);
	}
}

/* Each argument up to the last that says how much is asked for, or of which block. */
static unsigned int arguments_of(const struct alloc_entry *entry)
{
	unsigned int args = entry->size_arg > entry->count_arg ? entry->size_arg : entry->count_arg;

	return entry->block_arg != BLOCK_BY_POINTER && entry->block_arg > args ? entry->block_arg
									       : args;
}

static void find_places(struct object *o, const struct elf_file *f)
{
	struct placement_request requests[2 * ALLOC_ENTRIES + FREE_ENTRIES];
	size_t n = 0;

	for (int i = 0; i < ALLOC_ENTRIES; i++) {
		struct placement_request r = {.fn = elf_file__find(f, alloc_entries[i].symbol),
					      .args = arguments_of(&alloc_entries[i]),
					      .out = &o->fn[i].place};

		if (!o->fn[i].probed)
			continue;
		requests[n++] = r;
		r.return_in_place = true;
		r.out = &o->fn[i].return_place;
		requests[n++] = r;
	}
	for (int i = 0; i < FREE_ENTRIES; i++)
		if (o->free[i].probed)
			requests[n++] = (struct placement_request){
				.fn = elf_file__find(f, free_entries[i]),
				.args = 1,
				.out = &o->free[i].place};
	placement__find(f, requests, n);
}

/* Each of them with so many arguments, or none is used. */
static void find_sites(struct object *o, struct elf_file *f)
{
	static const struct {
		const char *name;
		unsigned int args;
	} wanted[SITE_COUNT] = {
		[SITE_ALLOC] = {"alloc", 4},	 [SITE_RESIZING] = {"resizing", 3},
		[SITE_REALLOC] = {"realloc", 5}, [SITE_FAILED] = {"failed", 2},
		[SITE_FREE] = {"free", 3},
	};

	o->told = o->kind == OBJECT_REFMALLOC;
	for (int i = SITE_NONE + 1; i < SITE_COUNT && o->told; i++)
		o->told = usdt__find(f, "refmalloc", wanted[i].name, &o->site[i], 1) == 1 &&
			  o->site[i].args >= wanted[i].args;
}

#define JUMPS_DEEP 4 /* mimalloc's valloc, mi_valloc, mi_memalign, mi_malloc_aligned */
/* Functions looked into for one object: each may jump to hundreds; mimalloc takes 18. */
#define JUMPS_INTO 64

struct jumping {
	const struct object *o;
	const struct elf_file *f;
	bool frees; /* and not the calls */
	__u64 to;
	int depth;
	unsigned int *left; /* of JUMPS_INTO */
};

static const struct elf_function *function_at(const struct elf_file *f, __u64 addr)
{
	size_t n;
	const struct elf_function *fn = elf_file__functions(f, &n);

	for (size_t from = 0; from < n;) {
		size_t half = from + (n - from) / 2;

		if (fn[half].addr == addr)
			return &fn[half];
		if (fn[half].addr < addr)
			from = half + 1;
		else
			n = half;
	}
	return NULL;
}

static bool is_probed_at(const struct jumping *j, int entry, __u64 off)
{
	return j->frees ? j->o->free[entry].probed && j->o->free[entry].off == off
			: j->o->fn[entry].probed && j->o->fn[entry].off == off;
}

/* What is probed there takes over; what is not is looked into. */
static void follow_jump(__u64 addr, const char *name, void *arg)
{
	struct jumping *j = arg;
	const struct elf_function *fn = name ? elf_file__find(j->f, name) : function_at(j->f, addr);
	__u64 off;

	if (!fn || !elf_file__offset(j->f, fn->addr, &off))
		return;
	for (int i = 0; i < (j->frees ? FREE_ENTRIES : ALLOC_ENTRIES); i++) {
		if (is_probed_at(j, i, off)) {
			j->to |= 1ull << i;
			return;
		}
	}
	if (!j->depth || !*j->left)
		return;
	--*j->left;
	j->depth--;
	code__jumps(j->f, fn, follow_jump, j);
	j->depth++;
}

static void find_free_jumps(struct object *o, const struct elf_file *f)
{
	unsigned int left = JUMPS_INTO;

	for (int i = 0; i < FREE_ENTRIES; i++) {
		struct jumping j = {
			.o = o, .f = f, .frees = true, .depth = JUMPS_DEEP, .left = &left};

		if (o->free[i].probed)
			code__jumps(f, elf_file__find(f, free_entries[i]), follow_jump, &j);
		/* Not to itself: what looks so is another call. */
		o->free[i].jumps = j.to & ~(1ull << i);
	}
}

/* In a libc which ones depends on arguments, and the programs know that: any inner one. */
static void find_jumps(struct object *o, const struct elf_file *f)
{
	unsigned int left = JUMPS_INTO;

	for (int i = 0; i < ALLOC_ENTRIES; i++) {
		struct jumping j = {.o = o, .f = f, .depth = JUMPS_DEEP, .left = &left};

		if (!o->fn[i].probed)
			continue;
		if (object__is_libc(o))
			o->fn[i].jumps = (1ull << i) - 1;
		else
			code__jumps(f, elf_file__find(f, alloc_entries[i].symbol), follow_jump, &j);
		o->fn[i].jumps |= j.to;
	}
}

/*
 * Its code calls none but those before them in enum alloc_fn, and from those behind: by the sources
 * of both, malloc/malloc.c and src/malloc.  Before glibc 2.34 also by a hook, from anywhere;
 * since then its libc.so has pthread_create.
 */
static void find_outer(struct object *o, const struct elf_file *f)
{
	bool hooks = o->kind == OBJECT_GLIBC &&
		     (o->program || !elf_file__find(f, "pthread_create"));

	/* These two never hand a call on by a jump: may_jump, bpf/user_call.bpf.h. */
	o->fn[FN_MALLOC].outer = object__is_libc(o) && !hooks;
	o->fn[FN_CALLOC].outer = o->fn[FN_MALLOC].outer;
	if (o->kind == OBJECT_GLIBC)
		o->fn[FN_CALLOC].jumps = 0; /* nor is glibc's written in terms of malloc */
}

/*
 * Of functions of which each call but those that are known to be inner ones is a user's: and so it
 * is seen at once whether it counts.
 */
static void find_courses(struct object *o, const struct elf_file *f)
{
	struct course course;

	for (int i = 0; i < ALLOC_ENTRIES; i++) {
		if (!o->fn[i].probed || !o->fn[i].outer ||
		    !course__find(f, elf_file__find(f, alloc_entries[i].symbol),
				  arguments_of(&alloc_entries[i]), &course))
			continue;
		/* Without, it is probed as others are. */
		o->fn[i].course = malloc(sizeof(course));
		if (o->fn[i].course)
			*o->fn[i].course = course;
	}
}

static void find_data(struct object *o, const struct elf_file *f)
{
	unsigned int most = sizeof(o->data) / sizeof(*o->data);

	while (o->n_data < most && elf_file__data(f, o->n_data, &o->data[o->n_data].lo,
						  &o->data[o->n_data].hi, &o->data[o->n_data].end))
		o->n_data++;
}

int object__inspect(struct object *o, const char *path, const char *file, bool courses)
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
	o->kind = kind_of_file(f);
	o->program = elf_file__is_program(f);
	find_data(o, f);
	if (o->kind == OBJECT_LOADER || o->kind == OBJECT_NAMELESS ||
	    (o->kind == OBJECT_MUSL && !o->program))
		elf_file__text(f, &o->text.lo, &o->text.hi);
	if (object__is_allocator(o)) {
		find_entries(o, f);
		find_frees(o, f);
		find_sites(o, f);
		find_places(o, f);
		find_jumps(o, f);
		find_free_jumps(o, f);
		extent__find(o, f);
		find_outer(o, f);
		if (courses)
			find_courses(o, f);
		find_wrappers(o, f);
	}
	elf_file__close(f);
	return 0;
}

void object__clear(struct object *o)
{
	for (int i = 0; i < ALLOC_ENTRIES; i++)
		free(o->fn[i].course);
	free(o->path);
	free(o->file);
	memset(o, 0, sizeof(*o));
}

static const char *const kind_names[] = {
	[OBJECT_GLIBC] = "glibc",	[OBJECT_MUSL] = "musl",
	[OBJECT_JEMALLOC] = "jemalloc", [OBJECT_TCMALLOC] = "tcmalloc",
	[OBJECT_MIMALLOC] = "mimalloc", [OBJECT_REFMALLOC] = "refmalloc",
	[OBJECT_ALLOCATOR] = "other",
};

const char *object__kind_name(const struct object *o)
{
	return kind_names[o->kind];
}

bool object__is_allocator(const struct object *o)
{
	return o->kind >= OBJECT_GLIBC;
}

bool object__is_internal(const struct object *o, __u64 off)
{
	for (unsigned int i = 0; i < o->n_internal; i++)
		if (off >= o->internal[i].lo && off < o->internal[i].hi)
			return true;
	return false;
}

bool object__is_libc(const struct object *o)
{
	return o->kind == OBJECT_GLIBC || o->kind == OBJECT_MUSL;
}
