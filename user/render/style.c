/*
 * style.c - what the terminal, if there is one, can show.
 */
#include "render/style.h"

#include <langinfo.h>
#include <locale.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#define COLUMNS_TERMINAL 80  /* of one that does not tell its size */
#define COLUMNS_FILE	 100 /* for a pipe or a file */
#define COLUMNS_MAX	 4096

static bool is_set(const char *name)
{
	const char *value = getenv(name);

	return value && *value;
}

/* 0: not set, or not a sensible number */
static int columns_from_environment(void)
{
	const char *value = getenv("COLUMNS");
	char *end;
	long columns;

	if (!value || *value < '0' || *value > '9')
		return 0;
	columns = strtol(value, &end, 10);
	return *end || columns > COLUMNS_MAX ? 0 : (int)columns;
}

static int detect_columns(int fd, bool terminal)
{
	struct winsize size = {};
	int columns = columns_from_environment();

	if (columns)
		return columns;
	if (!terminal)
		return COLUMNS_FILE;
	if (ioctl(fd, TIOCGWINSZ, &size) || !size.ws_col)
		return COLUMNS_TERMINAL;
	return size.ws_col;
}

static bool detect_utf8(void)
{
	/* not setlocale: that is the program's to call, and would change its number formats */
	locale_t locale = newlocale(LC_CTYPE_MASK, "", (locale_t)0);
	bool utf8;

	if (!locale)
		return false;
	utf8 = !strcmp(nl_langinfo_l(CODESET, locale), "UTF-8");
	freelocale(locale);
	return utf8;
}

void style__detect(struct style *style, int fd)
{
	const char *term = getenv("TERM");
	bool terminal = isatty(fd);

	memset(style, 0, sizeof(*style));
	style->columns = detect_columns(fd, terminal);
	style->colour = terminal && !is_set("NO_COLOR") && term && *term && strcmp(term, "dumb");
	style->utf8 = detect_utf8();
}
