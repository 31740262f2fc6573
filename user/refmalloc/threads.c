/*
 * threads.c - heaps for threads: made or taken over at a thread's first block, given up at its end.
 *
 * A thread's end is known by the destructor of a thread-specific key, which the main thread does
 * not need.  Other destructors may allocate later still; by then the thread works in the shared
 * heap.  Heaps outlive their threads, with their counters, and are taken over by the next.
 */
#include "threads.h"

#include <errno.h>
#include <pthread.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "fork.h"
#include "lock.h"
#include "options.h"
#include "pages.h"
#include "records.h"
#include "sys.h"
#include "trim.h"

__thread struct heap *heap_self __attribute__((tls_model("initial-exec"))) = &no_heap;
__thread struct heap *heap_own __attribute__((tls_model("initial-exec")));
static __thread bool shared_only __attribute__((tls_model("initial-exec")));

struct lock shared_lock;
static struct heap *heaps = &shared_heap; /* all of them */
static struct heap *idle;
static unsigned int count; /* of them that threads have had */
static int process;	   /* another's, as between vfork and exec, may use this memory too */
static bool ready;
static pthread_key_t key;
static bool has_key;
static bool heirs; /* a child by fork, which has not looked yet what other threads left */

static int pid(void)
{
	return sys__call(SYS_getpid, 0);
}

/* For the next thread. */
static void put_idle(struct heap *h)
{
	h->next_idle = idle;
	idle = h;
}

static void end_thread(void *heap)
{
	struct heap *h = heap;

	shared_only = true;
	heap_own = NULL;
	heap_self = &no_heap;
	lock__take(&shared_lock);
	heap__give_up(h);
	h->thread = 0;
	trim__at_thread_end(h->pages);
	put_idle(h);
	lock__give(&shared_lock);
}

/*
 * One whose thread is gone, and was never heard of: its first block came so late that the key's
 * destructor did not run any more.  Of all heaps a few are looked at, each time the next.
 */
static struct heap *find_left(void)
{
	static struct heap *hand;

	if (pid() != process)
		return NULL;
	for (int i = 0; i < 8; i++) {
		hand = hand && hand->next ? hand->next : heaps;
		if (hand->thread && syscall(SYS_tgkill, process, hand->thread, 0) < 0 &&
		    errno == ESRCH) {
			heap__give_up(hand);
			return hand;
		}
	}
	return NULL;
}

static struct heap *new_heap(void)
{
	struct heap *h = find_left();

	if (h)
		return h;
	lock__take(&records_lock);
	h = records__alloc(sizeof(*h));
	lock__give(&records_lock);
	if (!h)
		return NULL;
	memset(h, 0, sizeof(*h));
	h->pages = pages__for(count++);
	h->next = heaps;
	heaps = h;
	return h;
}

/* The shared heap's lock is held. */
static void get_ready(void)
{
	if (!ready) {
		options__read_environment();
		process = pid();
	}
	ready = true;
}

/* A child by fork of a process with one thread, which comes by its second one. */
static void notice_process(void)
{
	if (process == pid())
		return;
	process = pid();
	for (struct heap *h = heaps; h; h = h->next)
		h->thread = h->thread ? process : 0;
}

static struct heap *heap_for_thread(int thread)
{
	bool is_main = thread == pid();
	struct heap *h = NULL;

	lock__take(&shared_lock);
	get_ready();
	/* What the others left is certain only as long as there is one thread. */
	if (!is_main) {
		__atomic_store_n(&heirs, false, __ATOMIC_RELAXED);
		notice_process();
		if (!has_key)
			has_key = pthread_key_create(&key, end_thread) == 0;
	}
	if (options.cache && (is_main || has_key)) {
		h = idle ? idle : new_heap();
		idle = idle ? idle->next_idle : NULL;
	}
	if (h)
		h->thread = pid() == process ? thread : 0;
	lock__give(&shared_lock);
	return h;
}

static void begin_thread(void)
{
	int saved = errno, thread = sys__call(SYS_gettid, 0);

	/* Before it takes a lock. What libc allocates for that is from the shared heap. */
	shared_only = true;
	if (thread != pid() || !lock__is_idle())
		fork__watch();
	heap_own = heap_for_thread(thread);
	shared_only = !heap_own;
	/* It may allocate, and then finds a heap. */
	if (heap_own && thread != pid() && pthread_setspecific(key, heap_own) != 0)
		end_thread(heap_own);
	if (options.stats)
		fork__count_anew();
	if (heap_own && !options.check && !options.junk && !options.peaks)
		heap_self = heap_own;
	errno = saved;
}

struct heap *threads__enter_first(void)
{
	if (!shared_only)
		begin_thread();
	if (heap_own)
		return heap_own;
	lock__take(&shared_lock);
	get_ready();
	shared_heap.pages = pages__for(0);
	return &shared_heap;
}

void threads__steal(struct heap *own)
{
	if (!__atomic_load_n(&remote_some_empty, __ATOMIC_RELAXED) || own == &shared_heap)
		return;
	__atomic_store_n(&remote_some_empty, false, __ATOMIC_RELAXED);
	lock__take(&shared_lock);
	for (struct heap *h = heaps; h; h = h->next)
		if (h != own && h != &shared_heap)
			heap__steal(h);
	lock__give(&shared_lock);
}

void threads__inherit(struct heap *own)
{
	if (!__atomic_load_n(&heirs, __ATOMIC_RELAXED) || own == &shared_heap)
		return;
	lock__take(&shared_lock);
	if (heirs) {
		heap__inherit(own);
		idle = NULL;
		for (struct heap *h = heaps; h; h = h->next) {
			if (h == own || h == &shared_heap)
				continue;
			heap__forget(h);
			put_idle(h);
		}
	}
	__atomic_store_n(&heirs, false, __ATOMIC_RELAXED);
	lock__give(&shared_lock);
}

static int add_live(const struct refmalloc_block *b, void *live)
{
	struct refmalloc_count *l = live;

	l[b->route].calls++;
	l[b->route].bytes += b->size;
	return 0;
}

void threads__sum_locked(struct totals *sum)
{
	memset(sum, 0, sizeof(*sum));
	for (struct heap *h = heaps; h; h = h->next)
		heap__sum(h, &sum->counters);
	blocks__walk(add_live, sum->live);
}

void threads__sum(struct totals *sum)
{
	fork__count_anew();
	lock__take(&shared_lock);
	pages__lock_all();
	threads__sum_locked(sum);
	pages__unlock_all();
	lock__give(&shared_lock);
}

void threads__lock_all(void)
{
	lock__take(&shared_lock);
	for (struct heap *h = heaps; h; h = h->next)
		lock__take(&h->lock);
}

void threads__unlock_all(void)
{
	for (struct heap *h = heaps; h; h = h->next)
		lock__give(&h->lock);
	lock__give(&shared_lock);
}

void threads__open_in_child(void)
{
	lock__open_in_child(&shared_lock);
	process = pid();
	for (struct heap *h = heaps; h; h = h->next) {
		lock__open_in_child(&h->lock);
		h->thread = h == heap_own ? process : 0;
		heirs |= h != heap_own && h != &shared_heap;
	}
}
