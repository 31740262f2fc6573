/*
 * probes_pass.c - each call passes one probe and nothing else does, by whatever way it is served.
 *
 * A tracer in the process itself: a breakpoint on the first nop of each site, and a handler of
 * SIGTRAP that reads the arguments where the note says they are.  What it adds up is what
 * refmalloc_stats() tells.  (What the allocator asks of the kernel passes probes as well.)
 */
#include <elf.h>
#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <ucontext.h>

#include "test.h"

#if defined(__x86_64__)

#define ARGUMENTS 7

enum probe {
	ALLOC,
	FREE,
	REALLOC,
	FAILED,
	BRK,
	MMAP,
	MUNMAP,
	MREMAP,
	OTEL_ALLOC,
	OTEL_FREE,
	PROBES
};

static const struct {
	const char *provider, *name;
	int arguments;
} names[PROBES] = {
	[ALLOC] = {"refmalloc", "alloc", 4},
	[FREE] = {"refmalloc", "free", 3},
	[REALLOC] = {"refmalloc", "realloc", 7},
	[FAILED] = {"refmalloc", "failed", 2},
	[BRK] = {"refmalloc", "brk", 2},
	[MMAP] = {"refmalloc", "mmap", 3},
	[MUNMAP] = {"refmalloc", "munmap", 3},
	[MREMAP] = {"refmalloc", "mremap", 3},
	[OTEL_ALLOC] = {"otel_memory", "alloc", 2},
	[OTEL_FREE] = {"otel_memory", "free", 2},
};

static struct site {
	uintptr_t address;
	int bytes[ARGUMENTS]; /* less than 0: signed */
	int registers[ARGUMENTS];
	const volatile uint16_t *semaphore;
	uint16_t ours; /* what it is while nobody else traces */
} sites[PROBES];

/* What passed. */
static struct {
	struct refmalloc_count function[REFMALLOC_FUNCTIONS], route[REFMALLOC_ROUTES];
	struct refmalloc_count live[REFMALLOC_ROUTES], otel_live;
	uint64_t histogram[REFMALLOC_ROUTES][REFMALLOC_BUCKETS];
	uint64_t failed, frees, all[PROBES];
	struct refmalloc_count grown, mapped, unmapped;
} seen;

static void add(struct refmalloc_count *c, int64_t calls, int64_t bytes)
{
	__atomic_add_fetch(&c->calls, calls, __ATOMIC_RELAXED);
	__atomic_add_fetch(&c->bytes, bytes, __ATOMIC_RELAXED);
}

static void served(uint64_t bytes, uint64_t route, uint64_t function)
{
	int bucket = 0;

	CHECK(route < REFMALLOC_ROUTES && function < REFMALLOC_FUNCTIONS);
	while (bytes > 1ul << bucket)
		bucket++;
	add(&seen.function[function], 1, bytes);
	add(&seen.route[route], 1, bytes);
	add(&seen.live[route], 1, bytes);
	__atomic_add_fetch(&seen.histogram[route][bucket], 1, __ATOMIC_RELAXED);
}

static void passed(enum probe probe, const uint64_t *a)
{
	__atomic_add_fetch(&seen.all[probe], 1, __ATOMIC_RELAXED);
	switch (probe) {
	case ALLOC:
		CHECK(a[0]);
		served(a[1], a[2], a[3]);
		break;
	case FREE:
		add(&seen.live[a[2]], -1, -a[1]);
		__atomic_add_fetch(&seen.frees, 1, __ATOMIC_RELAXED);
		break;
	case REALLOC:
		CHECK(a[0] && !a[1] == !a[2]);
		add(&seen.live[a[6]], -1, -a[5]);
		if (a[1])
			served(a[2], a[3], a[4]);
		else
			add(&seen.function[a[4]], 1, 0);
		break;
	case FAILED:
		__atomic_add_fetch(&seen.failed, 1, __ATOMIC_RELAXED);
		add(&seen.function[a[1]], 1, a[0] > PTRDIFF_MAX ? 0 : a[0]);
		break;
	case BRK:
		add(&seen.grown, 0, a[1] - a[0]);
		break;
	case MMAP:
		add(&seen.mapped, 1, a[1]);
		break;
	case MUNMAP:
		add(&seen.unmapped, 1, a[1]);
		break;
	case OTEL_ALLOC:
		add(&seen.otel_live, 1, a[1]);
		break;
	case OTEL_FREE:
		add(&seen.otel_live, -1, -a[1]);
		break;
	default:
		break;
	}
}

static void trapped(int signal, siginfo_t *info, void *context)
{
	const greg_t *r = ((ucontext_t *)context)->uc_mcontext.gregs;
	uint64_t arguments[ARGUMENTS] = {0};
	int saved = errno;

	for (int i = 0; i < PROBES; i++) {
		if (sites[i].address != (uintptr_t)r[REG_RIP] - 1)
			continue;
		for (int k = 0; k < names[i].arguments; k++)
			arguments[k] =
				sites[i].bytes[k] == -4
					? (uint64_t)(int64_t)(int32_t)r[sites[i].registers[k]]
					: (uint64_t)r[sites[i].registers[k]];
		passed(i, arguments);
		errno = saved;
		return;
	}
	CHECK(!"a breakpoint of ours");
}

/* "8@%rdi -4@%edx": each a register, so any tracer can read it. */
static void read_specs(struct site *site, const char *spec, int n)
{
	static const struct {
		const char *name[2];
		int number;
	} registers[] = {
		{{"rax", "eax"}, REG_RAX},  {{"rbx", "ebx"}, REG_RBX},	{{"rcx", "ecx"}, REG_RCX},
		{{"rdx", "edx"}, REG_RDX},  {{"rsi", "esi"}, REG_RSI},	{{"rdi", "edi"}, REG_RDI},
		{{"rbp", "ebp"}, REG_RBP},  {{"r8", "r8d"}, REG_R8},	{{"r9", "r9d"}, REG_R9},
		{{"r10", "r10d"}, REG_R10}, {{"r11", "r11d"}, REG_R11}, {{"r12", "r12d"}, REG_R12},
		{{"r13", "r13d"}, REG_R13}, {{"r14", "r14d"}, REG_R14}, {{"r15", "r15d"}, REG_R15},
	};
	char name[8];
	int at = 0, len;

	for (int i = 0; i < n; i++, at += len) {
		CHECK(sscanf(spec + at, " %d@%%%7[a-z0-9]%n", &site->bytes[i], name, &len) == 2);
		site->registers[i] = -1;
		for (size_t k = 0; k < sizeof(registers) / sizeof(*registers); k++)
			if (!strcmp(name, registers[k].name[site->bytes[i] != 8]))
				site->registers[i] = registers[k].number;
		CHECK(site->registers[i] >= 0);
	}
	CHECK(!spec[at]);
}

/* A tracer of the whole machine takes the breakpoints for its own, or takes them away. */
static void check_alone(bool alone)
{
	if (alone)
		return;
	puts("SKIP: somebody else traces refmalloc");
	exit(77);
}

static void put_breakpoint(uintptr_t at)
{
	uintptr_t page = at & -4096ul;

	check_alone(*(unsigned char *)at == 0x90);
	CHECK(mprotect((void *)page, 8192, PROT_READ | PROT_WRITE | PROT_EXEC) == 0);
	*(unsigned char *)at = 0xcc;
}

static void read_note(const char *note, uintptr_t base)
{
	uint64_t address[3]; /* of the site, of a section as the linker saw it, of the semaphore */
	const char *provider = note + sizeof(address), *name = provider + strlen(provider) + 1;

	memcpy(address, note, sizeof(address));
	CHECK(address[2]);
	++*(uint16_t *)(base + address[2]);
	for (int i = 0; i < PROBES; i++) {
		if (strcmp(provider, names[i].provider) || strcmp(name, names[i].name))
			continue;
		CHECK(!sites[i].address);
		sites[i].address = base + address[0];
		sites[i].semaphore = (const uint16_t *)(base + address[2]);
		read_specs(&sites[i], name + strlen(name) + 1, names[i].arguments);
	}
}

static int read_library(struct dl_phdr_info *info, size_t size, void *arg)
{
	const ElfW(Ehdr) * e;
	const ElfW(Shdr) * sections;
	struct stat st;
	const char *file;
	int fd;

	if (!strstr(info->dlpi_name, "librefmalloc.so"))
		return 0;
	fd = open(info->dlpi_name, O_RDONLY);
	CHECK(fd >= 0 && fstat(fd, &st) == 0);
	file = mmap(NULL, st.st_size, PROT_READ, MAP_PRIVATE, fd, 0);
	CHECK(file != MAP_FAILED);
	close(fd);
	e = (const void *)file;
	sections = (const void *)(file + e->e_shoff);
	for (int i = 0; i < e->e_shnum; i++) {
		const char *at = file + sections[i].sh_offset, *end = at + sections[i].sh_size;
		const ElfW(Nhdr) * n;

		if (strcmp(file + sections[e->e_shstrndx].sh_offset + sections[i].sh_name,
			   ".note.stapsdt"))
			continue;
		for (; at < end;
		     at += sizeof(*n) + (n->n_namesz + 3) / 4 * 4 + (n->n_descsz + 3) / 4 * 4) {
			n = (const void *)at;
			read_note(at + sizeof(*n) + (n->n_namesz + 3) / 4 * 4, info->dlpi_addr);
		}
	}
	return 1;
}

static void start_tracing(void)
{
	struct sigaction act = {.sa_sigaction = trapped, .sa_flags = SA_SIGINFO};

	CHECK(sigaction(SIGTRAP, &act, NULL) == 0);
	CHECK(dl_iterate_phdr(read_library, NULL) == 1);
	for (int i = 0; i < PROBES; i++) {
		CHECK(sites[i].address);
		put_breakpoint(sites[i].address);
		sites[i].ours = *sites[i].semaphore;
	}
}

#define SLOTS 64

/* By every way: small, of whole pages, large, aligned, grown, shrunk, moved, refused. */
static void *work(void *arg)
{
	unsigned long seed = (unsigned long)arg;
	void *p[SLOTS] = {0};

	for (int i = 0; i < 6000; i++) {
		void **at = &p[(seed = seed * 6364136223846793005 + 1442695040888963407) >> 58];
		size_t size = (seed >> 20) % (seed % 5 ? 2000 : seed % 3 ? 60000 : 700000);

		switch (seed >> 40 & 15) {
		case 0:
			free(*at);
			*at = hidden(calloc(3, size / 3));
			break;
		case 1:
			free(*at);
			CHECK(posix_memalign(at, 16ul << (seed >> 30 & 15), size) == 0);
			break;
		case 2:
			*at = hidden(reallocarray(*at, 2, size / 2 + 1));
			break;
		case 3:
		case 4:
		case 5:
			*at = hidden(realloc(*at, size + 1));
			break;
		case 6:
			if (*at)
				CHECK(!hidden(realloc(*at, 0)));
			*at = NULL;
			break;
		case 7:
			CHECK(!hidden(malloc(SIZE_MAX - size)) &&
			      !hidden(calloc(SIZE_MAX / 2, 3)) &&
			      !hidden(realloc(*at, PTRDIFF_MAX)) && !hidden(aligned_alloc(48, 48)));
			break;
		case 8:
			free(*at);
			*at = hidden(size % 2 ? valloc(size) : pvalloc(size));
			break;
		case 9:
			free(*at);
			*at = hidden(size % 2 ? memalign(48, size) : aligned_alloc(64, size));
			break;
		default:
			free(*at);
			*at = hidden(malloc(size));
		}
	}
	for (int i = 0; i < SLOTS; i++)
		free(p[i]);
	return NULL;
}

static void compare(const struct refmalloc_stats *before)
{
	struct refmalloc_stats now = stats();
	struct refmalloc_count live = {0};

	for (int i = 0; i < PROBES; i++)
		check_alone(*(const unsigned char *)sites[i].address == 0xcc &&
			    *sites[i].semaphore == sites[i].ours);
#define SAME(what, is) CHECK(seen.what == now.is - before->is)
	for (int f = 0; f < REFMALLOC_FUNCTIONS; f++) {
		SAME(function[f].calls, function[f].calls);
		SAME(function[f].bytes, function[f].bytes);
		CHECK(seen.function[f].calls);
	}
	for (int r = 0; r < REFMALLOC_ROUTES; r++) {
		SAME(route[r].calls, route[r].calls);
		SAME(route[r].bytes, route[r].bytes);
		SAME(live[r].calls, live[r].calls);
		SAME(live[r].bytes, live[r].bytes);
		for (int i = 0; i < REFMALLOC_BUCKETS; i++)
			SAME(histogram[r][i], histogram[r][i]);
		add(&live, now.live[r].calls - before->live[r].calls,
		    now.live[r].bytes - before->live[r].bytes);
	}
	SAME(failed, failed);
	SAME(frees, frees);
	SAME(grown.bytes, heap_bytes);
	CHECK(seen.otel_live.calls == live.calls && seen.otel_live.bytes == live.bytes);
	seen.all[BRK] -= now.brk_shrink.calls - before->brk_shrink.calls;
	SAME(all[BRK], brk_grow.calls);
	CHECK(seen.all[MREMAP]);
	seen.all[MREMAP] -= now.mremap_shrink.calls - before->mremap_shrink.calls;
	SAME(all[MREMAP], mremap_grow.calls);
	for (int m = 0; m < REFMALLOC_MAPPINGS; m++) {
		add(&seen.mapped, -(now.mmap[m].calls - before->mmap[m].calls),
		    -(now.mmap[m].bytes - before->mmap[m].bytes));
		add(&seen.unmapped, -(now.munmap[m].calls - before->munmap[m].calls),
		    -(now.munmap[m].bytes - before->munmap[m].bytes));
	}
	CHECK(!seen.mapped.calls && !seen.mapped.bytes && !seen.unmapped.calls &&
	      !seen.unmapped.bytes);
	CHECK(seen.all[REALLOC] && seen.all[MMAP] && seen.all[MUNMAP]);
}

int main(int argc, char **argv)
{
	static const char *const options[] = {"mmap_threshold=128K", "mmap_threshold=128K cache=0",
					      "mmap_threshold=128K check=1",
					      "mmap_threshold=128K peaks"};
	struct refmalloc_stats before;
	pthread_t threads[2];
	int i = argc > 1 ? atoi(argv[1]) : 0;
	char next[2] = {'1' + i, 0};

	if (argc == 1 && !getenv("REFMALLOC_OPTIONS"))
		with_options(argv, options[0]);
	start_tracing();
	before = stats();
	work((void *)1);
	for (int k = 0; k < 2; k++)
		CHECK(pthread_create(&threads[k], NULL, work, (void *)(k + 2l)) == 0);
	for (int k = 0; k < 2; k++)
		pthread_join(threads[k], NULL);
	compare(&before);
	if (i + 1 == sizeof(options) / sizeof(*options))
		return 0;
	setenv("REFMALLOC_OPTIONS", options[i + 1], 1);
	execl("/proc/self/exe", argv[0], next, NULL);
	return 1;
}

#else

int main(void)
{
	puts("SKIP: breakpoints are written for x86-64 only");
	return 77;
}

#endif
