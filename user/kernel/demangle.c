/*
 * demangle.c - a C++ function's name as it was written.
 *
 * By libiberty, as in binutils.  Names come from other users' files, and a mangled
 * name can refer to its own parts: with n such references it may unfold to 3^(n/3)
 * times its length.  So those are counted before.
 */
#include "kernel/demangle.h"

#include <ctype.h>
#include <string.h>

#include <libiberty/demangle.h>

#define LENGTH_MOST	1024
#define REFERENCES_MOST 24 /* 3^8 times the length: some ms */

struct text {
	char *out;
	size_t used, size;
};

static void append(const char *part, size_t length, void *arg)
{
	struct text *t = arg;
	size_t room = t->size - 1 - t->used;

	length = length < room ? length : room;
	memcpy(t->out + t->used, part, length);
	t->used += length;
	t->out[t->used] = 0;
}

/* S_, S0_, T_, T0_ (and what only looks like them): Itanium C++ ABI, 5.1.10 and 5.1.5.8 */
static unsigned int references(const char *name)
{
	unsigned int n = 0;

	for (; *name; name++)
		n += (*name == 'S' || *name == 'T') &&
		     (name[1] == '_' || isdigit((unsigned char)name[1]) ||
		      isupper((unsigned char)name[1]));
	return n;
}

bool demangle(const char *name, char *out, size_t size)
{
	char text[LENGTH_MOST];
	struct text t = {text, 0, sizeof(text)};

	if (strncmp(name, "_Z", 2) || strlen(name) > LENGTH_MOST ||
	    references(name) > REFERENCES_MOST ||
	    !cplus_demangle_v3_callback(name, DMGL_NO_OPTS, append, &t) || !t.used)
		return false;
	t.used = t.used < size ? t.used : size - 1;
	memcpy(out, text, t.used);
	out[t.used] = 0;
	return true;
}
