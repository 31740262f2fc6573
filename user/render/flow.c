/*
 * flow.c - short phrases after one another, in lines that do not get too long.
 */
#include "render/flow.h"

#include <stdarg.h>
#include <string.h>

#include "render/utf8.h"

#define PHRASE_SIZE 256

int text__columns(const char *text)
{
	size_t left = strlen(text), length;
	int columns = 0, width;
	__u32 code;

	for (; left; text += length, left -= length) {
		length = utf8__decode(text, left, &code);
		width = length ? utf8__columns(code) : 0;
		columns += width ? width : 1; /* our own box characters are not in the list */
		if (!length)
			length = 1;
	}
	return columns;
}

void flow__begin(struct flow *f, FILE *out, const struct style *style, int indent,
		 const char *label)
{
	*f = (struct flow){.out = out, .style = style, .indent = indent};
	f->column = fprintf(out, "%-*s", indent, label);
}

void flow__add(struct flow *f, enum ink ink, const char *format, ...)
{
	int limit = f->style->columns < 80 ? 80 : f->style->columns;
	char phrase[PHRASE_SIZE];
	va_list args;
	int width;

	va_start(args, format);
	vsnprintf(phrase, sizeof(phrase), format, args);
	va_end(args);
	width = text__columns(phrase);
	if (f->open) {
		fputc(',', f->out);
		f->column++;
		/* the comma behind this phrase must fit as well */
		if (f->column + 1 + width + 1 > limit)
			f->column = fprintf(f->out, "\n%*s", f->indent, "") - 1;
		else
			f->column += fprintf(f->out, " ");
	}
	ink__printf(f->out, f->style->colour, ink, "%s", phrase);
	f->column += width;
	f->open = true;
}

void flow__end(struct flow *f)
{
	fputc('\n', f->out);
}
