/*
 * pidfd.h - a file descriptor that stands for a thread.
 */
#ifndef BRKSCOPE_PIDFD_H
#define BRKSCOPE_PIDFD_H

#include <fcntl.h>
#include <linux/types.h>
#include <sys/syscall.h>
#include <unistd.h>

/* include/uapi/linux/pidfd.h; the distribution's is older. */
#define PIDFD_THREAD O_EXCL

/* The caller closes it; -1: no such thread, or a kernel before 6.9, which has them of processes
 * only. */
static inline int pidfd__of_thread(__u32 tid)
{
	return syscall(SYS_pidfd_open, tid, PIDFD_THREAD);
}

#endif
