/*
 * hits.c - counts at places of a file, all attached at once, until the end of standard input.
 *
 * hits FILE <PLACES: each line of those is OFFSET FRAME REGISTER...  The registers are
 * numbers of words of struct pt_regs.  After an empty line of input all is attached, which
 * it says; at its end a line for each place comes out: calls, the sums of the arguments and
 * of the return addresses, and how often the stack could not be read.  By one link, which ends with
 * this process.
 */
#include <bpf/bpf.h>
#include <bpf/libbpf.h>
#include <sys/syscall.h>

#include "../workload/say.h"
#include "hits.h"

/* union bpf_attr's link_create of Linux 6.6, with a uprobe_multi link's part. */
struct link_create {
	__u32 prog_fd, target_fd, attach_type, flags;
	__u64 path, offsets, ref_ctr_offsets, cookies;
	__u32 cnt, multi_flags, pid, pad;
};
#define UPROBE_MULTI 48 /* BPF_TRACE_UPROBE_MULTI */

static __u64 offsets[HITS_MOST], cookies[HITS_MOST];
static unsigned int n;

static void read_places(int map)
{
	char line[256], *at;

	while (fgets(line, sizeof(line), stdin) && line[0] != '\n') {
		struct place place = {};

		MUST(n < HITS_MOST);
		offsets[n] = strtoull(line, &at, 0);
		place.frame = strtoul(at, &at, 10);
		while (place.args < HITS_ARGS && at[strspn(at, " ")] >= '0') {
			place.reg[place.args++] = strtoul(at, &at, 10);
		}
		cookies[n] = n;
		MUST(!bpf_map_update_elem(map, &n, &place, BPF_ANY));
		n++;
	}
}

static void print(int map)
{
	for (unsigned int i = 0; i < n; i++) {
		struct hits h;

		MUST(!bpf_map_lookup_elem(map, &i, &h));
		say("%llu %llu %llu %llu %llu %llu %llu\n", h.calls, h.args[0], h.args[1],
		    h.args[2], h.args[3], h.returns, h.unread);
	}
}

int main(int argc, char **argv)
{
	struct bpf_object *object;
	struct bpf_program *hit;
	struct link_create attr = {};
	char path[4096] = "";
	int link;

	MUST(argc == 2 && readlink("/proc/self/exe", path, sizeof(path) - 8) > 0);
	setvbuf(stdin, NULL, _IONBF, 0);
	strcat(path, ".bpf.o");
	object = bpf_object__open(path);
	MUST(object);
	hit = bpf_object__find_program_by_name(object, "hit");
	bpf_program__set_expected_attach_type(hit, (enum bpf_attach_type)UPROBE_MULTI);
	MUST(!bpf_object__load(object));
	read_places(bpf_object__find_map_fd_by_name(object, "places"));
	attr.prog_fd = bpf_program__fd(hit);
	attr.attach_type = UPROBE_MULTI;
	attr.path = (unsigned long)argv[1];
	attr.offsets = (unsigned long)offsets;
	attr.cookies = (unsigned long)cookies;
	attr.cnt = n;
	link = syscall(__NR_bpf, BPF_LINK_CREATE, &attr, sizeof(attr));
	if (link < 0 && errno == EINVAL) {
		say("no uprobe_multi\n");
		return 77;
	}
	MUST(link >= 0);
	say("placed %u\n", n);
	wait_for_test();
	print(bpf_object__find_map_fd_by_name(object, "hits"));
	return 0;
}
