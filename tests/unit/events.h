/*
 * events.h - events, the cells that the kernel makes of them, and a world of code to come from.
 *
 * The builders fill in what the BPF programs would; a test then changes what it
 * is about.  The code: an application, a glibc and a musl with their wrappers
 * of mmap, a loader, and other allocators, each at fixed offsets of a file of its own.
 */
#ifndef BRKSCOPE_TEST_EVENTS_H
#define BRKSCOPE_TEST_EVENTS_H

#include "model/model.h"

#define PAGE	 4096ull
#define MAP_BASE 0x7f0000000000ull
#define BRK_BASE 0x555500000000ull
#define TICK	 10000000ull /* of a start in /proc, in ns */

enum place {
	NOWHERE, /* no file: a JIT's code */
	IN_APP,
	IN_GLIBC, /* malloc's own code */
	IN_GLIBC_WRAPPER,
	IN_GLIBC_REST, /* of the same file: pthread_create */
	IN_MUSL,
	IN_MUSL_WRAPPER,
	IN_LOADER,
	IN_ALLOCATOR,	      /* all of a library's code */
	IN_ALLOCATOR_WRAPPER, /* its own mmap() */
	IN_REFMALLOC,
	IN_NAMELESS, /* a static program without symbols */
	AT_ADDRESS,  /* not looked up */
	PLACES,
};

struct site events__site(enum place place);
struct cause_table *events__causes(void);

size_t events__size(__u8 type); /* of the record */
struct event events__malloc(__u32 pid, enum alloc_fn fn, __u64 size);
/* Level live; of the process's first thread, from one place of its stack.  old 0: none. */
struct event_call events__call(__u32 pid, __u64 size, __u64 old);
struct event_call events__return(__u32 pid, __u64 addr);
struct event_call events__free(__u32 pid, __u64 addr);
/* Grows, shrinks, or (after equals before) queries. */
struct event_brk events__brk(__u32 pid, __u64 before, __u64 after);
/* Read and write, and private; the system call stands in glibc's wrapper. */
struct event_map events__mmap(__u32 pid, __u64 addr, __u64 length, __u16 flags, enum place caller);
struct event_map events__munmap(__u32 pid, __u64 addr, __u64 length);
struct event_map events__mremap(__u32 pid, __u64 old, __u64 old_length, __u64 to, __u64 length,
				enum place caller);
struct event_map events__mprotect(__u32 pid, __u64 addr, __u64 length, __u32 prot);
/* Adds the malloc call that the mapping serves. */
void events__serve(struct event_map *e, __u64 request);
struct event_task events__fork(__u32 child, __u32 parent, __u64 start_ns);
struct event_exec events__exec(__u32 pid, __u64 start_ns, const char *comm);
struct event_task events__exit(__u32 pid, __u64 start_ns);

/* What the kernel counts instead of the event; returns how many cells, at most 2. */
unsigned int events__spill(const void *event, __u64 start_ns, struct cell_key keys[2],
			   struct cell cells[2]);

struct world {
	struct model *m;
	struct cause_table *causes;
	unsigned int wanted, images; /* calls of maps_wanted; with image true */
	__u32 last_wanted;
	unsigned int resolved;
	enum place place_of_address; /* what resolve finds; AT_ADDRESS: nothing */
};

void world__open(struct world *w, enum level level, const char *comm);
void world__close(struct world *w);
/* model__event; the result. */
int world__feed(struct world *w, const void *event);
/* A fatal assertion that it is taken. */
void world__take(struct world *w, const void *event);
/* The cells of an event. */
void world__spill(struct world *w, const void *event, __u64 start_ns);
const struct process_stats *world__stats(struct world *w, __u32 pid);

#endif
