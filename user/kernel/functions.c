/*
 * functions.c - do the programs on the kernel's functions hear of what passes these?
 */
#include "kernel/functions.h"

#include <errno.h>
#include <fcntl.h>
#include <spawn.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

/*
 * Of each call such arguments that the function itself refuses it, with EINVAL.  Whoever says
 * something else was before it: a filter, or it is not in this kernel.
 */
static const struct {
	const char *name;
	__u8 type;
	long nr;
	unsigned long args[3];
} calls[] = {
	{SYSCALL_FUNCTION "mmap", EVENT_MMAP, SYS_mmap, {0, 0, 0}}, /* from the middle of a page */
	{SYSCALL_FUNCTION "munmap", EVENT_MUNMAP, SYS_munmap, {0, 0, 0}},
	{SYSCALL_FUNCTION "mremap", EVENT_MREMAP, SYS_mremap, {0, 0, 0}},
	{SYSCALL_FUNCTION "mprotect", EVENT_MPROTECT, SYS_mprotect, {1, 1, 0}},
	{SYSCALL_FUNCTION "shmat", EVENT_SHMAT, SYS_shmat, {-1, 0, 0}},
	{SYSCALL_FUNCTION "shmdt", EVENT_SHMDT, SYS_shmdt, {1, 0, 0}},
};

static bool is_told(const volatile bool *told, __u8 type)
{
	return told[TOLD_CALL(type)] && told[TOLD_RETURN(type)];
}

/* The program itself, which says its version to nobody.  False: it is not to be had. */
static bool run_child(void)
{
	static char *const argv[] = {"brkscope", "--version", NULL}, *const env[] = {NULL};
	posix_spawn_file_actions_t actions;
	pid_t pid;
	int err;

	if (posix_spawn_file_actions_init(&actions))
		return false;
	err = posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, "/dev/null", O_WRONLY, 0);
	if (!err)
		err = posix_spawn_file_actions_adddup2(&actions, STDOUT_FILENO, STDERR_FILENO);
	if (!err)
		err = posix_spawn(&pid, "/proc/self/exe", &actions, NULL, argv, env);
	posix_spawn_file_actions_destroy(&actions);
	if (err)
		return false;
	/* ECHILD, where SIGCHLD is ignored: it has ended by then. */
	while (waitpid(pid, NULL, 0) < 0)
		if (errno != EINTR)
			break;
	return true;
}

const char *functions__untold(const volatile bool told[TOLD_END])
{
	syscall(SYS_brk, 0);
	if (!is_told(told, EVENT_BRK))
		return SYSCALL_FUNCTION "brk";
	for (size_t i = 0; i < sizeof(calls) / sizeof(*calls); i++) {
		const unsigned long *a = calls[i].args;

		if (syscall(calls[i].nr, a[0], a[1], a[2], 0, 0, 1) < 0 && errno == EINVAL &&
		    !is_told(told, calls[i].type))
			return calls[i].name;
	}
	if (!run_child())
		return NULL;
	return !told[TOLD_CALL(EVENT_FORK)]   ? "wake_up_new_task"
	       : !told[TOLD_WILL_EXEC]	      ? "begin_new_exec"
	       : !told[TOLD_CALL(EVENT_EXEC)] ? "finalize_exec"
	       : !told[TOLD_CALL(EVENT_EXIT)] ? "taskstats_exit"
					      : NULL;
}
