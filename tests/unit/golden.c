/*
 * golden.c - output compared, byte by byte, with a file of tests/golden.
 */
#include "golden.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

void output__begin(struct output *o)
{
	memset(o, 0, sizeof(*o));
	o->stream = open_memstream(&o->text, &o->size);
	assert_non_null(o->stream);
}

void output__finish(struct output *o)
{
	assert_int_equal(fclose(o->stream), 0);
	o->stream = NULL;
}

void output__free(struct output *o)
{
	free(o->text);
	o->text = NULL;
}

static FILE *open_golden(const char *name, const char *mode)
{
	char path[512];
	FILE *file;

	snprintf(path, sizeof(path), "%s/%s", GOLDEN_DIR, name);
	file = fopen(path, mode);
	if (!file)
		fail_msg("%s: %s; UPDATE_GOLDEN=1 writes it", path, strerror(errno));
	return file;
}

static void write_golden(const char *name, const struct output *o)
{
	FILE *file = open_golden(name, "w");

	assert_int_equal(fwrite(o->text, 1, o->size, file), o->size);
	assert_int_equal(fclose(file), 0);
}

static char *read_golden(const char *name, size_t *size)
{
	FILE *file = open_golden(name, "r");
	char *text;
	long end;

	assert_int_equal(fseek(file, 0, SEEK_END), 0);
	end = ftell(file);
	assert_true(end >= 0);
	rewind(file);
	*size = (size_t)end;
	text = malloc(*size + 1);
	assert_non_null(text);
	assert_int_equal(fread(text, 1, *size, file), *size);
	text[*size] = '\0';
	fclose(file);
	return text;
}

static int line_length(const char *text, size_t from)
{
	return (int)strcspn(text + from, "\n");
}

static void compare(const char *name, const char *want, size_t want_size, const struct output *o)
{
	size_t i = 0, start = 0, line = 1;

	if (want_size == o->size && !memcmp(want, o->text, want_size))
		return;
	for (; i < want_size && i < o->size && want[i] == o->text[i]; i++) {
		if (want[i] != '\n')
			continue;
		line++;
		start = i + 1;
	}
	fail_msg("%s:%zu differs\nwant: %.*s\n got: %.*s", name, line, line_length(want, start),
		 want + start, line_length(o->text, start), o->text + start);
}

void golden__check(const char *name, struct output *o)
{
	const char *update = getenv("UPDATE_GOLDEN");
	size_t size;
	char *want;

	output__finish(o);
	if (update && !strcmp(update, "1"))
		write_golden(name, o);
	want = read_golden(name, &size);
	compare(name, want, size, o);
	free(want);
	output__free(o);
}
