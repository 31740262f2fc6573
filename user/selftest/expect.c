/*
 * expect.c - what a workload knows of itself, said to the agent.
 */
#include "selftest/workload.h"

#include <stdarg.h>
#include <stdio.h>
#include <unistd.h>

#include "brkscope/selftest.h"
#include "selftest/say.h"

static char text[16384];
static size_t len;
static int out_fd = -1;
static const char *own_name = "";

void say__open(int fd, const char *name)
{
	out_fd = fd;
	own_name = name;
}

const char *say__name(void)
{
	return own_name;
}

int say__fd(void)
{
	return out_fd;
}

__attribute__((format(printf, 1, 2))) static void add(const char *format, ...)
{
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(text + len, sizeof(text) - len, format, args);
	va_end(args);
	if (n < 0 || (size_t)n >= sizeof(text) - len)
		_exit(SAY_STATUS);
	len += n;
}

void expect__begin(const char *label, pid_t pid, pid_t parent)
{
	len = 0;
	add("process %s %d %d\n", label, pid, parent);
}

void expect(const char *quantity, uint64_t value)
{
	add("expect %s %llu\n", quantity, (unsigned long long)value);
}

void want(const char *quantity, uint64_t value)
{
	add("want %s %llu\n", quantity, (unsigned long long)value);
}

/* One write, at the file's end: blocks of several processes do not mix. */
void expect__end(void)
{
	add("end\n");
	if (write(out_fd, text, len) != (ssize_t)len)
		_exit(SAY_STATUS);
	len = 0;
}

void workload__skip(const char *reason)
{
	expect__begin(own_name, getpid(), 0);
	add("skip %s\n", reason);
	expect__end();
	_exit(0);
}

void say__failed(const char *name, pid_t pid, const char *format, ...)
{
	char reason[SELFTEST_REASON_MAX];
	va_list args;

	va_start(args, format);
	vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	expect__begin(name, pid, 0);
	add("failed %s\n", reason);
	expect__end();
}

void workload__fail(const char *file, int line, const char *what, int err)
{
	const char *base = strrchr(file, '/');

	say__failed(own_name, getpid(), "%s:%d: %s: error %d", base ? base + 1 : file, line, what,
		    err);
	_exit(SAY_STATUS);
}

void account__add(struct account *a, uint64_t bytes)
{
	a->calls++;
	a->bytes += bytes;
	a->bucket[bytes <= 1 ? 0 : 64 - __builtin_clzll(bytes - 1)]++;
}

void expect_blocks(uint64_t frees, uint64_t live_blocks, uint64_t live_bytes)
{
	expect("malloc.frees.calls", frees);
	expect("malloc.live_blocks", live_blocks);
	expect("malloc.live_bytes", live_bytes);
}

void account__expect(const struct account *a)
{
	char name[64];

	expect("malloc.calls", a->calls);
	expect("malloc.bytes", a->bytes);
	for (int i = 0; i < ACCOUNT_BUCKETS; i++) {
		if (!a->bucket[i])
			continue;
		snprintf(name, sizeof(name), "malloc_size.le.%llu", 1ull << i);
		expect(name, a->bucket[i]);
	}
}
