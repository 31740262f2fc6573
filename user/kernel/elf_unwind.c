/*
 * elf_unwind.c - where functions begin, by the table that exceptions are unwound by.
 *
 * Also stripped files have it, for what is not exported as well.  Of it only the index is read, a
 * few of its entries at a time: they are in the order of the functions' addresses.
 */
#include <string.h>

#include "kernel/elf_file_state.h"

/* DWARF exception header encodings (Linux Standard Base, Core, 10.5.1), those that linkers use. */
#define PCREL_SDATA4   0x1b
#define UDATA4	       0x03
#define DATAREL_SDATA4 0x3b

#define FUNCTIONS_MOST (1u << 24)

struct unwind_header {
	__u8 version, pointer_encoding, count_encoding, table_encoding;
	__s32 pointer;
	__u32 count;
};

struct unwind_entry {
	__s32 function, description; /* from the header's own address on */
};

static bool find_header(const struct elf_file *f, __u64 *addr, __u32 *count)
{
	struct unwind_header h;
	size_t n = 0;
	GElf_Phdr ph;

	elf_getphdrnum(f->elf, &n);
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(f->elf, i, &ph) || ph.p_type != PT_GNU_EH_FRAME)
			continue;
		*addr = ph.p_vaddr;
		if (elf_file__read(f, *addr, &h, sizeof(h)) != sizeof(h))
			return false;
		*count = h.count;
		return h.version == 1 && h.pointer_encoding == PCREL_SDATA4 &&
		       h.count_encoding == UDATA4 && h.table_encoding == DATAREL_SDATA4 &&
		       h.count <= FUNCTIONS_MOST;
	}
	return false;
}

static bool read_entry(const struct elf_file *f, __u64 header, __u32 which, __u64 *function)
{
	struct unwind_entry e;
	__u64 at = header + sizeof(struct unwind_header) + which * sizeof(e);

	if (elf_file__read(f, at, &e, sizeof(e)) != sizeof(e))
		return false;
	*function = header + e.function;
	return true;
}

bool elf_file__unwound(const struct elf_file *f, __u64 addr, __u64 *lo, __u64 *hi)
{
	__u32 count = 0, from = 0, to;
	__u64 header, at;

	if (!find_header(f, &header, &count))
		return false;
	/* The last one of which it is known where it ends. */
	to = count ? count - 1 : 0;
	while (from < to) {
		__u32 half = from + (to - from) / 2;

		if (!read_entry(f, header, half, &at))
			return false;
		if (at <= addr)
			from = half + 1;
		else
			to = half;
	}
	return from && read_entry(f, header, from - 1, lo) && read_entry(f, header, from, hi) &&
	       *lo <= addr && addr < *hi;
}
