/*
 * hostile_elf.h - an ELF file made by hand, with sections that no linker makes.
 */
#ifndef BRKSCOPE_HOSTILE_ELF_H
#define BRKSCOPE_HOSTILE_ELF_H

#include <elf.h>
#include <stddef.h>

#define HOSTILE_CODE	 0x1000 /* offset and address of a page of code */
#define HOSTILE_NAMES	 0x2000
#define HOSTILE_SYMBOLS	 0x1000000
#define HOSTILE_SECTIONS 0x2000000
#define HOSTILE_END	 0x3000000

struct hostile_elf {
	int fd;
	char path[64];
	size_t n_sections;
};

/* Three sections: none, the dynamic symbols, their names. */
void hostile_elf__make(struct hostile_elf *h);
void hostile_elf__drop(struct hostile_elf *h);
/* n functions with the code page as theirs, all of one name of that many bytes. */
void hostile_elf__name(struct hostile_elf *h, size_t n, size_t length);
/* n sections of this type, all of them in the same place behind the end: a hole. */
void hostile_elf__overlap(struct hostile_elf *h, Elf64_Word type, size_t n, size_t size);
/* A section of so many notes of sys/sdt.h, all of one name, of a nop in the code page. */
void hostile_elf__notes(struct hostile_elf *h, size_t n, const char *provider, const char *name);
/* A number of /proc/self/io, such as "rchar: ". */
unsigned long long hostile_elf__io(const char *name);

#endif
