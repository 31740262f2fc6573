/*
 * json_value.c - the model's numbers and strings as JSON values.
 */
#include "render/json_value.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include "render/utf8.h"

static const char replacement[] = "\xef\xbf\xbd"; /* U+FFFD */

json_t *value__number(__u64 number)
{
	/* as a negative integer it would be wrong, as a double it is only rounded */
	if (number > (__u64)INT64_MAX)
		return json_real((double)number);
	return json_integer((json_int_t)number);
}

json_t *value__known(bool known, __u64 number)
{
	return known ? value__number(number) : json_null();
}

json_t *value__string(const char *bytes, size_t size)
{
	size_t left = bytes ? strnlen(bytes, size) : 0, length;
	char *text, *end;
	json_t *string;
	__u32 code;

	if (!bytes)
		return json_null();
	if (!left)
		return json_string("");
	text = end = malloc(left * (sizeof(replacement) - 1));
	if (!text)
		return NULL;
	while (left) {
		length = utf8__decode(bytes, left, &code);
		if (length) {
			memcpy(end, bytes, length);
			end += length;
		} else {
			memcpy(end, replacement, sizeof(replacement) - 1);
			end += sizeof(replacement) - 1;
			length = 1;
		}
		bytes += length;
		left -= length;
	}
	string = json_stringn(text, (size_t)(end - text));
	free(text);
	return string;
}
