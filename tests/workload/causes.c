/*
 * causes.c - known numbers of mappings by malloc, by mmap itself, and of files, on any C library.
 *
 * The compiler may make the last call of a function a jump, which the caller of
 * a system call is then to be told from; both forms are here.
 */
#include <fcntl.h>
#include <sys/mman.h>

#include "say.h"

#define PAGE   4096UL
#define LARGE  (3UL << 20)
#define MALLOC 7
#define DIRECT 11
#define JUMPS  5
#define FILES  3

__attribute__((noinline, optimize("optimize-sibling-calls"))) static void *jump(size_t len)
{
	return mmap(NULL, len, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
}

int main(int argc, char **argv)
{
	int fd = open(argv[0], O_RDONLY | O_CLOEXEC);

	MUST(argc == 1 && fd >= 0);
	for (int i = 0; i < MALLOC; i++)
		MUST(keep(malloc(LARGE + i * PAGE)));
	for (int i = 0; i < DIRECT; i++)
		MUST(mmap(NULL, 2 * PAGE, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1,
			  0) != MAP_FAILED);
	for (int i = 0; i < JUMPS; i++)
		MUST(jump(3 * PAGE) != MAP_FAILED);
	for (int i = 0; i < FILES; i++)
		MUST(mmap(NULL, PAGE, PROT_READ, MAP_PRIVATE, fd, 0) != MAP_FAILED);
	say("{\"pid\": %d, \"malloc\": %d, \"malloc_request\": %lu, \"direct\": %d, "
	    "\"direct_bytes\": %lu, \"file\": %d, \"file_bytes\": %lu}\n",
	    getpid(), MALLOC, MALLOC * LARGE + MALLOC * (MALLOC - 1) / 2 * PAGE, DIRECT + JUMPS,
	    (2 * DIRECT + 3 * JUMPS) * PAGE, FILES, FILES * PAGE);
	_exit(0);
}
