/*
 * kept.h - what a preload counts, kept in a shared mapping of a file for each process.
 *
 * BRKSCOPE_COUNT_DIR names the directory, the PID the file.  So nothing needs to be written at
 * the end: counts survive _exit, a signal, and destructors that allocate behind ours, and an
 * exec goes on in the same file.  Nothing here allocates.
 */
#ifndef BRKSCOPE_TEST_KEPT_H
#define BRKSCOPE_TEST_KEPT_H

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <unistd.h>

/* What such a file begins with. */
struct kept {
	uint64_t pid;
	char comm[16];
};

/* A counter that cannot count is no oracle: end the process rather than miss a call. */
static _Noreturn void give_up(const char *what)
{
	static const char name[] = PRELOAD_NAME ": ";
	size_t len = 0;

	while (what[len])
		len++;
	if (write(2, name, sizeof(name) - 1) < 0 || write(2, what, len) < 0 ||
	    write(2, "\n", 1) < 0)
		_exit(98);
	_exit(97);
}

/* early: where there is no such directory. */
static struct kept *kept_attach(uint64_t pid, size_t size, struct kept *early)
{
	const char *dir = environ ? getenv("BRKSCOPE_COUNT_DIR") : NULL;
	struct kept *k;
	char path[PATH_MAX];
	int fd, len;

	if (!dir)
		return early;
	len = snprintf(path, sizeof(path), "%s/%lu", dir, (unsigned long)pid);
	if (len < 0 || (size_t)len >= sizeof(path))
		give_up("BRKSCOPE_COUNT_DIR is too long");
	fd = open(path, O_RDWR | O_CREAT | O_CLOEXEC, 0666);
	if (fd < 0 || ftruncate(fd, size) < 0)
		give_up("cannot make a file in BRKSCOPE_COUNT_DIR");
	k = mmap(NULL, size, PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
	if (k == MAP_FAILED)
		give_up("cannot map a file of BRKSCOPE_COUNT_DIR");
	close(fd);
	prctl(PR_GET_NAME, k->comm);
	k->pid = pid;
	return k;
}

/*
 * Asked on each call: a child by fork or vfork has the parent's pointer.  The
 * PID is in the mapping, so that a vfork child that attaches does not mislead
 * the parent's other threads for longer than a call: they attach again.
 */
static struct kept *kept_current(struct kept **current, size_t size, struct kept *early)
{
	struct kept *k = __atomic_load_n(current, __ATOMIC_ACQUIRE);
	uint64_t pid = getpid();
	int saved = errno;

	if (k->pid == pid)
		return k;
	k = kept_attach(pid, size, early);
	if (k != early)
		__atomic_store_n(current, k, __ATOMIC_RELEASE);
	errno = saved;
	return k;
}

#endif
