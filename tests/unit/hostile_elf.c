/*
 * hostile_elf.c - an ELF file made by hand, with sections that no linker makes.
 */
#include "hostile_elf.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <unistd.h>

#include <cmocka.h>

#if defined(__x86_64__)
#define MACHINE EM_X86_64
#define NOP	"\x90"
#else
#define MACHINE EM_AARCH64
#define NOP	"\x1f\x20\x03\xd5"
#endif

static void put(struct hostile_elf *h, const void *bytes, size_t size, size_t at)
{
	assert_int_equal(pwrite(h->fd, bytes, size, at), size);
}

static void put_section(struct hostile_elf *h, size_t index, const Elf64_Shdr *shdr)
{
	put(h, shdr, sizeof(*shdr), HOSTILE_SECTIONS + index * sizeof(*shdr));
}

static void put_header(struct hostile_elf *h)
{
	Elf64_Ehdr ehdr = {
		.e_ident = {ELFMAG0, ELFMAG1, ELFMAG2, ELFMAG3, ELFCLASS64, ELFDATA2LSB,
			    EV_CURRENT},
		.e_type = ET_DYN,
		.e_machine = MACHINE,
		.e_version = EV_CURRENT,
		.e_phoff = sizeof(ehdr),
		.e_shoff = HOSTILE_SECTIONS,
		.e_ehsize = sizeof(ehdr),
		.e_phentsize = sizeof(Elf64_Phdr),
		.e_phnum = 1,
		.e_shentsize = sizeof(Elf64_Shdr),
		.e_shnum = h->n_sections,
		.e_shstrndx = 2,
	};
	Elf64_Phdr code = {.p_type = PT_LOAD,
			   .p_flags = PF_R | PF_X,
			   .p_offset = HOSTILE_CODE,
			   .p_vaddr = HOSTILE_CODE,
			   .p_filesz = 0x1000,
			   .p_memsz = 0x1000};

	put(h, &ehdr, sizeof(ehdr), 0);
	put(h, &code, sizeof(code), sizeof(ehdr));
}

void hostile_elf__make(struct hostile_elf *h)
{
	h->fd = memfd_create("hostile", MFD_CLOEXEC);
	assert_true(h->fd >= 0);
	assert_int_equal(ftruncate(h->fd, HOSTILE_END), 0);
	snprintf(h->path, sizeof(h->path), "/proc/self/fd/%d", h->fd);
	h->n_sections = 3;
	put_header(h);
	hostile_elf__name(h, 1, 4);
}

void hostile_elf__drop(struct hostile_elf *h)
{
	close(h->fd);
}

void hostile_elf__name(struct hostile_elf *h, size_t n, size_t length)
{
	Elf64_Shdr symbols = {.sh_type = SHT_DYNSYM,
			      .sh_offset = HOSTILE_SYMBOLS,
			      .sh_size = n * sizeof(Elf64_Sym),
			      .sh_link = 2,
			      .sh_entsize = sizeof(Elf64_Sym)};
	Elf64_Shdr strings = {
		.sh_type = SHT_STRTAB, .sh_offset = HOSTILE_NAMES, .sh_size = length + 2};
	Elf64_Sym sym = {.st_name = 1,
			 .st_info = ELF64_ST_INFO(STB_GLOBAL, STT_FUNC),
			 .st_shndx = 1,
			 .st_value = HOSTILE_CODE,
			 .st_size = 0x1000};
	char *name = calloc(1, length + 2);

	assert_non_null(name);
	memset(name + 1, 'a', length);
	put(h, name, length + 2, HOSTILE_NAMES);
	free(name);
	for (size_t i = 0; i < n; i++)
		put(h, &sym, sizeof(sym), HOSTILE_SYMBOLS + i * sizeof(sym));
	put_section(h, 1, &symbols);
	put_section(h, 2, &strings);
}

void hostile_elf__overlap(struct hostile_elf *h, Elf64_Word type, size_t n, size_t size)
{
	Elf64_Shdr shdr = {.sh_type = type,
			   .sh_offset = HOSTILE_END,
			   .sh_size = size,
			   .sh_link = 1,
			   .sh_addralign = 4,
			   .sh_entsize = sizeof(Elf64_Rela)};

	assert_int_equal(ftruncate(h->fd, HOSTILE_END + size), 0);
	for (size_t i = 0; i < n; i++)
		put_section(h, h->n_sections++, &shdr);
	put_header(h);
}

void hostile_elf__notes(struct hostile_elf *h, size_t n, const char *provider, const char *name)
{
	struct {
		Elf64_Nhdr head;
		char owner[8];
		Elf64_Xword pc, base, semaphore;
		char names[64];
	} __attribute__((packed)) note = {
		.head = {.n_namesz = sizeof("stapsdt"), .n_descsz = 3 * 8 + 64, .n_type = 3},
		.owner = "stapsdt",
		.pc = HOSTILE_CODE,
	};
	Elf64_Shdr shdr = {.sh_type = SHT_NOTE,
			   .sh_offset = HOSTILE_END,
			   .sh_size = n * sizeof(note),
			   .sh_addralign = 4};

	snprintf(note.names, sizeof(note.names), "%s%c%s", provider, 0, name);
	put(h, NOP, sizeof(NOP) - 1, HOSTILE_CODE);
	assert_int_equal(ftruncate(h->fd, HOSTILE_END + shdr.sh_size), 0);
	for (size_t i = 0; i < n; i++)
		put(h, &note, sizeof(note), HOSTILE_END + i * sizeof(note));
	put_section(h, h->n_sections++, &shdr);
	put_header(h);
}

unsigned long long hostile_elf__io(const char *name)
{
	unsigned long long value = 0;
	char line[128];
	FILE *in = fopen("/proc/self/io", "r");

	assert_non_null(in);
	while (fgets(line, sizeof(line), in))
		if (!strncmp(line, name, strlen(name)))
			value = strtoull(line + strlen(name), NULL, 10);
	fclose(in);
	return value;
}
