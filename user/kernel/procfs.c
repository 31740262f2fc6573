/*
 * procfs.c - what /proc says about a process.
 *
 * The text is read whole into memory first: a line is parsed as the kernel
 * wrote it, never as it is being written.
 */
#include "kernel/procfs.h"

#include <ctype.h>
#include <dirent.h>
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define FIRST_READ 16384

/* A whole file of /proc, NUL-terminated; the caller frees it. */
static int read_bytes(__u32 pid, const char *name, char **text, size_t *length)
{
	size_t size = FIRST_READ, have = 0;
	char path[64], *buf, *more;
	ssize_t n = 0;
	int fd;

	snprintf(path, sizeof(path), "/proc/%u/%s", pid, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	buf = malloc(size);
	while (buf) {
		n = read(fd, buf + have, size - have - 1);
		if (n <= 0)
			break;
		have += n;
		if (size - have > 1)
			continue;
		more = realloc(buf, size *= 2);
		if (!more) {
			free(buf);
			buf = NULL;
		} else {
			buf = more;
		}
	}
	close(fd);
	if (!buf)
		return -ENOMEM;
	if (n < 0) {
		free(buf);
		return -ESRCH;
	}
	buf[have] = 0;
	*text = buf;
	*length = have;
	return 0;
}

int procfs__text(__u32 pid, const char *name, char **text)
{
	size_t length;

	return read_bytes(pid, name, text, &length);
}

/* "start-end perms offset major:minor inode      path" */
bool procfs__parse_map(char *line, struct proc_map *map)
{
	unsigned long long start, end, offset, ino;
	unsigned int major, minor;
	int path_at = 0;

	if (sscanf(line, "%llx-%llx %4s %llx %x:%x %llu %n", &start, &end, map->perms, &offset,
		   &major, &minor, &ino, &path_at) != 7 ||
	    start >= end)
		return false;
	map->start = start;
	map->end = end;
	map->offset = offset;
	map->ino = ino;
	map->dev = major << 20 | minor;
	map->path = path_at ? line + path_at : "";
	return true;
}

int procfs__maps(__u32 pid, int (*visit)(const struct proc_map *map, void *arg), void *arg)
{
	char *text, *line, *next;
	struct proc_map map;
	int err;

	err = procfs__text(pid, "maps", &text);
	if (err)
		return err;
	for (line = text; *line && !err; line = next) {
		next = strchrnul(line, '\n');
		if (*next)
			*next++ = 0;
		if (procfs__parse_map(line, &map))
			err = visit(&map, arg);
	}
	free(text);
	return err;
}

bool procfs__is_for_probes(const struct proc_map *map)
{
	return !strncmp(map->path, "[uprobes", 8);
}

static int read_tgid(__u32 pid, __u32 *tgid)
{
	char *text, *at;
	int err = procfs__text(pid, "status", &text);

	if (err)
		return err;
	at = strstr(text, "\nTgid:");
	*tgid = at ? strtoul(at + 6, NULL, 10) : 0;
	free(text);
	return at ? 0 : -ESRCH;
}

/* proc(5): field 3, behind the comm, which may hold parentheses and spaces. */
static bool is_ended(const char *stat)
{
	const char *at = strrchr(stat, ')');

	return at && (!strncmp(at, ") Z", 3) || !strncmp(at, ") X", 3));
}

/* Is there a thread that has not ended?  One that cannot be read has. */
static int lives(__u32 tid, void *arg)
{
	char *text;
	bool ended;

	if (procfs__text(tid, "stat", &text))
		return 0;
	ended = is_ended(text);
	free(text);
	return !ended;
}

int procfs__info(__u32 pid, struct proc_info *info)
{
	unsigned long long ticks, start_brk;
	char *text, *open_paren, *close_paren;
	unsigned int ppid, flags;
	size_t len;
	int err, n;

	err = procfs__text(pid, "stat", &text);
	if (err)
		return err;
	/* The comm may hold parentheses and spaces: it ends at the last one. */
	open_paren = strchr(text, '(');
	close_paren = strrchr(text, ')');
	err = -ESRCH;
	if (!open_paren || !close_paren || close_paren < open_paren)
		goto out;
	memset(info, 0, sizeof(*info));
	len = close_paren - open_paren - 1;
	memcpy(info->comm, open_paren + 1, len < 15 ? len : 15);
	/* proc(5): fields 3 state, 4 ppid, 9 flags, 22 starttime, 47 start_brk */
	n = sscanf(close_paren + 1,
		   " %*c %u %*d %*d %*d %*d %u %*u %*u %*u %*u %*u %*u %*d %*d %*d %*d %*d %*d "
		   "%llu %*u %*d %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*u %*d %*d %*u "
		   "%*u %*u %*u %*d %*u %*u %llu",
		   &ppid, &flags, &ticks, &start_brk);
	if (n < 4)
		goto out;
	info->ppid = ppid;
	info->start_ns = ticks * (1000000000ull / sysconf(_SC_CLK_TCK));
	info->start_brk = start_brk;
	/* A first thread that calls pthread_exit is a zombie, and the others run on. */
	info->ended = is_ended(text) && procfs__threads(pid, lives, NULL) != 1;
	info->kernel_thread = flags & 0x00200000; /* PF_KTHREAD, include/linux/sched.h */
	err = read_tgid(pid, &info->tgid);
out:
	free(text);
	return err;
}

/* The number behind "Name:", in KiB. */
static bool status_kib(const char *text, const char *name, __u64 *bytes)
{
	const char *at = strstr(text, name);

	if (!at)
		return false;
	*bytes = strtoull(at + strlen(name), NULL, 10) * 1024;
	return true;
}

int procfs__size(__u32 pid, struct proc_size *size)
{
	char *text;
	bool all;
	int err = procfs__text(pid, "status", &text);

	if (err)
		return err;
	all = status_kib(text, "\nVmSize:", &size->bytes) &&
	      status_kib(text, "\nVmStk:", &size->stack_bytes) &&
	      status_kib(text, "\nRssAnon:", &size->anon_bytes) &&
	      status_kib(text, "\nRssFile:", &size->file_bytes) &&
	      status_kib(text, "\nRssShmem:", &size->shmem_bytes);
	free(text);
	return all ? 0 : -ESRCH; /* a zombie has none */
}

int procfs__image(__u32 pid, struct proc_image *image)
{
	size_t length;
	char *bytes;
	__u64 pair[2];
	int err = read_bytes(pid, "auxv", &bytes, &length);

	if (err)
		return err;
	*image = (struct proc_image){};
	for (size_t at = 0; at + sizeof(pair) <= length; at += sizeof(pair)) {
		memcpy(pair, bytes + at, sizeof(pair));
		if (pair[0] == AT_ENTRY)
			image->entry = pair[1];
		else if (pair[0] == AT_BASE)
			image->loader = pair[1];
		else if (pair[0] == AT_SYSINFO_EHDR)
			image->vdso = pair[1];
	}
	free(bytes);
	return image->entry ? 0 : -ESRCH;
}

int procfs__exe(__u32 pid, char *path, size_t size)
{
	char link[64];
	ssize_t n;

	snprintf(link, sizeof(link), "/proc/%u/exe", pid);
	n = readlink(link, path, size - 1);
	if (n < 0)
		return errno == ENOENT ? -ESRCH : -errno;
	path[n] = 0;
	return 0;
}

int procfs__cgroup(__u32 pid, char *path, size_t size)
{
	char *text, *line;
	int err = procfs__text(pid, "cgroup", &text);

	if (err)
		return err;
	/* "0::/path" is the unified hierarchy's line. */
	line = !strncmp(text, "0::", 3) ? text : strstr(text, "\n0::");
	if (line) {
		line = strchr(line, '/');
		if (line)
			snprintf(path, size, "%.*s", (int)strcspn(line, "\n"), line);
	}
	free(text);
	return line ? 0 : -ENOENT;
}

/* "NR ARGUMENTS... SP PC" in a system call, "-1 SP PC" in a fault, or "running": proc(5). */
int procfs__stack_pointer(__u32 tid, __u64 *stack_pointer)
{
	char *text, *at;
	int err = procfs__text(tid, "syscall", &text);

	if (err)
		return err;
	at = strrchr(text, ' ');
	if (at)
		*at = 0;
	at = at ? strrchr(text, ' ') : NULL;
	if (at)
		*stack_pointer = strtoull(at, NULL, 16);
	free(text);
	return at ? 0 : -EAGAIN;
}

static int each_number(const char *path, int (*visit)(__u32 number, void *arg), void *arg)
{
	DIR *dir = opendir(path);
	struct dirent *entry;
	int err = 0;

	if (!dir)
		return errno == ENOENT ? -ESRCH : -errno;
	while (!err && (entry = readdir(dir)))
		if (isdigit((unsigned char)entry->d_name[0]))
			err = visit(strtoul(entry->d_name, NULL, 10), arg);
	closedir(dir);
	return err;
}

int procfs__threads(__u32 pid, int (*visit)(__u32 tid, void *arg), void *arg)
{
	char path[64];

	snprintf(path, sizeof(path), "/proc/%u/task", pid);
	return each_number(path, visit, arg);
}

int procfs__each(int (*visit)(__u32 pid, void *arg), void *arg)
{
	return each_number("/proc", visit, arg);
}

#define PROC_PID_INIT_INO 0xEFFFFFFC /* the first PID namespace: linux/proc_ns.h */

unsigned long long procfs__pid_namespace(void)
{
	struct stat own;

	if (stat("/proc/self/ns/pid", &own) || own.st_ino == PROC_PID_INIT_INO)
		return 0;
	return own.st_ino;
}
