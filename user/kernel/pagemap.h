/*
 * pagemap.h - how much of a range of addresses is in memory.
 *
 * For parts of one mapping, of which /proc/PID/smaps has the sum only.
 */
#ifndef BRKSCOPE_PAGEMAP_H
#define BRKSCOPE_PAGEMAP_H

#include <linux/types.h>

struct pagemap;

/* 0 or -errno; -ESRCH: there is no such process. */
int pagemap__open(struct pagemap **out, __u32 pid);
void pagemap__close(struct pagemap *p); /* NULL is allowed */

/*
 * Bytes of [start, end), whole pages, that count in RSS.  0 or -errno; -EOPNOTSUPP: too many
 * addresses for this kernel's interface.  Before Linux 6.7 the shared zero page, which RSS
 * leaves out, counts as well: whoever has the sum of a mapping compares.
 */
int pagemap__resident(struct pagemap *p, __u64 start, __u64 end, __u64 *bytes);

#endif
