/*
 * spaces.c - address spaces that change in unusual ways, a process each.
 *
 * Each prints its name and PID when it is done, and exits: by then the ledger
 * is to explain all that the kernel counts.
 */
#include <sched.h>
#include <signal.h>
#include <sys/mman.h>
#include <sys/shm.h>
#include <sys/syscall.h>
#include <sys/wait.h>

#include "say.h"

#define PAGE 4096ul
#define RW   (PROT_READ | PROT_WRITE)
#define ANON (MAP_PRIVATE | MAP_ANONYMOUS)

static char *map(size_t pages)
{
	char *p = mmap(NULL, pages * PAGE, RW, ANON, -1, 0);

	MUST(p != MAP_FAILED);
	return p;
}

/* Without room for them: nothing is touched. */
static void huge_pages(void)
{
	int fd = memfd_create("spaces", MFD_HUGETLB);

	MUST(fd >= 0 && !ftruncate(fd, 4 << 20));
	MUST(mmap(NULL, PAGE, RW, MAP_SHARED | MAP_NORESERVE, fd, 0) != MAP_FAILED);
	MUST(mmap(NULL, 3 << 20, RW, MAP_PRIVATE | MAP_NORESERVE, fd, 0) != MAP_FAILED);
	MUST(mmap(NULL, PAGE, RW, ANON | MAP_HUGETLB | MAP_NORESERVE, -1, 0) != MAP_FAILED);
}

static void grows_down(void)
{
	char *room = map(600);
	char *p;

	MUST(!munmap(room, 600 * PAGE));
	p = mmap(room + 590 * PAGE, 10 * PAGE, RW, ANON | MAP_GROWSDOWN | MAP_FIXED, -1, 0);
	MUST(p != MAP_FAILED);
	for (int i = 0; i < 100; i++)
		*(volatile char *)(p - i * PAGE) = 1;
}

static void mremaps(void)
{
	char *p = map(30), *q = map(5);
	int fd = memfd_create("spaces", 0);
	char *shared;

	MUST(fd >= 0 && !ftruncate(fd, 10 * PAGE));
	shared = mmap(NULL, 10 * PAGE, RW, MAP_SHARED, fd, 0);
	MUST(shared != MAP_FAILED);
	/* Of length 0: the same pages a second time. */
	MUST(mremap(shared, 0, 10 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED);
	MUST(mremap(p, 10 * PAGE, 10 * PAGE, MREMAP_MAYMOVE | MREMAP_DONTUNMAP) != MAP_FAILED);
	MUST(mremap(p + 10 * PAGE, 10 * PAGE, 5 * PAGE, 0) != MAP_FAILED);
	MUST(mremap(q, 5 * PAGE, 5 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p + 20 * PAGE) !=
	     MAP_FAILED);
	MUST(mremap(p + 20 * PAGE, 5 * PAGE, 50 * PAGE, MREMAP_MAYMOVE) != MAP_FAILED);
}

static void failures(void)
{
	char *p = map(20), *q = map(20);

	/* Half of it is done before it fails. */
	MUST(!munmap(p + 10 * PAGE, PAGE));
	MUST(mprotect(p, 20 * PAGE, PROT_NONE) && errno == ENOMEM);
	/* Of two mappings: before Linux 6.17 the place is cleared, and then it fails. */
	MUST(!mprotect(q + 5 * PAGE, PAGE, PROT_READ));
	mremap(q, 10 * PAGE, 11 * PAGE, MREMAP_MAYMOVE | MREMAP_FIXED, p);
	usleep(300000); /* it takes a look at the kernel's list to know */
	MUST(mmap(q, PAGE, RW, ANON | MAP_FIXED_NOREPLACE, -1, 0) == MAP_FAILED);
}

/* The child has less than its parent: not what is marked. */
static void not_copied(void)
{
	char *p = map(50);
	pid_t child;

	MUST(!madvise(p + 10 * PAGE, 20 * PAGE, MADV_DONTFORK));
	child = fork();
	if (!child) {
		map(3);
		usleep(300000); /* as above */
		_exit(0);
	}
	MUST(waitpid(child, NULL, 0) == child);
}

static void shared_segments(void)
{
	int large = shmget(IPC_PRIVATE, 5 * PAGE + 1, 0600), small;
	char *p, *q, *r;

	MUST(large >= 0);
	small = shmget(IPC_PRIVATE, PAGE, 0600);
	p = shmat(large, NULL, 0);
	q = shmat(small, NULL, SHM_RDONLY);
	r = shmat(large, NULL, 0);
	shmctl(large, IPC_RMID, NULL);
	shmctl(small, IPC_RMID, NULL);
	MUST(p != (void *)-1 && q != (void *)-1 && r != (void *)-1);
	MUST(!shmdt(q));
	MUST(!mprotect(r, PAGE, PROT_NONE)); /* and all of it goes */
	MUST(!shmdt(r));
	MUST(!munmap(p, PAGE));
}

static void last_page(void)
{
	MUST(sbrk(10 * PAGE + 17) != (void *)-1);
	MUST(sbrk(-5 * (long)PAGE) != (void *)-1);
	MUST(sbrk(-3) != (void *)-1);
}

static char stack[65536] __attribute__((aligned(16)));
static char *between;

static int other_process(void *arg)
{
	munmap(between, 7 * PAGE);
	syscall(SYS_mmap, NULL, 11 * PAGE, RW, ANON, -1, 0);
	return 0;
}

/* Two processes in one address space; here both end in it. */
static void shared_by_two(void)
{
	pid_t child;

	between = map(7);
	child = clone(other_process, stack + sizeof(stack), CLONE_VM | SIGCHLD, NULL);
	MUST(child > 0);
	map(2);
	MUST(waitpid(child, NULL, 0) == child);
	map(1);
}

static int vfork_child(void *arg)
{
	syscall(SYS_mmap, NULL, 11 * PAGE, RW, ANON, -1, 0);
	execl("/bin/true", "true", (char *)NULL);
	return 1;
}

static void vforked(void)
{
	pid_t child = clone(vfork_child, stack + sizeof(stack), CLONE_VM | CLONE_VFORK | SIGCHLD,
			    NULL);

	MUST(waitpid(child, NULL, 0) == child);
	map(1);
}

static const struct {
	const char *name;
	void (*run)(void);
} spaces[] = {
	{"huge_pages", huge_pages}, {"grows_down", grows_down},	      {"mremaps", mremaps},
	{"failures", failures},	    {"not_copied", not_copied},	      {"last_page", last_page},
	{"vforked", vforked},	    {"shared_by_two", shared_by_two}, {"segments", shared_segments},
};

int main(void)
{
	pid_t child;

	for (size_t i = 0; i < sizeof(spaces) / sizeof(*spaces); i++) {
		child = fork();
		if (!child) {
			spaces[i].run();
			say("%s %d\n", spaces[i].name, getpid());
			_exit(0);
		}
		MUST(waitpid(child, NULL, 0) == child);
	}
	return 0;
}
