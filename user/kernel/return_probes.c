/*
 * return_probes.c - what a return probe would do to a process here, beside telling of the return.
 *
 * Tried, not told by the kernel's version: the mending is in kernels of all ages.
 */
#include "kernel/return_probes.h"

#include <errno.h>
#include <linux/audit.h>
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/resource.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/features.h"

#if defined(__x86_64__)
/* arch/x86/entry/syscalls/syscall_64.tbl: 335 common uretprobe */
#define CALL_URETPROBE 335

/* A filter that answers this one call itself, and lets all others by. */
static bool filter_it(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, CALL_URETPROBE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ERRNO | ENOSYS),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW),
	};
	const struct sock_fprog prog = {.len = sizeof(filter) / sizeof(*filter), .filter = filter};

	return !prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) &&
	       !prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog);
}

/*
 * Does this thread itself run under a filter, a container's perhaps?  True where it cannot be told:
 * a kernel with none has no such line.
 */
static bool is_filtered(void)
{
	FILE *f = fopen("/proc/thread-self/status", "re");
	bool filtered = !f;
	char line[256];
	int mode;

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Seccomp: %d", &mode) == 1)
			filtered = mode != SECCOMP_MODE_DISABLED;
	if (f)
		fclose(f);
	return filtered;
}

/*
 * The call, in a process of its own: from anywhere but a return probe's page it ends the
 * process by SIGILL, where it is one and gets so far.
 */
enum reached { REACHED_NOT, REACHED, REACHED_UNKNOWN };

#define CANNOT_TELL 99 /* exit status */

static enum reached reach(bool filtered)
{
	int status;
	pid_t pid = fork();

	if (!pid) {
		const struct rlimit no_core = {};

		/* The limit is for files; a core_pattern that is a pipe takes no notice of it. */
		setrlimit(RLIMIT_CORE, &no_core);
		prctl(PR_SET_DUMPABLE, 0, 0, 0, 0);
		signal(SIGILL, SIG_DFL);
		if (filtered && !filter_it())
			_exit(CANNOT_TELL);
		syscall(CALL_URETPROBE);
		_exit(0);
	}
	if (pid < 0)
		return REACHED_UNKNOWN;
	/* ECHILD, where SIGCHLD is ignored: nobody keeps the status. */
	while (waitpid(pid, &status, 0) < 0)
		if (errno != EINTR)
			return REACHED_UNKNOWN;
	if (WIFSIGNALED(status) && WTERMSIG(status) == SIGILL)
		return REACHED;
	if (!WIFEXITED(status) || WEXITSTATUS(status))
		return REACHED_UNKNOWN;
	/* It has returned: there is no such call, or a filter has answered in its place. */
	return is_filtered() ? REACHED_UNKNOWN : REACHED_NOT;
}

bool return_probes__kill_filtered(void)
{
	return reach(true) != REACHED && reach(false) != REACHED_NOT;
}

bool return_probes__break_shadow_stacks(void)
{
	char line[16384]; /* the flags are one, of some thousand bytes */
	bool has = false;
	FILE *f;

	/* The mending came with the call. */
	if (reach(false) == REACHED)
		return false;
	/* Where the kernel and the processor have them, and whether or not anybody uses them. */
	f = fopen("/proc/cpuinfo", "re");
	while (f && fgets(line, sizeof(line), f))
		has |= strstr(line, " user_shstk") != NULL;
	if (f)
		fclose(f);
	return has;
}
#else
/* arm64: its return probes end in a breakpoint, and its shadow stacks (6.13) know of none yet. */
bool return_probes__kill_filtered(void)
{
	return false;
}

bool return_probes__break_shadow_stacks(void)
{
	return false;
}
#endif
