/* stats_file.c - stats=FILE: a line of JSON from each process at its exit. */
#include "test.h"

int main(int argc, char **argv)
{
	char name[] = "/tmp/refmalloc-stats.XXXXXX", option[128], line[8192], expected[64];
	FILE *file;

	if (argc == 2) {
		if (strcmp(argv[1], "idle") != 0)
			free(hidden(malloc(77)));
		return 0;
	}
	CHECK(mkstemp(name) >= 0);
	/* The last word counts, all of it and nothing else. */
	snprintf(option, sizeof(option), "stats=/nowhere/at/all/for/this/one,stats=%s", name);
	for (int i = 0; i < 2; i++) {
		pid_t pid = fork();

		if (pid == 0)
			with_options((char *[]){argv[0], "child", NULL}, option);
		CHECK(waitpid(pid, NULL, 0) == pid);
		file = fopen(name, "r");
		for (int k = 0; k <= i; k++)
			CHECK(fgets(line, sizeof(line), file));
		snprintf(expected, sizeof(expected), "{\"pid\":%d,\"function\":{\"malloc\":{", pid);
		CHECK(strncmp(line, expected, strlen(expected)) == 0);
		CHECK(strstr(line, "{\"le\":128,\"heap\":1,\"mmap\":0,\"arena\":0}"));
		CHECK(strcmp(line + strlen(line) - 3, "}}\n") == 0);
		CHECK(!fgets(line, sizeof(line), file));
		fclose(file);
	}
	/* Also one that never allocated. */
	CHECK(truncate(name, 0) == 0);
	if (fork() == 0)
		with_options((char *[]){argv[0], "idle", NULL}, option);
	wait(NULL);
	file = fopen(name, "r");
	CHECK(fgets(line, sizeof(line), file) && strstr(line, "\"malloc\":{\"calls\":0,"));
	fclose(file);
	unlink(name);
	return 0;
}
