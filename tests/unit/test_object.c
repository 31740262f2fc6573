/*
 * test_object.c - what is read off an ELF file, and that no bytes in it do harm.
 *
 * Against the C libraries of this machine, where the loader that runs this test
 * says where their functions are; against small ones, made by the compiler; and
 * against files that are cut, changed, or none.
 */
#include <dlfcn.h>
#include <fcntl.h>
#include <elf.h>
#include <gnu/lib-names.h>
#include <setjmp.h>
#include <signal.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <sys/user.h>
#include <sys/utsname.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc_fn.h"
#include "kernel/object.h"
#include "kernel/procfs.h"

static void inspect(struct object *o, const char *file)
{
	*o = (struct object){0};
	assert_int_equal(object__inspect(o, "name", file, true), 0);
	assert_string_equal(o->path, "name");
	assert_string_equal(o->file, file);
}

/* ---- this machine's ---- */

struct place {
	__u64 addr, off;
	char path[256];
};

static int find_place(const struct proc_map *map, void *arg)
{
	struct place *p = arg;

	if (p->addr < map->start || p->addr >= map->end)
		return 0;
	p->off = p->addr - map->start + map->offset;
	snprintf(p->path, sizeof(p->path), "%s", map->path);
	return 1;
}

static struct place place_of(void *handle, const char *name)
{
	struct place p = {.addr = (uintptr_t)dlsym(handle, name)};

	assert_true(p.addr);
	assert_int_equal(procfs__maps(getpid(), find_place, &p), 1);
	return p;
}

static bool inside(const struct code_span *spans, unsigned int n, __u64 off)
{
	for (unsigned int i = 0; i < n; i++)
		if (off >= spans[i].lo && off < spans[i].hi)
			return true;
	return false;
}

static void glibc_as_the_loader_has_it(void **state)
{
	static const char *const foreign[] = {"printf", "pthread_create", "brk", "timer_settime"};
	void *libc = dlopen(LIBC_SO, RTLD_NOW);
	struct place mmap_at;
	struct object o;

	assert_non_null(libc);
	mmap_at = place_of(libc, "mmap");
	inspect(&o, mmap_at.path);
	assert_int_equal(o.kind, OBJECT_GLIBC);
	assert_true(object__is_libc(&o));
	for (int fn = 0; fn <= FN_REALLOCARRAY; fn++) {
		struct place p = place_of(libc, alloc_fn__name(fn));

		assert_true(o.fn[fn].present);
		assert_int_equal(o.fn[fn].off, p.off);
		assert_int_equal(o.fn[fn].probed, !o.fn[fn].same);
		assert_true(fn == FN_REALLOCARRAY || inside(o.internal, o.n_internal, p.off));
	}
	assert_true(o.fn[FN_MALLOC].probed && o.fn[FN_CALLOC].probed && o.fn[FN_REALLOC].probed);
	assert_string_equal(o.fn[FN_REALLOCARRAY].same, "realloc");
	assert_true(inside(o.internal, o.n_internal, place_of(libc, "free").off));
	for (int i = 0; i < 4; i++)
		assert_false(inside(o.internal, o.n_internal, place_of(libc, foreign[i]).off));
	assert_true(inside(o.wrapper, o.n_wrappers, mmap_at.off));
	assert_true(inside(o.wrapper, o.n_wrappers, place_of(libc, "mremap").off));
	assert_false(inside(o.wrapper, o.n_wrappers, place_of(libc, "munmap").off));
	assert_true(o.n_calls >= 2);
	for (unsigned int i = 0; i < o.n_calls; i++)
		assert_true(inside(o.wrapper, o.n_wrappers, o.calls[i].off));
	object__clear(&o);
	dlclose(libc);
}

/* ---- what it really calls ---- */

/* Stops at the entry of its next system call of that number; where it was called from. */
static struct __ptrace_syscall_info run_to(pid_t child, __u64 nr)
{
	struct __ptrace_syscall_info info = {0};
	int status;

	do {
		assert_int_equal(ptrace(PTRACE_SYSCALL, child, 0, 0), 0);
		assert_int_equal(waitpid(child, &status, 0), child);
		assert_true(WIFSTOPPED(status));
		assert_true(ptrace(PTRACE_GET_SYSCALL_INFO, child, sizeof(info), &info) > 0);
	} while (info.op != PTRACE_SYSCALL_INFO_ENTRY || info.entry.nr != nr);
	return info;
}

static __u64 return_address(pid_t child, const struct __ptrace_syscall_info *at, __u32 frame)
{
#if defined(__x86_64__)
	return ptrace(PTRACE_PEEKDATA, child, at->stack_pointer + frame, 0);
#else
	struct user_regs_struct regs;
	struct iovec v = {&regs, sizeof(regs)};

	assert_int_equal(ptrace(PTRACE_GETREGSET, child, NT_PRSTATUS, &v), 0);
	return regs.regs[30];
#endif
}

static __u64 offset_of(__u64 addr)
{
	struct place p = {.addr = addr};

	assert_int_equal(procfs__maps(getpid(), find_place, &p), 1);
	return p.off;
}

/* The call stands in a wrapper, and whoever called that is malloc's own code. */
static void assert_call_of_malloc(const struct object *o, pid_t child, __u64 nr)
{
	struct __ptrace_syscall_info at = run_to(child, nr);
	__u64 off = offset_of(at.instruction_pointer);
	unsigned int i = 0;

	assert_true(inside(o->wrapper, o->n_wrappers, off));
	while (i < o->n_calls && o->calls[i].off != off)
		i++;
	assert_true(i < o->n_calls);
	off = offset_of(return_address(child, &at, o->calls[i].frame));
	assert_true(inside(o->internal, o->n_internal, off));
}

static void malloc_maps_from_inside(void **state)
{
	void *libc = dlopen(LIBC_SO, RTLD_NOW);
	struct place p = place_of(libc, "malloc");
	void *(*allocate)(size_t) = dlsym(libc, "malloc");
	void *(*resize)(void *, size_t) = dlsym(libc, "realloc");
	struct object o;
	int status;
	pid_t child;

	inspect(&o, p.path);
	child = fork();
	if (!child) {
		ptrace(PTRACE_TRACEME, 0, 0, 0);
		raise(SIGSTOP);
		_exit(!resize(allocate(1 << 26), 1 << 27));
	}
	assert_int_equal(waitpid(child, &status, 0), child);
	assert_int_equal(
		ptrace(PTRACE_SETOPTIONS, child, 0, PTRACE_O_TRACESYSGOOD | PTRACE_O_EXITKILL), 0);
	assert_call_of_malloc(&o, child, SYS_mmap);
	assert_call_of_malloc(&o, child, SYS_mremap);
	kill(child, SIGKILL);
	waitpid(child, &status, 0);
	object__clear(&o);
	dlclose(libc);
}

static void musl_is_libc_and_loader(void **state)
{
	struct utsname machine;
	struct object o;
	char path[320];

	uname(&machine);
	snprintf(path, sizeof(path), "/lib/ld-musl-%s.so.1", machine.machine);
	inspect(&o, path);
	assert_int_equal(o.kind, OBJECT_MUSL);
	assert_true(o.text.lo < o.text.hi);
	assert_true(o.fn[FN_MALLOC].probed && o.fn[FN_CALLOC].probed && o.fn[FN_REALLOC].probed);
	assert_string_equal(o.fn[FN_REALLOCARRAY].same, "realloc");
	assert_false(o.fn[FN_PVALLOC].present);
	assert_true(inside(o.internal, o.n_internal, o.fn[FN_MALLOC].off));
	assert_true(inside(&o.text, 1, o.fn[FN_MALLOC].off));
	assert_true(o.n_wrappers >= 2 && o.n_calls >= 2);
	for (unsigned int i = 0; i < o.n_calls; i++) {
		assert_true(inside(o.wrapper, o.n_wrappers, o.calls[i].off));
		assert_true(o.calls[i].frame % 8 == 0 && o.calls[i].frame < 256);
	}
	object__clear(&o);
}

static void a_loader_is_all_code(void **state)
{
	struct place p;
	struct object o;

	p = place_of(RTLD_DEFAULT, "_dl_mcount");
	inspect(&o, p.path);
	assert_int_equal(o.kind, OBJECT_LOADER);
	assert_true(inside(&o.text, 1, p.off));
	assert_false(o.fn[FN_MALLOC].present);
	assert_int_equal(o.n_internal + o.n_wrappers + o.n_calls, 0);
	object__clear(&o);
}

static void a_program_is_plain(void **state)
{
	struct object o;

	inspect(&o, "/bin/ls");
	assert_int_equal(o.kind, OBJECT_PLAIN);
	assert_false(o.fn[FN_MALLOC].present);
	object__clear(&o);
	assert_null(o.path);
}

/* ---- made by the compiler ---- */

/* NULL-terminated; the file goes when its descriptor does. */
static int compile(const char *source, const char *flags, char path[64])
{
	char name[] = "/tmp/brkscope-object-XXXXXX", command[256];
	int fd = mkstemp(name);
	FILE *cc;

	assert_true(fd >= 0);
	snprintf(command, sizeof(command),
		 "gcc -shared -fPIC -O2 -fno-builtin -nostdlib %s -x c - -o %s", flags, name);
	cc = popen(command, "w");
	assert_non_null(cc);
	fputs(source, cc);
	assert_int_equal(pclose(cc), 0);
	close(fd);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	unlink(name);
	assert_true(fd >= 0);
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

#define TYPES "typedef unsigned long n;\n"

static void an_alias_is_one_function(void **state)
{
	static const char source[] = TYPES
		"void *malloc(n a) { return (void *)(a + 1); }\n"
		"void *memalign(n a, n b) { return (void *)(a * b); }\n"
		"void *aligned_alloc(n a, n b) __attribute__((alias(\"memalign\")));\n"
		"int posix_memalign(void **p, n a, n b) { *p = memalign(a, b); return 0; }\n";
	struct object o;
	char path[64];
	int fd = compile(source, "", path);

	inspect(&o, path);
	assert_int_equal(o.kind, OBJECT_ALLOCATOR);
	assert_false(object__is_libc(&o));
	assert_true(o.fn[FN_ALIGNED_ALLOC].probed);
	assert_true(o.fn[FN_MEMALIGN].present && !o.fn[FN_MEMALIGN].probed);
	assert_string_equal(o.fn[FN_MEMALIGN].same, "aligned_alloc");
	assert_int_equal(o.fn[FN_MEMALIGN].off, o.fn[FN_ALIGNED_ALLOC].off);
	/* It calls memalign, and that call is one from inside. */
	assert_true(o.fn[FN_POSIX_MEMALIGN].probed);
	assert_false(o.fn[FN_CALLOC].present);
	assert_int_equal(o.n_wrappers, 0);
	object__clear(&o);
	close(fd);
}

static void a_reallocarray_may_go_through_realloc(void **state)
{
	static const char through[] = TYPES
		"void *malloc(n a) { return (void *)(a + 1); }\n"
		"void *realloc(void *p, n a) { return (char *)p + a; }\n"
		"void *reallocarray(void *p, n a, n b) { return realloc(p, a * b); }\n";
	static const char not_through[] = TYPES
		"void *malloc(n a) { return (void *)(a + 1); }\n"
		"void *realloc(void *p, n a) { return (char *)p + a; }\n"
		"void *reallocarray(void *p, n a, n b) { return malloc(a * b); }\n";
	static const struct {
		const char *source, *flags, *same;
	} rules[] = {
		{through, "", "realloc"}, /* by the PLT */
		{through, "-Wl,-z,now", "realloc"},
		{through, "-fcf-protection=full", "realloc"},
		{through, "-Wl,-Bsymbolic", "realloc"}, /* straight */
		{through, "-O0", "realloc"},		/* a call, not a jump */
		{not_through, "", NULL},
		{not_through, "-Wl,-Bsymbolic", NULL},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct object o;
		char path[64];
		int fd = compile(rules[i].source, rules[i].flags, path);
		const char *same;

		inspect(&o, path);
		same = o.fn[FN_REALLOCARRAY].same;
		if (!same != !rules[i].same || (same && strcmp(same, rules[i].same)))
			fail_msg("%s: %s", rules[i].flags, same ? same : "not the same");
		assert_int_equal(o.fn[FN_REALLOCARRAY].probed, !same);
		assert_true(o.fn[FN_REALLOC].probed);
		object__clear(&o);
		close(fd);
	}
}

/* All its code, whatever it is called, and its own mmap() by way of syscall(2). */
static void an_allocator_is_all_code(void **state)
{
	static const char source[] = TYPES
		"long syscall(long, ...);\n"
		"void *mmap(void *a, n b, int c, int d, int e, long f)\n"
		"{ return (void *)(syscall(9, a, b, c, d, e, f) + 1); }\n"
		"void *malloc(n a) { return mmap(0, a, 3, 0x22, -1, 0); }\n"
		"void *mi_malloc(n a) __attribute__((alias(\"malloc\")));\n"
		"void *mi_malloc_aligned(n a, n b) { return malloc(a + b); }\n"
		"void *memalign(n a, n b) { return mi_malloc_aligned(b, a); }\n"
		"void *_Znwm(n a) { return malloc(a); }\n"
		"void *_Znam(n a) { return (void *)(a * 3); }\n";
	struct code_span text;
	struct object o;
	char path[64];
	int fd = compile(source, "", path), entry;

	inspect(&o, path);
	assert_int_equal(o.kind, OBJECT_MIMALLOC);
	assert_true(object__is_allocator(&o) && !object__is_libc(&o) && !o.program);
	assert_true(o.whole && o.n_internal == 1);
	text = o.internal[0];
	for (entry = 0; entry < ALLOC_ENTRIES; entry++)
		assert_true(!o.fn[entry].present || inside(&text, 1, o.fn[entry].off));
	assert_int_equal(o.n_wrappers, 1);
	assert_int_equal(o.n_calls, 1);
	assert_true(inside(o.wrapper, 1, o.calls[0].off));
	assert_string_equal(o.fn[FN_MI_MALLOC].same, "malloc");
	assert_true(o.fn[FN_NEW].probed);
	/* A call handed on by a jump is known to be; the second one goes nowhere. */
	assert_int_equal(o.fn[FN_NEW].jumps, 1 << FN_MALLOC);
	for (entry = FN_COUNT; strcmp(alloc_entries[entry].symbol, "_Znam") != 0; entry++)
		;
	assert_true(o.fn[entry].probed);
	assert_int_equal(alloc_entries[entry].fn, FN_NEW);
	assert_int_equal(o.fn[entry].jumps, 0);
	for (entry = 0; strcmp(alloc_entries[entry].symbol, "mi_malloc_aligned") != 0; entry++)
		;
	assert_int_equal(o.fn[FN_MEMALIGN].jumps, 1ull << entry);
	object__clear(&o);
	close(fd);
}

static int free_entry(const char *symbol)
{
	int entry = 0;

	while (strcmp(free_entries[entry], symbol) != 0)
		entry++;
	return entry;
}

/* To which others a free may hand a call on by a jump, also by way of what is not probed. */
static void jumps_between_frees_are_known(void **state)
{
	static const char source[] = TYPES
		"void *malloc(n a) { return (void *)a; }\n"
		"void free(void *p) { *(volatile char *)p = 1; }\n"
		"void cfree(void *p) { free(p); }\n"
		"void back(void *p, n a) { *(volatile n *)p = a; free(p); }\n"
		"void _ZdlPvm(void *p, n a) { back(p, a); }\n"
		"void _ZdlPv(void *p) { cfree(p); }\n"
		"void _ZdaPv(void *p) { free(p); *(volatile char *)p = 2; }\n";
	const __u64 to_free = 1ull << free_entry("free");
	struct object o;
	char path[64];
	int fd = compile(source, "-fno-semantic-interposition -fno-inline", path);

	inspect(&o, path);
	for (int i = 0; i < FREE_ENTRIES; i++)
		assert_true(o.free[i].probed || !o.free[i].jumps);
	assert_int_equal(o.free[free_entry("free")].jumps, 0);
	assert_int_equal(o.free[free_entry("cfree")].jumps, to_free);
	assert_int_equal(o.free[free_entry("_ZdlPvm")].jumps, to_free);
	assert_int_equal(o.free[free_entry("_ZdlPv")].jumps, 1ull << free_entry("cfree"));
	/* A call of its own. */
	assert_true(o.free[free_entry("_ZdaPv")].probed);
	assert_int_equal(o.free[free_entry("_ZdaPv")].jumps, 0);
	object__clear(&o);
	close(fd);
}

/* ---- static programs, of this machine's C libraries ---- */

static int link_statically(const char *compiler, const char *flags, char path[64])
{
	char name[] = "/tmp/brkscope-object-XXXXXX", command[256];
	int fd = mkstemp(name);
	FILE *cc;

	assert_true(fd >= 0);
	snprintf(command, sizeof(command), "%s -fno-builtin %s -x c - -o %s", compiler, flags,
		 name);
	cc = popen(command, "w");
	assert_non_null(cc);
	fputs("void *malloc(unsigned long); void *realloc(void *, unsigned long);\n"
	      "int main(void) { return !realloc(malloc(1 << 20), 1 << 21); }\n",
	      cc);
	assert_int_equal(pclose(cc), 0);
	close(fd);
	fd = open(name, O_RDONLY | O_CLOEXEC);
	unlink(name);
	assert_true(fd >= 0);
	snprintf(path, 64, "/proc/self/fd/%d", fd);
	return fd;
}

static void a_static_program_has_its_libc_in_it(void **state)
{
	static const struct {
		const char *compiler, *flags;
		enum object_kind kind;
	} rules[] = {
		{"gcc", "-static", OBJECT_GLIBC},	    {"gcc", "-static-pie", OBJECT_GLIBC},
		{"musl-gcc", "-static", OBJECT_MUSL},	    {"gcc", "-static -s", OBJECT_NAMELESS},
		{"gcc", "-static-pie -s", OBJECT_NAMELESS},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		struct object o;
		char path[64];
		int fd = link_statically(rules[i].compiler, rules[i].flags, path);

		inspect(&o, path);
		assert_int_equal(o.kind, rules[i].kind);
		assert_true(o.program);
		assert_int_equal(object__is_allocator(&o), o.kind != OBJECT_NAMELESS);
		assert_int_equal(o.n_internal > 0, o.kind != OBJECT_NAMELESS);
		assert_false(o.whole);
		if (o.kind == OBJECT_NAMELESS) {
			assert_true(o.text.lo < o.text.hi);
		} else {
			assert_true(o.fn[FN_MALLOC].probed && o.fn[FN_REALLOC].probed);
			assert_true(object__is_internal(&o, o.fn[FN_MALLOC].off));
			assert_true(o.n_wrappers >= 2 && o.n_calls >= 2);
		}
		object__clear(&o);
		close(fd);
	}
}

static void kinds_are_told_by_what_is_exported(void **state)
{
	static const struct {
		const char *names, *soname;
		enum object_kind kind;
	} rules[] = {
		{"int f(void) { return 1; }", "libx.so", OBJECT_PLAIN},
		{"int f(void) { return 1; }", "ld-linux-x86-64.so.2", OBJECT_LOADER},
		{"int malloc(void) { return 1; }", "ld-linux-x86-64.so.2", OBJECT_LOADER},
		{"int malloc(void) { return 1; } int mi_malloc(void) { return 2; }", "libmi.so",
		 OBJECT_MIMALLOC},
		{"int malloc(void) { return 1; } int tc_malloc(void) { return 2; }", "libtc.so",
		 OBJECT_TCMALLOC},
		{"int malloc(void) { return 1; } int mallocx(void) { return 2; }", "libje.so",
		 OBJECT_JEMALLOC},
		{"int malloc(void) { return 1; } int refmalloc_stats(void) { return 2; }",
		 "libref.so", OBJECT_REFMALLOC},
		{"int __libc_malloc(void); int malloc(void) { return __libc_malloc(); }",
		 "libcount.so", OBJECT_FORWARDER},
		{"int malloc(void) { return 1; } int __libc_start_main(void) { return 2; }",
		 "libc.so", OBJECT_MUSL},
		{"int malloc(void); int f(void) { return malloc(); }", "libuser.so", OBJECT_PLAIN},
	};

	for (size_t i = 0; i < sizeof(rules) / sizeof(*rules); i++) {
		char path[64], flags[64];
		struct object o;
		int fd;

		snprintf(flags, sizeof(flags), "-Wl,-soname,%s", rules[i].soname);
		fd = compile(rules[i].names, flags, path);
		inspect(&o, path);
		assert_int_equal(o.kind, rules[i].kind);
		object__clear(&o);
		close(fd);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(jumps_between_frees_are_known),
		cmocka_unit_test(glibc_as_the_loader_has_it),
		cmocka_unit_test(malloc_maps_from_inside),
		cmocka_unit_test(musl_is_libc_and_loader),
		cmocka_unit_test(a_loader_is_all_code),
		cmocka_unit_test(a_program_is_plain),
		cmocka_unit_test(an_alias_is_one_function),
		cmocka_unit_test(a_reallocarray_may_go_through_realloc),
		cmocka_unit_test(an_allocator_is_all_code),
		cmocka_unit_test(a_static_program_has_its_libc_in_it),
		cmocka_unit_test(kinds_are_told_by_what_is_exported),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
