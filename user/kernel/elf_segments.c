/*
 * elf_segments.c - how an ELF file's addresses map to file offsets, and what is there.
 */
#include <unistd.h>

#include "kernel/elf_file_state.h"

static bool segment_of(const struct elf_file *f, __u64 addr, GElf_Phdr *ph)
{
	size_t n = 0;

	elf_getphdrnum(f->elf, &n);
	for (size_t i = 0; i < n; i++)
		if (gelf_getphdr(f->elf, i, ph) && ph->p_type == PT_LOAD && addr >= ph->p_vaddr &&
		    addr - ph->p_vaddr < ph->p_filesz)
			return true;
	return false;
}

bool elf_file__offset(const struct elf_file *f, __u64 addr, __u64 *offset)
{
	GElf_Phdr ph;

	if (!segment_of(f, addr, &ph))
		return false;
	*offset = addr - ph.p_vaddr + ph.p_offset;
	return true;
}

bool elf_file__data(const struct elf_file *f, unsigned int which, __u64 *lo, __u64 *hi, __u64 *end)
{
	size_t n = 0;
	GElf_Phdr ph;

	elf_getphdrnum(f->elf, &n);
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(f->elf, i, &ph) || ph.p_type != PT_LOAD || !(ph.p_flags & PF_W))
			continue;
		if (which--)
			continue;
		*lo = ph.p_offset;
		*hi = ph.p_offset + ph.p_filesz;
		*end = ph.p_offset + ph.p_memsz;
		return *hi >= *lo && *end >= *hi;
	}
	return false;
}

bool elf_file__code(const struct elf_file *f, unsigned int which, __u64 *lo, __u64 *hi)
{
	size_t n = 0;
	GElf_Phdr ph;

	elf_getphdrnum(f->elf, &n);
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(f->elf, i, &ph) || ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
			continue;
		if (which--)
			continue;
		*lo = ph.p_vaddr;
		*hi = ph.p_vaddr + ph.p_filesz;
		return *hi >= *lo;
	}
	return false;
}

size_t elf_file__read(const struct elf_file *f, __u64 addr, void *buf, size_t size)
{
	GElf_Phdr ph;
	ssize_t n;
	__u64 room;

	if (!segment_of(f, addr, &ph))
		return 0;
	room = ph.p_filesz - (addr - ph.p_vaddr);
	n = pread(f->fd, buf, size < room ? size : room, addr - ph.p_vaddr + ph.p_offset);
	return n < 0 ? 0 : n;
}

bool elf_file__text(const struct elf_file *f, __u64 *lo, __u64 *hi)
{
	size_t n = 0;
	GElf_Phdr ph;

	*lo = ~0ull;
	*hi = 0;
	elf_getphdrnum(f->elf, &n);
	for (size_t i = 0; i < n; i++) {
		if (!gelf_getphdr(f->elf, i, &ph) || ph.p_type != PT_LOAD || !(ph.p_flags & PF_X))
			continue;
		if (ph.p_offset < *lo)
			*lo = ph.p_offset;
		if (ph.p_offset + ph.p_filesz > *hi)
			*hi = ph.p_offset + ph.p_filesz;
	}
	return *lo < *hi;
}
