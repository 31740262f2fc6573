/*
 * links.h - uprobes that are attached and detached again and again.
 *
 * Of each the file is held open: whoever had it mapped may be gone by the next time.
 * Detaching waits for a grace period of the kernel's, some tens of milliseconds, so a thread
 * of its own does that.
 */
#ifndef BRKSCOPE_LINKS_H
#define BRKSCOPE_LINKS_H

#include "kernel/uprobe.h"

struct links;

struct links *links__new(bool cookies); /* NULL with errno set */
/* Detaches, and waits for that; NULL is allowed. */
void links__free(struct links *l);

/* Attaches now, and from here on with all the others.  0, or -errno and it is forgotten. */
int links__add(struct links *l, struct bpf_program *prog, enum uprobe_kind kind, const char *path,
	       const struct uprobe_place *places, size_t n, __u32 pid, bool *multi);
/* Those that are not.  How many could not be: of processes that have gone they are no loss. */
size_t links__attach(struct links *l);
/* Begins to: hits may come for some milliseconds. */
void links__detach(struct links *l);
/* Waits for what links__detach has begun. */
void links__settle(struct links *l);
bool links__attached(const struct links *l); /* any */

#endif
