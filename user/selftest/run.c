/*
 * run.c - runs the workloads, each in a fresh process of this program.
 *
 * Nobody outlives whoever waits for him: agent, driver, workload, its children.
 */
#include "selftest/workload.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <sys/wait.h>
#include <unistd.h>

#include "brkscope/selftest.h"
#include "selftest/say.h"

/* A workload that hangs ends; none takes a second, on machines that are not emulated. */
#define SECONDS_EACH 60

const struct workload workloads[] = {
	{.name = "tutorial-heap", .run = workload__tutorial_heap},
	{.name = "tutorial-grow", .run = workload__tutorial_grow},
	{.name = "tutorial-mmap", .run = workload__tutorial_mmap},
	{.name = "functions", .run = workload__functions},
	{.name = "glibc", .run = workload__glibc},
	{.name = "arenas", .run = workload__arenas},
	{.name = "mapper", .run = workload__mapper, .bare = true},
	{.name = "breaks", .run = workload__breaks, .bare = true},
	{.name = "stacks", .run = workload__stacks},
	{.name = "leader", .run = workload__leader},
	{.name = "fork", .run = workload__fork},
	{.name = "vfork", .run = workload__vfork},
	{.name = "exec", .run = workload__exec},
	{.name = "touch", .run = workload__touch},
	{.name = "burst", .run = workload__burst},
	{.name = "refmalloc", .run = workload__refmalloc, .refmalloc = true},
	{},
};

/* What the second program of "exec" is called: it runs as that only. */
static const struct workload after_exec = {.name = "exec-then", .run = workload__exec_then};

/* glibc's and refmalloc's answers are those of their defaults. */
static const char *const settings[] = {
	"GLIBC_TUNABLES",    "MALLOC_ARENA_MAX",       "MALLOC_ARENA_TEST",
	"MALLOC_CHECK_",     "MALLOC_MMAP_MAX_",       "MALLOC_PERTURB_",
	"MALLOC_TOP_PAD_",   "MALLOC_TRIM_THRESHOLD_", "MALLOC_MMAP_THRESHOLD_",
	"REFMALLOC_OPTIONS",
};

void workload__mark(void)
{
	MUST(syscall(SYS_munmap, SELFTEST_MARK_ADDRESS, SELFTEST_MARK_LENGTH) == -1);
}

uint64_t workload__heap_bytes(void)
{
	uint64_t page = sysconf(_SC_PAGESIZE), start = 0, end = syscall(SYS_brk, 0);
	char stat[2048], *at;
	int fd = open("/proc/self/stat", O_RDONLY | O_CLOEXEC);
	ssize_t n;

	MUST(fd >= 0);
	n = read(fd, stat, sizeof(stat) - 1);
	MUST(n > 0);
	close(fd);
	stat[n] = 0;
	/* start_brk is field 47, proc(5); the name, field 2, may have spaces in it. */
	at = strrchr(stat, ')');
	for (int field = 2; at && field < 47; field++)
		at = strchr(at + 1, ' ');
	MUST(at);
	start = strtoull(at + 1, NULL, 10);
	MUST(start && start <= end);
	return ((end + page - 1) & ~(page - 1)) - ((start + page - 1) & ~(page - 1));
}

static const struct workload *find(const char *name)
{
	const struct workload *w = workloads;

	if (!strcmp(name, after_exec.name))
		return &after_exec;
	while (w->name && strcmp(w->name, name))
		w++;
	return w->name ? w : NULL;
}

char **workload__argv(const char *name)
{
	static char fd[16];
	static char *argv[] = {"brkscope", SELFTEST_ENTRY, "run", fd, NULL, NULL};

	snprintf(fd, sizeof(fd), "%d", say__fd());
	argv[4] = (char *)name;
	return argv;
}

/* Beside the program; or else wherever the loader looks. */
__attribute__((unused)) static void preload_refmalloc(void)
{
	static const char name[] = "librefmalloc.so";
	char path[PATH_MAX + sizeof(name)];
	ssize_t n = readlink("/proc/self/exe", path, PATH_MAX);
	char *slash;
	int fd;

	path[n > 0 ? n : 0] = 0;
	slash = strrchr(path, '/');
	if (slash)
		strcpy(slash + 1, name);
	/* A path with one of these in it would be several. */
	if (!slash || strpbrk(path, " :") || access(path, R_OK))
		strcpy(path, name);
	setenv("LD_PRELOAD", path, 1);
	/* That there is none the loader says, and so does the workload. */
	fd = open("/dev/null", O_WRONLY | O_CLOEXEC);
	if (fd >= 0)
		dup2(fd, STDERR_FILENO);
}

_Noreturn static void become(const struct workload *w, pid_t parent)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != parent)
		_exit(SAY_STATUS);
#ifndef __SANITIZE_ADDRESS__ /* whose runtime lets nothing be loaded before it */
	if (w->refmalloc)
		preload_refmalloc();
#endif
	execv("/proc/self/exe", workload__argv(w->name));
	say__failed(w->name, getpid(), "it cannot be executed: error %d", errno);
	_exit(SAY_STATUS);
}

static void run_one(const struct workload *w)
{
	pid_t parent = getpid(), pid = fork();
	int status;

	if (!pid)
		become(w, parent);
	if (pid < 0) {
		say__failed(w->name, parent, "it cannot be started: error %d", errno);
		return;
	}
	while (waitpid(pid, &status, 0) < 0 && errno == EINTR)
		;
	if (WIFSIGNALED(status))
		say__failed(w->name, pid, "ended by signal %d", WTERMSIG(status));
	else if (WEXITSTATUS(status) && WEXITSTATUS(status) != SAY_STATUS)
		say__failed(w->name, pid, "ended with status %d", WEXITSTATUS(status));
}

static int drive(pid_t agent, char **names)
{
	prctl(PR_SET_PDEATHSIG, SIGKILL);
	if (getppid() != agent)
		return SAY_STATUS;
	for (size_t i = 0; i < sizeof(settings) / sizeof(*settings); i++)
		unsetenv(settings[i]);
	if (!*names) {
		for (const struct workload *w = workloads; w->name; w++)
			run_one(w);
		return 0;
	}
	for (; *names; names++) {
		const struct workload *w = find(*names);

		if (!w)
			return 2;
		run_one(w);
	}
	return 0;
}

int workload__main(int argc, char **argv)
{
	const struct workload *w;

	if (argc < 4)
		return 2;
	say__open(atoi(argv[2]), argv[3]);
	if (!strcmp(argv[1], "drive"))
		return drive(atoi(argv[3]), argv + 4);
	w = find(argv[3]);
	if (!w || argc != 4)
		return 2;
	alarm(SECONDS_EACH);
#ifdef __SANITIZE_ADDRESS__
	if (!w->bare)
		workload__skip("this program is built with a sanitizer, whose malloc it has");
#endif
	w->run();
	_exit(0);
}
