/*
 * hits.h - what hits.c and its BPF program share.
 */
#ifndef ORACLE_HITS_H
#define ORACLE_HITS_H

#define HITS_MOST 512
#define HITS_ARGS 4
#define HITS_SP	  19 /* words of x86's struct pt_regs before sp */

struct place {
	unsigned int frame;
	unsigned char args;
	unsigned char reg[HITS_ARGS]; /* words of struct pt_regs */
	unsigned char pad[3];
};

struct hits {
	unsigned long long calls, args[HITS_ARGS], returns, unread;
};

#endif
