/*
 * test_course.c - each rule by which a call's course is found, and what just breaks it; and that
 * every way through a real malloc keeps what a course promises.
 *
 * The functions are written here in assembler and read out of this program's own file; they are
 * never called.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <dlfcn.h>
#include <pthread.h>
#include <signal.h>
#include <sys/ptrace.h>
#include <sys/user.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel/course.h"
#include "kernel/graph.h"

#if defined(__x86_64__)
#include "course_functions.h"
#include "self.h"

static bool find(const char *code, const char *end, struct course *out)
{
	const struct elf_function fn = {.addr = (uintptr_t)code - self_base, .size = end - code};

	return course__find(self, &fn, 1, out);
}

#define FIND(name, out) find(name, name##_end, out)

static const struct station *at(const struct course *c, const char *code)
{
	__u64 offset;

	assert_true(elf_file__offset(self, (uintptr_t)code - self_base, &offset));
	for (unsigned int i = 0; i < c->n; i++)
		if (c->station[i].at.off == offset)
			return &c->station[i];
	fail_msg("there is no station at %#llx", offset);
	return NULL;
}

static unsigned int number_of(const struct course *c, const struct station *s)
{
	return s - c->station;
}

static void of_two_ways(void **state)
{
	const struct station *ends, *begins, *late;
	struct course c;

	assert_true(FIND(quick, &c));
	assert_int_equal(c.n, 3);
	ends = at(&c, quick_ends);
	assert_int_equal(ends->kind, STATION_ENDS);
	assert_int_equal(ends->result, PROBE_REG_AX);
	assert_true(ends->sized && ends->alone);
	assert_int_equal(ends->at.reg[0], PROBE_REG_BX);
	assert_int_equal(ends->at.frame, 8);
	assert_true(ends->at.emulated);
	assert_int_equal(ends->after, 0);
	assert_memory_equal(ends->at.insn, "jne ", 4);
	begins = at(&c, quick_begins);
	assert_int_equal(begins->kind, STATION_BEGINS);
	assert_true(begins->sized);
	late = at(&c, quick_ends_late);
	assert_int_equal(late->kind, STATION_ENDS);
	assert_false(late->alone);
	assert_int_equal(late->after, 1u << number_of(&c, begins));
}

static void of_an_end_without_the_request(void **state)
{
	struct course c;

	assert_true(FIND(forgets, &c));
	assert_int_equal(at(&c, forgets_begins)->at.reg[0], PROBE_REG_DI);
	assert_false(at(&c, forgets_ends_late)->sized);
}

static void of_a_failure(void **state)
{
	struct course c;

	assert_true(FIND(fails, &c));
	assert_int_equal(at(&c, fails_ends)->result, PROBE_REGS);
	assert_false(at(&c, fails_ends)->at.emulated);
}

struct code {
	const char *name, *begin, *end;
};
#define OF(name)                                                                                   \
	{                                                                                          \
#name, name, name##_end                                                            \
	}

static void of_some(void **state)
{
	static const struct code codes[] = {OF(quick), OF(once), OF(stops), OF(jumped_to)};
	struct course c;

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (!find(codes[i].begin, codes[i].end, &c))
			fail_msg("%s has none", codes[i].name);
}

static void of_none(void **state)
{
	static const struct code codes[] = {
		OF(changed),	     OF(halved),	  OF(takes_more),      OF(unknown),
		OF(moves_stack),     OF(moves_it_too),	  OF(uneven),	       OF(by_table),
		OF(overlapping),     OF(stepped),	  OF(only_in_loop),    OF(returns),
		OF(returns_by_jump), OF(returns_to_line), OF(returns_to_loop), OF(only_fails),
		OF(half_request),    OF(outside),
	};
	struct course c;

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (find(codes[i].begin, codes[i].end, &c))
			fail_msg("%s has one of %u stations", codes[i].name, c.n);
}

/* ---- a real malloc ---- */

struct walker {
	const struct elf_file *f;
	const struct graph *g;
	const struct course *c;
	unsigned int seed;
	unsigned long returned, quick;
};

static const struct station *station_at(const struct walker *w, const struct node *node)
{
	__u64 offset;

	assert_true(elf_file__offset(w->f, node->addr, &offset));
	for (unsigned int i = 0; i < w->c->n; i++)
		if (w->c->station[i].at.off == offset)
			return &w->c->station[i];
	return NULL;
}

/* Which branch it takes is chance: more ways than any call would take. */
static void walk(struct walker *w)
{
	unsigned int begun = 0, ended = 0, was_begun = 0;
	int i = 0;

	for (int steps = 0; steps < 5000 && i >= 0; steps++) {
		const struct node *node = &w->g->node[i];
		const struct station *s = station_at(w, node);

		if (s && s->kind == STATION_ENDS) {
			assert_int_equal(ended++, 0);
			assert_true(begun || s->sized);
			assert_int_equal(begun & ~s->after, 0);
			was_begun = begun;
		} else if (s) {
			assert_int_equal(ended, 0);
			assert_true(s->sized);
			assert_int_equal(begun & ~s->after, 0);
			begun |= 1u << number_of(w->c, s);
		}
		if (node->goes == INSN_CALLS)
			assert_true(begun || ended);
		if (node->goes == INSN_RETURNS) {
			assert_int_equal(ended, 1);
			w->returned++;
			w->quick += !was_begun;
			return;
		}
		i = node->other >= 0 && (node->next < 0 || rand_r(&w->seed) & 1024) ? node->other
										    : node->next;
	}
}

/* libc's own, whoever stands before it. */
static struct libc {
	void *(*malloc)(size_t);
	void (*free)(void *);
	struct elf_file *f;
	const struct elf_function *fn;
	struct course c;
	struct graph g;
} libc;

static int open_libc(void **state)
{
	void *handle = dlopen("libc.so.6", RTLD_LAZY | RTLD_NOLOAD);
	Dl_info info;

	if (!handle)
		return -1;
	*(void **)&libc.malloc = dlsym(handle, "malloc");
	*(void **)&libc.free = dlsym(handle, "free");
	if (!dladdr(libc.malloc, &info) || elf_file__open(info.dli_fname, &libc.f))
		return -1;
	libc.fn = elf_file__find(libc.f, "malloc");
	/* Those versions that are known to have one. */
	return libc.fn && course__find(libc.f, libc.fn, 1, &libc.c) &&
			       graph__open(&libc.g, libc.f, libc.fn->addr)
		       ? 0
		       : -1;
}

static int close_libc(void **state)
{
	graph__close(&libc.g);
	elf_file__close(libc.f);
	return 0;
}

static void of_every_way(void **state)
{
	struct walker w = {.f = libc.f, .g = &libc.g, .c = &libc.c, .seed = 1};

	for (int i = 0; i < 20000; i++)
		walk(&w);
	assert_true(w.returned > 5000 && w.quick > 100);
}

/* ---- a real malloc, as the processor executes it ---- */

static volatile size_t beyond = PTRDIFF_MAX;

static void allocate(void)
{
	static const size_t sizes[] = {1, 24, 24, 1000, 1033, 5000, 30000, 200000, 3000000, 0};
	void *blocks[10];

	for (int round = 0; round < 8; round++) {
		for (int i = 0; i < 10; i++)
			blocks[i] = libc.malloc(sizes[i] + round * (i % 3));
		for (int i = 0; i < 10; i++)
			if ((i + round) % 5)
				libc.free(blocks[i]);
	}
	libc.malloc(beyond / 4);
	libc.malloc(beyond + 100);
}

static void *allocate_in_thread(void *arg)
{
	allocate();
	return NULL;
}

/* Single-threaded, and then with another one: libc takes other ways. */
static void be_watched(void)
{
	pthread_t thread;

	if (ptrace(PTRACE_TRACEME, 0, 0, 0) || raise(SIGSTOP))
		_exit(1);
	allocate();
	if (pthread_create(&thread, NULL, allocate_in_thread, NULL))
		_exit(1);
	pthread_join(thread, NULL);
	allocate();
	_exit(0);
}

struct watch {
	unsigned long calls, quick;
	bool inside;
	unsigned long long sp, request, result;
	unsigned int begun, ended;
};

/* The words of struct user_regs_struct are those of enum probe_reg. */
static unsigned long long reg_of(const struct user_regs_struct *regs, unsigned int reg)
{
	return ((const unsigned long long *)regs)[reg];
}

static void at_station(struct watch *w, const struct station *s,
		       const struct user_regs_struct *regs)
{
	assert_int_equal(regs->rsp + s->at.frame, w->sp);
	assert_int_equal(w->begun & ~s->after, 0);
	if (s->sized)
		assert_int_equal(reg_of(regs, s->at.reg[0]), w->request);
	assert_int_equal(w->ended, 0);
	if (s->kind == STATION_BEGINS) {
		assert_true(s->sized);
		w->begun |= 1u << number_of(&libc.c, s);
		return;
	}
	assert_true(s->sized || w->begun);
	assert_true(w->begun || s->alone);
	w->ended++;
	w->quick += !w->begun;
	w->result = s->result < PROBE_REGS ? reg_of(regs, s->result) : 0;
}

static void at_instruction(struct watch *w, const struct user_regs_struct *regs,
			   const struct station *const *station_of)
{
	__u64 into = regs->rip - (uintptr_t)libc.malloc;

	if (!into) {
		assert_false(w->inside);
		*w = (struct watch){.calls = w->calls + 1,
				    .quick = w->quick,
				    .inside = true,
				    .sp = regs->rsp,
				    .request = regs->rdi};
	}
	if (!w->inside)
		return;
	if (regs->rsp == w->sp + 8) { /* it has returned */
		w->inside = false;
		assert_int_equal(w->ended, 1);
		assert_int_equal(w->result, regs->rax);
		return;
	}
	if (into < libc.fn->size && station_of[into])
		at_station(w, station_of[into], regs);
}

static void of_the_processor(void **state)
{
	const struct station **station_of = calloc(libc.fn->size, sizeof(*station_of));
	struct user_regs_struct regs;
	struct watch w = {};
	int status;
	__u64 entry;
	pid_t pid;

	assert_true(station_of && elf_file__offset(libc.f, libc.fn->addr, &entry));
	for (unsigned int i = 0; i < libc.c.n; i++)
		station_of[libc.c.station[i].at.off - entry] = &libc.c.station[i];
	pid = fork();
	if (!pid)
		be_watched();
	assert_int_equal(waitpid(pid, &status, 0), pid);
	while (WIFSTOPPED(status)) {
		assert_int_equal(ptrace(PTRACE_GETREGS, pid, 0, &regs), 0);
		at_instruction(&w, &regs, station_of);
		assert_int_equal(ptrace(PTRACE_SINGLESTEP, pid, 0, 0), 0);
		assert_int_equal(waitpid(pid, &status, 0), pid);
	}
	assert_true(WIFEXITED(status) && !WEXITSTATUS(status));
	assert_true(w.calls > 150 && w.quick > 20 && w.quick < w.calls - 50);
	free(station_of);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_ways),
		cmocka_unit_test(of_an_end_without_the_request),
		cmocka_unit_test(of_a_failure),
		cmocka_unit_test(of_some),
		cmocka_unit_test(of_none),
		cmocka_unit_test_setup_teardown(of_every_way, open_libc, close_libc),
		cmocka_unit_test_setup_teardown(of_the_processor, open_libc, close_libc),
	};

	return cmocka_run_group_tests(tests, open_self, close_self);
}
#else
static void only_on_x86(void **state)
{
	skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(only_on_x86)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
