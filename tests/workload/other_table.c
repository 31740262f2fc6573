/*
 * other_table.c - calls the system calls of 32-bit programs, if told to, that have the numbers of
 * ours: 9 to 12 and 25 are link, unlink, execve, chdir and stime there.
 *
 * All fail for want of an address.  Status 77: this kernel has no such table.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <stdio.h>

#define TIMES 100

static sigjmp_buf refused;

static void refuse(int sig)
{
	(void)sig;
	siglongjmp(refused, 1);
}

static long call_32(long number)
{
	long ret = number;

#if defined(__x86_64__)
	__asm__ volatile("int $0x80"
			 : "+a"(ret)
			 : "b"(0L), "c"(0L), "d"(0L), "S"(0L), "D"(0L)
			 : "memory", "r8", "r9", "r10", "r11");
#endif
	return ret;
}

int main(int argc, char **argv)
{
	static const long numbers[] = {9, 10, 11, 12, 25};
	int failed = 0;

	(void)argv;
#if !defined(__x86_64__)
	return 77;
#endif
	signal(SIGSEGV, refuse);
	if (sigsetjmp(refused, 1))
		return 77;
	for (int i = 0; i < TIMES; i++)
		for (int n = 0; n < 5; n++)
			failed += argc > 1 && call_32(numbers[n]) == -EFAULT;
	return failed != (argc > 1 ? TIMES * 5 : 0);
}
