/*
 * kernel_types.c - the kernel's own types, read once, and those found that have one of some names.
 */
#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include "kernel/kernel_types_state.h"

#define PATH "/sys/kernel/btf/vmlinux"

/* ---- names ---- */

#define SLOTS 1024 /* a power of two, and many times the programs' types */

struct names {
	const char *name[SLOTS];
	size_t n;
};

/* task_struct___old is, to libbpf, another task_struct. */
static size_t essential(const char *name)
{
	const char *flavor = strstr(name + !!*name, "___");

	return flavor ? (size_t)(flavor - name) : strlen(name);
}

/* By its beginning: most of the kernel's names are told from these by that. */
static size_t slot_of(const char *name)
{
	__u32 hash = 0;

	for (int i = 0; i < 8 && name[i]; i++) {
		if (name[i] == '_' && i && !strncmp(name + i, "___", 3))
			break;
		hash = hash * 31 + (unsigned char)name[i];
	}
	return (hash ^ hash >> 10) & (SLOTS - 1);
}

static bool is_among(const struct names *names, const char *name)
{
	size_t slot = slot_of(name), len = 0;

	for (; names->name[slot]; slot = (slot + 1) & (SLOTS - 1)) {
		len = len ? len : essential(name);
		if (essential(names->name[slot]) == len && !memcmp(names->name[slot], name, len))
			return true;
	}
	return false;
}

static void add_name(struct names *names, const char *name)
{
	size_t slot = slot_of(name);

	if (!*name || names->n == SLOTS / 2 || is_among(names, name))
		return;
	while (names->name[slot])
		slot = (slot + 1) & (SLOTS - 1);
	names->name[slot] = name;
	names->n++;
}

static void add_types(struct names *names, const struct btf *programs)
{
	for (__u32 id = 1; id < btf__type_cnt(programs); id++) {
		const struct btf_type *type = btf__type_by_id(programs, id);

		if (btf_is_composite(type) || btf_is_any_enum(type) || btf_is_typedef(type) ||
		    btf_is_fwd(type))
			add_name(names, btf__name_by_offset(programs, type->name_off));
	}
}

/* ---- the file ---- */

/* Linux 6.16 maps it; 5 MB are copied before. */
static int read_file(struct kernel_types *t)
{
	int fd = open(PATH, O_RDONLY | O_CLOEXEC);
	ssize_t n = 0;
	struct stat st;
	size_t have;

	if (fd < 0 || fstat(fd, &st)) {
		n = -errno;
		goto out;
	}
	t->size = st.st_size;
	t->data = mmap(NULL, t->size, PROT_READ, MAP_PRIVATE, fd, 0);
	t->mapped = t->data != MAP_FAILED;
	if (t->mapped)
		goto out;
	t->data = malloc(t->size);
	if (!t->data)
		n = -ENOMEM;
	for (have = 0; n >= 0 && have < t->size; have += n) {
		n = read(fd, t->data + have, t->size - have);
		if (n <= 0)
			n = n ? -errno : -EPROTO;
	}
out:
	if (fd >= 0)
		close(fd);
	return n < 0 ? n : 0;
}

static int read_header(struct kernel_types *t)
{
	const struct btf_header *h = (const void *)t->data;
	__u64 types, strings;

	if (t->size < sizeof(*h) || h->magic != BTF_MAGIC)
		return -EPROTO;
	types = (__u64)h->hdr_len + h->type_off;
	strings = (__u64)h->hdr_len + h->str_off;
	if (types % 4 || types + h->type_len > t->size || strings + h->str_len > t->size ||
	    !h->str_len || t->data[strings + h->str_len - 1])
		return -EPROTO;
	t->types = t->data + types;
	t->types_size = h->type_len;
	t->strings = t->data + strings;
	t->strings_size = h->str_len;
	return 0;
}

int kernel_types__tail(const struct btf_type *type)
{
	switch (btf_kind(type)) {
	case BTF_KIND_PTR:
	case BTF_KIND_FWD:
	case BTF_KIND_TYPEDEF:
	case BTF_KIND_VOLATILE:
	case BTF_KIND_CONST:
	case BTF_KIND_RESTRICT:
	case BTF_KIND_FUNC:
	case BTF_KIND_FLOAT:
	case BTF_KIND_TYPE_TAG:
		return 0;
	case BTF_KIND_INT:
	case BTF_KIND_VAR:
	case BTF_KIND_DECL_TAG:
		return sizeof(__u32);
	case BTF_KIND_ARRAY:
		return sizeof(struct btf_array);
	case BTF_KIND_STRUCT:
	case BTF_KIND_UNION:
		return btf_vlen(type) * sizeof(struct btf_member);
	case BTF_KIND_ENUM:
	case BTF_KIND_FUNC_PROTO:
		return btf_vlen(type) * sizeof(struct btf_enum);
	case BTF_KIND_DATASEC:
	case BTF_KIND_ENUM64:
		return btf_vlen(type) * sizeof(struct btf_enum64);
	default:
		return -1;
	}
}

static int index_types(struct kernel_types *t, const struct names *names)
{
	const __u32 most = t->types_size / sizeof(struct btf_type);
	int tail;

	t->at = malloc((most + 1) * sizeof(*t->at));
	t->found = malloc((most + 1) * sizeof(*t->found));
	if (!t->at || !t->found)
		return -ENOMEM;
	for (__u32 at = 0; at < t->types_size; at += sizeof(struct btf_type) + tail) {
		const struct btf_type *type = (const void *)(t->types + at);

		if (t->types_size - at < sizeof(*type))
			return -EPROTO;
		tail = kernel_types__tail(type);
		if (tail < 0 || t->types_size - at - sizeof(*type) < (__u32)tail)
			return -EPROTO;
		t->at[++t->n] = at;
		if (type->name_off && is_among(names, kernel_types__name(t, type->name_off)))
			t->found[t->n_found++] = t->n;
	}
	return 0;
}

int kernel_types__open(struct kernel_types **out, const struct btf *programs,
		       const char *const *names, size_t n)
{
	struct kernel_types *t = calloc(1, sizeof(*t));
	struct names wanted = {};
	int err;

	if (!t)
		return -ENOMEM;
	add_types(&wanted, programs);
	for (size_t i = 0; i < n; i++)
		add_name(&wanted, names[i]);
	err = wanted.n == SLOTS / 2 ? -E2BIG : read_file(t);
	if (!err)
		err = read_header(t);
	if (!err)
		err = index_types(t, &wanted);
	if (err) {
		kernel_types__close(t);
		return err;
	}
	*out = t;
	return 0;
}

void kernel_types__close(struct kernel_types *t)
{
	if (!t)
		return;
	if (t->mapped)
		munmap(t->data, t->size);
	else
		free(t->data);
	free(t->at);
	free(t->found);
	free(t);
}

__u32 kernel_types__find(const struct kernel_types *t, unsigned int kind, const char *name)
{
	for (size_t i = 0; i < t->n_found; i++) {
		const struct btf_type *type = kernel_types__type(t, t->found[i]);

		if (btf_kind(type) == kind && !strcmp(kernel_types__name(t, type->name_off), name))
			return t->found[i];
	}
	return 0;
}
