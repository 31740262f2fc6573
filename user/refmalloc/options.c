/*
 * options.c - REFMALLOC_OPTIONS: mmap_threshold=N,top_pad=N,trim_threshold=N,check=0|1|2,junk,
 * stats,stats=FILE,peaks,cache=0; separated by commas, colons or spaces; K, M and G after a number.
 *
 * Read when the first block is asked for, which may be before libc has set `environ`: then the
 * kernel's copy is read.  What is not understood ends the program: an option with a typing error
 * that is silently without effect would be believed.
 */
#include "options.h"

#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "fatal.h"

#define NAME	   "REFMALLOC_OPTIONS"
#define SEPARATORS ",: "

struct options options = {
	.mmap_threshold = 128 << 10,
	.top_pad = 128 << 10,
	.trim_threshold = 128 << 10,
	.mmap_max = 65536,
	.cache = 1,
};

char options_stats_file[PATH_MAX];

extern char **environ;

void options__set(size_t *value, size_t n)
{
	__atomic_store_n(value, n, __ATOMIC_RELAXED);
	__atomic_store_n(&options.fixed, true, __ATOMIC_RELAXED);
}

static bool is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(word, name, len) == 0;
}

/* Digits, and a suffix that multiplies; what ends it is not of the number. */
static bool number(const char *text, const char *end, size_t *n)
{
	static const char suffixes[] = "KMG";
	const char *suffix = end > text ? memchr(suffixes, end[-1] & ~0x20, 3) : NULL;
	unsigned int shift = suffix ? 10 * (suffix - suffixes + 1) : 0;
	char *behind;

	if (*text < '0' || *text > '9')
		return false;
	errno = 0;
	*n = strtoul(text, &behind, 10);
	return !errno && behind + (suffix != NULL) == end &&
	       !__builtin_mul_overflow(*n, (size_t)1 << shift, n);
}

static const struct setting {
	const char *name;
	size_t *size; /* or */
	int *choice;
	size_t least, most;
} settings[] = {
	{"mmap_threshold", &options.mmap_threshold, NULL, 1, MMAP_THRESHOLD_MAX},
	{"top_pad", &options.top_pad, NULL, 0, SIZE_MAX},
	{"trim_threshold", &options.trim_threshold, NULL, 0, SIZE_MAX},
	{"check", NULL, &options.check, 0, 2},
	{"cache", NULL, &options.cache, 0, 1},
};

static bool set_number(const char *word, const char *equals, const char *end)
{
	size_t n;

	for (const struct setting *s = settings; s < settings + sizeof(settings) / sizeof(*s);
	     s++) {
		if (!is(word, equals - word, s->name))
			continue;
		if (!number(equals + 1, end, &n) || n < s->least || n > s->most)
			return false;
		if (s->size)
			options__set(s->size, n);
		else
			*s->choice = (int)n;
		return true;
	}
	return false;
}

static bool set(const char *word, size_t len)
{
	const char *end = word + len, *equals = memchr(word, '=', len);
	size_t name = equals ? (size_t)(equals - word) : len, value = equals ? len - name - 1 : 0;

	if (is(word, len, "junk")) {
		options.junk = true;
	} else if (is(word, len, "peaks")) {
		options.peaks = true;
	} else if (is(word, name, "stats") && value < sizeof(options_stats_file)) {
		options.stats = true;
		if (value)
			memcpy(options_stats_file, equals + 1, value);
		if (value || options_stats_file[0]) /* else its page is not touched */
			options_stats_file[value] = '\0';
	} else {
		return equals && set_number(word, equals, end);
	}
	return true;
}

static void parse(const char *text)
{
	for (size_t len; *text; text += len) {
		text += strspn(text, SEPARATORS);
		len = strcspn(text, SEPARATORS);
		if (len && !set(text, len))
			fatal__option(text, len);
	}
}

/* In /proc/self/environ, in pieces: strings end with a 0, ours is kept whole. */
static void parse_kernel_copy(void)
{
	char value[PATH_MAX + 256], byte;
	size_t len = 0, matched = 0;
	bool other = false;
	int fd = open("/proc/self/environ", O_RDONLY | O_CLOEXEC);

	while (fd >= 0 && read(fd, &byte, 1) == 1) {
		if (matched == sizeof(NAME "=") - 1 && len < sizeof(value)) {
			value[len++] = byte;
			if (!byte)
				break;
		} else if (!byte) {
			matched = 0;
			other = false;
		} else if (!other && byte == (NAME "=")[matched]) {
			matched++;
		} else {
			other = true;
			matched = 0;
		}
	}
	if (fd >= 0)
		close(fd);
	if (len && !value[len - 1])
		parse(value);
}

void options__read_environment(void)
{
	const char *value;
	int saved = errno;

	if (!environ && !getauxval(AT_SECURE))
		parse_kernel_copy();
	else if ((value = secure_getenv(NAME)))
		parse(value);
	errno = saved;
}
