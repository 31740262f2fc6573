/*
 * elf_file.c - an ELF file's functions and how its addresses map to file offsets.
 *
 * By libelf, which checks the file's own indices and sizes; what it hands out
 * as numbers is checked here.
 */
#include "kernel/elf_file_state.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#if defined(__x86_64__)
#define HOST_MACHINE EM_X86_64
#elif defined(__aarch64__)
#define HOST_MACHINE EM_AARCH64
#endif

struct got_entry {
	__u64 addr;
	const char *name;
};

/*
 * The file's owner chooses the sizes: a sparse file may claim any, and its
 * sections and names may lie over each other.
 */
#define SECTION_MOST  (64ull << 20)	 /* no library has a larger table */
#define READ_MOST     (3 * SECTION_MOST) /* of all of them together */
#define SEGMENTS_MOST 256		 /* a file has some ten */
#define NAME_MOST     4096		 /* as in elf_symbols.c */
#define NAMES_MOST    (2 * SECTION_MOST) /* bytes of names looked at */

static int by_address(const void *a, const void *b)
{
	const struct elf_function *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return strcmp(x->name, y->name);
}

static int by_name(const void *a, const void *b)
{
	const struct elf_function *const *x = a, *const *y = b;
	int order = strcmp((*x)->name, (*y)->name);

	return order ? order : *x < *y ? -1 : *x > *y;
}

/* Kept by libelf until the file is closed, so that it counts once. */
static bool may_read(struct elf_file *f, size_t index, __u64 size)
{
	for (size_t i = 0; i < f->n_sections; i++)
		if (f->sections[i] == index)
			return true;
	if (f->n_sections == SECTIONS_MOST || size > SECTION_MOST || size > READ_MOST - f->read)
		return false;
	f->sections[f->n_sections++] = index;
	f->read += size;
	return true;
}

Elf_Data *elf_file__section_data(struct elf_file *f, Elf_Scn *scn)
{
	GElf_Shdr shdr;

	if (!scn || !gelf_getshdr(scn, &shdr) || !may_read(f, elf_ndxscn(scn), shdr.sh_size))
		return NULL;
	return elf_getdata(scn, NULL);
}

bool elf_file__named_most(const struct elf_file *f)
{
	return f->named >= NAMES_MOST;
}

/*
 * Of a string table, and valid until the file is closed.  NULL: none, or too long
 * for one.  Not elf_strptr: it looks for a NUL through the whole table each time.
 */
const char *elf_file__string_at(struct elf_file *f, size_t table, size_t offset)
{
	Elf_Scn *scn = elf_getscn(f->elf, table);
	const char *name, *end;
	GElf_Shdr shdr;
	Elf_Data *data;
	size_t room;

	if (elf_file__named_most(f) || !scn || !gelf_getshdr(scn, &shdr) ||
	    shdr.sh_type != SHT_STRTAB)
		return NULL;
	data = elf_file__section_data(f, scn);
	if (!data || !data->d_buf || offset >= data->d_size)
		return NULL;
	name = (const char *)data->d_buf + offset;
	room = data->d_size - offset;
	room = room < NAME_MOST + 1 ? room : NAME_MOST + 1;
	end = memchr(name, 0, room);
	f->named += end ? (size_t)(end - name) + 1 : room;
	return end ? name : NULL;
}

static Elf_Scn *section_of_type(Elf *elf, GElf_Word type, GElf_Shdr *shdr)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, shdr) && shdr->sh_type == type)
			return scn;
	return NULL;
}

static void add_function(struct elf_file *f, const GElf_Sym *sym, const char *name)
{
	struct elf_function *fn = &f->functions[f->n_functions++];

	*fn = (struct elf_function){.name = name, .addr = sym->st_value, .size = sym->st_size};
	fn->local = GELF_ST_BIND(sym->st_info) == STB_LOCAL;
	if (fn->local)
		fn->source = f->source;
}

/* A table of symbols, as far as it can be read; 0 or -ENOMEM. */
static int read_symbols(struct elf_file *f, Elf_Data *data, const GElf_Shdr *shdr)
{
	size_t n = data && shdr->sh_entsize ? data->d_size / shdr->sh_entsize : 0;
	struct elf_function *more;

	if (!n)
		return 0;
	more = realloc(f->functions, (f->n_functions + n) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	f->functions = more;
	for (size_t i = 0; i < n; i++) {
		const char *name;
		GElf_Sym sym;
		int type;

		if (!gelf_getsym(data, i, &sym))
			break;
		type = GELF_ST_TYPE(sym.st_info);
		if (type != STT_FILE &&
		    ((type != STT_FUNC && type != STT_GNU_IFUNC) || sym.st_shndx == SHN_UNDEF))
			continue;
		name = elf_file__string_at(f, shdr->sh_link, sym.st_name);
		if (!name || !*name)
			continue;
		if (type == STT_FILE)
			f->source++;
		else
			add_function(f, &sym, name);
	}
	return 0;
}

static bool defines(struct elf_file *f, Elf_Data *data, const GElf_Shdr *shdr, const char *what)
{
	size_t n = data && shdr->sh_entsize ? data->d_size / shdr->sh_entsize : 0;
	const char *name;
	GElf_Sym sym;

	for (size_t i = 0; i < n && gelf_getsym(data, i, &sym); i++) {
		if (GELF_ST_TYPE(sym.st_info) != STT_FUNC || sym.st_shndx == SHN_UNDEF)
			continue;
		name = elf_file__string_at(f, shdr->sh_link, sym.st_name);
		if (name && !strcmp(name, what))
			return true;
	}
	return false;
}

/* They are looked up by both, as often as a file's code says. */
static int sort_functions(struct elf_file *f)
{
	if (!f->n_functions)
		return 0;
	qsort(f->functions, f->n_functions, sizeof(*f->functions), by_address);
	f->by_name = malloc(f->n_functions * sizeof(*f->by_name));
	if (!f->by_name)
		return -ENOMEM;
	for (size_t i = 0; i < f->n_functions; i++)
		f->by_name[i] = &f->functions[i];
	qsort(f->by_name, f->n_functions, sizeof(*f->by_name), by_name);
	return 0;
}

static bool has_function(const struct elf_file *f, const char *name)
{
	for (size_t i = 0; i < f->n_functions; i++)
		if (!strcmp(f->functions[i].name, name))
			return true;
	return false;
}

/*
 * .symtab is large, and only in a program that defines malloc does it say what
 * the dynamic symbols do not: a static one has no others, and one that brings an
 * allocator has more in it than that.
 */
static int read_functions(struct elf_file *f)
{
	GElf_Shdr dynamic, all;
	Elf_Scn *dynsym = section_of_type(f->elf, SHT_DYNSYM, &dynamic);
	Elf_Scn *symtab = section_of_type(f->elf, SHT_SYMTAB, &all);
	Elf_Data *data = elf_file__section_data(f, dynsym);
	bool wanted;
	int err = 0;

	f->has_symbols = symtab;
	if (dynsym)
		err = read_symbols(f, data, &dynamic);
	if (err)
		return err;
	wanted = !dynsym || (f->program && (!*f->interpreter || has_function(f, "malloc")));
	data = wanted ? elf_file__section_data(f, symtab) : NULL;
	if (data && (!f->program || defines(f, data, &all, "malloc")))
		err = read_symbols(f, data, &all);
	f->has_symbols |= f->n_functions;
	return err ? err : sort_functions(f);
}

/* The relocations of one section: which symbol fills which GOT entry. */
static int read_got_section(struct elf_file *f, Elf_Scn *scn, const GElf_Shdr *shdr)
{
	Elf_Data *rela = elf_file__section_data(f, scn), *syms;
	Elf_Scn *sym_scn = elf_getscn(f->elf, shdr->sh_link);
	GElf_Shdr sym_shdr;
	struct got_entry *got;
	size_t n;

	if (!rela || !sym_scn || !gelf_getshdr(sym_scn, &sym_shdr) || !shdr->sh_entsize)
		return 0;
	syms = elf_file__section_data(f, sym_scn);
	n = rela->d_size / shdr->sh_entsize;
	got = realloc(f->got, (f->n_got + n + 1) * sizeof(*got));
	if (!got)
		return -ENOMEM;
	f->got = got;
	for (size_t i = 0; i < n; i++) {
		const char *name;
		GElf_Rela r;
		GElf_Sym sym;

		if (!gelf_getrela(rela, i, &r) || !GELF_R_SYM(r.r_info) || !syms ||
		    !gelf_getsym(syms, GELF_R_SYM(r.r_info), &sym))
			continue;
		name = elf_file__string_at(f, sym_shdr.sh_link, sym.st_name);
		if (!name || !*name)
			continue;
		got[f->n_got++] = (struct got_entry){.addr = r.r_offset, .name = name};
	}
	return 0;
}

static int by_slot(const void *a, const void *b)
{
	const struct got_entry *x = a, *y = b;

	return x->addr == y->addr ? 0 : x->addr < y->addr ? -1 : 1;
}

static int read_got(struct elf_file *f)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	int err;

	while (!elf_file__named_most(f) && (scn = elf_nextscn(f->elf, scn))) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_RELA)
			continue;
		err = read_got_section(f, scn, &shdr);
		if (err)
			return err;
	}
	if (f->n_got)
		qsort(f->got, f->n_got, sizeof(*f->got), by_slot);
	return 0;
}

static int read_soname(struct elf_file *f)
{
	GElf_Shdr shdr;
	Elf_Scn *scn = section_of_type(f->elf, SHT_DYNAMIC, &shdr);
	Elf_Data *data = elf_file__section_data(f, scn);
	const char *name = "";
	GElf_Dyn dyn;

	for (int i = 0; data && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++)
		if (dyn.d_tag == DT_SONAME)
			name = elf_file__string_at(f, shdr.sh_link, dyn.d_un.d_val);
	f->soname = strdup(name ? name : "");
	return f->soname ? 0 : -ENOMEM;
}

/* ld's -pie says so since binutils 2.26; before, a program has a loader and no name of its own. */
static bool is_program(struct elf_file *f, const GElf_Ehdr *ehdr)
{
	GElf_Shdr shdr;
	Elf_Scn *scn = section_of_type(f->elf, SHT_DYNAMIC, &shdr);
	Elf_Data *data = elf_file__section_data(f, scn);
	GElf_Dyn dyn;

	if (ehdr->e_type == ET_EXEC)
		return true;
	for (int i = 0; data && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++)
		if (dyn.d_tag == DT_FLAGS_1 && dyn.d_un.d_val & DF_1_PIE)
			return true;
	return *f->interpreter && !*f->soname;
}

static int read_interpreter(struct elf_file *f)
{
	char path[256] = "";
	GElf_Phdr ph;
	size_t n = 0;

	elf_getphdrnum(f->elf, &n);
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(f->elf, i, &ph) || ph.p_type != PT_INTERP ||
		    ph.p_filesz >= sizeof(path))
			continue;
		if (pread(f->fd, path, ph.p_filesz, ph.p_offset) != (ssize_t)ph.p_filesz)
			path[0] = 0;
	}
	f->interpreter = strdup(path);
	return f->interpreter ? 0 : -ENOMEM;
}

int elf_file__open(const char *path, struct elf_file **out)
{
	struct elf_file *f = calloc(1, sizeof(*f));
	GElf_Ehdr ehdr;
	size_t segments;
	int err = -ENOEXEC;

	if (!f)
		return -ENOMEM;
	elf_version(EV_CURRENT);
	/* Not to hang on a FIFO that somebody put there. */
	f->fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (f->fd < 0) {
		err = -errno;
		goto fail;
	}
	/* Read, not mapped: its owner may cut it at any moment, and that would be a SIGBUS. */
	f->elf = elf_begin(f->fd, ELF_C_READ, NULL);
	if (!f->elf || elf_kind(f->elf) != ELF_K_ELF || !gelf_getehdr(f->elf, &ehdr) ||
	    ehdr.e_machine != HOST_MACHINE || ehdr.e_ident[EI_CLASS] != ELFCLASS64)
		goto fail;
	/* They are gone through for each address that is looked up. */
	if (elf_getphdrnum(f->elf, &segments) || segments > SEGMENTS_MOST) {
		err = -EFBIG;
		goto fail;
	}
	err = read_soname(f);
	if (!err)
		err = read_interpreter(f);
	if (err)
		goto fail;
	f->program = is_program(f, &ehdr);
	err = read_functions(f);
	if (!err)
		err = read_got(f);
	/* The rest of its names is not known, and what it is hangs on them. */
	if (!err && elf_file__named_most(f))
		err = -EFBIG;
	if (err)
		goto fail;
	*out = f;
	return 0;
fail:
	elf_file__close(f);
	return err;
}

void elf_file__close(struct elf_file *f)
{
	if (!f)
		return;
	free(f->functions);
	free(f->by_name);
	free(f->got);
	free(f->soname);
	free(f->interpreter);
	elf_end(f->elf);
	if (f->fd >= 0)
		close(f->fd);
	free(f);
}

const struct elf_function *elf_file__functions(const struct elf_file *f, size_t *count)
{
	*count = f->n_functions;
	return f->functions;
}

const struct elf_function *elf_file__find(const struct elf_file *f, const char *name)
{
	size_t from = 0, to = f->by_name ? f->n_functions : 0, half;

	/* Of several the one with the lowest address. */
	while (from < to) {
		half = from + (to - from) / 2;
		if (strcmp(f->by_name[half]->name, name) < 0)
			from = half + 1;
		else
			to = half;
	}
	if (!f->by_name || from == f->n_functions || strcmp(f->by_name[from]->name, name))
		return NULL;
	return f->by_name[from];
}

bool elf_file__is_program(const struct elf_file *f)
{
	return f->program;
}

bool elf_file__has_symbols(const struct elf_file *f)
{
	return f->has_symbols;
}

bool elf_file__imports(const struct elf_file *f, const char *name)
{
	if (elf_file__find(f, name))
		return false;
	for (size_t i = 0; i < f->n_got; i++)
		if (!strcmp(f->got[i].name, name))
			return true;
	return false;
}

const char *elf_file__got_target(const struct elf_file *f, __u64 addr)
{
	const struct got_entry wanted = {.addr = addr}, *e = NULL;

	if (f->n_got)
		e = bsearch(&wanted, f->got, f->n_got, sizeof(*f->got), by_slot);
	return e ? e->name : NULL;
}

const char *elf_file__soname(const struct elf_file *f)
{
	return f->soname;
}

const char *elf_file__interpreter(const struct elf_file *f)
{
	return f->interpreter;
}
