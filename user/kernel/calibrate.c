/*
 * calibrate.c - what a probe's hit costs on this machine, measured on functions of our own.
 *
 * In assembler, for their first instruction is what it hangs on (placement.h).  Each
 * is called some hundred times, in turns with one that is not probed; of several turns
 * the median counts.  In time of the CPU: who has to wait for one while it is
 * measured is slower by the clock, and not by the probe.
 */
#include "kernel/calibrate.h"

#include <errno.h>
#include <link.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "kernel/features.h"
#include "kernel/uprobe.h"

#define ROUNDS	7
#define PROGRAM "/proc/self/exe"

#if defined(__x86_64__)
#define FUNCTION(name, first)                                                                      \
	asm(".pushsection .text\n.p2align 6\n.type " #name ", @function\n" #name ":\n" first       \
	    "\nret\n.size " #name ", . - " #name "\n.popsection\n");                               \
	void name(void)
#define EMULATED "push %rbx\n pop %rbx"
#define STEPPED	 "test %rdi, %rdi"
FUNCTION(calibrate_plain, EMULATED);
FUNCTION(calibrate_emulated, EMULATED);
FUNCTION(calibrate_stepped, STEPPED);
FUNCTION(calibrate_return, EMULATED);
FUNCTION(calibrate_stepped_return, STEPPED);
#else
#define FUNCTION(name, first)                                                                      \
	asm(".pushsection .text\n.p2align 6\n.type " #name ", %function\n" #name ":\n" first       \
	    "\nret\n.size " #name ", . - " #name "\n.popsection\n");                               \
	void name(void)
#define EMULATED "b 1f\n 1:"
#define STEPPED	 "cmp x0, #0"
FUNCTION(calibrate_plain, EMULATED);
FUNCTION(calibrate_emulated, EMULATED);
FUNCTION(calibrate_stepped, STEPPED);
FUNCTION(calibrate_return, EMULATED);
FUNCTION(calibrate_stepped_return, STEPPED);
#endif

static const struct {
	void (*function)(void);
	unsigned int calls; /* in a round: some tenths of a millisecond */
} kinds[CALIBRATE_KINDS] = {
	[CALIBRATE_EMULATED] = {calibrate_emulated, 100},
	[CALIBRATE_STEPPED] = {calibrate_stepped, 20},
	[CALIBRATE_RETURN] = {calibrate_return, 100},
	[CALIBRATE_STEPPED_RETURN] = {calibrate_stepped_return, 20},
};

static double cpu_now(void)
{
	struct timespec t;

	clock_gettime(CLOCK_THREAD_CPUTIME_ID, &t);
	return t.tv_sec * 1e9 + t.tv_nsec;
}

static double time_of(void (*function)(void), unsigned int calls)
{
	double start = cpu_now();

	for (unsigned int i = 0; i < calls; i++)
		function();
	return (cpu_now() - start) / calls;
}

static int by_size(const void *a, const void *b)
{
	const double *x = a, *y = b;

	return *x < *y ? -1 : *x > *y;
}

static double median_cost(enum calibrate_kind kind)
{
	double cost[ROUNDS];

	/* The first hits prepare the process for the others. */
	time_of(kinds[kind].function, 3);
	for (int i = 0; i < ROUNDS; i++) {
		cost[i] = time_of(kinds[kind].function, kinds[kind].calls);
		cost[i] -= time_of(calibrate_plain, kinds[kind].calls);
	}
	qsort(cost, ROUNDS, sizeof(*cost), by_size);
	return cost[ROUNDS / 2];
}

/* ---- where they are ---- */

struct search {
	__u64 addr, offset;
	bool found;
};

static int find_offset(struct dl_phdr_info *info, size_t size, void *arg)
{
	struct search *s = arg;

	for (int i = 0; i < info->dlpi_phnum; i++) {
		const ElfW(Phdr) *ph = &info->dlpi_phdr[i];
		__u64 into = s->addr - info->dlpi_addr - ph->p_vaddr;

		if (ph->p_type != PT_LOAD || into >= ph->p_filesz)
			continue;
		s->offset = into + ph->p_offset;
		s->found = true;
	}
	return 1; /* the program is the first, and they are in it */
}

static bool place_of(void (*function)(void), struct uprobe_place *place)
{
	struct search s = {.addr = (unsigned long)function};

	dl_iterate_phdr(find_offset, &s);
	*place = (struct uprobe_place){.offset = s.offset};
	return s.found;
}

/*
 * From Linux 6.11 on a return probe makes a system call of the process's own; a filter that
 * does not know it kills the process, until cf6cb56ef244 ("seccomp: passthrough uretprobe
 * systemcall without filtering").
 */
static bool is_filtered(void)
{
	unsigned int mode = 1;
	char line[128];
	FILE *f = fopen("/proc/self/status", "re");

	while (f && fgets(line, sizeof(line), f))
		if (sscanf(line, "Seccomp: %u", &mode) == 1)
			break;
	if (f)
		fclose(f);
	return mode;
}

int calibrate__run(struct bpf_program *empty, struct calibration *out,
		   struct uprobes *attached[CALIBRATE_LINKS])
{
	struct uprobe_place places[CALIBRATE_KINDS], *return_places = &places[CALIBRATE_RETURN];
	size_t n = is_filtered() ? CALIBRATE_RETURN : CALIBRATE_KINDS;
	__u32 pid = features__kernel_has(6, 10) ? getpid() : 0;

	attached[0] = attached[1] = NULL;
	for (int i = 0; i < CALIBRATE_KINDS; i++) {
		out->ns[i] = -1;
		if (!place_of(kinds[i].function, &places[i]))
			return -ENOENT;
	}
	attached[0] = uprobes__attach(empty, UPROBE_HERE, PROGRAM, places, n, pid, false);
	if (!attached[0])
		return -errno;
	if (n == CALIBRATE_KINDS)
		attached[1] = uprobes__attach(empty, UPROBE_RETURN, PROGRAM, return_places,
					      CALIBRATE_KINDS - CALIBRATE_RETURN, pid, false);
	for (size_t i = 0; i < n && (i < CALIBRATE_RETURN || attached[1]); i++)
		out->ns[i] = median_cost(i);
	return 0;
}

/* Of short rounds the fastest: it is compared with one of another moment. */
static double syscall_cost(long number)
{
	double best = 0;

	for (int i = 0; i < 30; i++) {
		double start = cpu_now(), each;

		for (int call = 0; call < 100; call++)
			syscall(number, 0, 0);
		each = (cpu_now() - start) / 100;
		if (!i || each < best)
			best = each;
	}
	return best;
}

double calibrate__syscall(void)
{
	return syscall_cost(__NR_getppid);
}

double calibrate__traced_syscall(void)
{
	return syscall_cost(__NR_munmap);
}
