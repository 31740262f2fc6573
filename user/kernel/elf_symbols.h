/*
 * elf_symbols.h - which function of an ELF file an offset in it lies in.
 *
 * By .symtab, which has every function, of the file itself or else of its debug
 * file; by the dynamic symbols, which have the exported ones, where there is
 * neither.  Files are other users': every number in them is checked.
 */
#ifndef BRKSCOPE_ELF_SYMBOLS_H
#define BRKSCOPE_ELF_SYMBOLS_H

#include <stddef.h>

#include <linux/types.h>

struct elf_symbols;

/* Takes fd, and closes it in any case.  debug: of /usr/lib/debug.  -errno; -ENOEXEC: no ELF file.
 */
int elf_symbols__open(int fd, const char *debug, struct elf_symbols **out);
void elf_symbols__close(struct elf_symbols *s); /* NULL is allowed */

/*
 * The function whose extent holds the offset; of several the innermost, then the
 * one with the plainest name.  Looks at every symbol.  NULL: none, or more
 * names than any place has; else valid
 * until the file is closed, and NUL-terminated.
 */
const char *elf_symbols__at(const struct elf_symbols *s, __u64 offset);
size_t elf_symbols__size(const struct elf_symbols *s); /* bytes of symbols and names */

#endif
