/*
 * course.h - where along a call of an allocation function its request and its result can be seen.
 *
 * What a call asks for is known at its beginning and what it has got at its end, and a return probe
 * shows both by two traps.  But most calls of malloc take the same short way, on which there is an
 * instruction before which the result is known already and the request is still in some register:
 * there one probe shows both.  On all other ways one probe shows that a call begins, before it can
 * make a system call, and another how it ends; none of these is a return probe, which is harmful to
 * some programs.
 *
 * Every call passes exactly one station at which it ends, by the function's own code
 * (course.c).  Where there is no such way, or not all is known, there is no course.
 */
#ifndef BRKSCOPE_COURSE_H
#define BRKSCOPE_COURSE_H

#include "brkscope/event.h"
#include "kernel/placement.h"

struct station {
	struct placement at;
	__u8 kind;   /* enum station_kind */
	__u8 result; /* STATION_ENDS: enum probe_reg; PROBE_REGS: there is none, it has failed */
	bool sized;  /* the arguments are known there: at.reg */
	bool alone;  /* STATION_ENDS: a call may come by no other */
	/* The stations, as bits, at which a call may have begun when it comes to this one. */
	__u32 after;
};

struct course {
	unsigned int n;
	struct station station[STATIONS_MOST];
};

struct elf_file;
struct elf_function;

/* With its first `args` arguments, at least one.  False: it has none. */
bool course__find(const struct elf_file *f, const struct elf_function *fn, unsigned int args,
		  struct course *out);

#endif
