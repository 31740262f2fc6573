/*
 * smaps.c - a process's mappings, with what of each is in memory.
 *
 * A mapping is a line as in /proc/PID/maps, which begins with a small
 * hexadecimal digit, and lines "Name:   N kB", which begin with a capital.  Of
 * a file's name only what stands in the first line is read, and the kernel
 * writes no newline in it, so a name cannot pass for another line.
 */
#include "kernel/smaps.h"

#include <ctype.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define KIB_MOST (1ull << 54) /* of bytes in 64 bits */

static bool is_head(const char *line)
{
	return isdigit((unsigned char)*line) || (*line >= 'a' && *line <= 'f');
}

static bool parse_kib(const char *text, __u64 *bytes)
{
	unsigned long long kib;
	char *end;

	while (*text == ' ')
		text++;
	if (!isdigit((unsigned char)*text))
		return false;
	errno = 0;
	kib = strtoull(text, &end, 10);
	if (errno || kib >= KIB_MOST || strcmp(end, " kB"))
		return false;
	*bytes = kib * 1024;
	return true;
}

static bool has_flag(const char *flags, const char *flag)
{
	for (const char *at = flags; (at = strstr(at, flag)); at++)
		if (at > flags && at[-1] == ' ' && (at[2] == ' ' || !at[2]))
			return true;
	return false;
}

struct parsing {
	struct smap map;
	bool open, has_rss;
};

static bool parse_field(struct parsing *p, const char *line)
{
	if (!strncmp(line, "Rss:", 4)) {
		p->has_rss = true;
		return parse_kib(line + 4, &p->map.rss);
	}
	if (!strncmp(line, "Anonymous:", 10))
		return parse_kib(line + 10, &p->map.anonymous);
	if (!strncmp(line, "Swap:", 5))
		return parse_kib(line + 5, &p->map.swap);
	if (!strncmp(line, "VmFlags:", 8)) {
		p->map.accounted = has_flag(line + 8, "ac");
		p->map.grows_down = has_flag(line + 8, "gd");
	}
	return true; /* kernels add others */
}

static int finish(struct parsing *p, int (*visit)(const struct smap *map, void *arg), void *arg)
{
	if (!p->open)
		return 0;
	return p->has_rss ? visit(&p->map, arg) : -EINVAL;
}

int smaps__parse(char *text, int (*visit)(const struct smap *map, void *arg), void *arg)
{
	struct parsing p = {};
	char *line, *next;
	int err = 0;

	for (line = text; *line; line = next) {
		next = strchrnul(line, '\n');
		if (*next)
			*next++ = 0;
		if (is_head(line)) {
			err = finish(&p, visit, arg);
			if (err)
				return err;
			p = (struct parsing){.open = true};
			if (!procfs__parse_map(line, &p.map.map))
				return -EINVAL;
		} else if (!p.open || !parse_field(&p, line)) {
			return -EINVAL;
		}
	}
	return finish(&p, visit, arg);
}

int smaps__read(__u32 pid, int (*visit)(const struct smap *map, void *arg), void *arg)
{
	char *text;
	int err = procfs__text(pid, "smaps", &text);

	if (err)
		return err;
	err = smaps__parse(text, visit, arg);
	free(text);
	return err;
}

static int take_rollup(const struct smap *map, void *arg)
{
	*(__u64 *)arg = map->rss;
	return 0;
}

int smaps__rollup(__u32 pid, __u64 *rss)
{
	char *text;
	int err = procfs__text(pid, "smaps_rollup", &text);

	if (err)
		return err;
	err = *text ? smaps__parse(text, take_rollup, rss) : -ESRCH;
	free(text);
	return err;
}
