/*
 * test_object_hostile.c - files that are none, cut short, changed, or change while they are read.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gnu/lib-names.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cmocka.h>

#include "hostile_elf.h"
#include "kernel/elf_file_state.h"
#include "kernel/object.h"
#include "kernel/usdt.h"

/* Whatever comes of it; the error. */
static int inspect(const char *file)
{
	struct object o = {0};
	int err = object__inspect(&o, file, file, true);

	if (!err)
		assert_true(o.n_internal <= PROBE_RANGES && o.n_wrappers <= 4 && o.n_calls <= 8);
	object__clear(&o);
	return err;
}

struct copy {
	int fd;
	size_t size;
	unsigned char *bytes; /* the whole file as it was */
	char path[64];
};

static void write_all(int fd, const unsigned char *bytes, size_t size)
{
	for (ssize_t n, at = 0; (size_t)at < size; at += n) {
		n = pwrite(fd, bytes + at, size - at, at);
		assert_true(n > 0);
	}
}

static int find_libc(struct dl_phdr_info *info, size_t size, void *arg)
{
	size_t len = strlen(info->dlpi_name), tail = strlen("/" LIBC_SO);

	if (len < tail || strcmp(info->dlpi_name + len - tail, "/" LIBC_SO))
		return 0;
	*(const char **)arg = info->dlpi_name;
	return 1;
}

static void copy_libc(struct copy *c)
{
	const char *path = NULL;
	struct stat st;
	int from;

	assert_true(dl_iterate_phdr(find_libc, &path));
	from = open(path, O_RDONLY);
	assert_true(from >= 0 && !fstat(from, &st));
	c->size = st.st_size;
	c->bytes = malloc(c->size);
	assert_non_null(c->bytes);
	assert_int_equal(pread(from, c->bytes, c->size, 0), c->size);
	close(from);
	c->fd = memfd_create("copy", MFD_CLOEXEC);
	assert_true(c->fd >= 0);
	write_all(c->fd, c->bytes, c->size);
	snprintf(c->path, sizeof(c->path), "/proc/self/fd/%d", c->fd);
}

static void drop_copy(struct copy *c)
{
	close(c->fd);
	free(c->bytes);
}

static void what_is_no_elf_file_is_refused(void **state)
{
	char fifo[] = "/tmp/brkscope-fifo-XXXXXX";

	assert_int_equal(inspect("/etc/passwd"), -ENOEXEC);
	assert_int_equal(inspect("/etc"), -ENOEXEC);
	assert_int_equal(inspect("/dev/null"), -ENOEXEC);
	assert_int_equal(inspect("/nonexistent"), -ENOENT);
	assert_non_null(mkdtemp(fifo));
	rmdir(fifo);
	assert_int_equal(mkfifo(fifo, 0600), 0);
	assert_int_equal(inspect(fifo), -ENOEXEC);
	unlink(fifo);
}

static void another_machines_file_is_refused(void **state)
{
	struct copy c;

	copy_libc(&c);
	c.bytes[offsetof(Elf64_Ehdr, e_machine)] = EM_S390;
	write_all(c.fd, c.bytes, sizeof(Elf64_Ehdr));
	assert_int_equal(inspect(c.path), -ENOEXEC);
	drop_copy(&c);
	copy_libc(&c);
	c.bytes[EI_CLASS] = ELFCLASS32;
	write_all(c.fd, c.bytes, sizeof(Elf64_Ehdr));
	assert_int_equal(inspect(c.path), -ENOEXEC);
	drop_copy(&c);
}

/* From whole to nothing: large steps through the code, every byte of the header. */
static void a_cut_file_is_taken_or_refused(void **state)
{
	struct copy c;

	copy_libc(&c);
	assert_int_equal(inspect(c.path), 0);
	for (size_t size = c.size; size; size -= size > 4096 ? size / 48 : size > 64 ? 56 : 1) {
		assert_int_equal(ftruncate(c.fd, size - 1), 0);
		inspect(c.path);
	}
	assert_int_equal(inspect(c.path), -ENOEXEC);
	drop_copy(&c);
}

static __u64 draw(__u64 *state, __u64 below)
{
	*state = *state * 6364136223846793005ull + 1442695040888963407ull;
	return (*state >> 33) % below;
}

/* A few bytes at a time of what the numbers are in: the headers, the tables, the code. */
static void changed_bytes_do_no_harm(void **state)
{
	const size_t headers = 64 + 56 * 16;
	__u64 seed = 1;
	struct copy c;

	copy_libc(&c);
	for (int round = 0; round < 300; round++) {
		size_t at[4], end = round % 3 ? headers : 128 * 1024;

		for (int i = 0; i < 4; i++) {
			/* The section headers stand at the end. */
			at[i] = draw(&seed, 3) ? draw(&seed, end)
					       : c.size - 1 - draw(&seed, 64 * 70);
			unsigned char byte = draw(&seed, 2) ? 0xff : draw(&seed, 256);

			assert_int_equal(pwrite(c.fd, &byte, 1, at[i]), 1);
		}
		inspect(c.path);
		for (int i = 0; i < 4; i++)
			assert_int_equal(pwrite(c.fd, &c.bytes[at[i]], 1, at[i]), 1);
	}
	assert_int_equal(inspect(c.path), 0);
	drop_copy(&c);
}

/* Whoever owns the file may cut it at any moment: that ends no agent. */
static void a_file_that_shrinks_while_it_is_open(void **state)
{
	const struct elf_function *fn;
	struct elf_file *f;
	struct copy c;
	char code[64];
	__u64 off, lo, hi;

	copy_libc(&c);
	assert_int_equal(elf_file__open(c.path, &f), 0);
	fn = elf_file__find(f, "malloc");
	assert_non_null(fn);
	assert_int_equal(elf_file__read(f, fn->addr, code, sizeof(code)), sizeof(code));
	assert_int_equal(ftruncate(c.fd, 0), 0);
	elf_file__offset(f, fn->addr, &off);
	elf_file__text(f, &lo, &hi);
	assert_int_equal(elf_file__read(f, fn->addr, code, sizeof(code)), 0);
	assert_string_equal(elf_file__soname(f), LIBC_SO);
	elf_file__close(f);
	drop_copy(&c);
}

#if defined(__x86_64__)
/* Five functions, each with eight jumps to the next one: counted by the reads of code. */
static void jumps_are_followed_so_often_and_no_more(void **state)
{
	char library[] = "/tmp/brkscope-jumps-XXXXXX", command[256];
	unsigned long long reads;
	int fd = mkstemp(library);
	FILE *as;

	assert_true(fd >= 0);
	close(fd);
	snprintf(command, sizeof(command),
		 "cc -shared -nostdlib -Wl,-Bsymbolic -o %s -x assembler -", library);
	as = popen(command, "w");
	assert_non_null(as);
	for (int i = 0; i < 5; i++) {
		char name[8] = "malloc";

		if (i)
			snprintf(name, sizeof(name), "g%d", i);
		fprintf(as, ".globl %s\n.type %s,@function\n%s:\n", name, name, name);
		fprintf(as, i < 4 ? ".rept 8\n.byte 0xe9\n.long g%d-.-4\n.endr\n" : "ret\n", i + 1);
		fprintf(as, ".size %s,.-%s\n", name, name);
	}
	assert_int_equal(pclose(as), 0);
	reads = hostile_elf__io("syscr: ");
	assert_int_equal(inspect(library), 0);
	assert_in_range(hostile_elf__io("syscr: ") - reads, 1, 1500);
	unlink(library);
}
#endif

static void a_name_too_long_is_none(void **state)
{
	struct hostile_elf h;
	struct elf_file *f;
	size_t n;

	hostile_elf__make(&h);
	hostile_elf__name(&h, 8, 4096);
	assert_int_equal(elf_file__open(h.path, &f), 0);
	elf_file__functions(f, &n);
	assert_int_equal(n, 8);
	elf_file__close(f);
	hostile_elf__name(&h, 8, 4097);
	assert_int_equal(elf_file__open(h.path, &f), 0);
	elf_file__functions(f, &n);
	assert_int_equal(n, 0);
	elf_file__close(f);
	hostile_elf__drop(&h);
}

/* What the rest are called is not known: it is not taken for a file without malloc. */
static void too_many_names_are_refused(void **state)
{
	struct hostile_elf h;

	hostile_elf__make(&h);
	hostile_elf__name(&h, 33000, 4095);
	assert_int_equal(inspect(h.path), -EFBIG);
	hostile_elf__drop(&h);
}

static void sections_over_each_other_are_read_up_to_a_sum(void **state)
{
	unsigned long long bytes;
	struct hostile_elf h;

	hostile_elf__make(&h);
	hostile_elf__overlap(&h, SHT_RELA, 30, 12 << 20);
	bytes = hostile_elf__io("rchar: ");
	assert_int_equal(inspect(h.path), 0);
	assert_in_range(hostile_elf__io("rchar: ") - bytes, 12 << 20, 193 << 20);
	hostile_elf__drop(&h);
}

/* Each section is looked at once for all notes, and once more for the next kind of them. */
static void sections_are_not_walked_for_each_note(void **state)
{
	static struct usdt_site sites[4000];
	struct hostile_elf h;
	struct elf_file *f;
	__u64 named;

	hostile_elf__make(&h);
	hostile_elf__notes(&h, 4000, "refmalloc", "alloc");
	hostile_elf__overlap(&h, SHT_PROGBITS, 1000, 1 << 20);
	assert_int_equal(elf_file__open(h.path, &f), 0);
	named = f->named;
	assert_int_equal(usdt__find(f, "refmalloc", "alloc", sites, 4000), 4000);
	assert_int_equal(f->named - named, h.n_sections - 1);
	/* With the last of the names looked at, it is not known whether the notes have moved. */
	f->named = 128ull << 20;
	assert_int_equal(usdt__find(f, "refmalloc", "alloc", sites, 4000), 0);
	elf_file__close(f);
	hostile_elf__drop(&h);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_no_elf_file_is_refused),
		cmocka_unit_test(another_machines_file_is_refused),
		cmocka_unit_test(a_cut_file_is_taken_or_refused),
		cmocka_unit_test(changed_bytes_do_no_harm),
		cmocka_unit_test(a_file_that_shrinks_while_it_is_open),
#if defined(__x86_64__)
		cmocka_unit_test(jumps_are_followed_so_often_and_no_more),
#endif
		cmocka_unit_test(a_name_too_long_is_none),
		cmocka_unit_test(too_many_names_are_refused),
		cmocka_unit_test(sections_over_each_other_are_read_up_to_a_sum),
		cmocka_unit_test(sections_are_not_walked_for_each_note),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
