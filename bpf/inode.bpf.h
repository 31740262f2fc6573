/*
 * inode.bpf.h - which file a mapping is of, as user space is told.
 */
#ifndef INODE_BPF_H
#define INODE_BPF_H

#include "vmlinux.h"
#include <bpf/bpf_core_read.h>
#include <bpf/bpf_helpers.h>

#define OVERLAYFS_SUPER_MAGIC 0x794c7630 /* include/uapi/linux/magic.h */

/*
 * The inode that /proc/PID/maps shows: of an overlay's file, the overlay's.  That
 * a file is a backing one shows by a flag whose bit has moved; that it leads to
 * an overlay is as good, and what is no backing file leads nowhere.
 */
static __always_inline struct inode *user_inode(struct file *file)
{
	struct backing_file *backing = (struct backing_file *)file;
	struct dentry *dentry;

	/* Linux 6.5 and 6.6 have another field in its place, and show the file's own inode. */
	if (bpf_core_field_exists(backing->user_path)) {
		dentry = BPF_CORE_READ(backing, user_path.dentry);
		if (BPF_CORE_READ(dentry, d_sb, s_magic) == OVERLAYFS_SUPER_MAGIC)
			return BPF_CORE_READ(dentry, d_inode);
	}
	return BPF_CORE_READ(file, f_inode);
}

#endif
