/*
 * libraries.c - the files of code that a command will map, before it runs.
 *
 * Which libraries a program gets depends on its RUNPATH, the loader's cache,
 * LD_LIBRARY_PATH, LD_PRELOAD and the libraries' own needs.  Its loader knows, and
 * says so: `ld.so --list PROGRAM`, of glibc and musl alike.
 */
#include "kernel/libraries.h"

#include <ctype.h>
#include <dirent.h>
#include <fcntl.h>
#include <fnmatch.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/wait.h>
#include <unistd.h>

#include "kernel/elf_file.h"
#include "kernel/procfs.h"

#define SCRIPTS_DEEP 4	 /* as many as the kernel follows */
#define LINE_MOST    256 /* of a script's first line: BINPRM_BUF_SIZE */
#define MOST_WORDS   64

struct reading {
	void (*visit)(const char *path, void *arg);
	void *arg;
	const char *set[MOST_WORDS]; /* NAME=VALUE, by an env in front of the command */
	size_t n_set;
};

static bool in_path(const char *program, char *path, size_t size)
{
	const char *dirs = getenv("PATH");

	if (strchr(program, '/'))
		return (size_t)snprintf(path, size, "%s", program) < size;
	while (dirs && *dirs) {
		size_t len = strcspn(dirs, ":");

		if ((size_t)snprintf(path, size, "%.*s/%s", (int)len, dirs, program) < size &&
		    !access(path, X_OK))
			return true;
		dirs += len + (dirs[len] == ':');
	}
	return false;
}

/* "\tlibc.so.6 => /lib/libc.so.6 (0x7f...)", "\t/lib64/ld-linux-x86-64.so.2 (0x7f...)" */
static void read_line(const struct reading *r, char *line)
{
	char *path = strstr(line, "=> "), *end;

	path = path ? path + 3 : line + strspn(line, " \t");
	end = strstr(path, " (0x");
	if (*path != '/' || !end)
		return;
	*end = 0;
	r->visit(path, r->arg);
}

static void run_loader(const struct reading *r, const char *loader, const char *program, int out)
{
	int null = open("/dev/null", O_RDWR | O_CLOEXEC);
	sigset_t none;

	sigemptyset(&none);
	sigprocmask(SIG_SETMASK, &none, NULL);
	for (size_t i = 0; i < r->n_set; i++)
		putenv((char *)r->set[i]);
	if (null < 0 || dup2(null, 0) < 0 || dup2(out, 1) < 0 || dup2(null, 2) < 0)
		_exit(127);
	execl(loader, loader, "--list", program, (char *)NULL);
	_exit(127);
}

static void list_libraries(const struct reading *r, const char *loader, const char *program)
{
	char line[PROC_PATH_MAX];
	int ends[2];
	pid_t child;
	FILE *in;

	if (pipe2(ends, O_CLOEXEC))
		return;
	child = fork();
	if (!child)
		run_loader(r, loader, program, ends[1]);
	close(ends[1]);
	in = fdopen(ends[0], "r");
	while (child > 0 && in && fgets(line, sizeof(line), in))
		read_line(r, line);
	if (in)
		fclose(in);
	else
		close(ends[0]);
	if (child > 0)
		waitpid(child, NULL, 0);
}

/* "ld-linux-x86-64.so.2", "ld-musl-x86_64.so.1", "ld.so": whatever else a file names is not run. */
static bool is_loader(const char *path)
{
	const char *name = strrchr(path, '/');

	return name && !strncmp(name, "/ld", 3) && strstr(name, ".so");
}

static void read_program(const struct reading *r, const char *path)
{
	const char *loader;
	struct elf_file *f;

	r->visit(path, r->arg);
	if (elf_file__open(path, &f))
		return;
	loader = elf_file__interpreter(f);
	if (is_loader(loader)) {
		r->visit(loader, r->arg);
		list_libraries(r, loader, path);
	}
	elf_file__close(f);
}

static bool read_first_line(const char *path, char line[LINE_MOST])
{
	int fd = open(path, O_RDONLY | O_CLOEXEC | O_NONBLOCK);
	ssize_t n = fd < 0 ? -1 : read(fd, line, LINE_MOST - 1);

	if (fd >= 0)
		close(fd);
	if (n < 2 || line[0] != '#' || line[1] != '!')
		return false;
	line[n] = 0;
	line[strcspn(line, "\n")] = 0;
	return true;
}

/* `env [-i] [-u NAME] [NAME=VALUE]... COMMAND`: what is behind, or NULL where it cannot be told. */
static char *const *behind_env(struct reading *r, char *const argv[])
{
	const char *name = strrchr(argv[0], '/');

	if (strcmp(name ? name + 1 : argv[0], "env") != 0)
		return argv;
	while (*++argv) {
		if (!strcmp(*argv, "-u") && argv[1])
			argv++;
		else if (strchr(*argv, '=') && **argv != '-' && r->n_set < MOST_WORDS)
			r->set[r->n_set++] = *argv;
		else if (**argv != '-')
			return argv;
	}
	return NULL;
}

static void read_command(struct reading *r, char *const argv[], int depth)
{
	char path[PROC_PATH_MAX], line[LINE_MOST], *words[3] = {}, *at;

	if (in_path(argv[0], path, sizeof(path)))
		read_program(r, path);
	else
		return;
	if (behind_env(r, argv) != argv) {
		argv = behind_env(r, argv);
		if (argv && depth)
			read_command(r, argv, depth - 1);
		return;
	}
	if (!depth || !read_first_line(path, line))
		return;
	/* "#!interpreter [one argument]"; the script itself comes behind. */
	at = line + 2 + strspn(line + 2, " \t");
	words[0] = at;
	at += strcspn(at, " \t");
	if (*at) {
		*at++ = 0;
		words[1] = at + strspn(at, " \t");
	}
	if (*words[0])
		read_command(r, words, depth - 1);
}

void libraries__of_command(char *const argv[], void (*visit)(const char *path, void *arg),
			   void *arg)
{
	struct reading r = {.visit = visit, .arg = arg};

	read_command(&r, argv, SCRIPTS_DEEP);
}

#if defined(__x86_64__)
#define TRIPLET "x86_64-linux-gnu"
#elif defined(__aarch64__)
#define TRIPLET "aarch64-linux-gnu"
#endif

/* The one that comes with this program, where it has been built. */
static void visit_beside(const char *name, void (*visit)(const char *path, void *arg), void *arg)
{
	char path[PROC_PATH_MAX + 64];
	ssize_t n = readlink("/proc/self/exe", path, PROC_PATH_MAX);
	char *slash;

	path[n > 0 ? n : 0] = 0;
	slash = strrchr(path, '/');
	if (!slash)
		return;
	strcpy(slash + 1, name);
	visit(path, arg);
}

static int is_allocators(const struct dirent *file)
{
	static const char *const patterns[] = {"libjemalloc.so*",  "libtcmalloc*.so*",
					       "libmimalloc.so*",  "librefmalloc.so*",
					       "libsnmalloc*.so*", "ld-musl-*.so.1"};

	for (size_t i = 0; i < sizeof(patterns) / sizeof(*patterns); i++)
		if (!fnmatch(patterns[i], file->d_name, FNM_PERIOD))
			return true;
	return false;
}

/* It may have thousands of files: read once, whatever is looked for. */
static void visit_allocators_in(const char *dir, void (*visit)(const char *path, void *arg),
				void *arg)
{
	char path[PROC_PATH_MAX];
	struct dirent **files;
	int n = scandir(dir, &files, is_allocators, alphasort);

	for (int i = 0; i < n; i++) {
		snprintf(path, sizeof(path), "%s/%s", dir, files[i]->d_name);
		visit(path, arg);
		free(files[i]);
	}
	if (n >= 0)
		free(files);
}

void libraries__allocators(void (*visit)(const char *path, void *arg), void *arg)
{
	static const char *const dirs[] = {"/lib/" TRIPLET,   "/lib",		"/usr/lib/" TRIPLET,
					   "/usr/lib64",      "/usr/local/lib", "/usr/lib",
					   "/usr/local/lib64"};

	for (size_t i = 0; i < sizeof(dirs) / sizeof(*dirs); i++)
		visit_allocators_in(dirs[i], visit, arg);
	visit_beside("librefmalloc.so", visit, arg);
}
