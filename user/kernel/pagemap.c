/*
 * pagemap.c - how much of a range of addresses is in memory.
 */
#include "kernel/pagemap.h"

#include <errno.h>
#include <fcntl.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/ioctl.h>
#include <unistd.h>

/*
 * include/uapi/linux/fs.h of Linux 6.7 (commit 52526ca7fdb9): the headers that this
 * is built with may be older.
 */
struct scan_arg {
	__u64 size, flags, start, end, walk_end, vec, vec_len, max_pages;
	__u64 category_inverted, category_mask, category_anyof_mask, return_mask;
};

struct scan_region {
	__u64 start, end, categories;
};

#define SCAN	     _IOWR('f', 16, struct scan_arg)
#define SCAN_PRESENT (1 << 3)
#define SCAN_PFNZERO (1 << 5)

/* Documentation/admin-guide/mm/pagemap.rst */
#define ENTRY_PRESENT (1ull << 63)

#define REGIONS	     512
#define ENTRIES	     4096
#define ENTRIES_MOST (1ull << 24) /* 64 GiB in pages of 4 KiB, 128 MiB to read */

struct pagemap {
	int fd;
	bool no_scan; /* the kernel has no PAGEMAP_SCAN */
	__u64 page_size;
};

int pagemap__open(struct pagemap **out, __u32 pid)
{
	struct pagemap *p = calloc(1, sizeof(*p));
	char path[64];
	int err;

	if (!p)
		return -ENOMEM;
	snprintf(path, sizeof(path), "/proc/%u/pagemap", pid);
	p->page_size = sysconf(_SC_PAGESIZE);
	p->fd = open(path, O_RDONLY | O_CLOEXEC);
	if (p->fd < 0) {
		err = errno == ENOENT ? -ESRCH : -errno;
		free(p);
		return err;
	}
	*out = p;
	return 0;
}

void pagemap__close(struct pagemap *p)
{
	if (!p)
		return;
	close(p->fd);
	free(p);
}

/* Runs of pages that are mapped, and are not the zero page. */
static int scan(struct pagemap *p, __u64 start, __u64 end, __u64 *bytes)
{
	struct scan_region regions[REGIONS];
	struct scan_arg arg = {
		.size = sizeof(arg),
		.end = end,
		.vec = (uintptr_t)regions,
		.vec_len = REGIONS,
		.category_inverted = SCAN_PFNZERO,
		.category_mask = SCAN_PRESENT | SCAN_PFNZERO,
		.return_mask = SCAN_PRESENT,
	};
	int n;

	for (arg.start = start; arg.start < end; arg.start = arg.walk_end) {
		n = ioctl(p->fd, SCAN, &arg);
		if (n < 0)
			return -errno;
		for (int i = 0; i < n; i++)
			*bytes += regions[i].end - regions[i].start;
		if (arg.walk_end <= arg.start)
			return -EIO;
	}
	return 0;
}

static int read_entries(struct pagemap *p, __u64 start, __u64 end, __u64 *bytes)
{
	__u64 page = start / p->page_size, last = end / p->page_size;
	__u64 entries[ENTRIES];
	ssize_t got;

	if (last - page > ENTRIES_MOST)
		return -EOPNOTSUPP;
	while (page < last) {
		size_t want = last - page < ENTRIES ? last - page : ENTRIES;

		got = pread(p->fd, entries, want * sizeof(*entries), page * sizeof(*entries));
		if (got < (ssize_t)sizeof(*entries))
			return got < 0 ? -errno : -ESRCH;
		for (size_t i = 0; i < got / sizeof(*entries); i++)
			*bytes += entries[i] & ENTRY_PRESENT ? p->page_size : 0;
		page += got / sizeof(*entries);
	}
	return 0;
}

int pagemap__resident(struct pagemap *p, __u64 start, __u64 end, __u64 *bytes)
{
	int err = -ENOTTY;

	*bytes = 0;
	if (!p->no_scan)
		err = scan(p, start, end, bytes);
	if (err == -ENOTTY) {
		p->no_scan = true;
		*bytes = 0;
		err = read_entries(p, start, end, bytes);
	}
	return err;
}
