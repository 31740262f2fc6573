/*
 * ink.c - colours, by what they mean.
 */
#include "render/ink.h"

#include <stdarg.h>

/* SGR parameters; NULL: the terminal's default */
static const char *const sgr[INK_COUNT] = {
	[INK_DIM] = "2",
	[INK_STRONG] = "1",
	[INK_NOTICE] = "33",
	[INK_ALARM] = "1;31",
	[INK_HEAP] = "32",
	[INK_CAUSE + CAUSE_MALLOC] = "35",
	[INK_CAUSE + CAUSE_ARENA] = "36",
	[INK_CAUSE + CAUSE_DIRECT] = "33",
	[INK_CAUSE + CAUSE_STACK] = "34",
	[INK_CAUSE + CAUSE_FILE] = "94",
	[INK_CAUSE + CAUSE_LOADER] = "90",
	[INK_CAUSE + CAUSE_UNATTRIBUTED] = "31",
};

enum ink ink__of_cause(enum cause cause)
{
	return (unsigned int)cause < CAUSE_COUNT ? INK_CAUSE + (unsigned int)cause : INK_PLAIN;
}

void ink__begin(FILE *out, bool colour, enum ink ink)
{
	if (colour && sgr[ink])
		fprintf(out, "\033[%sm", sgr[ink]);
}

void ink__end(FILE *out, bool colour, enum ink ink)
{
	if (colour && sgr[ink])
		fputs("\033[0m", out);
}

void ink__printf(FILE *out, bool colour, enum ink ink, const char *format, ...)
{
	va_list args;

	ink__begin(out, colour, ink);
	va_start(args, format);
	vfprintf(out, format, args);
	va_end(args);
	ink__end(out, colour, ink);
}
