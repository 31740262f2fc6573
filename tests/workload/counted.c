/*
 * counted.c - runs a command with the counting preload: counted LIBRARY DIRECTORY COMMAND...
 *
 * What env(1) would do, but without one allocation: this process becomes the
 * command, and its own calls, which the preload does not see, would be in the
 * same row.
 */
#include <limits.h>

#include "say.h"

#define MOST_VARIABLES 4096

int main(int argc, char **argv)
{
	static char preload[PATH_MAX + 16], directory[PATH_MAX + 32];
	static char *env[MOST_VARIABLES + 3];
	size_t count = 0;

	MUST(argc > 3);
	snprintf(preload, sizeof(preload), "LD_PRELOAD=%s", argv[1]);
	snprintf(directory, sizeof(directory), "BRKSCOPE_COUNT_DIR=%s", argv[2]);
	env[count++] = preload;
	env[count++] = directory;
	for (char **variable = environ; *variable && count <= MOST_VARIABLES; variable++)
		env[count++] = *variable;
	execvpe(argv[3], argv + 3, env);
	say("counted: %s: %s\n", argv[3], strerror(errno));
	_exit(127);
}
