/*
 * say.h - how a workload talks to its test: lines out, one byte in.
 *
 * Not stdio: its buffers come from malloc, and a workload's allocations are
 * exactly those that it says it makes.
 */
#ifndef WORKLOAD_SAY_H
#define WORKLOAD_SAY_H

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* One write(2), so that lines of several processes do not mix. */
__attribute__((format(printf, 1, 2))) static inline void say(const char *format, ...)
{
	char line[4096];
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(line, sizeof(line), format, args);
	va_end(args);
	if (len < 0 || (size_t)len >= sizeof(line) || write(1, line, len) != len)
		_exit(99);
}

/* A workload whose own calls do not do what it says would be a wrong oracle: stop. */
#define MUST(condition)                                                                            \
	do {                                                                                       \
		if (!(condition)) {                                                                \
			say("%s:%d: %s: %s\n", __FILE__, __LINE__, #condition, strerror(errno));   \
			_exit(99);                                                                 \
		}                                                                                  \
	} while (0)

/* Until the test sends a byte; the end of its input does as well. */
static inline void wait_for_test(void)
{
	char byte;

	while (read(0, &byte, 1) < 0)
		MUST(errno == EINTR);
}

/* Keeps the compiler from removing an allocation that nothing uses. */
static inline void *keep(void *block)
{
	__asm__ volatile("" : "+r"(block) : : "memory");
	return block;
}

static inline unsigned long number(const char *text)
{
	char *end;
	unsigned long value = strtoul(text, &end, 10);

	MUST(*text && !*end);
	return value;
}

#endif
