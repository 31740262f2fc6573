/*
 * title.c - the line that begins what is said of one process.
 */
#include "render/title.h"

#include <limits.h>

#include "render/flow.h"
#include "render/ink.h"
#include "render/sanitize.h"

#define COLUMNS_MIN	 80
#define COLUMNS_COMM	 28  /* of a name whose bytes are all escaped */
#define COLUMNS_PATH	 256 /* at most, of a path */
#define COLUMNS_PATH_MIN 20
#define COMM_SIZE	 16

static int clamp(int value, int low, int high)
{
	return value < low ? low : value > high ? high : value;
}

/* "── a.out (PID 1415)  /root/test1/a.out ──────": the rule also ends what stands above. */
void title__print(FILE *out, const struct style *style, const char *comm, __u32 pid,
		  const char *state, const char *exe)
{
	char name[SANITIZED_SIZE(COLUMNS_COMM)], path[SANITIZED_SIZE(COLUMNS_PATH)] = "";
	const char *rule = style->utf8 ? "─" : "-";
	char title[sizeof(name) + 64];
	int left = style->columns < COLUMNS_MIN ? COLUMNS_MIN : style->columns;

	sanitize(name, comm, COMM_SIZE, COLUMNS_COMM, style->utf8);
	snprintf(title, sizeof(title), "%s (PID %u%s)", name, pid, state);
	left -= 3 + text__columns(title) + 1;
	if (exe)
		left -= 2 + sanitize__path(path, exe, PATH_MAX,
					   clamp(left - 4, COLUMNS_PATH_MIN, COLUMNS_PATH),
					   style->utf8);
	fprintf(out, "%s%s ", rule, rule);
	ink__printf(out, style->colour, INK_STRONG, "%s", title);
	fprintf(out, "%s%s ", *path ? "  " : "", path);
	while (left-- > 0)
		fputs(rule, out);
	fputc('\n', out);
}
