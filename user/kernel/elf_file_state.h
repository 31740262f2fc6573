/*
 * elf_file_state.h - what the files that read an ELF file share, and nobody else sees.
 */
#ifndef BRKSCOPE_ELF_FILE_STATE_H
#define BRKSCOPE_ELF_FILE_STATE_H

#include <gelf.h>

#include "kernel/elf_file.h"

#define SECTIONS_MOST 32 /* that are read in; a library has some ten */

struct elf_file {
	int fd;
	Elf *elf;
	struct elf_function *functions;
	size_t n_functions;
	const struct elf_function **by_name;
	size_t source;			/* the file that the next local symbols are from */
	size_t sections[SECTIONS_MOST]; /* that were read in */
	size_t n_sections;
	__u64 read, named; /* of READ_MOST and NAMES_MOST */
	bool program;
	bool has_symbols; /* of any kind */
	struct got_entry *got;
	size_t n_got;
	char *soname;
	char *interpreter;
};

/* Its data, until the file is closed; NULL: none, or more than one reads of other people's files.
 */
Elf_Data *elf_file__section_data(struct elf_file *f, Elf_Scn *scn);
/* Of a string table, likewise. */
const char *elf_file__string_at(struct elf_file *f, size_t table, size_t offset);
/* So many names have been looked at that no more are: what has not been found may be there. */
bool elf_file__named_most(const struct elf_file *f);

#endif
