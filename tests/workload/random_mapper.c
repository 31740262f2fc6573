/*
 * random_mapper.c - changes its address space at random, in every way there is, and then stands
 * still.
 *
 * random_mapper SEED OPERATIONS THREADS CHILDREN [before|wait]: each of the threads of each of
 * the processes (the children are forked at random points, and go on from what
 * they inherit) does its share.  before: they have begun before that, and go on
 * until a byte comes on standard input; wait: they begin when it comes.  When all are done each
 * process says so, on a line with its PID, and waits for the end of its standard input: what the
 * kernel lists of it then is the answer.
 *
 * Each thread has ranges of its own: that of two threads who change one range at
 * once either may be last is no question that a ledger could answer.
 */
#include <errno.h>
#include <pthread.h>
#include <stdbool.h>
#include <sys/mman.h>
#include <sys/wait.h>

#include "say.h"

#define PAGE	  4096ul
#define SLOTS	  48  /* ranges a thread has */
#define MOST	  40  /* pages of one */
#define RESERVE	  512 /* pages of a range that is only ever mapped over */
#define BREAK_MAX (64ul << 20)

struct range {
	char *at;
	size_t length;
	bool split; /* into several mappings, which not every kernel moves as one */
};

struct worker {
	unsigned long rng, left;
	struct range slot[SLOTS];
	char *reserve;
	bool main;  /* it alone moves the break, and forks */
	bool alone; /* there are no other threads, which could have got what it has left */
};

static unsigned long operations, threads;
static bool waits;
static volatile char *begun; /* shared by all processes */
static int file_fd;

static unsigned long draw(struct worker *w, unsigned long below)
{
	w->rng = w->rng * 6364136223846793005ul + 1442695040888963407ul;
	return (w->rng >> 33) % below;
}

static size_t pages(struct worker *w, size_t most)
{
	return (1 + draw(w, most)) * PAGE;
}

static int draw_prot(struct worker *w)
{
	static const int prots[] = {PROT_NONE, PROT_READ, PROT_READ | PROT_WRITE,
				    PROT_READ | PROT_WRITE, PROT_READ | PROT_WRITE};

	return prots[draw(w, 5)];
}

static void do_map(struct worker *w, struct range *r)
{
	bool file = !draw(w, 5), shared = !draw(w, 6), low = !draw(w, 40);
	int flags = shared ? MAP_SHARED : MAP_PRIVATE;

	if (r->length)
		return;
	r->length = pages(w, MOST) - (draw(w, 2) ? 0 : draw(w, PAGE));
	if (!file)
		flags |= MAP_ANONYMOUS | (draw(w, 4) ? 0 : MAP_NORESERVE);
	if (!file && !shared && low)
		flags |= MAP_GROWSDOWN;
	r->at = mmap(NULL, r->length, draw_prot(w), flags, file ? file_fd : -1, 0);
	MUST(r->at != MAP_FAILED);
	r->length = (r->length + PAGE - 1) & ~(PAGE - 1);
	r->split = false;
}

/* Whole, or from an end, so that what is left is one range; or out of the middle. */
static void do_unmap(struct worker *w, struct range *r)
{
	size_t part = r->length ? pages(w, r->length / PAGE) : 0;
	size_t at = r->length > part ? draw(w, (r->length - part) / PAGE + 1) * PAGE : 0;

	if (!r->length)
		return;
	switch (draw(w, 4)) {
	case 0:
		MUST(!munmap(r->at, part));
		r->at += part;
		r->length -= part;
		break;
	case 1:
		MUST(!munmap(r->at + r->length - part, part));
		r->length -= part;
		break;
	case 2: /* a hole, and then all of it, over the hole */
		MUST(!munmap(r->at + at, part));
		if (w->alone && draw(w, 2)) /* or it stays so to the end */
			MUST(!munmap(r->at, r->length));
		r->length = 0;
		break;
	default:
		MUST(!munmap(r->at, r->length));
		r->length = 0;
	}
}

static void do_remap(struct worker *w, struct range *r)
{
	struct range *to = &w->slot[draw(w, SLOTS)];
	size_t length = pages(w, MOST);
	char *at;

	if (!r->length)
		return;
	switch (draw(w, 4)) {
	case 0: /* onto another one: that is gone */
		if (to == r || to->length < length || r->split)
			return;
		at = mremap(r->at, r->length, length, MREMAP_MAYMOVE | MREMAP_FIXED, to->at);
		MUST(at != MAP_FAILED);
		to->split = true; /* there may be more behind it */
		if (to->length > length)
			MUST(!munmap(to->at + length, to->length - length));
		to->length = length;
		r->length = 0;
		break;
	case 1:
		at = mremap(r->at, r->length, r->length, MREMAP_MAYMOVE | MREMAP_DONTUNMAP);
		if (at != MAP_FAILED && to != r && !to->length)
			*to = (struct range){at, r->length, r->split};
		break;
	default:
		at = mremap(r->at, r->length, length, draw(w, 3) ? MREMAP_MAYMOVE : 0);
		if (at != MAP_FAILED)
			*r = (struct range){at, length, r->split};
	}
}

/* Over anything: of a range of its own, or of the reserve. */
static void do_fixed(struct worker *w, struct range *r)
{
	size_t length = pages(w, MOST);
	char *at = w->reserve + draw(w, RESERVE - MOST) * PAGE;
	int flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED;

	if (r->length && draw(w, 2)) {
		length = pages(w, r->length / PAGE);
		at = r->at + r->length - length;
		r->split = true;
	}
	if (!draw(w, 8))
		flags = MAP_PRIVATE | MAP_ANONYMOUS | MAP_FIXED_NOREPLACE;
	if (mmap(at, length, draw_prot(w), flags, -1, 0) == MAP_FAILED)
		MUST(errno == EEXIST);
}

static void do_protect(struct worker *w, struct range *r)
{
	size_t part, at;
	char *base = r->at;
	size_t length = r->length;

	if (!length || !draw(w, 3)) {
		base = w->reserve;
		length = RESERVE * PAGE;
	} else {
		r->split = true;
	}
	part = pages(w, length / PAGE);
	at = draw(w, (length - part) / PAGE + 1) * PAGE;
	mprotect(base + at, part, draw_prot(w)); /* up to a hole, if there is one */
}

static void do_break(struct worker *w)
{
	static char *start;
	char *now = sbrk(0);

	if (!w->main)
		return;
	if (!start)
		start = now;
	if (draw(w, 3) && now - start < (long)BREAK_MAX)
		sbrk(draw(w, 50 * PAGE)); /* or not: something may be mapped there */
	else if (now > start)
		sbrk(-(long)draw(w, now - start + 1));
}

static void do_advise(struct worker *w, struct range *r)
{
	static const int advice[] = {MADV_DONTNEED, MADV_NORMAL, MADV_SEQUENTIAL};

	if (!r->length)
		return;
	r->split = true;
	madvise(r->at, pages(w, r->length / PAGE), advice[draw(w, 3)]);
}

static void operate(struct worker *w)
{
	struct range *r = &w->slot[draw(w, SLOTS)];

	switch (draw(w, 16)) {
	case 0 ... 4:
		do_map(w, r);
		break;
	case 5 ... 7:
		do_unmap(w, r);
		break;
	case 8 ... 9:
		do_remap(w, r);
		break;
	case 10 ... 11:
		do_fixed(w, r);
		break;
	case 12 ... 13:
		do_protect(w, r);
		break;
	case 14:
		do_break(w);
		break;
	default:
		do_advise(w, r);
	}
}

static void *work(void *arg)
{
	struct worker *w = arg;

	w->reserve = mmap(NULL, RESERVE * PAGE, PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
	MUST(w->reserve != MAP_FAILED);
	for (unsigned long i = 1; !*begun; i++) {
		if (!waits)
			operate(w);
		if (waits || i % 32 == 0)
			usleep(2000);
	}
	for (; w->left; w->left--)
		operate(w);
	return NULL;
}

/* Children are forked while all threads work, and begin with what there is then. */
static void *fork_children(void *arg)
{
	struct worker *w = arg;
	unsigned long children = w->left;

	for (unsigned long i = 0; i < children; i++) {
		struct worker own = {.rng = w->rng + i * 977,
				     .left = operations / 4,
				     .main = true,
				     .alone = true};

		usleep(1000 + draw(w, 20000));
		if (fork())
			continue;
		work(&own);
		say("{\"pid\": %d}\n", getpid());
		while (read(0, &own, 1) == 1)
			;
		_exit(0);
	}
	return NULL;
}

static void *wait_to_begin(void *arg)
{
	wait_for_test();
	*begun = 1;
	return NULL;
}

int main(int argc, char **argv)
{
	static struct worker workers[64], forker;
	pthread_t thread[64], forking, beginning;
	unsigned long seed;
	char c;

	MUST(argc == 5 || argc == 6);
	seed = strtoul(argv[1], NULL, 10);
	operations = strtoul(argv[2], NULL, 10);
	threads = strtoul(argv[3], NULL, 10);
	begun = mmap(NULL, PAGE, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_ANONYMOUS, -1, 0);
	MUST(begun != MAP_FAILED);
	*begun = argc == 5;
	waits = argc == 6 && !strcmp(argv[5], "wait");
	MUST(threads >= 1 && threads <= 64);
	file_fd = memfd_create("random_mapper", MFD_CLOEXEC);
	MUST(file_fd >= 0 && !ftruncate(file_fd, MOST * PAGE));
	forker = (struct worker){.rng = seed * 31, .left = strtoul(argv[4], NULL, 10)};
	for (unsigned long i = 0; i < threads; i++)
		workers[i] = (struct worker){
			.rng = seed * 1000 + i,
			.left = operations / threads,
			.main = !i,
			.alone = threads == 1,
		};
	for (unsigned long i = 1; i < threads; i++)
		MUST(!pthread_create(&thread[i], NULL, work, &workers[i]));
	MUST(!pthread_create(&forking, NULL, fork_children, &forker));
	if (!*begun)
		MUST(!pthread_create(&beginning, NULL, wait_to_begin, NULL));
	work(&workers[0]);
	for (unsigned long i = 1; i < threads; i++)
		pthread_join(thread[i], NULL);
	pthread_join(forking, NULL);
	say("{\"pid\": %d}\n", getpid());
	while (read(0, &c, 1) == 1)
		;
	while (wait(NULL) > 0)
		;
	return 0;
}
