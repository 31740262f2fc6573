/*
 * uprobe.h - one program at many places of one file.
 *
 * By one uprobe_multi link where the kernel has it (Linux 6.6): detaching takes
 * a moment, not a tenth of a second for each place.  Below, a perf event for
 * each.  Neither is pinned: they end with the process that holds them.
 */
#ifndef BRKSCOPE_UPROBE_H
#define BRKSCOPE_UPROBE_H

#include <stdbool.h>
#include <stddef.h>

#include <linux/types.h>

struct bpf_program;

struct uprobe_place {
	__u64 offset; /* in the file */
	__u64 cookie;
	__u64 semaphore; /* in the file: counted up as long as it is probed; 0: none */
};

struct uprobes;

/* What the program's expected attach type has to be before it is loaded: include/uapi/linux/bpf.h
 */
#define UPROBE_MULTI_ATTACH_TYPE   48 /* BPF_TRACE_UPROBE_MULTI, 6.6 */
#define UPROBE_SESSION_ATTACH_TYPE 57 /* BPF_TRACE_UPROBE_SESSION, 6.13 */

enum uprobe_kind {
	UPROBE_HERE,	/* when the instruction is reached */
	UPROBE_RETURN,	/* when the function returns */
	UPROBE_SESSION, /* at both, where the program says so at the first */
};

/*
 * pid 0: in every process that maps the file.  cookies false: the kernel has none.
 * NULL with errno set.
 */
struct uprobes *uprobes__attach(struct bpf_program *prog, enum uprobe_kind kind, const char *path,
				const struct uprobe_place *places, size_t n, __u32 pid,
				bool cookies);
/* Has the kernel such links?  Found by asking for one that it would refuse anyway. */
bool uprobes__has_session(void);
void uprobes__detach(struct uprobes *u); /* NULL is allowed */
/* Each of them waits, so all of them at a time. */
void uprobes__detach_all(struct uprobes *const *all, size_t n);
bool uprobes__multi(const struct uprobes *u);

#endif
