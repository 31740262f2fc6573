/*
 * kernel_types_write.c - the types that were found, and what they consist of, as BTF of their own.
 *
 * What a pointer leads to is left out: a program has read the pointer before, and asked for what it
 * leads to by its own name.
 */
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/uio.h>
#include <unistd.h>

#include "kernel/kernel_types_state.h"

struct part {
	const struct kernel_types *from;
	__u32 *new_id; /* by number; 0: not in it */
	__u32 *ids;    /* in it, in order; then the next one's place */
	__u32 n;
	char *types, *strings;
	size_t types_size, strings_size, strings_room;
};

/* The number that a type has in it; what it consists of is looked at when its turn comes. */
static __u32 take(struct part *p, __u32 id)
{
	if (!id || id > p->from->n)
		return 0;
	if (!p->new_id[id]) {
		p->ids[p->n++] = id;
		p->new_id[id] = p->n;
	}
	return p->new_id[id];
}

static void take_all(struct part *p)
{
	for (size_t i = 0; i < p->from->n_found; i++) {
		const struct btf_type *type = kernel_types__type(p->from, p->from->found[i]);

		if (!btf_is_func(type) && !btf_is_var(type) && !btf_is_decl_tag(type) &&
		    !btf_is_datasec(type))
			take(p, p->from->found[i]);
	}
}

static __u32 add_string(struct part *p, __u32 offset)
{
	const char *string = kernel_types__name(p->from, offset);
	size_t size = strlen(string) + 1, at = p->strings_size;
	char *more;

	if (!*string || !p->strings)
		return 0;
	if (at + size > p->strings_room) {
		p->strings_room = 2 * p->strings_room + size;
		more = realloc(p->strings, p->strings_room);
		if (!more)
			free(p->strings);
		p->strings = more;
		if (!more)
			return 0;
	}
	memcpy(p->strings + at, string, size);
	p->strings_size += size;
	return at;
}

static void put_members(struct part *p, struct btf_type *type)
{
	struct btf_member *m = btf_members(type);

	for (int i = 0; i < btf_vlen(type); i++) {
		m[i].name_off = add_string(p, m[i].name_off);
		m[i].type = take(p, m[i].type);
	}
}

/* Of struct btf_enum and struct btf_enum64 alike the first thing. */
static void put_values(struct part *p, struct btf_type *type, size_t size)
{
	char *value = (char *)(type + 1);

	for (int i = 0; i < btf_vlen(type); i++, value += size)
		*(__u32 *)value = add_string(p, *(__u32 *)value);
}

static void put_array(struct part *p, struct btf_type *type)
{
	struct btf_array *a = btf_array(type);

	a->type = take(p, a->type);
	a->index_type = take(p, a->index_type);
}

static void put(struct part *p, __u32 id)
{
	const struct btf_type *from = kernel_types__type(p->from, id);
	struct btf_type *type = (void *)(p->types + p->types_size);
	size_t size = sizeof(*type) + kernel_types__tail(from);

	memcpy(type, from, size);
	p->types_size += size;
	type->name_off = add_string(p, type->name_off);
	if (btf_is_ptr(type))
		type->type = 0;
	else if (btf_is_mod(type) || btf_is_typedef(type))
		type->type = take(p, type->type);
	else if (btf_is_composite(type))
		put_members(p, type);
	else if (btf_is_enum(type))
		put_values(p, type, sizeof(struct btf_enum));
	else if (btf_is_enum64(type))
		put_values(p, type, sizeof(struct btf_enum64));
	else if (btf_is_array(type))
		put_array(p, type);
}

static int write_out(const struct part *p, int fd)
{
	struct btf_header h = {
		.magic = BTF_MAGIC,
		.version = BTF_VERSION,
		.hdr_len = sizeof(h),
		.type_len = p->types_size,
		.str_off = p->types_size,
		.str_len = p->strings_size,
	};
	const struct iovec parts[] = {
		{&h, sizeof(h)}, {p->types, p->types_size}, {p->strings, p->strings_size}};
	ssize_t size = sizeof(h) + p->types_size + p->strings_size;

	return writev(fd, parts, 3) == size ? 0 : -EIO;
}

int kernel_types__write(const struct kernel_types *t, int fd)
{
	struct part p = {.from = t, .strings_size = 1, .strings_room = 1 << 16};
	int err = -ENOMEM;

	p.new_id = calloc(t->n + 1, sizeof(*p.new_id));
	p.ids = malloc((t->n + 1) * sizeof(*p.ids));
	p.types = malloc(t->types_size);
	p.strings = calloc(1, p.strings_room);
	if (p.new_id && p.ids && p.types && p.strings) {
		take_all(&p);
		for (__u32 i = 0; i < p.n; i++)
			put(&p, p.ids[i]);
		if (p.strings)
			err = write_out(&p, fd);
	}
	free(p.new_id);
	free(p.ids);
	free(p.types);
	free(p.strings);
	return err;
}
