/*
 * elf_symbols.c - which function of an ELF file an offset in it lies in.
 *
 * By libelf and not libdwfl, which maps the files that it opens: their owner may
 * cut them at any moment, and that would be a SIGBUS.  A look at a place is rare
 * (each is looked at once), so there is no index: a pass through all symbols.
 */
#include "kernel/elf_symbols.h"

#include <errno.h>
#include <fcntl.h>
#include <gelf.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define SECTION_MOST  (64ull << 20) /* a sparse file may claim any size */
#define SEGMENTS_MOST 16	    /* that are executable */
#define NAME_MOST     4096	    /* C++ makes some of thousands of bytes */
#define NAMES_MOST    256	    /* of one place; a function has a handful */
#define NOTE_MOST     4096	    /* a build ID's section has 36 bytes */
#define NOTES_MOST    65536	    /* of all that are read */
#define BUILD_ID_MIN  2
#define BUILD_ID_MOST 64

struct file {
	int fd;
	Elf *elf;
};

struct elf_symbols {
	struct file main, debug;
	GElf_Phdr segments[SEGMENTS_MOST];
	size_t n_segments;
	Elf_Data *symbols; /* NULL: it has none */
	const char *names; /* not NUL-terminated */
	size_t names_size;
};

static int file_open(struct file *f, int fd)
{
	GElf_Ehdr ehdr;

	f->fd = fd;
	f->elf = elf_begin(fd, ELF_C_READ, NULL);
	if (!f->elf || elf_kind(f->elf) != ELF_K_ELF || !gelf_getehdr(f->elf, &ehdr) ||
	    ehdr.e_ident[EI_CLASS] != ELFCLASS64)
		return -ENOEXEC;
	return 0;
}

static void file_close(struct file *f)
{
	elf_end(f->elf);
	if (f->fd >= 0)
		close(f->fd);
	*f = (struct file){.fd = -1};
}

static Elf_Data *data_of(Elf_Scn *scn, const GElf_Shdr *shdr)
{
	return shdr->sh_size <= SECTION_MOST ? elf_getdata(scn, NULL) : NULL;
}

/* The table of this type, with its names.  False: there is none that can be used. */
static bool use_table(struct elf_symbols *s, Elf *elf, GElf_Word type)
{
	GElf_Shdr shdr, names_shdr;
	Elf_Scn *scn = NULL, *names;
	Elf_Data *symbols, *strings;

	while ((scn = elf_nextscn(elf, scn)))
		if (gelf_getshdr(scn, &shdr) && shdr.sh_type == type)
			break;
	if (!scn)
		return false;
	names = elf_getscn(elf, shdr.sh_link);
	if (!names || !gelf_getshdr(names, &names_shdr) || names_shdr.sh_type != SHT_STRTAB)
		return false;
	symbols = data_of(scn, &shdr);
	strings = data_of(names, &names_shdr);
	if (!symbols || !symbols->d_buf || symbols->d_type != ELF_T_SYM || !strings ||
	    !strings->d_buf)
		return false;
	s->symbols = symbols;
	s->names = strings->d_buf;
	s->names_size = strings->d_size;
	return true;
}

/* "93ac61..." of its GNU note; "": it has none. */
static void read_build_id(Elf *elf, char hex[2 * BUILD_ID_MOST + 1])
{
	size_t offset, next, name, desc, room = NOTES_MOST;
	Elf_Scn *scn = NULL;
	Elf_Data *data;
	GElf_Shdr shdr;
	GElf_Nhdr note;

	hex[0] = 0;
	while ((scn = elf_nextscn(elf, scn))) {
		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_NOTE ||
		    shdr.sh_size > NOTE_MOST || shdr.sh_size > room)
			continue;
		room -= shdr.sh_size;
		data = data_of(scn, &shdr);
		for (offset = 0; data && (next = gelf_getnote(data, offset, &note, &name, &desc));
		     offset = next) {
			const unsigned char *id = (unsigned char *)data->d_buf + desc;

			if (note.n_type != NT_GNU_BUILD_ID || note.n_namesz != sizeof("GNU") ||
			    memcmp((char *)data->d_buf + name, "GNU", sizeof("GNU")) ||
			    note.n_descsz < BUILD_ID_MIN || note.n_descsz > BUILD_ID_MOST)
				continue;
			for (size_t i = 0; i < note.n_descsz; i++)
				snprintf(hex + 2 * i, 3, "%02x", id[i]);
			return;
		}
	}
}

/* Of the very same build: it is found by its identity. */
static bool use_debug_file(struct elf_symbols *s, const char *debug)
{
	char id[2 * BUILD_ID_MOST + 1], path[512];
	int fd;

	read_build_id(s->main.elf, id);
	if (!*id || (size_t)snprintf(path, sizeof(path), "%s/.build-id/%.2s/%s.debug", debug, id,
				     id + 2) >= sizeof(path))
		return false;
	fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	if (fd < 0)
		return false;
	if (!file_open(&s->debug, fd) && use_table(s, s->debug.elf, SHT_SYMTAB))
		return true;
	file_close(&s->debug);
	return false;
}

static void find_segments(struct elf_symbols *s)
{
	GElf_Phdr ph;
	size_t n = 0;

	elf_getphdrnum(s->main.elf, &n);
	for (size_t i = 0; i < n && s->n_segments < SEGMENTS_MOST; i++)
		if (gelf_getphdr(s->main.elf, i, &ph) && ph.p_type == PT_LOAD && ph.p_flags & PF_X)
			s->segments[s->n_segments++] = ph;
}

int elf_symbols__open(int fd, const char *debug, struct elf_symbols **out)
{
	struct elf_symbols *s = calloc(1, sizeof(*s));
	int err;

	if (!s) {
		close(fd);
		return -ENOMEM;
	}
	s->debug.fd = -1;
	elf_version(EV_CURRENT);
	err = file_open(&s->main, fd);
	if (err) {
		elf_symbols__close(s);
		return err;
	}
	find_segments(s);
	if (!use_table(s, s->main.elf, SHT_SYMTAB) && !use_debug_file(s, debug))
		use_table(s, s->main.elf, SHT_DYNSYM);
	*out = s;
	return 0;
}

void elf_symbols__close(struct elf_symbols *s)
{
	if (!s)
		return;
	file_close(&s->main);
	file_close(&s->debug);
	free(s);
}

/* Code's address as the symbols have it. */
static bool address_of(const struct elf_symbols *s, __u64 offset, __u64 *addr)
{
	for (size_t i = 0; i < s->n_segments; i++) {
		const GElf_Phdr *ph = &s->segments[i];

		if (offset < ph->p_offset || offset - ph->p_offset >= ph->p_filesz)
			continue;
		*addr = offset - ph->p_offset + ph->p_vaddr;
		return true;
	}
	return false;
}

/* NULL: it does not end inside of the table, is longer than any name, or empty. */
static const char *name_at(const struct elf_symbols *s, __u64 offset)
{
	size_t room;

	if (offset >= s->names_size)
		return NULL;
	room = s->names_size - offset;
	if (!memchr(s->names + offset, 0, room < NAME_MOST + 1 ? room : NAME_MOST + 1))
		return NULL;
	return s->names[offset] ? s->names + offset : NULL;
}

static bool holds(const GElf_Sym *sym, __u64 addr)
{
	int type = GELF_ST_TYPE(sym->st_info);

	return (type == STT_FUNC || type == STT_GNU_IFUNC) && sym->st_shndx != SHN_UNDEF &&
	       addr >= sym->st_value && addr - sym->st_value < sym->st_size;
}

/* mmap before mmap64 before __mmap: the same in every run. */
static bool is_plainer(const char *a, const char *b)
{
	size_t x = strspn(a, "_"), y = strspn(b, "_");

	if (x == y) {
		x = strlen(a);
		y = strlen(b);
	}
	return x == y ? strcmp(a, b) < 0 : x < y;
}

const char *elf_symbols__at(const struct elf_symbols *s, __u64 offset)
{
	const char *best = NULL, *name;
	unsigned int looked_at = 0;
	__u64 addr, start = 0;
	GElf_Sym sym;

	if (!s->symbols || !address_of(s, offset, &addr))
		return NULL;
	for (int i = 0; gelf_getsym(s->symbols, i, &sym); i++) {
		if (!holds(&sym, addr) || (best && sym.st_value < start))
			continue;
		if (looked_at++ == NAMES_MOST)
			return NULL;
		name = name_at(s, sym.st_name);
		if (!name || (best && sym.st_value == start && !is_plainer(name, best)))
			continue;
		best = name;
		start = sym.st_value;
	}
	return best;
}

size_t elf_symbols__size(const struct elf_symbols *s)
{
	return s->symbols ? s->symbols->d_size + s->names_size : 0;
}
