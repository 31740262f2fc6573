/*
 * utf8.c - other people's bytes, read as UTF-8 without trusting them.
 *
 * What may be printed is a list of what is known to take one or two columns
 * and to move nothing else: no combining marks, no joiners, no direction
 * overrides, no private use.  Scripts that are not in it come out escaped,
 * which is safe; a list of what is forbidden would be out of date with the
 * next Unicode.
 */
#include "render/utf8.h"

static const struct {
	__u32 first, last;
	int columns;
} printable[] = {
	{0x20, 0x7e, 1},       /* ASCII */
	{0xa1, 0xac, 1},       /* Latin 1, without the soft hyphen */
	{0xae, 0x2ff, 1},      /* the rest of Latin, phonetic letters */
	{0x370, 0x482, 1},     /* Greek, Cyrillic */
	{0x48a, 0x52f, 1},     /* Cyrillic behind its combining marks */
	{0x2010, 0x2027, 1},   /* dashes, quotation marks, the ellipsis */
	{0x3001, 0x3029, 2},   /* CJK punctuation */
	{0x3041, 0x3096, 2},   /* Hiragana */
	{0x30a0, 0x30ff, 2},   /* Katakana */
	{0x3400, 0x4dbf, 2},   /* Han */
	{0x4e00, 0x9fff, 2},   /* Han */
	{0xac00, 0xd7a3, 2},   /* Hangul syllables */
	{0xff01, 0xff60, 2},   /* full-width forms */
	{0x20000, 0x2fa1d, 2}, /* Han */
};

size_t utf8__decode(const char *in, size_t size, __u32 *code)
{
	static const __u32 lowest[] = {0, 0, 0x80, 0x800, 0x10000};
	const unsigned char *b = (const unsigned char *)in;
	size_t length, i;
	__u32 c;

	if (!size)
		return 0;
	if (b[0] < 0x80) {
		*code = b[0];
		return 1;
	}
	if ((b[0] & 0xe0) == 0xc0)
		length = 2;
	else if ((b[0] & 0xf0) == 0xe0)
		length = 3;
	else if ((b[0] & 0xf8) == 0xf0)
		length = 4;
	else
		return 0;
	if (size < length)
		return 0;
	c = b[0] & (0x7fu >> length);
	for (i = 1; i < length; i++) {
		if ((b[i] & 0xc0) != 0x80)
			return 0;
		c = c << 6 | (b[i] & 0x3f);
	}
	if (c < lowest[length] || c > 0x10ffff || (c >= 0xd800 && c <= 0xdfff))
		return 0;
	*code = c;
	return length;
}

int utf8__columns(__u32 code)
{
	size_t i;

	for (i = 0; i < sizeof(printable) / sizeof(printable[0]); i++)
		if (code >= printable[i].first && code <= printable[i].last)
			return printable[i].columns;
	return 0;
}
