/*
 * test_kernel_types.c - the few of the kernel's types that are given to libbpf, against all of
 * them.
 */
#include <stdarg.h>
#include <stddef.h>
#include <setjmp.h>
#include <stdint.h>

#include <cmocka.h>

#include <bpf/btf.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include "kernel/kernel_types.h"

static const char *const structs[] = {"task_struct", "mm_struct", "vm_area_struct", "file"};
#define STRUCTS (sizeof(structs) / sizeof(*structs))

struct types {
	struct btf *all, *programs, *part;
	struct kernel_types *t;
};

static struct btf *programs_types(void)
{
	struct btf *btf = btf__new_empty();

	assert_non_null(btf);
	for (size_t i = 0; i < STRUCTS; i++)
		assert_true(btf__add_struct(btf, structs[i], 0) > 0);
	/* A flavor, and one that no kernel has. */
	assert_true(btf__add_struct(btf, "inode___before_1_0", 0) > 0);
	assert_true(btf__add_struct(btf, "brkscope_has_this", 0) > 0);
	return btf;
}

static int open_types(void **state)
{
	static const char *const names[] = {"bpf_iter_task"};
	static struct types s;
	char path[32];
	int fd;

	s.all = btf__load_vmlinux_btf();
	*state = s.all ? &s : NULL;
	if (!s.all)
		return 0;
	s.programs = programs_types();
	assert_int_equal(kernel_types__open(&s.t, s.programs, names, 1), 0);
	fd = memfd_create("types", MFD_CLOEXEC);
	assert_true(fd >= 0);
	assert_int_equal(kernel_types__write(s.t, fd), 0);
	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	s.part = btf__parse(path, NULL);
	assert_non_null(s.part);
	close(fd);
	return 0;
}

static int close_types(void **state)
{
	struct types *s = *state;

	if (!s)
		return 0;
	kernel_types__close(s->t);
	btf__free(s->part);
	btf__free(s->programs);
	btf__free(s->all);
	return 0;
}

static const struct types *types(void **state)
{
	if (!*state)
		skip(); /* a kernel without BTF */
	return *state;
}

static void finds_what_libbpf_finds(void **state)
{
	const struct types *s = types(state);

	for (size_t i = 0; i < STRUCTS; i++)
		assert_int_equal(kernel_types__find(s->t, BTF_KIND_STRUCT, structs[i]),
				 btf__find_by_name_kind(s->all, structs[i], BTF_KIND_STRUCT));
	assert_int_equal(kernel_types__find(s->t, BTF_KIND_FUNC, "bpf_iter_task"),
			 btf__find_by_name_kind(s->all, "bpf_iter_task", BTF_KIND_FUNC));
	assert_int_equal(kernel_types__find(s->t, BTF_KIND_STRUCT, "brkscope_has_this"), 0);
	/* Of the name, but of another kind; and of those that nobody asked for. */
	assert_int_equal(kernel_types__find(s->t, BTF_KIND_FUNC, "task_struct"), 0);
	assert_int_equal(kernel_types__find(s->t, BTF_KIND_STRUCT, "socket"), 0);
}

static const struct btf_type *struct_of(const struct btf *btf, const char *name)
{
	__s32 id = btf__find_by_name_kind(btf, name, BTF_KIND_STRUCT);

	assert_true(id > 0);
	return btf__type_by_id(btf, id);
}

static void same_struct(const struct types *s, const struct btf_type *x, const struct btf_type *y)
{
	assert_int_equal(btf_kind(x), btf_kind(y));
	assert_int_equal(x->size, y->size);
	assert_int_equal(btf_vlen(x), btf_vlen(y));
	for (int i = 0; i < btf_vlen(x); i++) {
		const struct btf_member *m = btf_members(x) + i, *n = btf_members(y) + i;
		const struct btf_type *mt, *nt;

		assert_string_equal(btf__name_by_offset(s->all, m->name_off),
				    btf__name_by_offset(s->part, n->name_off));
		assert_int_equal(m->offset, n->offset);
		assert_int_equal(btf__resolve_size(s->all, m->type),
				 btf__resolve_size(s->part, n->type));
		mt = btf__type_by_id(s->all, btf__resolve_type(s->all, m->type));
		nt = btf__type_by_id(s->part, btf__resolve_type(s->part, n->type));
		assert_int_equal(btf_kind(mt), btf_kind(nt));
		if (btf_is_composite(mt))
			same_struct(s, mt, nt);
	}
}

static void writes_them_as_they_are(void **state)
{
	const struct types *s = types(state);

	for (size_t i = 0; i < STRUCTS; i++)
		same_struct(s, struct_of(s->all, structs[i]), struct_of(s->part, structs[i]));
}

static void a_flavor_is_of_the_plain_name(void **state)
{
	const struct types *s = types(state);

	same_struct(s, struct_of(s->all, "inode"), struct_of(s->part, "inode"));
}

static void writes_few(void **state)
{
	const struct types *s = types(state);

	assert_true(btf__type_cnt(s->part) < btf__type_cnt(s->all) / 20);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(finds_what_libbpf_finds),
		cmocka_unit_test(writes_them_as_they_are),
		cmocka_unit_test(a_flavor_is_of_the_plain_name),
		cmocka_unit_test(writes_few),
	};

	return cmocka_run_group_tests(tests, open_types, close_types);
}
