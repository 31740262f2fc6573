/*
 * json_value.h - the model's numbers and strings as JSON values.
 */
#ifndef BRKSCOPE_RENDER_JSON_VALUE_H
#define BRKSCOPE_RENDER_JSON_VALUE_H

#include <stdbool.h>
#include <stddef.h>

#include <jansson.h>
#include <linux/types.h>

/*
 * Each returns a new reference, or NULL where there is no memory: json_pack()
 * then fails as a whole, so a caller checks only the outermost one.
 */
json_t *value__number(__u64 number);
json_t *value__known(bool known, __u64 number); /* or null */
/* Up to the NUL or size bytes; null for NULL. */
json_t *value__string(const char *bytes, size_t size);

#endif
