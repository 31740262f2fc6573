/*
 * test_symbols.c - names of places in code, from whole, stripped, foreign and hostile files.
 *
 * The file is this test itself, and copies of it that strip and objcopy have
 * been at.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <link.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include <cmocka.h>

#include "hostile_elf.h"
#include "kernel/elf_symbols.h"
#include "kernel/symbols.h"

#define NOWHERE "/nonexistent"

__attribute__((noinline, used)) static int a_function_of_this_test(int n)
{
	__asm__ volatile("" : "+r"(n));
	return n + 1;
}

struct scratch {
	char dir[64];
	char self[512];
};

static int run(const char *format, ...) __attribute__((format(printf, 1, 2)));

static int run(const char *format, ...)
{
	char command[2048];
	va_list args;

	va_start(args, format);
	vsnprintf(command, sizeof(command), format, args);
	va_end(args);
	return system(command);
}

static int set_up(void **state)
{
	static struct scratch s;
	ssize_t n = readlink("/proc/self/exe", s.self, sizeof(s.self) - 1);

	assert_true(n > 0);
	strcpy(s.dir, "/tmp/brkscope-symbols-XXXXXX");
	assert_non_null(mkdtemp(s.dir));
	*state = &s;
	return 0;
}

static int tear_down(void **state)
{
	const struct scratch *s = *state;

	return run("rm -rf '%s'", s->dir);
}

struct wanted {
	__u64 addr, offset;
};

static int find_offset(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct wanted *w = arg;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		__u64 start = info->dlpi_addr + ph->p_vaddr;

		if (ph->p_type == PT_LOAD && w->addr >= start && w->addr - start < ph->p_filesz)
			w->offset = w->addr - start + ph->p_offset;
	}
	return 1; /* the first is the program */
}

/* In this program's file. */
static __u64 offset_of(const void *code)
{
	struct wanted w = {.addr = (__u64)code};

	dl_iterate_phdr(find_offset, &w);
	assert_true(w.offset != 0);
	return w.offset;
}

/* NULL: none, or the file is refused. */
static const char *name_in(const char *path, const char *debug, __u64 offset, char name[256])
{
	struct elf_symbols *s;
	const char *found;
	int fd = open(path, O_RDONLY);

	assert_true(fd >= 0);
	if (elf_symbols__open(fd, debug, &s))
		return NULL;
	found = elf_symbols__at(s, offset);
	snprintf(name, 256, "%s", found ? found : "");
	elf_symbols__close(s);
	return found ? name : NULL;
}

static void functions_of_a_whole_file(void **state)
{
	const struct scratch *s = *state;
	__u64 at = offset_of(a_function_of_this_test);
	char name[256];

	assert_string_equal(name_in(s->self, NOWHERE, at, name), "a_function_of_this_test");
	assert_string_equal(name_in(s->self, NOWHERE, at + 1, name), "a_function_of_this_test");
	assert_string_equal(name_in(s->self, NOWHERE, offset_of(name_in), name), "name_in");
	/* The ELF header is no code, nor is what is behind the end. */
	assert_null(name_in(s->self, NOWHERE, 8, name));
	assert_null(name_in(s->self, NOWHERE, ~0ull, name));
}

static void a_stripped_file_has_what_its_debug_file_has(void **state)
{
	const struct scratch *s = *state;
	__u64 at = offset_of(a_function_of_this_test);
	char name[256], path[128], debug[128];

	snprintf(path, sizeof(path), "%s/stripped", s->dir);
	snprintf(debug, sizeof(debug), "%s/debug", s->dir);
	assert_int_equal(run("strip -o %s '%s'", path, s->self), 0);
	/* What is next to it is not taken for it. */
	assert_null(name_in(path, debug, at, name));
	assert_int_equal(run("id=$(readelf -n '%s' | sed -n 's/.*Build ID: //p') && "
			     "d=%s/.build-id/$(printf %%.2s $id) && mkdir -p $d && "
			     "objcopy --only-keep-debug '%s' $d/${id#??}.debug 2>%s/said",
			     s->self, debug, s->self, s->dir),
			 0);
	assert_string_equal(name_in(path, debug, at, name), "a_function_of_this_test");
	/* Another build's is not asked. */
	assert_int_equal(run("strip --remove-section=.note.gnu.build-id %s", path), 0);
	assert_null(name_in(path, debug, at, name));
	/* A debug file that is none. */
	assert_int_equal(run("strip -o %s '%s' && find %s -name '*.debug' -exec "
			     "cp /etc/passwd {} \\;",
			     path, s->self, debug),
			 0);
	assert_null(name_in(path, debug, at, name));
}

/* A library: its exported functions, and nothing for what is between them. */
static void what_is_exported_is_there_without_symtab(void **state)
{
	const struct scratch *s = *state;
	char source[128], library[128], name[256];
	__u64 at[3] = {};
	FILE *out;

	snprintf(source, sizeof(source), "%s/library.c", s->dir);
	snprintf(library, sizeof(library), "%s/library.so", s->dir);
	out = fopen(source, "w");
	assert_non_null(out);
	fprintf(out, "int before(int n) { return n * 3; }\n"
		     "__attribute__((noinline)) static int inner(int n) { __asm__ volatile(\"\" : "
		     "\"+r\"(n)); return n; }\n"
		     "int after(int n) { return inner(n) + 1; }\n"
		     "extern __typeof__(after) __after __attribute__((alias(\"after\")));\n");
	fclose(out);
	assert_int_equal(
		run("cc -O1 -fno-toplevel-reorder -shared -fPIC -o %s %s", library, source), 0);
	/* By nm, the addresses; in such a library code's are its offsets. */
	for (int i = 0; i < 3; i++) {
		static const char *const names[] = {"before", "inner", "after"};
		char command[300];

		snprintf(command, sizeof(command), "nm %s | sed -n 's/ [tT] %s$//p'", library,
			 names[i]);
		out = popen(command, "r");
		assert_int_equal(fscanf(out, "%llx", &at[i]), 1);
		pclose(out);
		assert_string_equal(name_in(library, NOWHERE, at[i], name), names[i]);
	}
	assert_int_equal(run("strip %s", library), 0);
	assert_string_equal(name_in(library, NOWHERE, at[0], name), "before");
	assert_null(name_in(library, NOWHERE, at[1], name));
	/* Not __after, whichever comes first. */
	assert_string_equal(name_in(library, NOWHERE, at[2], name), "after");
}

static void file_site(const char *path, __u64 offset, struct site *site)
{
	struct stat st;

	assert_int_equal(stat(path, &st), 0);
	*site = (struct site){
		.ino = st.st_ino, .dev = major(st.st_dev) << 20 | minor(st.st_dev), .off = offset};
}

static void places_have_names(void **state)
{
	const struct scratch *s = *state;
	struct objects *objects = objects__new(false);
	struct symbols *symbols = symbols__new(objects);
	__u64 at = offset_of(a_function_of_this_test);
	struct symbol symbol;
	struct site site;

	file_site(s->self, at + 1, &site);
	symbol = symbols__name(symbols, &site, 0);
	assert_null(symbol.object); /* nobody has seen it */
	assert_non_null(objects__of_path(objects, s->self));
	symbol = symbols__name(symbols, &site, 0);
	assert_string_equal(symbol.object, s->self);
	assert_string_equal(symbol.function, "a_function_of_this_test");
	/* A call that ends a function returns to the next one. */
	site.off = at;
	symbol = symbols__name(symbols, &site, 0);
	assert_true(!symbol.function || strcmp(symbol.function, "a_function_of_this_test"));
	site.off = 0;
	assert_null(symbols__name(symbols, &site, 0).function);
	site.off = 0xffffffff;
	assert_null(symbols__name(symbols, &site, 0).function);
	assert_null(symbols__name(symbols, &(struct site){}, 0).object);
	assert_null(
		symbols__name(symbols, &(struct site){.ino = at, .dev = SITE_ADDRESS}, 0).object);
	symbols__free(symbols);
	symbols__free(NULL);
	objects__free(objects);
}

/* What has the path by now is another file: the place is in the old one. */
static void a_file_that_was_replaced_has_no_functions(void **state)
{
	const struct scratch *s = *state;
	struct objects *objects = objects__new(false);
	struct symbols *symbols = symbols__new(objects);
	struct symbol symbol;
	struct site site;
	char path[128];

	snprintf(path, sizeof(path), "%s/program", s->dir);
	assert_int_equal(run("cp '%s' %s", s->self, path), 0);
	file_site(path, offset_of(a_function_of_this_test) + 1, &site);
	assert_non_null(objects__of_path(objects, path));
	assert_int_equal(run("cp '%s' %s.new && mv %s.new %s", s->self, path, path, path), 0);
	symbol = symbols__name(symbols, &site, 0);
	assert_string_equal(symbol.object, path);
	assert_null(symbol.function);
	symbols__free(symbols);
	objects__free(objects);
}

/* It has a name, and nothing in it has one. */
static void a_file_that_is_no_elf_file(void **state)
{
	const struct scratch *s = *state;
	struct objects *objects = objects__new(false);
	struct symbols *symbols = symbols__new(objects);
	struct symbol symbol;
	struct site site;
	char path[128];

	snprintf(path, sizeof(path), "%s/text", s->dir);
	assert_int_equal(run("echo text >%s", path), 0);
	file_site(path, 2, &site);
	assert_false(objects__is_no_elf(objects, site.dev, site.ino)); /* nobody has looked */
	assert_null(objects__of_path(objects, path));
	assert_true(objects__is_no_elf(objects, site.dev, site.ino));
	symbol = symbols__name(symbols, &site, 0);
	assert_string_equal(symbol.object, path);
	assert_null(symbol.function);
	symbols__free(symbols);
	objects__free(objects);
}

/* ---- hostile files ---- */

struct copy {
	int fd;
	size_t size;
	unsigned char *bytes; /* the whole file as it was */
	char path[64];
};

static void write_at(const struct copy *c, const void *bytes, size_t size, size_t at)
{
	assert_int_equal(pwrite(c->fd, bytes, size, at), size);
}

static void copy_stripped_of_debug(struct copy *c, const struct scratch *s)
{
	char path[128];
	struct stat st;
	int from;

	snprintf(path, sizeof(path), "%s/small", s->dir);
	assert_int_equal(run("strip -g -o %s '%s'", path, s->self), 0);
	from = open(path, O_RDONLY);
	assert_true(from >= 0 && !fstat(from, &st));
	c->size = st.st_size;
	c->bytes = malloc(c->size);
	assert_non_null(c->bytes);
	for (size_t at = 0; at < c->size;) {
		ssize_t n = pread(from, c->bytes + at, c->size - at, at);

		assert_true(n > 0);
		at += n;
	}
	close(from);
	c->fd = memfd_create("copy", MFD_CLOEXEC);
	write_at(c, c->bytes, c->size, 0);
	snprintf(c->path, sizeof(c->path), "/proc/self/fd/%d", c->fd);
}

static void drop_copy(struct copy *c)
{
	close(c->fd);
	free(c->bytes);
}

static void a_cut_file_does_no_harm(void **state)
{
	__u64 at = offset_of(a_function_of_this_test);
	struct copy c;
	char name[256];

	copy_stripped_of_debug(&c, *state);
	assert_non_null(name_in(c.path, NOWHERE, at, name));
	for (size_t size = c.size; size > 1; size -= size > 4096 ? size / 40 : 1 + size / 8) {
		assert_int_equal(ftruncate(c.fd, size - 1), 0);
		name_in(c.path, NOWHERE, at, name);
	}
	drop_copy(&c);
}

/* A part of the file that numbers are in, and the size of one of its entries. */
static void find_section(const struct copy *c, __u32 type, size_t *from, size_t *size)
{
	const Elf64_Ehdr *ehdr = (const void *)c->bytes;
	const Elf64_Shdr *shdr = (const void *)(c->bytes + ehdr->e_shoff);

	for (int i = 0; i < ehdr->e_shnum; i++)
		if (shdr[i].sh_type == type) {
			*from = shdr[i].sh_offset;
			*size = shdr[i].sh_size;
		}
}

static void changed_bytes_do_no_harm(void **state)
{
	__u64 at = offset_of(a_function_of_this_test), seed = 1;
	size_t from[4] = {0}, size[4] = {64 + 56 * 14};
	const Elf64_Ehdr *ehdr;
	struct copy c;
	char name[256];

	copy_stripped_of_debug(&c, *state);
	ehdr = (const void *)c.bytes;
	from[1] = ehdr->e_shoff;
	size[1] = ehdr->e_shnum * sizeof(Elf64_Shdr);
	find_section(&c, SHT_SYMTAB, &from[2], &size[2]);
	find_section(&c, SHT_NOTE, &from[3], &size[3]);
	for (int round = 0; round < 400; round++) {
		size_t place[4];

		for (int i = 0; i < 4; i++) {
			unsigned char byte;

			seed = seed * 6364136223846793005ull + 1442695040888963407ull;
			place[i] = from[round % 4] + (seed >> 33) % size[round % 4];
			byte = seed >> 60 & 1 ? 0xff : seed >> 20;
			write_at(&c, &byte, 1, place[i]);
		}
		name_in(c.path, "/usr/lib/debug", at, name);
		for (int i = 0; i < 4; i++)
			write_at(&c, &c.bytes[place[i]], 1, place[i]);
	}
	assert_non_null(name_in(c.path, NOWHERE, at, name));
	drop_copy(&c);
}

/* A name that no NUL ends within its table is none; nor is one that begins behind it. */
static void names_end_in_their_table(void **state)
{
	__u64 at = offset_of(a_function_of_this_test);
	const Elf64_Ehdr *ehdr;
	Elf64_Shdr *shdr;
	struct copy c;
	char name[256];

	copy_stripped_of_debug(&c, *state);
	ehdr = (const void *)c.bytes;
	shdr = (void *)(c.bytes + ehdr->e_shoff);
	for (int i = 0; i < ehdr->e_shnum; i++) {
		Elf64_Shdr cut;

		if (shdr[i].sh_type != SHT_SYMTAB)
			continue;
		cut = shdr[shdr[i].sh_link];
		for (__u64 size = 0; size < 16; size++) {
			cut.sh_size = size;
			write_at(&c, &cut, sizeof(cut),
				 ehdr->e_shoff + shdr[i].sh_link * sizeof(cut));
			assert_null(name_in(c.path, NOWHERE, at, name));
		}
		return drop_copy(&c);
	}
	fail_msg("no .symtab");
}

/* One place has a handful of names, and none of them is endless. */
static void names_of_a_place_are_bounded(void **state)
{
	struct hostile_elf h;
	char name[256];

	hostile_elf__make(&h);
	assert_string_equal(name_in(h.path, NOWHERE, HOSTILE_CODE, name), "aaaa");
	hostile_elf__name(&h, 256, 4096);
	assert_non_null(name_in(h.path, NOWHERE, HOSTILE_CODE, name));
	hostile_elf__name(&h, 257, 4096);
	assert_null(name_in(h.path, NOWHERE, HOSTILE_CODE, name));
	hostile_elf__name(&h, 1, 4097);
	assert_null(name_in(h.path, NOWHERE, HOSTILE_CODE, name));
	hostile_elf__drop(&h);
}

static void notes_are_read_up_to_a_sum(void **state)
{
	static const size_t sizes[] = {4096, 1 << 20};

	for (size_t i = 0; i < 2; i++) {
		unsigned long long bytes;
		struct hostile_elf h;
		char name[256];

		hostile_elf__make(&h);
		hostile_elf__overlap(&h, SHT_NOTE, 100, sizes[i]);
		bytes = hostile_elf__io("rchar: ");
		assert_non_null(name_in(h.path, NOWHERE, HOSTILE_CODE, name));
		assert_in_range(hostile_elf__io("rchar: ") - bytes, 1, 100000);
		hostile_elf__drop(&h);
	}
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(functions_of_a_whole_file),
		cmocka_unit_test(a_stripped_file_has_what_its_debug_file_has),
		cmocka_unit_test(what_is_exported_is_there_without_symtab),
		cmocka_unit_test(places_have_names),
		cmocka_unit_test(a_file_that_was_replaced_has_no_functions),
		cmocka_unit_test(a_file_that_is_no_elf_file),
		cmocka_unit_test(a_cut_file_does_no_harm),
		cmocka_unit_test(changed_bytes_do_no_harm),
		cmocka_unit_test(names_end_in_their_table),
		cmocka_unit_test(names_of_a_place_are_bounded),
		cmocka_unit_test(notes_are_read_up_to_a_sum),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
