/*
 * command.c - the command behind `--`: started, held until everything is attached, let go.
 */
#include "kernel/command.h"

#include <errno.h>
#include <fcntl.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include "log.h"

struct command {
	pid_t pid;
	int go_fd;     /* written to: exec */
	int failed_fd; /* the errno of an exec that failed; closed by one that did not */
	const char *name;
	bool ended;
	int status;
};

static void run(int go_fd, int failed_fd, char *const argv[])
{
	char go;
	int err;

	/* Held children do not outlive the agent; one that runs is its own master. */
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (read(go_fd, &go, 1) != 1)
		_exit(0);
	prctl(PR_SET_PDEATHSIG, 0);
	execvp(argv[0], argv);
	err = errno;
	if (write(failed_fd, &err, sizeof(err)) < 0)
		_exit(126);
	_exit(127);
}

int command__hold(struct command **out, char *const argv[])
{
	int go[2] = {-1, -1}, failed[2] = {-1, -1}, err = 0;
	struct command *c = calloc(1, sizeof(*c));

	if (!c)
		return -ENOMEM;
	c->name = argv[0];
	if (pipe2(go, O_CLOEXEC) || pipe2(failed, O_CLOEXEC)) {
		err = -errno;
		goto fail;
	}
	c->pid = fork();
	if (c->pid < 0) {
		err = -errno;
		goto fail;
	}
	if (!c->pid) {
		close(go[1]);
		close(failed[0]);
		run(go[0], failed[1], argv);
	}
	close(go[0]);
	close(failed[1]);
	c->go_fd = go[1];
	c->failed_fd = failed[0];
	*out = c;
	return 0;
fail:
	log__error("%s: starting it: %s", argv[0], strerror(-err));
	for (int i = 0; i < 2; i++) {
		if (go[i] >= 0)
			close(go[i]);
		if (failed[i] >= 0)
			close(failed[i]);
	}
	free(c);
	return err;
}

pid_t command__pid(const struct command *c)
{
	return c->pid;
}

int command__go(struct command *c)
{
	int err = 0, status;

	if (write(c->go_fd, "", 1) != 1)
		err = -errno;
	close(c->go_fd);
	c->go_fd = -1;
	if (!err && read(c->failed_fd, &err, sizeof(err)) == sizeof(err))
		err = -err;
	if (err)
		command__ended(c, true, &status);
	if (err)
		log__error("%s: cannot be executed: %s%s", c->name, strerror(-err),
			   err == -ENOENT ? "; give a path, or a command that is in PATH" : "");
	return err;
}

bool command__ended(struct command *c, bool wait, int *status)
{
	int raw;
	pid_t got;

	while (!c->ended) {
		got = waitpid(c->pid, &raw, wait ? 0 : WNOHANG);
		if (got < 0 && errno == EINTR)
			continue;
		if (got != c->pid)
			return false;
		c->ended = true;
		c->status = WIFSIGNALED(raw) ? 128 + WTERMSIG(raw) : WEXITSTATUS(raw);
	}
	*status = c->status;
	return true;
}

void command__signal(struct command *c, int sig)
{
	if (!c->ended)
		kill(c->pid, sig);
}

void command__free(struct command *c)
{
	int status;

	if (!c)
		return;
	if (c->go_fd >= 0) {
		close(c->go_fd); /* the child reads the end of the file, and goes */
		command__ended(c, true, &status);
	}
	close(c->failed_fd);
	free(c);
}
