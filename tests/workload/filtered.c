/*
 * filtered.c - a process that may do nothing but get memory, write, and end: all else kills it.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <stddef.h>
#include <sys/prctl.h>
#include <sys/syscall.h>

#include "say.h"

#define ALLOW(name)                                                                                \
	BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, __NR_##name, 0, 1),                                    \
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)

static void filter(void)
{
	struct sock_filter filter[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		ALLOW(brk),
		ALLOW(mmap),
		ALLOW(munmap),
		ALLOW(mremap),
		ALLOW(mprotect),
		ALLOW(write),
		ALLOW(exit_group),
		ALLOW(getrandom), /* for the key of glibc's thread cache */
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_KILL_PROCESS),
	};
	const struct sock_fprog prog = {.len = sizeof(filter) / sizeof(*filter), .filter = filter};

	MUST(!prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0));
	MUST(!prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &prog));
}

int main(void)
{
	unsigned long calls = 0, bytes = 0, frees = 0, blocks = 0, live = 0;
	int pid = getpid();
	void *p;

	filter();
	for (size_t size = 1; size < 1000000; size = size * 3 / 2 + 1) {
		MUST((p = keep(malloc(size))) && (p = keep(realloc(p, 2 * size))));
		calls += 2;
		bytes += 3 * size;
		if (size % 2) {
			free(p);
			frees++;
		} else {
			blocks++;
			live += 2 * size;
		}
	}
	say("{\"pid\": %d, \"calls\": %lu, \"bytes\": %lu, \"frees\": %lu, \"live_blocks\": %lu, "
	    "\"live_bytes\": %lu}\n",
	    pid, calls, bytes, frees, blocks, live);
	_exit(0);
}
