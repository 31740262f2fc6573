/*
 * branches.c - what leads into the beginnings of functions, but for calls of them.
 *
 * In the same function: a loop.  In its cold part, or in another function: a second
 * entry.  On x86 a far branch is an opcode and a distance of 32 bits, which other
 * bytes are as good as never by chance: every byte of the object's code is taken for
 * one.  A near one has 8 bits, which any may be, so those are decoded; they
 * reach no further than 128 bytes.  On arm64 every fourth byte begins an instruction.
 *
 * Not seen: a jump through a table that no instruction of the function itself takes
 * the address of.
 */
#include "kernel/branches.h"

#include <capstone/capstone.h>
#include <stdlib.h>
#include <string.h>

#define CODE_MOST (256ull << 20) /* of one object; the largest browsers have as much */
#define CHUNK	  (1u << 16)

static void lead_to(struct branch_window *w, __u64 addr)
{
	if (addr > w->fn->addr && addr - w->fn->addr < BRANCH_WINDOW)
		w->into |= 1ull << (addr - w->fn->addr);
}

/* ---- from anywhere ---- */

struct scan {
	struct branch_window **by_addr; /* their functions' addresses are in order */
	size_t n;
	__u64 lo, span; /* from the first window to the end of the last */
};

static int by_entry(const void *a, const void *b)
{
	const struct branch_window *const *x = a, *const *y = b;

	return (*x)->fn->addr < (*y)->fn->addr ? -1 : (*x)->fn->addr > (*y)->fn->addr;
}

static void found(const struct scan *s, __u64 target)
{
	size_t from = 0, to = s->n;

	if (target - s->lo >= s->span)
		return;
	while (from < to) {
		size_t half = from + (to - from) / 2;

		if (s->by_addr[half]->fn->addr < target)
			from = half + 1;
		else
			to = half;
	}
	/* Windows may lie over each other; two functions at one address have one each. */
	while (from-- && target - s->by_addr[from]->fn->addr < BRANCH_WINDOW)
		lead_to(s->by_addr[from], target);
}

#if defined(__x86_64__)
#define LONGEST 6 /* 0f 8x and 32 bits */

/*
 * The branches that begin in the first n bytes of code, which has LONGEST more.  Where a
 * distance leads is looked at before what it may be one of: hardly any leads to a window.
 * In 32 bits, which takes half as long; what is only there in a window found() leaves out.
 */
static void scan_code(const struct scan *s, const unsigned char *code, size_t n, __u64 addr)
{
	const __u64 behind = addr + 1 + sizeof(__s32);
	const __u32 from = behind - s->lo, span = s->span < ~0u ? s->span : ~0u;

	for (size_t i = 0; i <= n; i++) {
		__s32 far;

		memcpy(&far, code + i + 1, sizeof(far));
		if ((__u32)far + from + (__u32)i >= span)
			continue;
		if (code[i] == 0xe8 || code[i] == 0xe9 ||
		    (i && code[i - 1] == 0x0f && (code[i] & 0xf0) == 0x80))
			found(s, behind + i + far);
	}
}
#else
#define LONGEST 4

/* So many bits of the instruction, as a distance in instructions (Arm ARM, C4.1.86). */
static __u64 distance(__u32 insn, unsigned int from, unsigned int bits)
{
	return (__s64)((__u64)insn << (64 - from - bits)) >> (64 - bits) << 2;
}

static void scan_code(const struct scan *s, const unsigned char *code, size_t n, __u64 addr)
{
	for (size_t i = 0; i < n; i += 4) {
		__u32 insn;

		memcpy(&insn, code + i, sizeof(insn));
		if ((insn & 0x7c000000) == 0x14000000) /* b, bl */
			found(s, addr + i + distance(insn, 0, 26));
		else if ((insn & 0xff000000) == 0x54000000 || /* b.cond */
			 (insn & 0x7e000000) == 0x34000000)   /* cbz, cbnz */
			found(s, addr + i + distance(insn, 5, 19));
		else if ((insn & 0x7e000000) == 0x36000000) /* tbz, tbnz */
			found(s, addr + i + distance(insn, 5, 14));
	}
}
#endif

static bool scan_segment(const struct elf_file *f, const struct scan *s, __u64 lo, __u64 hi)
{
	unsigned char *code = malloc(CHUNK + LONGEST);
	size_t n;

	for (__u64 addr = lo; code && addr < hi; addr += CHUNK) {
		n = hi - addr < CHUNK + LONGEST ? hi - addr : CHUNK + LONGEST;
		if (elf_file__read(f, addr, code, n) != n)
			break;
		memset(code + n, 0, CHUNK + LONGEST - n);
		scan_code(s, code, n < CHUNK ? n : CHUNK, addr);
		if (hi - addr <= CHUNK) {
			free(code);
			return true;
		}
	}
	free(code);
	return lo == hi;
}

static bool scan_object(const struct elf_file *f, const struct scan *s)
{
	__u64 lo, hi, room = CODE_MOST;

	for (unsigned int i = 0; elf_file__code(f, i, &lo, &hi); i++) {
		if (hi - lo > room || !scan_segment(f, s, lo, hi))
			return false;
		room -= hi - lo;
	}
	return true;
}

/* ---- from near by ---- */

#if defined(__x86_64__)
#define NEAR 128 /* what 8 bits reach */
#define SYNC 64	 /* bytes in which a decoder that began amid an instruction has found the others */
#define WAYS 4

/* 7x: on a condition; eb: jump; e0 to e3: loop, jrcxz. */
static bool is_near_opcode(unsigned char byte)
{
	return (byte & 0xf0) == 0x70 || byte == 0xeb || (byte >= 0xe0 && byte <= 0xe3);
}

static bool is_prefix(unsigned char byte)
{
	return byte == 0x66 || byte == 0x67 || byte == 0xf2 || byte == 0xf3 || byte == 0x2e ||
	       byte == 0x3e || (byte & 0xf0) == 0x40;
}

static void near(struct branch_window *w, const unsigned char *code, size_t size, __u64 addr)
{
	while (size > 2 && is_prefix(*code)) {
		code++;
		size--;
		addr++;
	}
	if (size >= 2 && is_near_opcode(code[0]))
		lead_to(w, addr + 2 + (signed char)code[1]);
}

/*
 * Instruction by instruction.  sure: from where one begins; then from one on that the
 * decoder does not know byte by byte.  Else it goes on behind what cannot be one.
 * been: how many bytes are left where one has been here before, up to the same end, or NULL.
 */
static void sweep(csh handle, cs_insn *insn, struct branch_window *w, const unsigned char *code,
		  size_t size, uint64_t addr, bool *been)
{
	bool sure = !been;

	while (size && !(been && been[size])) {
		if (been)
			been[size] = true;
		if (cs_disasm_iter(handle, &code, &size, &addr, insn)) {
			near(w, insn->bytes, insn->size, insn->address);
			continue;
		}
		do
			near(w, code++, size--, addr++);
		while (size && sure);
	}
}

static void sweep_around(const struct elf_file *f, struct branch_window *w, csh handle,
			 cs_insn *insn)
{
	unsigned char code[NEAR + SYNC > BRANCH_WINDOW + NEAR + 16 ? NEAR + SYNC
								   : BRANCH_WINDOW + NEAR + 16];
	bool been[NEAR + SYNC + 1] = {};
	__u64 addr = w->fn->addr;
	size_t n;

	n = elf_file__read(f, addr, code, BRANCH_WINDOW + NEAR + 16);
	sweep(handle, insn, w, code, n, addr, NULL);
	/* Where the code before it begins is not known: from several places. */
	for (size_t back = NEAR + SYNC; back > NEAR + SYNC - WAYS; back--) {
		if (back > addr)
			continue;
		n = elf_file__read(f, addr - back, code, back);
		sweep(handle, insn, w, code, n, addr - back, been);
	}
}

static void from_near(const struct elf_file *f, struct branch_window *windows, size_t n)
{
	cs_insn *insn = NULL;
	csh handle;

	if (cs_open(CS_ARCH_X86, CS_MODE_64, &handle) == CS_ERR_OK) {
		insn = cs_malloc(handle);
		for (size_t i = 0; insn && i < n; i++)
			sweep_around(f, &windows[i], handle, insn);
		if (insn)
			cs_free(insn, 1);
		cs_close(&handle);
	}
	for (size_t i = 0; !insn && i < n; i++)
		windows[i].into = ~0ull;
}

/* ---- by a table ---- */

#define TABLES_MOST 64
#define TABLE_MOST  1024

static bool inside(const struct elf_function *fn, __u64 addr)
{
	return addr >= fn->addr && addr - fn->addr < fn->size;
}

/* Distances from the table's own beginning, as long as they lead into the function. */
static void by_distances(const struct elf_file *f, struct branch_window *w, __u64 table)
{
	__s32 entries[TABLE_MOST];
	size_t n = elf_file__read(f, table, entries, sizeof(entries)) / sizeof(*entries);

	for (size_t i = 0; i < n && inside(w->fn, table + entries[i]); i++)
		lead_to(w, table + entries[i]);
}

static void by_addresses(const struct elf_file *f, struct branch_window *w, __u64 table)
{
	__u64 entries[TABLE_MOST];
	size_t n = elf_file__read(f, table, entries, sizeof(entries)) / sizeof(*entries);

	for (size_t i = 0; i < n && inside(w->fn, entries[i]); i++)
		lead_to(w, entries[i]);
}

/*
 * A switch is `lea TABLE(%rip)` and later `jmp *%reg`, or `jmp *TABLE(,%reg,8)`: jumps
 * whose targets are not in the code.  Again whatever bytes may be one count.
 */
static void from_tables(const struct elf_file *f, struct branch_window *w,
			const unsigned char *code, size_t n)
{
	size_t left = TABLES_MOST;
	bool jumps = false;
	__s32 far;

	for (size_t i = 0; i < n; i++)
		jumps |= code[i] == 0xff && ((code[i + 1] & 0xf8) == 0xe0 || code[i + 1] == 0x24);
	for (size_t i = 0; jumps && i < n; i++) {
		bool lea = code[i] == 0x8d && (code[i + 1] & 0xc7) == 0x05;

		if (!lea && (code[i] != 0xff || code[i + 1] != 0x24))
			continue;
		if (!left--) {
			w->into = ~0ull;
			break;
		}
		memcpy(&far, code + i + (lea ? 2 : 3), sizeof(far));
		if (lea)
			by_distances(f, w, w->fn->addr + i + 6 + far);
		else
			by_addresses(f, w, (__u32)far);
	}
}
#else
static void from_near(const struct elf_file *f, struct branch_window *windows, size_t n)
{
}

/* A table is not looked for: any br may use one, but for those through x16 and x17, to a stub. */
static void from_tables(const struct elf_file *f, struct branch_window *w,
			const unsigned char *code, size_t n)
{
	__u32 insn;

	for (size_t i = 0; i < n; i += sizeof(insn)) {
		memcpy(&insn, code + i, sizeof(insn));
		if ((insn & 0xfffffc1f) == 0xd61f0000 && (insn >> 5 & 30) != 16)
			w->into = ~0ull;
	}
}
#endif

/* ---- all of it ---- */

#define BODY_MOST 65536 /* no function of an allocator is as long */

static void from_body(const struct elf_file *f, struct branch_window *w)
{
	size_t n = w->fn->size;
	unsigned char *code = n > BODY_MOST ? NULL : calloc(1, n + 8);

	if (!code || elf_file__read(f, w->fn->addr, code, n) != n)
		w->into = ~0ull;
	else
		from_tables(f, w, code, n);
	free(code);
}

/* A function that begins in the other's window is called there. */
static void from_calls(const struct elf_file *f, const struct scan *s)
{
	size_t n;
	const struct elf_function *fn = elf_file__functions(f, &n);

	for (size_t i = 0; i < n; i++)
		found(s, fn[i].addr);
}

void branches__find(const struct elf_file *f, struct branch_window *windows, size_t n)
{
	struct scan s = {.n = n};
	bool whole;

	if (!n)
		return;
	s.by_addr = malloc(n * sizeof(*s.by_addr));
	for (size_t i = 0; s.by_addr && i < n; i++)
		s.by_addr[i] = &windows[i];
	if (s.by_addr) {
		qsort(s.by_addr, n, sizeof(*s.by_addr), by_entry);
		s.lo = s.by_addr[0]->fn->addr;
		s.span = s.by_addr[n - 1]->fn->addr - s.lo + BRANCH_WINDOW;
		from_calls(f, &s);
	}
	whole = s.by_addr && scan_object(f, &s);
	for (size_t i = 0; i < n; i++) {
		if (!whole)
			windows[i].into = ~0ull;
		from_body(f, &windows[i]);
	}
	from_near(f, windows, n);
	free(s.by_addr);
}
