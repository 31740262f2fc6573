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
#include <string.h>
#include <sys/auxv.h>
#include <unistd.h>

#include "fatal.h"

#define NAME	   "REFMALLOC_OPTIONS="
#define SEPARATORS ",: "

struct options options = {
	.mmap_threshold = 128 << 10,
	.top_pad = 128 << 10,
	.trim_threshold = 128 << 10,
	.mmap_max = 65536,
};

char options_stats_file[PATH_MAX];

extern char **environ;

void options__set(size_t *value, size_t n)
{
	__atomic_store_n(value, n, __ATOMIC_RELAXED);
	__atomic_store_n(&options.fixed, true, __ATOMIC_RELAXED);
}

static bool number(const char *text, size_t len, size_t *n)
{
	static const char suffixes[] = "KMG";
	const char *suffix = len ? memchr(suffixes, text[len - 1] & ~0x20, 3) : NULL;

	*n = 0;
	len -= suffix != NULL;
	for (size_t i = 0; i < len; i++)
		if (text[i] < '0' || text[i] > '9' || __builtin_mul_overflow(*n, 10, n) ||
		    __builtin_add_overflow(*n, text[i] - '0', n))
			return false;
	return len && (!suffix ||
		       !__builtin_mul_overflow(*n, (size_t)1 << (10 * (suffix - suffixes + 1)), n));
}

static bool is(const char *word, size_t len, const char *name)
{
	return strlen(name) == len && memcmp(word, name, len) == 0;
}

static bool set_size(const char *word, size_t name_len, size_t n)
{
	if (is(word, name_len, "mmap_threshold") && n > 0 && n <= MMAP_THRESHOLD_MAX)
		options__set(&options.mmap_threshold, n);
	else if (is(word, name_len, "top_pad"))
		options__set(&options.top_pad, n);
	else if (is(word, name_len, "trim_threshold"))
		options__set(&options.trim_threshold, n);
	else
		return false;
	return true;
}

static bool set(const char *word, size_t len)
{
	const char *equals = memchr(word, '=', len);
	const char *value = equals ? equals + 1 : NULL;
	size_t name_len = equals ? (size_t)(equals - word) : len;
	size_t value_len = equals ? len - name_len - 1 : 0;
	size_t n;

	if (is(word, len, "junk")) {
		options.junk = true;
	} else if (is(word, len, "peaks")) {
		options.peaks = true;
	} else if (is(word, name_len, "stats") && value_len < sizeof(options_stats_file)) {
		options.stats = true;
		if (value)
			memcpy(options_stats_file, value, value_len);
	} else if (!equals || !number(value, value_len, &n)) {
		return false;
	} else if (is(word, name_len, "check") && n <= 2) {
		options.check = (int)n;
	} else if (is(word, name_len, "cache") && n <= 1) {
		options.no_cache = n == 0;
	} else {
		return set_size(word, name_len, n);
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
		if (matched == sizeof(NAME) - 1 && len < sizeof(value)) {
			value[len++] = byte;
			if (!byte)
				break;
		} else if (!byte) {
			matched = 0;
			other = false;
		} else if (!other && byte == NAME[matched]) {
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
	int saved = errno;

	if (getauxval(AT_SECURE))
		return;
	if (!environ)
		parse_kernel_copy();
	for (char **e = environ; e && *e; e++)
		if (strncmp(*e, NAME, sizeof(NAME) - 1) == 0)
			parse(*e + sizeof(NAME) - 1);
	errno = saved;
}
