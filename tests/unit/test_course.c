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
#include <link.h>

#include <cmocka.h>

#include "kernel/course.h"
#include "kernel/elf_file.h"
#include "kernel/graph.h"

#if defined(__x86_64__)
#define FUNCTION(name, code)                                                                       \
	asm(".pushsection .text\n.p2align 6\n" #name ":\n" code "\n" #name                         \
	    "_end:\n.popsection\n");                                                               \
	extern const char name[], name##_end[]
/* A place in it, to be compared with. */
#define PLACE(name) #name ":\n"
#define PLACES(...) extern const char __VA_ARGS__[]

static struct elf_file *self;
static uintptr_t base;

static int find_base(struct dl_phdr_info *info, size_t size, void *arg)
{
	base = info->dlpi_addr;
	return 1; /* the program is the first */
}

static int open_self(void **state)
{
	dl_iterate_phdr(find_base, NULL);
	return elf_file__open("/proc/self/exe", &self);
}

static int close_self(void **state)
{
	elf_file__close(self);
	return 0;
}

static bool find(const char *code, const char *end, struct course *out)
{
	const struct elf_function fn = {.addr = (uintptr_t)code - base, .size = end - code};

	return course__find(self, &fn, 1, out);
}

#define FIND(name, out) find(name, name##_end, out)

static const struct station *at(const struct course *c, const char *code)
{
	__u64 offset;

	assert_true(elf_file__offset(self, (uintptr_t)code - base, &offset));
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

/* A block from a list, or, without one, from a function. */
#define TAKE   "push %rbx\n mov %rdi, %rbx\n mov 64(%rip), %rax\n test %rax, %rax\n"
#define REFILL "mov %rbx, %rdi\n call abort\n"

FUNCTION(quick, TAKE
	 "je 1f\n"
	 "mov (%rax), %rdx\n test $15, %al\n" PLACE(
		 quick_ends) "jne 2f\n pop %rbx\n ret\n"
			     ".p2align 4\n 1:\n mov %rbx, %rdi\n" PLACE(
				     quick_begins) "call quick\n"
						   "test $15, %al\n" PLACE(
							   quick_ends_late) "jne 2f\n pop %rbx\n "
									    "ret\n"
									    ".p2align 4\n 2: call "
									    "abort\n hlt\n");
PLACES(quick_ends);
PLACES(quick_begins);
PLACES(quick_ends_late);

static void of_two_ways(void **state)
{
	const struct station *ends, *begins, *late;
	struct course c;

	assert_true(FIND(quick, &c));
	assert_int_equal(c.n, 3);
	ends = at(&c, quick_ends);
	assert_int_equal(ends->kind, STATION_ENDS);
	assert_int_equal(ends->result, PROBE_REG_AX);
	assert_true(ends->sized);
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
	assert_int_equal(late->after, 1u << number_of(&c, begins));
}

/* The request is not known any more where the slow way ends: it is at its beginning. */
FUNCTION(forgets, TAKE
	 "je 1f\n"
	 "test $15, %al\n" PLACE(
		 forgets_ends) "jne 2f\n pop %rbx\n ret\n"
			       ".p2align 4\n 1:\n mov %rbx, %rdi\n xor %ebx, %ebx\n" PLACE(
				       forgets_begins) "call quick\n"
						       "test $15, %al\n" PLACE(
							       forgets_ends_late) "jne 2f\n pop "
										  "%rbx\n ret\n"
										  ".p2align 4\n 2: "
										  "call abort\n "
										  "hlt\n");
PLACES(forgets_begins);
PLACES(forgets_ends_late);

static void of_an_end_without_the_request(void **state)
{
	struct course c;

	assert_true(FIND(forgets, &c));
	assert_int_equal(at(&c, forgets_begins)->at.reg[0], PROBE_REG_DI);
	assert_false(at(&c, forgets_ends_late)->sized);
}

/* It has failed: no register says that yet. */
FUNCTION(fails,
	 TAKE "je 1f\n"
	      "test $15, %al\n jne 2f\n pop %rbx\n ret\n"
	      ".p2align 4\n 1:\n" PLACE(
		      fails_begins) "call quick\n test %rax, %rax\n je 3f\n"
				    "test $15, %al\n jne 2f\n pop %rbx\n ret\n"
				    ".p2align 4\n 3:\n" PLACE(
					    fails_ends) "xor %eax, %eax\n pop %rbx\n ret\n"
							".p2align 4\n 2: call abort\n hlt\n");
PLACES(fails_ends);

static void of_a_failure(void **state)
{
	struct course c;

	assert_true(FIND(fails, &c));
	assert_int_equal(at(&c, fails_ends)->result, PROBE_REGS);
	assert_false(at(&c, fails_ends)->at.emulated);
}

/* Without a jump behind it: what is known there is known only where it has to be stepped. */
FUNCTION(stepped, TAKE "je 1f\n mov (%rax), %rdx\n pop %rbx\n ret\n"
		       ".p2align 4\n 1: call quick\n test $15, %al\n jne 2f\n pop %rbx\n ret\n"
		       ".p2align 4\n 2: call abort\n hlt\n");
/* The result is not the register's that it seems to be in: it is put there later, or half of it. */
FUNCTION(changed, TAKE "je 1f\n test $15, %al\n jne 2f\n add $16, %rax\n pop %rbx\n ret\n"
		       ".p2align 4\n 1: call quick\n test $15, %al\n jne 2f\n pop %rbx\n ret\n"
		       ".p2align 4\n 2: call abort\n hlt\n");
FUNCTION(halved, TAKE "je 1f\n test $15, %al\n jne 2f\n mov %eax, %eax\n pop %rbx\n ret\n"
		      ".p2align 4\n 1: call quick\n test $15, %al\n jne 2f\n pop %rbx\n ret\n"
		      ".p2align 4\n 2: call abort\n hlt\n");
/* What is called may return, into code that brings another result. */
FUNCTION(returns, TAKE "je 1f\n test $15, %al\n jne 2f\n pop %rbx\n ret\n"
		       ".p2align 4\n 1: call quick\n test $15, %al\n jne 2f\n pop %rbx\n ret\n"
		       "2: call quick\n pop %rbx\n ret\n");
/* And so where a loop begins at a line, behind padding. */
FUNCTION(loops, TAKE
	 "je 1f\n test $15, %al\n jne 2f\n pop %rbx\n ret\n"
	 ".p2align 4\n 1: call quick\n test $15, %al\n jne 2f\n pop %rbx\n ret\n"
	 "2: call quick\n .p2align 4\n 3: dec %rbx\n jne 3b\n mov %rbx, %rax\n pop %rbx\n ret\n");
FUNCTION(by_table, TAKE "je 1f\n test $15, %al\n jne 2f\n pop %rbx\n ret\n"
			".p2align 4\n 1: jmp *%rdx\n 2: call abort\n hlt\n");
FUNCTION(unknown, TAKE "je 1f\n test $15, %al\n jne 2f\n pop %rbx\n ret\n"
		       ".p2align 4\n 1: cpuid\n pop %rbx\n ret\n 2: call abort\n hlt\n");
FUNCTION(uneven, TAKE "je 1f\n push %rdx\n 1: test $15, %al\n jne 2f\n pop %rbx\n ret\n"
		      "2: call abort\n hlt\n");
/* The only way without a call is one that fails. */
FUNCTION(only_fails, TAKE "je 1f\n call quick\n xor %eax, %eax\n pop %rbx\n ret\n"
			  ".p2align 4\n 1: call quick\n test $15, %al\n jne 2f\n pop %rbx\n ret\n"
			  ".p2align 4\n 2: call abort\n hlt\n");
/* What others may share is no place for a station. */
FUNCTION(outside, TAKE "je 1f\n jmp shared\n"
		       ".p2align 4\n 1: call quick\n test $15, %al\n jne 2f\n pop %rbx\n ret\n"
		       ".p2align 4\n 2: call abort\n hlt\n");
FUNCTION(shared, "test $15, %al\n jne abort\n pop %rbx\n ret\n");
/* The request was in a register that is not kept. */
FUNCTION(loses,
	 "mov %edi, %ebx\n xor %edi, %edi\n mov 64(%rip), %rax\n test $15, %al\n jne 2f\n ret\n"
	 ".p2align 4\n 2: call abort\n hlt\n");

#define OF(name)                                                                                   \
	{                                                                                          \
		name, name##_end                                                                   \
	}

static void of_none(void **state)
{
	static const char *const codes[][2] = {
		OF(stepped), OF(changed), OF(halved),	  OF(returns), OF(loops),  OF(by_table),
		OF(unknown), OF(uneven),  OF(only_fails), OF(loses),   OF(outside)};
	struct course c;

	for (size_t i = 0; i < sizeof(codes) / sizeof(*codes); i++)
		if (find(codes[i][0], codes[i][1], &c))
			fail_msg("the %zuth has a course of %u stations", i, c.n);
}

/* A loop from which the result is known is passed any number of times, its station once. */
FUNCTION(once,
	 TAKE "je 1f\n 4: dec %rcx\n jne 4b\n test $15, %al\n" PLACE(
		 once_ends) "jne 2f\n"
			    "5: dec %rdx\n jne 5b\n pop %rbx\n ret\n"
			    ".p2align 4\n 1: call quick\n test $15, %al\n jne 2f\n pop %rbx\n ret\n"
			    ".p2align 4\n 2: call abort\n hlt\n");
PLACES(once_ends);

static void of_loops(void **state)
{
	struct course c;

	assert_true(FIND(once, &c));
	assert_int_equal(at(&c, once_ends)->kind, STATION_ENDS);
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

static const char *libc_path(void)
{
	Dl_info info;

	assert_true(dladdr(dlsym(RTLD_NEXT, "malloc"), &info));
	return info.dli_fname;
}

static void of_every_way(void **state)
{
	struct walker w = {.seed = 1};
	const struct elf_function *fn;
	struct elf_file *f;
	struct course c;
	struct graph g;

	assert_int_equal(elf_file__open(libc_path(), &f), 0);
	fn = elf_file__find(f, "malloc");
	assert_non_null(fn);
	if (!course__find(f, fn, 1, &c)) { /* of another version, or under a sanitizer */
		elf_file__close(f);
		skip();
	}
	assert_true(graph__open(&g, f, fn->addr));
	w.f = f;
	w.g = &g;
	w.c = &c;
	for (int i = 0; i < 20000; i++)
		walk(&w);
	assert_true(w.returned > 5000 && w.quick > 100);
	graph__close(&g);
	elf_file__close(f);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(of_two_ways),	cmocka_unit_test(of_an_end_without_the_request),
		cmocka_unit_test(of_a_failure), cmocka_unit_test(of_none),
		cmocka_unit_test(of_loops),	cmocka_unit_test(of_every_way),
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
