/*
 * usdt.h - places for tracers that a program's author has put into it (sys/sdt.h).
 *
 * As notes in the ELF file tell them: where each is, the counter that says to the program
 * whether anybody traces it, and where its arguments are then.  Notes are other people's:
 * all in them is checked.
 */
#ifndef BRKSCOPE_USDT_H
#define BRKSCOPE_USDT_H

#include <stdbool.h>
#include <stddef.h>

#include "brkscope/event.h"

struct elf_file;

struct usdt_site {
	__u64 off;	      /* in the file, of the instruction to be probed */
	__u64 semaphore;      /* in the file, of the counter; 0: none */
	unsigned int args;    /* the first ones, that are in registers */
	__u8 reg[PROBE_ARGS]; /* enum probe_reg: of argument 1 first */
};

/*
 * The sites of provider:name, at most `most`; how many there are.
 *
 * A site's nop of one byte is taken, also where one of five is behind it, of which Linux 6.18
 * makes a call: to a page that a child by fork has not, and dies of (VM_DONTCOPY in
 * create_uprobe_trampoline, arch/x86/kernel/uprobes.c).
 */
size_t usdt__find(struct elf_file *f, const char *provider, const char *name,
		  struct usdt_site *sites, size_t most);

#endif
