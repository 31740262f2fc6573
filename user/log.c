/*
 * log.c - what the agent says about itself, on stderr.
 */
#include "log.h"

#include <poll.h>
#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#define READ_WITHIN_MS 500

static bool verbose_on;

void log__set_verbose(bool verbose)
{
	verbose_on = verbose;
}

bool log__verbose(void)
{
	return verbose_on;
}

/*
 * Not a word more where nobody reads: a message is no reason to keep probes attached.  Only the
 * first one waits.
 */
bool log__is_read(void)
{
	static bool stuck;
	struct pollfd p = {.fd = STDERR_FILENO, .events = POLLOUT};

	stuck = poll(&p, 1, stuck ? 0 : READ_WITHIN_MS) == 0;
	return !stuck;
}

static void say(const char *fmt, va_list args)
{
	char line[1024];

	if (!log__is_read())
		return;
	/* One write, so that lines of several processes do not mix. */
	vsnprintf(line, sizeof(line), fmt, args);
	/* Names of files and programs are in it: none of their bytes may steer a terminal. */
	for (char *p = line; *p; p++)
		if ((unsigned char)*p < ' ' || *p == 0x7f)
			*p = '?';
	fprintf(stderr, "brkscope: %s\n", line);
}

void log__error(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
}

void log__note(const char *fmt, ...)
{
	va_list args;

	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
}

void log__debug(const char *fmt, ...)
{
	va_list args;

	if (!verbose_on)
		return;
	va_start(args, fmt);
	say(fmt, args);
	va_end(args);
}
