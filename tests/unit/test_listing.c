/*
 * test_listing.c - the kernel's iterators and /proc say the same of every process that stands
 * still.
 *
 * By root, the whole machine; without, what can be read of /proc's text.  LISTED_PIDS
 * in the environment: processes that have to be among those compared.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "kernel/listing.h"
#include "kernel/listing_proc.h"
#include "kernel/probes.h"

static struct vma_record of_map(const char *perms, __u64 ino, const char *path)
{
	struct proc_map map = {.start = 0x1000,
			       .end = 0x3000,
			       .offset = 0x5000,
			       .ino = ino,
			       .dev = 0x800001,
			       .path = path};
	struct vma_record r;

	memcpy(map.perms, perms, sizeof(map.perms));
	assert_true(vma__of_map(&r, 42, &map));
	assert_true(r.start == 0x1000 && r.end == 0x3000 && r.offset == 0x5000 && r.ino == ino &&
		    r.dev == 0x800001 && r.tgid == 42);
	return r;
}

static void a_name_gives_the_kind(void **state)
{
	static const struct {
		const char *perms, *path;
		__u64 ino;
		enum vma_kind kind;
	} lines[] = {
		{"rw-p", "", 0, VMA_ANON},
		{"rw-p", "[anon:glibc: malloc]", 0, VMA_ANON},
		{"rw-p", "[heap]", 0, VMA_HEAP},
		{"rw-p", "[stack]", 0, VMA_STACK},
		{"r-xp", "[vdso]", 0, VMA_SPECIAL},
		{"r--p", "[vvar_vclock]", 0, VMA_SPECIAL},
		{"r-xp", "[sigpage]", 0, VMA_SPECIAL},
		{"--xp", "[uprobes]", 0, VMA_PROBES},
		{"r-xp", "[uprobes-trampoline]", 0, VMA_PROBES},
		{"r-xp", "/usr/bin/true", 7, VMA_FILE},
		{"rw-p", "/[heap]", 7, VMA_FILE},
		{"rw-s", "anon_inode:[perf_event]", 7, VMA_FILE},
		{"rw-p", "/dev/zero", 7, VMA_FILE},
		{"rw-p", "/dev/zero (deleted)", 7, VMA_FILE},
		{"rw-s", "/dev/zero (deleted)", 7, VMA_SHARED},
		{"rw-s", "[anon_shmem:name]", 7, VMA_SHARED},
		{"rw-p", "/anon_hugepage (deleted)", 7, VMA_SHARED},
		{"rw-s", "/memfd:x (deleted)", 7, VMA_FILE},
	};

	for (size_t i = 0; i < sizeof(lines) / sizeof(*lines); i++)
		assert_int_equal(of_map(lines[i].perms, lines[i].ino, lines[i].path).kind,
				 lines[i].kind);
}

static void permissions_are_flags(void **state)
{
	assert_int_equal(of_map("---p", 0, "").flags, 0);
	assert_int_equal(of_map("r--p", 0, "").flags, VMA_F_READ);
	assert_int_equal(of_map("-w-p", 0, "").flags, VMA_F_WRITE);
	assert_int_equal(of_map("--xp", 0, "").flags, VMA_F_EXEC);
	assert_int_equal(of_map("---s", 0, "").flags, VMA_F_MAYSHARE);
}

static void the_page_of_all_is_no_mapping(void **state)
{
	struct proc_map map = {.start = 1, .end = 2, .perms = "--xp", .path = "[vsyscall]"};
	struct vma_record r;

	assert_false(vma__of_map(&r, 42, &map));
}

/* ---- the machine ---- */

static bool same_vmas(const struct listed *a, const struct listed *b, __u8 flags)
{
	if (a->n_vmas != b->n_vmas)
		return false;
	for (size_t i = 0; i < a->n_vmas; i++) {
		const struct vma_record *x = &a->vmas[i], *y = &b->vmas[i];

		if (x->start != y->start || x->end != y->end || x->offset != y->offset ||
		    x->ino != y->ino || x->dev != y->dev || x->tgid != y->tgid ||
		    x->kind != y->kind || (x->flags & flags) != (y->flags & flags))
			return false;
	}
	return true;
}

static void show(const struct listed *p)
{
	for (size_t i = 0; i < p->n_vmas; i++)
		print_error("%u: %llx-%llx offset %llx dev %x ino %llu kind %u flags %x\n", p->pid,
			    p->vmas[i].start, p->vmas[i].end, p->vmas[i].offset, p->vmas[i].dev,
			    p->vmas[i].ino, p->vmas[i].kind, p->vmas[i].flags);
}

static void assert_same_process(const struct listed *a, const struct listed *b)
{
	const struct task_record *x = listed__process(a), *y = listed__process(b);

	assert_int_equal(x->tgid, y->tgid);
	assert_int_equal(x->ppid, y->ppid);
	assert_true(x->start_brk == y->start_brk);
	assert_string_equal(x->comm, y->comm);
	/* /proc has it in ticks. */
	assert_true(x->start_ns / 10000000 == y->start_ns / 10000000);
}

static int count(__u32 tid, void *arg)
{
	++*(size_t *)arg;
	return 0;
}

static bool has_word(const char *line, const char *word)
{
	const char *at = strstr(line, word);

	return at && (at[3] == ' ' || at[3] == '\n');
}

/* What smaps has beyond maps.  False: it is another list by now. */
static bool flags_are_those_of_smaps(const struct listed *p)
{
	char path[64], line[1024];
	const struct vma_record *r = NULL;
	unsigned long long start, end;
	size_t told = 0;
	FILE *f;
	char dash;

	snprintf(path, sizeof(path), "/proc/%u/smaps", p->pid);
	f = fopen(path, "re");
	if (!f)
		return false;
	while (fgets(line, sizeof(line), f)) {
		if (sscanf(line, "%llx%c%llx ", &start, &dash, &end) == 3 && dash == '-') {
			r = told < p->n_vmas ? &p->vmas[told] : NULL;
			if (r && (r->start != start || r->end != end))
				break;
		}
		if (strncmp(line, "VmFlags:", 8) || !r)
			continue;
		assert_int_equal(!!(r->flags & VMA_F_GROWS), has_word(line, " gd"));
		assert_int_equal(!!(r->flags & VMA_F_NOHUGE), has_word(line, " nh"));
		told++;
	}
	fclose(f);
	return told == p->n_vmas;
}

/* Compared; false: it has changed meanwhile, or gone. */
static bool compare(const struct listed *before, const struct listing *proc,
		    const struct listing *after)
{
	const struct listed *now = listing__find(after, before->pid);
	const struct listed *other = listing__find(proc, before->pid);
	size_t threads = 0;

	if (!now || !before->n_vmas || !same_vmas(before, now, 0xff) ||
	    before->n_tasks != now->n_tasks || !other)
		return false;
	/* Of one whose first thread has ended, /proc/PID/maps is empty. */
	if (before->vmas->tid != before->pid)
		return false;
	if (!same_vmas(before, other, VMA_F_READ | VMA_F_WRITE | VMA_F_EXEC | VMA_F_MAYSHARE)) {
		show(before);
		show(other);
		fail_msg("PID %u: the iterator and /proc differ", before->pid);
	}
	assert_same_process(before, other);
	procfs__threads(before->pid, count, &threads);
	return threads == before->n_tasks && flags_are_those_of_smaps(before);
}

static bool in_list(__u32 pid, const __u32 *pids, size_t n)
{
	for (size_t i = 0; i < n; i++)
		if (pids[i] == pid)
			return true;
	return false;
}

static size_t wanted_pids(__u32 *pids, size_t most)
{
	const char *text = getenv("LISTED_PIDS");
	char *end;
	size_t n = 0;

	while (text && *text && n < most) {
		pids[n++] = strtoul(text, &end, 10);
		text = *end ? end + 1 : end;
	}
	return n;
}

static void one_process_is_listed_alone(const struct lister *by, const struct listed *whole)
{
	struct listing alone;

	assert_int_equal(listing__read(&alone, by, whole->pid), 0);
	assert_int_equal(alone.n, 1);
	assert_true(same_vmas(alone.processes, whole, 0xff));
	assert_int_equal(alone.processes->n_tasks, whole->n_tasks);
	listing__clear(&alone);
}

static void every_process_is_listed_as_by_proc(void **state)
{
	static const struct lister none = {.vma_fd = -1, .task_fd = -1};
	struct probes_config config = {.ring_pages = 16};
	struct listing before, proc, after;
	struct probes *probes;
	struct lister by;
	__u32 pids[16];
	size_t compared = 0, found = 0, n = wanted_pids(pids, 16);

	if (geteuid() || access("/sys/kernel/btf/vmlinux", R_OK))
		skip();
	assert_int_equal(probes__open(&probes, &config), 0);
	by = probes__lister(probes);
	assert_true(by.vma_fd >= 0 && by.task_fd >= 0);
	assert_int_equal(listing__read(&before, &by, 0), 0);
	assert_int_equal(listing__read(&proc, &none, 0), 0);
	assert_int_equal(listing__read(&after, &by, 0), 0);
	for (size_t i = 0; i < before.n; i++) {
		const struct listed *p = &before.processes[i];

		if (!compare(p, &proc, &after))
			continue;
		compared++;
		if (!in_list(p->pid, pids, n))
			continue;
		found++;
		one_process_is_listed_alone(&by, p);
	}
	print_message("# %zu of %zu processes stood still and were compared\n", compared, before.n);
	assert_int_equal(found, n);
	/* This one stands still, but for what it allocates to compare. */
	assert_true(compared >= 1);
	listing__clear(&before);
	listing__clear(&proc);
	listing__clear(&after);
	probes__free(probes);
}

static void a_pid_that_nobody_has_is_not_listed(void **state)
{
	static const struct lister none = {.vma_fd = -1, .task_fd = -1};
	struct listing l;

	assert_int_equal(listing__read(&l, &none, 0x7fffffff), 0);
	assert_int_equal(l.n, 0);
	assert_null(listing__find(&l, 1));
	listing__clear(&l);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_name_gives_the_kind),
		cmocka_unit_test(permissions_are_flags),
		cmocka_unit_test(the_page_of_all_is_no_mapping),
		cmocka_unit_test(a_pid_that_nobody_has_is_not_listed),
		cmocka_unit_test(every_process_is_listed_as_by_proc),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
