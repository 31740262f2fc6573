/*
 * map_flags.c - the flag words of the memory system calls, by the names strace gives them.
 */
#include "render/map_flags.h"

#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/mman.h>

#ifndef MAP_DROPPABLE
#define MAP_DROPPABLE 0x08 /* Linux 6.11 */
#endif
#define MAP_TYPE_MASK  0x0fu
#define HUGE_SHIFT     26
#define HUGE_SIZE_MASK 0x3fu

struct flag {
	__u32 bits;
	const char *name;
};

static const struct flag prot_flags[] = {
	{PROT_READ, "PROT_READ"},
	{PROT_WRITE, "PROT_WRITE"},
	{PROT_EXEC, "PROT_EXEC"},
	{0x8, "PROT_SEM"},
	{PROT_GROWSDOWN, "PROT_GROWSDOWN"},
	{PROT_GROWSUP, "PROT_GROWSUP"},
	{0, NULL},
};

/* values of MAP_TYPE_MASK, not bits */
static const struct flag map_types[] = {
	{MAP_SHARED, "MAP_SHARED"},
	{MAP_PRIVATE, "MAP_PRIVATE"},
	{MAP_SHARED_VALIDATE, "MAP_SHARED_VALIDATE"},
	{MAP_DROPPABLE, "MAP_DROPPABLE"},
	{0, NULL},
};

static const struct flag map_flags[] = {
	{MAP_FIXED, "MAP_FIXED"},
	{MAP_ANONYMOUS, "MAP_ANONYMOUS"},
#ifdef __x86_64__
	{MAP_32BIT, "MAP_32BIT"},
	{0x80, "MAP_ABOVE4G"}, /* Linux 6.6 */
#endif
	{MAP_GROWSDOWN, "MAP_GROWSDOWN"},
	{MAP_DENYWRITE, "MAP_DENYWRITE"},
	{MAP_EXECUTABLE, "MAP_EXECUTABLE"},
	{MAP_LOCKED, "MAP_LOCKED"},
	{MAP_NORESERVE, "MAP_NORESERVE"},
	{MAP_POPULATE, "MAP_POPULATE"},
	{MAP_NONBLOCK, "MAP_NONBLOCK"},
	{MAP_STACK, "MAP_STACK"},
	{MAP_HUGETLB, "MAP_HUGETLB"},
	{MAP_SYNC, "MAP_SYNC"},
	{MAP_FIXED_NOREPLACE, "MAP_FIXED_NOREPLACE"},
	{0, NULL},
};

static const struct flag mremap_flags[] = {
	{MREMAP_MAYMOVE, "MREMAP_MAYMOVE"},
	{MREMAP_FIXED, "MREMAP_FIXED"},
	{MREMAP_DONTUNMAP, "MREMAP_DONTUNMAP"},
	{0, NULL},
};

static void append(char *out, const char *name)
{
	size_t used = strlen(out);

	snprintf(out + used, MAP_FLAGS_SIZE - used, "%s%s", used ? "|" : "", name);
}

static void append_rest(char *out, __u32 rest)
{
	char hex[16];

	if (!rest)
		return;
	snprintf(hex, sizeof(hex), "%#x", rest);
	append(out, hex);
}

/* Returns the bits that have no name. */
static __u32 append_named(char *out, const struct flag *flags, __u32 value)
{
	for (; flags->name; flags++) {
		if (!(value & flags->bits))
			continue;
		append(out, flags->name);
		value &= ~flags->bits;
	}
	return value;
}

char *map_flags__prot(char out[MAP_FLAGS_SIZE], __u32 prot)
{
	*out = '\0';
	append_rest(out, append_named(out, prot_flags, prot));
	if (!prot)
		append(out, "PROT_NONE");
	return out;
}

/* The page size that MAP_HUGETLB has in the upper bits: "MAP_HUGE_2MB". Returns what is left. */
static __u32 append_huge_size(char *out, __u32 flags)
{
	static const char *const units[] = {"KB", "MB", "GB"};
	__u32 shift = flags >> HUGE_SHIFT & HUGE_SIZE_MASK;
	char name[32];

	if (shift < 10 || shift >= 40)
		return flags;
	snprintf(name, sizeof(name), "MAP_HUGE_%u%s", 1u << shift % 10, units[shift / 10 - 1]);
	append(out, name);
	return flags & ~(HUGE_SIZE_MASK << HUGE_SHIFT);
}

char *map_flags__mmap(char out[MAP_FLAGS_SIZE], __u32 flags)
{
	const struct flag *type = map_types;
	__u32 rest = flags;

	*out = '\0';
	while (type->name && type->bits != (flags & MAP_TYPE_MASK))
		type++;
	if (type->name) {
		append(out, type->name);
		rest &= ~MAP_TYPE_MASK;
	}
	rest = append_named(out, map_flags, rest);
	if (flags & MAP_HUGETLB)
		rest = append_huge_size(out, rest);
	append_rest(out, rest);
	if (!flags)
		append(out, "0");
	return out;
}

char *map_flags__mremap(char out[MAP_FLAGS_SIZE], __u32 flags)
{
	*out = '\0';
	append_rest(out, append_named(out, mremap_flags, flags));
	if (!flags)
		append(out, "0");
	return out;
}
