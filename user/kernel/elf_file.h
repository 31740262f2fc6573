/*
 * elf_file.h - an ELF file's functions and how its addresses map to file offsets.
 */
#ifndef BRKSCOPE_ELF_FILE_H
#define BRKSCOPE_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct elf_function {
	const char *name; /* until the file is closed */
	size_t source;	  /* of a local one: the number of the file that it is from; or 0 */
	bool local;
	__u64 addr, size;
};

struct elf_file;

/* -errno; -ENOEXEC: not an ELF file of this machine's kind; -EFBIG: more names or segments
 * than any has. */
int elf_file__open(const char *path, struct elf_file **out);
void elf_file__close(struct elf_file *f);

/*
 * Functions by address: the exported ones, or, where there are no dynamic symbols,
 * those of .symtab.  A program that defines malloc itself: all of both.
 */
const struct elf_function *elf_file__functions(const struct elf_file *f, size_t *count);
const struct elf_function *elf_file__find(const struct elf_file *f, const char *name);
/* Is it a program, and no library? */
bool elf_file__is_program(const struct elf_file *f);
/* False: stripped of all names. */
bool elf_file__has_symbols(const struct elf_file *f);
/* Does its code call another file's function of this name? */
bool elf_file__imports(const struct elf_file *f, const char *name);
/* The name of the function that the GOT entry at addr is filled with; NULL. */
const char *elf_file__got_target(const struct elf_file *f, __u64 addr);
bool elf_file__offset(const struct elf_file *f, __u64 addr, __u64 *offset);
/*
 * The which-th writable segment: file offsets of its bytes, and the one at which its
 * memory would end.  False: there is none, or they wrap.
 */
bool elf_file__data(const struct elf_file *f, unsigned int which, __u64 *lo, __u64 *hi, __u64 *end);
/* The which-th executable segment: addresses of its bytes.  False: there is none, or they wrap. */
bool elf_file__code(const struct elf_file *f, unsigned int which, __u64 *lo, __u64 *hi);
/*
 * The code of the function that addr is in, and whatever padding follows, by the table that
 * exceptions are unwound by (.eh_frame_hdr; Linux Standard Base, Core, 10.6).  False: it has none.
 */
bool elf_file__unwound(const struct elf_file *f, __u64 addr, __u64 *lo, __u64 *hi);
/* Up to size bytes of code at addr. */
size_t elf_file__read(const struct elf_file *f, __u64 addr, void *buf, size_t size);
/* The executable segments' extent as file offsets. */
bool elf_file__text(const struct elf_file *f, __u64 *lo, __u64 *hi);
const char *elf_file__soname(const struct elf_file *f);	     /* "" */
const char *elf_file__interpreter(const struct elf_file *f); /* "" */

#endif
