/*
 * input.h - the fuzzer's bytes, taken from the front until there are none; and what must hold.
 */
#ifndef BRKSCOPE_FUZZ_INPUT_H
#define BRKSCOPE_FUZZ_INPUT_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <linux/types.h>

static inline void require(bool holds, const char *what)
{
	if (holds)
		return;
	fprintf(stderr, "not so: %s\n", what);
	abort();
}

struct input {
	const uint8_t *data;
	size_t size;
};

/* What is not there is 0. */
static inline void take_bytes(struct input *in, void *out, size_t bytes)
{
	size_t n = bytes < in->size ? bytes : in->size;

	memset(out, 0, bytes);
	memcpy(out, in->data, n);
	in->data += n;
	in->size -= n;
}

static inline __u64 take(struct input *in, size_t bytes)
{
	__u64 value = 0;

	take_bytes(in, &value, bytes);
	return value;
}

#endif
