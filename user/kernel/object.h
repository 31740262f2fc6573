/*
 * object.h - one ELF file that a process maps: does it define malloc, and where is what.
 *
 * Everything is a file offset, which is what a uprobe is placed by and what a
 * site (brkscope/event.h) is told in.  The file is another user's: every index
 * and size in it is checked.
 */
#ifndef BRKSCOPE_OBJECT_H
#define BRKSCOPE_OBJECT_H

#include <stdbool.h>

#include <linux/types.h>

#include "alloc_fn.h"
#include "kernel/course.h"
#include "kernel/placement.h"
#include "kernel/usdt.h"

enum object_kind {
	OBJECT_PLAIN,	  /* defines no malloc */
	OBJECT_NAMELESS,  /* a static program without symbols: whether it does cannot be told */
	OBJECT_FORWARDER, /* defines malloc, and hands its calls on to libc's under another name */
	OBJECT_LOADER,	  /* ld.so; its own small malloc does not count */
	OBJECT_GLIBC,
	OBJECT_MUSL, /* libc and loader in one file */
	OBJECT_JEMALLOC,
	OBJECT_TCMALLOC,
	OBJECT_MIMALLOC,
	OBJECT_REFMALLOC,
	OBJECT_ALLOCATOR, /* defines malloc and is none of the above */
};

struct code_span {
	__u64 lo, hi; /* file offsets, hi exclusive */
};

/* The instruction behind a system call, and the stack that its function has taken by then. */
struct wrapper_call {
	__u64 off;   /* in the file */
	__u32 frame; /* bytes */
};

struct object {
	__u64 ino; /* identity as in /proc/PID/maps */
	__u32 dev;
	enum object_kind kind;
	bool program; /* and no library */
	char *path;   /* its name, for people */
	char *file;   /* where it can be opened, and probed */
	/* What to probe: one place for each entry point that has code of its own. */
	struct {
		bool present;
		bool probed;	  /* false: another function stands for it */
		const char *same; /* alias of this function's code; or it goes through this one */
		__u64 off;	  /* of its entry */
		struct placement place;	       /* where its probe goes */
		struct placement return_place; /* and one that sees the return as well */
		/* To these entry points, as bits, it may hand a call on by a jump; in a libc it
		 * may call them as well. */
		__u64 jumps;
		bool outer; /* malloc's own code calls it only where its bit is in jumps */
		struct course *course; /* NULL: it has none */
	} fn[ALLOC_ENTRIES];
	struct {
		bool probed; /* it is there, and has code of its own */
		__u64 off;
		__u64 jumps; /* to these of them, as bits, it may hand a call on by a jump */
		struct placement place;
	} free[FREE_ENTRIES];
	/* Places that the allocator itself has for tracers; all of them, or told is false. */
	struct usdt_site site[SITE_COUNT];
	bool told;
	/* malloc's own code, and the bodies of mmap and mremap: for causes and nested calls. */
	struct code_span internal[PROBE_RANGES];
	unsigned int n_internal;
	bool whole; /* all its code is: internal[0] */
	struct code_span wrapper[8];
	unsigned int n_wrappers;
	struct wrapper_call calls[16]; /* the system calls in those */
	unsigned int n_calls;
	/* Writable segments: file offsets of their bytes, and where their zeroed memory would end.
	 */
	struct {
		__u64 lo, hi, end;
	} data[4];
	unsigned int n_data;
	struct code_span text; /* of a loader or a nameless program: all of it */
};

/*
 * ino and dev are the caller's to set.  courses: where calls come by is looked for as well, which
 * takes some milliseconds of a libc.  -errno; -ENOEXEC: no ELF file of this machine.
 */
int object__inspect(struct object *o, const char *path, const char *file, bool courses);
void object__clear(struct object *o);
/* Is its malloc a C library's: glibc's or musl's, shared or in a static program? */
bool object__is_libc(const struct object *o);
/* Does it serve calls of malloc? */
bool object__is_allocator(const struct object *o);
/* "glibc", ...; of what is no allocator NULL. */
const char *object__kind_name(const struct object *o);
/* Is this offset in its malloc's own code? */
bool object__is_internal(const struct object *o, __u64 off);

#endif
