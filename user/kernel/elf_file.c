/*
 * elf_file.c - an ELF file's functions and how its addresses map to file offsets.
 *
 * By libelf, which checks the file's own indices and sizes; what it hands out
 * as numbers is checked here.
 */
#include "kernel/elf_file.h"

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
	char *name;
};

struct elf_file {
	int fd;
	Elf *elf;
	struct elf_function *functions;
	size_t n_functions;
	struct got_entry *got;
	size_t n_got;
	char *soname;
	char *interpreter;
};

static int by_address(const void *a, const void *b)
{
	const struct elf_function *x = a, *y = b;

	if (x->addr != y->addr)
		return x->addr < y->addr ? -1 : 1;
	return strcmp(x->name, y->name);
}

/* More of one table no library has; a sparse file may claim any size. */
#define SECTION_MOST (64ull << 20)

static Elf_Data *section_data(Elf_Scn *scn)
{
	GElf_Shdr shdr;

	if (!scn || !gelf_getshdr(scn, &shdr) || shdr.sh_size > SECTION_MOST)
		return NULL;
	return elf_getdata(scn, NULL);
}

/* Of a string table that is not too large to be read in. */
static const char *string_at(Elf *elf, size_t table, size_t offset)
{
	GElf_Shdr shdr;
	Elf_Scn *scn = elf_getscn(elf, table);

	if (!scn || !gelf_getshdr(scn, &shdr) || shdr.sh_size > SECTION_MOST)
		return NULL;
	return elf_strptr(elf, table, offset);
}

static Elf_Scn *section_of_type(Elf *elf, GElf_Word type, GElf_Shdr *shdr)
{
	Elf_Scn *scn = NULL;

	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, shdr) && shdr->sh_type == type)
			return scn;
	return NULL;
}

static int read_functions(struct elf_file *f)
{
	GElf_Shdr shdr;
	Elf_Scn *scn = section_of_type(f->elf, SHT_DYNSYM, &shdr);
	Elf_Data *data;
	size_t n;

	if (!scn)
		scn = section_of_type(f->elf, SHT_SYMTAB, &shdr);
	data = section_data(scn);
	if (!data || !shdr.sh_entsize)
		return 0;
	n = data->d_size / shdr.sh_entsize;
	f->functions = calloc(n ? n : 1, sizeof(*f->functions));
	if (!f->functions)
		return -ENOMEM;
	for (size_t i = 0; i < n; i++) {
		struct elf_function *fn = &f->functions[f->n_functions];
		const char *name;
		GElf_Sym sym;
		int type;

		if (!gelf_getsym(data, i, &sym))
			break;
		type = GELF_ST_TYPE(sym.st_info);
		if ((type != STT_FUNC && type != STT_GNU_IFUNC) || sym.st_shndx == SHN_UNDEF)
			continue;
		name = string_at(f->elf, shdr.sh_link, sym.st_name);
		if (!name || !*name)
			continue;
		fn->name = strdup(name);
		if (!fn->name)
			return -ENOMEM;
		fn->addr = sym.st_value;
		fn->size = sym.st_size;
		f->n_functions++;
	}
	qsort(f->functions, f->n_functions, sizeof(*f->functions), by_address);
	return 0;
}

/* The relocations of one section: which symbol fills which GOT entry. */
static int read_got_section(struct elf_file *f, Elf_Scn *scn, const GElf_Shdr *shdr)
{
	Elf_Data *rela = section_data(scn), *syms;
	Elf_Scn *sym_scn = elf_getscn(f->elf, shdr->sh_link);
	GElf_Shdr sym_shdr;
	struct got_entry *got;
	size_t n;

	if (!rela || !sym_scn || !gelf_getshdr(sym_scn, &sym_shdr) || !shdr->sh_entsize)
		return 0;
	syms = section_data(sym_scn);
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
		name = string_at(f->elf, sym_shdr.sh_link, sym.st_name);
		if (!name || !*name)
			continue;
		got[f->n_got].addr = r.r_offset;
		got[f->n_got].name = strdup(name);
		if (!got[f->n_got].name)
			return -ENOMEM;
		f->n_got++;
	}
	return 0;
}

static int read_got(struct elf_file *f)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	int err;

	while ((scn = elf_nextscn(f->elf, scn))) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_RELA)
			continue;
		err = read_got_section(f, scn, &shdr);
		if (err)
			return err;
	}
	return 0;
}

static int read_soname(struct elf_file *f)
{
	GElf_Shdr shdr;
	Elf_Scn *scn = section_of_type(f->elf, SHT_DYNAMIC, &shdr);
	Elf_Data *data = section_data(scn);
	const char *name = "";
	GElf_Dyn dyn;

	for (int i = 0; data && gelf_getdyn(data, i, &dyn) && dyn.d_tag != DT_NULL; i++)
		if (dyn.d_tag == DT_SONAME)
			name = string_at(f->elf, shdr.sh_link, dyn.d_un.d_val);
	f->soname = strdup(name ? name : "");
	return f->soname ? 0 : -ENOMEM;
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
	err = read_functions(f);
	if (!err)
		err = read_got(f);
	if (!err)
		err = read_soname(f);
	if (!err)
		err = read_interpreter(f);
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
	for (size_t i = 0; i < f->n_functions; i++)
		free(f->functions[i].name);
	for (size_t i = 0; i < f->n_got; i++)
		free(f->got[i].name);
	free(f->functions);
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
	for (size_t i = 0; i < f->n_functions; i++)
		if (!strcmp(f->functions[i].name, name))
			return &f->functions[i];
	return NULL;
}

const char *elf_file__got_target(const struct elf_file *f, __u64 addr)
{
	for (size_t i = 0; i < f->n_got; i++)
		if (f->got[i].addr == addr)
			return f->got[i].name;
	return NULL;
}

static bool segment_of(const struct elf_file *f, __u64 addr, GElf_Phdr *ph)
{
	size_t n = 0;

	elf_getphdrnum(f->elf, &n);
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(f->elf, i, ph) && ph->p_type == PT_LOAD && addr >= ph->p_vaddr &&
		    addr - ph->p_vaddr < ph->p_filesz)
			return true;
	return false;
}

bool elf_file__offset(const struct elf_file *f, __u64 addr, __u64 *offset)
{
	GElf_Phdr ph;

	if (!segment_of(f, addr, &ph))
		return false;
	*offset = addr - ph.p_vaddr + ph.p_offset;
	return true;
}

size_t elf_file__read(const struct elf_file *f, __u64 addr, void *buf, size_t size)
{
	GElf_Phdr ph;
	ssize_t n;
	__u64 room;

	if (!segment_of(f, addr, &ph))
		return 0;
	room = ph.p_filesz - (addr - ph.p_vaddr);
	n = pread(f->fd, buf, size < room ? size : room, addr - ph.p_vaddr + ph.p_offset);
	return n < 0 ? 0 : n;
}

bool elf_file__text(const struct elf_file *f, __u64 *lo, __u64 *hi)
{
	size_t n = 0;
	GElf_Phdr ph;

	*lo = ~0ull;
	*hi = 0;
	elf_getphdrnum(f->elf, &n);
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(f->elf, i, &ph) || ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
			continue;
		if (ph.p_offset < *lo)
			*lo = ph.p_offset;
		if (ph.p_offset + ph.p_filesz > *hi)
			*hi = ph.p_offset + ph.p_filesz;
	}
	return *lo < *hi;
}

const char *elf_file__soname(const struct elf_file *f)
{
	return f->soname;
}

const char *elf_file__interpreter(const struct elf_file *f)
{
	return f->interpreter;
}
