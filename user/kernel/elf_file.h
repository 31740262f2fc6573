/*
 * elf_file.h - an ELF file's functions and how its addresses map to file offsets.
 */
#ifndef BRKSCOPE_ELF_FILE_H
#define BRKSCOPE_ELF_FILE_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct elf_function {
	char *name;
	__u64 addr, size;
};

struct elf_file;

/* -errno; -ENOEXEC: not an ELF file of this machine's kind. */
int elf_file__open(const char *path, struct elf_file **out);
void elf_file__close(struct elf_file *f);

/* Exported functions, by address; the dynamic symbols, or .symtab where there are none. */
const struct elf_function *elf_file__functions(const struct elf_file *f, size_t *count);
const struct elf_function *elf_file__find(const struct elf_file *f, const char *name);
/* The name of the function that the GOT entry at addr is filled with; NULL. */
const char *elf_file__got_target(const struct elf_file *f, __u64 addr);
bool elf_file__offset(const struct elf_file *f, __u64 addr, __u64 *offset);
/* Up to size bytes of code at addr. */
size_t elf_file__read(const struct elf_file *f, __u64 addr, void *buf, size_t size);
/* The executable segments' extent as file offsets. */
bool elf_file__text(const struct elf_file *f, __u64 *lo, __u64 *hi);
const char *elf_file__soname(const struct elf_file *f);	     /* "" */
const char *elf_file__interpreter(const struct elf_file *f); /* "" */

#endif
