/*
 * tracefs.c - tracepoints: their ids, which only tracefs tells, and programs on them.
 */
#include "kernel/tracefs.h"

#include <bpf/libbpf.h>
#include <errno.h>
#include <fcntl.h>
#include <linux/perf_event.h>
#include <sched.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mount.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <signal.h>
#include <unistd.h>

#include "log.h"

#define MOUNT_POINT "/sys/kernel/tracing"

static const char *const places[] = {MOUNT_POINT, "/sys/kernel/debug/tracing"};

static int read_id(const char *dir, const char *name)
{
	char path[256], text[32] = "";
	int fd, id;
	ssize_t n;

	snprintf(path, sizeof(path), "%s/events/%s/id", dir, name);
	fd = open(path, O_RDONLY | O_CLOEXEC);
	if (fd < 0)
		return -errno;
	n = read(fd, text, sizeof(text) - 1);
	close(fd);
	if (n <= 0)
		return -EIO;
	id = atoi(text);
	return id > 0 ? id : -EINVAL;
}

static void read_ids(const char *dir, const char *const *names, int *ids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		ids[i] = read_id(dir, names[i]);
}

static const char *mounted(void)
{
	char path[256];

	for (size_t i = 0; i < sizeof(places) / sizeof(*places); i++) {
		snprintf(path, sizeof(path), "%s/events", places[i]);
		if (!access(path, X_OK))
			return places[i];
	}
	return NULL;
}

/* In the child: its own mount namespace goes with it, and the mount with that. */
static int mount_and_read(const char *const *names, int *ids, size_t n)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (unshare(CLONE_NEWNS) || mount(NULL, "/", NULL, MS_REC | MS_PRIVATE, NULL) ||
	    mount("tracefs", MOUNT_POINT, "tracefs", MS_RDONLY | MS_NOSUID | MS_NOEXEC, NULL))
		return -errno;
	read_ids(MOUNT_POINT, names, ids, n);
	return 0;
}

static int ask_child(const char *const *names, int *ids, size_t n)
{
	size_t size = n * sizeof(*ids), have = 0;
	int pipefd[2], err = 0;
	ssize_t got = 0;
	pid_t child;

	if (pipe2(pipefd, O_CLOEXEC))
		return -errno;
	child = fork();
	if (child < 0) {
		err = -errno;
		close(pipefd[0]);
		close(pipefd[1]);
		return err;
	}
	if (!child) {
		err = mount_and_read(names, ids, n);
		if (!err && write(pipefd[1], ids, size) != (ssize_t)size)
			err = -EIO;
		_exit(-err);
	}
	close(pipefd[1]);
	while (have < size && (got = read(pipefd[0], (char *)ids + have, size - have)) > 0)
		have += got;
	close(pipefd[0]);
	while (waitpid(child, &err, 0) < 0 && errno == EINTR)
		;
	if (!WIFEXITED(err))
		return -EIO;
	return have == size ? 0 : -(WEXITSTATUS(err) ?: EIO);
}

int tracefs__event_ids(const char *const *names, int *ids, size_t n)
{
	const char *dir = mounted();
	int err = 0;

	if (dir)
		read_ids(dir, names, ids, n);
	else
		err = ask_child(names, ids, n);
	if (err)
		log__error("tracefs is not mounted and cannot be mounted privately: %s; "
			   "mount it: mount -t tracefs tracefs " MOUNT_POINT,
			   strerror(-err));
	else
		log__debug("tracefs: %s", dir ? dir : "mounted privately for a moment");
	return err;
}

int tracefs__attach(const struct bpf_program *prog, int id, struct bpf_link **link)
{
	struct perf_event_attr attr = {
		.type = PERF_TYPE_TRACEPOINT,
		.size = sizeof(attr),
		.config = id,
		.sample_period = 1,
		.wakeup_events = 1,
	};
	int fd, err;

	/* A program on one event runs for every CPU: it hangs on the tracepoint. */
	fd = syscall(__NR_perf_event_open, &attr, -1, 0, -1, PERF_FLAG_FD_CLOEXEC);
	if (fd < 0)
		return -errno;
	*link = bpf_program__attach_perf_event(prog, fd); /* takes fd */
	if (*link)
		return 0;
	err = -errno;
	close(fd);
	return err;
}
