/*
 * end_at_report.c - libend_at_report.so: refmalloc's statistics at exit are the last thing that a
 * process does.
 *
 * The report is written by a destructor, and others that run behind it may allocate
 * and free: what an observer counts until the exit would be more than what is
 * in the file.  So the write of the report ends the process; and what would have
 * ended without one, by _exit(), goes through exit().
 */
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#define FIRST "{\"pid\":"
#define LAST  "}}\n"

static int status;
static bool exiting;

static void keep_status(int how, void *arg)
{
	(void)arg;
	status = how;
	exiting = true;
}

__attribute__((constructor)) static void watch_exit(void)
{
	on_exit(keep_status, NULL);
}

static bool is_report(const char *bytes, size_t len)
{
	return len > sizeof(FIRST) + sizeof(LAST) && !memcmp(bytes, FIRST, sizeof(FIRST) - 1) &&
	       !memcmp(bytes + len - (sizeof(LAST) - 1), LAST, sizeof(LAST) - 1) &&
	       memmem(bytes, len, "\"frees_of_null\":", 16);
}

ssize_t write(int fd, const void *bytes, size_t len)
{
	ssize_t n = syscall(SYS_write, fd, bytes, len);

	if (n == (ssize_t)len && exiting && is_report(bytes, len))
		syscall(SYS_exit_group, status);
	return n;
}

void _exit(int how)
{
	if (!exiting)
		exit(how);
	for (;;)
		syscall(SYS_exit_group, how);
}
