/*
 * uprobe.c - one program at many places of one file.
 */
#include "kernel/uprobe.h"

#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <errno.h>
#include <pthread.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <unistd.h>

/* union bpf_attr's link_create of Linux 6.6: the distribution's libbpf and headers are older. */
struct link_create_uprobe_multi {
	__u32 prog_fd;
	__u32 target_fd;
	__u32 attach_type;
	__u32 flags;
	__u64 path;
	__u64 offsets;
	__u64 ref_ctr_offsets;
	__u64 cookies;
	__u32 cnt;
	__u32 multi_flags;
	__u32 pid;
	__u32 pad;
};

struct uprobes {
	int multi_fd; /* -1: links */
	size_t n;
	struct bpf_link *links[];
};

#define MULTI_RETURN 1 /* BPF_F_UPROBE_MULTI_RETURN */

static int attach_multi(int prog_fd, enum uprobe_kind kind, const char *path,
			const struct uprobe_place *places, size_t n, __u32 pid)
{
	struct link_create_uprobe_multi attr = {};
	__u64 *offsets = calloc(3 * n, sizeof(*offsets)), *cookies = offsets + n;
	__u64 *semaphores = cookies + n;
	int fd;

	if (!offsets)
		return -1;
	for (size_t i = 0; i < n; i++) {
		offsets[i] = places[i].offset;
		cookies[i] = places[i].cookie;
		semaphores[i] = places[i].semaphore;
	}
	attr.prog_fd = prog_fd;
	attr.attach_type = kind == UPROBE_SESSION ? UPROBE_SESSION_ATTACH_TYPE
						  : UPROBE_MULTI_ATTACH_TYPE;
	attr.multi_flags = kind == UPROBE_RETURN ? MULTI_RETURN : 0;
	attr.path = (unsigned long)path;
	attr.offsets = (unsigned long)offsets;
	attr.cookies = (unsigned long)cookies;
	attr.ref_ctr_offsets = (unsigned long)semaphores;
	attr.cnt = n;
	attr.pid = pid;
	fd = syscall(__NR_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	free(offsets);
	return fd;
}

static int attach_each(struct uprobes *u, struct bpf_program *prog, enum uprobe_kind kind,
		       const char *path, const struct uprobe_place *places, size_t n, __u32 pid,
		       bool cookies)
{
	for (size_t i = 0; i < n; i++) {
		LIBBPF_OPTS(bpf_uprobe_opts, opts, .bpf_cookie = cookies ? places[i].cookie : 0,
			    .retprobe = kind == UPROBE_RETURN,
			    .ref_ctr_offset = places[i].semaphore);

		u->links[i] = bpf_program__attach_uprobe_opts(prog, pid ? (pid_t)pid : -1, path,
							      places[i].offset, &opts);
		if (!u->links[i])
			return -errno;
		u->n++;
	}
	return 0;
}

struct uprobes *uprobes__attach(struct bpf_program *prog, enum uprobe_kind kind, const char *path,
				const struct uprobe_place *places, size_t n, __u32 pid,
				bool cookies)
{
	struct uprobes *u = calloc(1, sizeof(*u) + n * sizeof(u->links[0]));
	int err;

	if (!u)
		return NULL;
	u->multi_fd = attach_multi(bpf_program__fd(prog), kind, path, places, n, pid);
	if (u->multi_fd >= 0)
		return u;
	/* EINVAL: no such attach type; EOPNOTSUPP: no such support compiled in. */
	if (kind == UPROBE_SESSION || (errno != EINVAL && errno != EOPNOTSUPP)) {
		free(u);
		return NULL;
	}
	err = attach_each(u, prog, kind, path, places, n, pid, cookies);
	if (err) {
		uprobes__detach(u);
		errno = -err;
		return NULL;
	}
	return u;
}

bool uprobes__has_session(void)
{
	static const struct bpf_insn return_0[] = {
		{.code = BPF_ALU64 | BPF_MOV | BPF_K, .dst_reg = BPF_REG_0},
		{.code = BPF_JMP | BPF_EXIT},
	};
	LIBBPF_OPTS(bpf_prog_load_opts, opts,
		    .expected_attach_type = (enum bpf_attach_type)UPROBE_SESSION_ATTACH_TYPE);
	const struct uprobe_place place = {};
	int prog = bpf_prog_load(BPF_PROG_TYPE_KPROBE, "session", "GPL", return_0, 2, &opts), fd;
	bool has;

	if (prog < 0)
		return false;
	/* A directory: EBADF of a kernel that has come so far. */
	fd = attach_multi(prog, UPROBE_SESSION, "/", &place, 1, 0);
	has = fd < 0 && errno == EBADF;
	if (fd >= 0)
		close(fd);
	close(prog);
	return has;
}

void uprobes__detach(struct uprobes *u)
{
	if (!u)
		return;
	if (u->multi_fd >= 0)
		close(u->multi_fd);
	for (size_t i = 0; i < u->n; i++)
		bpf_link__destroy(u->links[i]);
	free(u);
}

static void *detach_one(void *arg)
{
	uprobes__detach(arg);
	return NULL;
}

/*
 * Closing a link waits until no program of it can be running (uprobe_unregister_sync,
 * kernel/events/uprobes.c), some 35 ms; threads wait for the same moment together.
 */
#define AT_A_TIME 32

void uprobes__detach_all(struct uprobes *const *all, size_t n)
{
	pthread_t threads[AT_A_TIME];
	size_t running = 0;

	for (size_t i = 0; i < n; i++) {
		if (pthread_create(&threads[running], NULL, detach_one, all[i])) {
			uprobes__detach(all[i]);
			continue;
		}
		if (++running < AT_A_TIME && i + 1 < n)
			continue;
		while (running)
			pthread_join(threads[--running], NULL);
	}
	while (running)
		pthread_join(threads[--running], NULL);
}

bool uprobes__multi(const struct uprobes *u)
{
	return u->multi_fd >= 0;
}
