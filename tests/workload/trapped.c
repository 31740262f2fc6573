/*
 * trapped.c - brk, mmap and munmap that a filter answers by SIGSYS: none of them does anything.
 *
 * trapped N: N of each.  It then says where its heap is, and waits for the end of its input.
 */
#include <linux/filter.h>
#include <linux/seccomp.h>
#include <signal.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/mman.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#define ODD_SIZE 0x123000 /* of which nobody else has anything */

static volatile sig_atomic_t trapped;

static void count(int sig)
{
	(void)sig;
	trapped++;
}

/* Of one size, or to one break, and of no other. */
static int filter(void)
{
	struct sock_filter code[] = {
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, nr)),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_brk, 2, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_mmap, 3, 0),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, SYS_munmap, 2, 5),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[0])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ODD_SIZE, 2, 3),
		BPF_STMT(BPF_LD | BPF_W | BPF_ABS, offsetof(struct seccomp_data, args[1])),
		BPF_JUMP(BPF_JMP | BPF_JEQ | BPF_K, ODD_SIZE, 0, 1),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_TRAP),
		BPF_STMT(BPF_RET | BPF_K, SECCOMP_RET_ALLOW)};
	struct sock_fprog program = {sizeof(code) / sizeof(*code), code};

	return prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) ||
	       prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &program);
}

int main(int argc, char **argv)
{
	long n = argc > 1 ? atol(argv[1]) : 0;
	char *start = sbrk(0), byte;
	static char room[BUFSIZ];

	setvbuf(stdout, room, _IOFBF, sizeof(room)); /* or it would take one from the heap */
	if (n <= 0 || sbrk(40960) != (void *)start || signal(SIGSYS, count) == SIG_ERR || filter())
		return 1;
	for (long i = 0; i < n; i++) {
		syscall(SYS_brk, (long)ODD_SIZE);
		syscall(SYS_mmap, 0l, (long)ODD_SIZE, PROT_READ, MAP_PRIVATE | MAP_ANONYMOUS, -1l,
			0l);
		syscall(SYS_munmap, (long)start, (long)ODD_SIZE);
	}
	if (trapped != 3 * n)
		return 1;
	printf("{\"pid\": %d, \"start\": %lu, \"end\": %lu}\n", getpid(), (uintptr_t)start,
	       (uintptr_t)sbrk(0));
	fflush(stdout);
	return read(0, &byte, 1) < 0;
}
