/*
 * usdt.h - places for tracers that a program's author has put into it (sys/sdt.h).
 *
 * As notes in the ELF file tell them: where each is, the counter that says to the program
 * whether anybody traces it, and where its arguments are then.  Notes are other people's:
 * all in them is checked, and a site with an argument that is in no register is no site.
 */
#ifndef BRKSCOPE_USDT_H
#define BRKSCOPE_USDT_H

#include <stdbool.h>
#include <stddef.h>

#include "brkscope/event.h"

struct elf_file;

struct usdt_site {
	__u64 off;	 /* in the file, of the instruction to be probed */
	__u64 semaphore; /* in the file, of the counter; 0: none */
	bool nop5;	 /* that is a nop of five bytes */
	unsigned int args;
	__u8 reg[PROBE_ARGS]; /* enum probe_reg: of argument 1 first */
};

/*
 * The sites of provider:name, at most `most`; how many there are.  More arguments than
 * PROBE_ARGS are left out.  A site whose nop of one byte has one of five behind it is probed
 * there where the kernel makes a call of such a one (x86, Linux 6.18).
 */
size_t usdt__find(struct elf_file *f, const char *provider, const char *name,
		  struct usdt_site *sites, size_t most);

#endif
