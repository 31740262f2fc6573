/*
 * limit.c - at the end of memory NULL and ENOMEM, and all is well once there is some again, also
 * for other sizes.
 */
#include <sys/resource.h>

#include "test.h"

/* Until there is no more, and then back. How many bytes. */
static size_t fill(size_t size)
{
	void **list = NULL, **p;
	size_t bytes = 0;

	for (; (p = hidden(malloc(size))); bytes += size) {
		*p = list;
		list = p;
	}
	for (; list; list = p) {
		p = *list;
		free(list);
	}
	return bytes;
}

/* The records of spans differ in size as their blocks do. */
static void fill_twice(size_t first, size_t second)
{
	struct rlimit limit = {40 << 20, 40 << 20};
	pid_t pid = fork();
	int status;

	if (pid == 0) {
		CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
		_exit(fill(first) / 2 > fill(second));
	}
	CHECK(waitpid(pid, &status, 0) == pid && status == 0);
}

int main(void)
{
	struct rlimit limit = {64 << 20, 64 << 20};
	void **list = NULL, **p;
	size_t got = 0, again = 0;

	fill_twice(200, 500);
	fill_twice(100, 900);
	fill_twice(48, 700);
	CHECK(setrlimit(RLIMIT_DATA, &limit) == 0);
	for (size_t i = 0; (p = hidden(malloc(1000 + i % 50 * 3000))); i++) {
		*p = list;
		list = p;
		got++;
	}
	CHECK(errno == ENOMEM && got > 500);
	CHECK(stats().failed == 1);
	for (; list; list = p) {
		p = *list;
		free(list);
	}
	for (size_t i = 0; i < got; i++) {
		p = hidden(malloc(1000 + i % 50 * 3000));
		CHECK(p || i > got * 9 / 10);
		if (!p)
			break;
		*p = list;
		list = p;
		again++;
	}
	CHECK(again >= got * 9 / 10);
	return 0;
}
