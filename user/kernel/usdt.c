/*
 * usdt.c - places for tracers that a program's author has put into it (sys/sdt.h).
 *
 * The notes' form is systemtap's:
 * https://sourceware.org/systemtap/wiki/UserSpaceProbeImplementation
 */
#include "kernel/usdt.h"

#include <ctype.h>
#include <stdlib.h>
#include <string.h>

#include "kernel/elf_file_state.h"
#include "kernel/insn.h"

#define NOTE_OWNER "stapsdt"
#define NOTE_TYPE  3
#define NOTES_MOST 4096 /* of a file that are looked at */

struct note {
	__u64 pc, base, semaphore;
	const char *provider, *name, *args;
};

/* The string at *at, which moves behind it; NULL: it does not end. */
static const char *next_string(const char **at, const char *end)
{
	const char *s = *at, *nul = s < end ? memchr(s, 0, end - s) : NULL;

	if (nul)
		*at = nul + 1;
	return nul ? s : NULL;
}

static bool read_note(const char *desc, size_t size, struct note *n)
{
	const char *end = desc + size, *at = desc + 3 * sizeof(__u64);

	if (size < 3 * sizeof(__u64))
		return false;
	memcpy(&n->pc, desc, sizeof(n->pc));
	memcpy(&n->base, desc + sizeof(n->pc), sizeof(n->base));
	memcpy(&n->semaphore, desc + 2 * sizeof(n->pc), sizeof(n->semaphore));
	n->provider = next_string(&at, end);
	n->name = n->provider ? next_string(&at, end) : NULL;
	n->args = n->name ? next_string(&at, end) : NULL;
	return n->args;
}

#if defined(__x86_64__)
/* "di" and its kin, without what says how much of it. */
static int register_of(const char *name, size_t len)
{
	static const struct {
		const char name[3];
		__u8 reg;
	} named[] = {
		{"di", PROBE_REG_DI}, {"si", PROBE_REG_SI}, {"dx", PROBE_REG_DX},
		{"cx", PROBE_REG_CX}, {"ax", PROBE_REG_AX}, {"bx", PROBE_REG_BX},
		{"bp", PROBE_REG_BP},
	};
	int number;

	if (len < 2 || *name++ != '%' || (*name != 'r' && *name != 'e'))
		return -1;
	name++;
	len -= 2;
	for (size_t i = 0; i < sizeof(named) / sizeof(*named); i++)
		if (len == 2 && !strncmp(name, named[i].name, 2))
			return named[i].reg;
	number = isdigit((unsigned char)*name) ? atoi(name) : 0;
	return number >= 8 && number <= 15 ? PROBE_REG_R8 - (number - 8) : -1;
}
#else
static int register_of(const char *name, size_t len)
{
	int number;

	if (len < 2 || (*name != 'x' && *name != 'w') || !isdigit((unsigned char)name[1]))
		return -1;
	number = atoi(name + 1);
	return number < PROBE_REGS ? PROBE_REG_X0 + number : -1;
}
#endif

/* "8@%rdi -4@%edx": how many bytes, with a sign, and where; up to the first elsewhere than in one.
 */
static void read_args(const char *args, struct usdt_site *site)
{
	site->args = 0;
	while (*args && site->args < PROBE_ARGS) {
		size_t len = strcspn(args, " ");
		const char *at = memchr(args, '@', len);
		int reg = at ? register_of(at + 1, args + len - at - 1) : -1;

		if (reg < 0)
			return;
		site->reg[site->args++] = reg;
		args += len + strspn(args + len, " ");
	}
}

/*
 * Where the notes' addresses are reckoned from: prelink may have moved all but the notes.
 * False: it has more sections with names than one looks at.
 */
static bool find_base(struct elf_file *f, __u64 *base)
{
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	size_t names;

	*base = 0;
	if (elf_getshdrstrndx(f->elf, &names))
		return true;
	while (!elf_file__named_most(f) && (scn = elf_nextscn(f->elf, scn))) {
		const char *name;

		if (!gelf_getshdr(scn, &shdr))
			continue;
		name = elf_file__string_at(f, names, shdr.sh_name);
		if (!name || strcmp(name, ".stapsdt.base"))
			continue;
		*base = shdr.sh_addr;
		return true;
	}
	return !elf_file__named_most(f);
}

static bool place(const struct elf_file *f, const struct note *n, __u64 base,
		  struct usdt_site *site)
{
	__u64 moved = base && n->base ? base - n->base : 0, pc = n->pc + moved;
	unsigned char code[INSN_LONGEST] = {};

	if (!elf_file__offset(f, pc, &site->off) ||
	    insn__is_harmful(code, elf_file__read(f, pc, code, sizeof(code)), pc))
		return false;
	site->semaphore = 0;
	return !n->semaphore || elf_file__offset(f, n->semaphore + moved, &site->semaphore);
}

size_t usdt__find(struct elf_file *f, const char *provider, const char *name,
		  struct usdt_site *sites, size_t most)
{
	size_t found = 0, looked_at = 0;
	Elf_Scn *scn = NULL;
	GElf_Shdr shdr;
	__u64 base;

	if (!find_base(f, &base))
		return 0;
	while ((scn = elf_nextscn(f->elf, scn))) {
		size_t at = 0, next, owner, desc;
		Elf_Data *data;
		GElf_Nhdr nhdr;

		if (!gelf_getshdr(scn, &shdr) || shdr.sh_type != SHT_NOTE)
			continue;
		data = elf_file__section_data(f, scn);
		for (; data && looked_at < NOTES_MOST; looked_at++, at = next) {
			const char *bytes = data->d_buf;
			struct note n;

			next = gelf_getnote(data, at, &nhdr, &owner, &desc);
			if (!next)
				break;
			if (nhdr.n_type != NOTE_TYPE || nhdr.n_namesz != sizeof(NOTE_OWNER) ||
			    memcmp(bytes + owner, NOTE_OWNER, sizeof(NOTE_OWNER)) ||
			    !read_note(bytes + desc, nhdr.n_descsz, &n) ||
			    strcmp(n.provider, provider) || strcmp(n.name, name))
				continue;
			if (found == most || !place(f, &n, base, &sites[found]))
				continue;
			read_args(n.args, &sites[found++]);
		}
	}
	return found;
}
