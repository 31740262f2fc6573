/*
 * floor.c - attaches an empty BPF program: what the kernel takes before anybody's code runs.
 *
 * floor [-c] [-p] FILE KIND:OFFSET[:SEMAPHORE]...  KIND is entry, return, or both (entry
 * and return in one, by uprobe.session where the kernel has it, else by two links); SEMAPHORE
 * is the offset of a USDT probe's.
 * -c: a program that counts; -p: by perf events, one for each place, as libbpf does
 * without uprobe_multi.  Says how long attaching took, waits for stdin to end, says the
 * hits, and how long detaching took.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include "tests/bench/floor/floor.skel.h"

#define PLACES_MAX 64

/* include/uapi/linux/bpf.h of 6.6 and 6.13: the distribution's is older. */
#define UPROBE_MULTI	    48
#define UPROBE_SESSION	    57
#define UPROBE_MULTI_RETURN 1

struct link_create_uprobe_multi {
	__u32 prog_fd, target_fd, attach_type, flags;
	__u64 path, offsets, ref_ctr_offsets, cookies;
	__u32 cnt, multi_flags, pid, pad;
};

struct floor {
	struct floor_bpf *skel;
	struct bpf_program *prog, *session;
	const char *file;
	bool perf;
	bool has_session;
	struct place {
		bool entry, ret;
		unsigned long offset, semaphore;
	} places[PLACES_MAX];
	size_t n_places;
	int fds[3]; /* of the multi links, or -1 */
	struct bpf_link *links[2 * PLACES_MAX];
	size_t n_links;
};

static double now_ms(void)
{
	struct timespec t;

	clock_gettime(CLOCK_MONOTONIC, &t);
	return t.tv_sec * 1e3 + t.tv_nsec / 1e6;
}

static int quiet(enum libbpf_print_level level, const char *format, va_list args)
{
	return 0;
}

static bool load(struct floor *f, bool counting, bool session)
{
	struct bpf_program *p;

	f->skel = floor_bpf__open();
	if (!f->skel)
		return false;
	f->prog = counting ? f->skel->progs.count : f->skel->progs.empty;
	f->session = counting ? f->skel->progs.count_session : f->skel->progs.empty_session;
	bpf_object__for_each_program(p, f->skel->obj)
		bpf_program__set_autoload(p, p == f->prog || (session && p == f->session));
	if (!f->perf)
		bpf_program__set_expected_attach_type(f->prog, (enum bpf_attach_type)UPROBE_MULTI);
	bpf_program__set_expected_attach_type(f->session, (enum bpf_attach_type)UPROBE_SESSION);
	f->has_session = session;
	if (!floor_bpf__load(f->skel))
		return true;
	floor_bpf__destroy(f->skel);
	f->skel = NULL;
	return false;
}

/* One link for all the places that want this. */
static bool attach_multi(struct floor *f, int *fd, __u32 type, __u32 flags, bool entry, bool ret)
{
	struct link_create_uprobe_multi attr = {.attach_type = type, .multi_flags = flags};
	__u64 offsets[PLACES_MAX], semaphores[PLACES_MAX];

	for (size_t i = 0; i < f->n_places; i++) {
		if (f->places[i].entry != entry || f->places[i].ret != ret)
			continue;
		offsets[attr.cnt] = f->places[i].offset;
		semaphores[attr.cnt++] = f->places[i].semaphore;
	}
	if (!attr.cnt)
		return true;
	attr.prog_fd = bpf_program__fd(type == UPROBE_SESSION ? f->session : f->prog);
	attr.path = (unsigned long)f->file;
	attr.offsets = (unsigned long)offsets;
	attr.ref_ctr_offsets = (unsigned long)semaphores;
	*fd = syscall(__NR_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	return *fd >= 0;
}

static bool attach_perf(struct floor *f, const struct place *place, bool ret)
{
	struct bpf_link *link = bpf_program__attach_uprobe(f->prog, ret, -1, f->file,
							   place->offset);

	if (link)
		f->links[f->n_links++] = link;
	return link != NULL;
}

static bool attach(struct floor *f)
{
	if (!f->perf)
		return attach_multi(f, &f->fds[0], UPROBE_MULTI, 0, true, false) &&
		       attach_multi(f, &f->fds[1], UPROBE_MULTI, UPROBE_MULTI_RETURN, false,
				    true) &&
		       attach_multi(f, &f->fds[2], UPROBE_SESSION, 0, true, true);
	for (size_t i = 0; i < f->n_places; i++)
		if ((f->places[i].entry && !attach_perf(f, &f->places[i], false)) ||
		    (f->places[i].ret && !attach_perf(f, &f->places[i], true)))
			return false;
	return true;
}

static void detach(struct floor *f)
{
	for (size_t i = 0; i < 3; i++)
		if (f->fds[i] >= 0)
			close(f->fds[i]);
	for (size_t i = 0; i < f->n_links; i++)
		bpf_link__destroy(f->links[i]);
}

static bool add_place(struct floor *f, const char *spec)
{
	unsigned long offset, semaphore = 0;
	bool entry, ret, both;
	char kind[8], end;
	int n = sscanf(spec, "%7[a-z]:%lu:%lu%c", kind, &offset, &semaphore, &end);

	if ((n != 2 && n != 3) || f->n_places + 2 > PLACES_MAX)
		return false;
	both = !strcmp(kind, "both");
	entry = both || !strcmp(kind, "entry");
	ret = both || !strcmp(kind, "return");
	if (both && !f->has_session) {
		f->places[f->n_places++] = (struct place){true, false, offset, semaphore};
		entry = false;
	}
	f->places[f->n_places++] = (struct place){entry, ret, offset, semaphore};
	return entry || ret;
}

int main(int argc, char **argv)
{
	struct floor f = {.fds = {-1, -1, -1}};
	bool counting = false;
	double from;
	char byte;
	int opt;

	while ((opt = getopt(argc, argv, "cp")) != -1) {
		counting |= opt == 'c';
		f.perf |= opt == 'p';
		if (opt == '?')
			return 2;
	}
	if (argc - optind < 2)
		return 2;
	f.file = argv[optind++];
	libbpf_set_print(quiet);
	if (!(!f.perf && load(&f, counting, true)) && !load(&f, counting, false)) {
		fprintf(stderr, "floor: loading: %s\n", strerror(errno));
		return 1;
	}
	for (; optind < argc; optind++)
		if (!add_place(&f, argv[optind]))
			return 2;
	from = now_ms();
	if (!attach(&f)) {
		fprintf(stderr, "floor: attaching to %s: %s\n", f.file, strerror(errno));
		return 1;
	}
	printf("attached %.3f ms%s\n", now_ms() - from, f.has_session ? ", session" : "");
	fflush(stdout);
	while (read(STDIN_FILENO, &byte, 1) > 0)
		;
	printf("hits %llu\n", (unsigned long long)f.skel->bss->hits);
	from = now_ms();
	detach(&f);
	printf("detached %.3f ms\n", now_ms() - from);
	floor_bpf__destroy(f.skel);
	return 0;
}
