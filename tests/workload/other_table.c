/*
 * other_table.c - system calls whose numbers are not what they seem; nothing without an argument.
 *
 * 32: those of 32-bit programs that have the numbers of ours: 9 to 12 and 25 are link, unlink,
 * execve, chdir and stime there.  All fail for want of an address.
 * high: mmap and munmap, with a bit in the upper half of the register, where no number is.
 * Status 77: this machine has no such thing.
 */
#include <errno.h>
#include <setjmp.h>
#include <signal.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <unistd.h>

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

static int call_others(void)
{
	static const long numbers[] = {9, 10, 11, 12, 25};
	int failed = 0;

	signal(SIGSEGV, refuse);
	if (sigsetjmp(refused, 1))
		return 77;
	for (int i = 0; i < TIMES; i++)
		for (int n = 0; n < 5; n++)
			failed += call_32(numbers[n]) == -EFAULT;
	return failed != TIMES * 5;
}

static int call_high(void)
{
	const long high = 1l << 32;

	for (int i = 0; i < TIMES; i++) {
		long at = syscall(SYS_mmap | high, 0l, 1l << 20, PROT_READ,
				  MAP_PRIVATE | MAP_ANONYMOUS, -1l, 0l);

		if (at == -1 || (i % 2 && syscall(SYS_munmap | high, at, 1l << 20)))
			return 1;
	}
	return 0;
}

int main(int argc, char **argv)
{
	if (argc < 2)
		return 0;
#if defined(__x86_64__)
	return strcmp(argv[1], "high") ? call_others() : call_high();
#else
	return argv[1] ? 77 : 0;
#endif
}
