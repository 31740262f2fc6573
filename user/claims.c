/*
 * claims.c - what the self-test's workloads say is to be expected of them.
 */
#include "claims.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define LINE_MOST      256
#define CLAIMANTS_MOST 100
#define CLAIMS_MOST    5000
#define PID_MOST       4194304 /* PID_MAX_LIMIT */

static bool word_is_plain(const char *word)
{
	return *word && !word[strspn(word, "abcdefghijklmnopqrstuvwxyz0123456789_.,+-")];
}

static bool is_printable(const char *text)
{
	for (; *text; text++)
		if (*text < ' ' || *text > '~')
			return false;
	return true;
}

static bool read_number(const char *word, __u64 most, __u64 *out)
{
	char *end;

	if (!word || *word < '0' || *word > '9')
		return false;
	errno = 0;
	*out = strtoull(word, &end, 10);
	return !errno && !*end && *out <= most;
}

static bool copy_word(char *to, size_t size, const char *word)
{
	if (!word || !word_is_plain(word) || strlen(word) >= size)
		return false;
	strcpy(to, word);
	return true;
}

static int begin(struct claims *c, char *rest)
{
	struct claimant next = {.first = c->n_claims}, *more;
	char *save = NULL, *label = strtok_r(rest, " ", &save);
	char *pid_word = strtok_r(NULL, " ", &save), *parent_word = strtok_r(NULL, " ", &save);
	__u64 pid, parent;

	if (!copy_word(next.label, sizeof(next.label), label) ||
	    !read_number(pid_word, PID_MOST, &pid) || !pid ||
	    !read_number(parent_word, PID_MOST, &parent) || strtok_r(NULL, " ", &save) ||
	    c->n_claimants == CLAIMANTS_MOST)
		return -EINVAL;
	next.pid = pid;
	next.parent = parent;
	more = realloc(c->claimants, (c->n_claimants + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	c->claimants = more;
	c->claimants[c->n_claimants++] = next;
	return 0;
}

static int expect(struct claims *c, char *rest, bool optional)
{
	char *save = NULL, *name = strtok_r(rest, " ", &save);
	char *value = strtok_r(NULL, " ", &save);
	struct claim next = {.optional = optional}, *more;

	if (!copy_word(next.quantity, sizeof(next.quantity), name) ||
	    !read_number(value, ~0ull, &next.value) || strtok_r(NULL, " ", &save) ||
	    c->n_claims == CLAIMS_MOST)
		return -EINVAL;
	more = realloc(c->all, (c->n_claims + 1) * sizeof(*more));
	if (!more)
		return -ENOMEM;
	c->all = more;
	c->all[c->n_claims++] = next;
	c->claimants[c->n_claimants - 1].count++;
	return 0;
}

static int give_reason(struct claims *c, const char *rest, bool failed)
{
	struct claimant *last = &c->claimants[c->n_claimants - 1];

	if (!*rest || strlen(rest) >= sizeof(last->reason))
		return -EINVAL;
	strcpy(last->reason, rest);
	last->failed |= failed;
	last->skipped |= !failed;
	return 0;
}

/* One line, without its end.  *open: within a block. */
static int take(struct claims *c, char *line, bool *open)
{
	char *rest = strchr(line, ' ');

	if (!is_printable(line))
		return -EINVAL;
	if (*open && !strcmp(line, "end")) {
		*open = false;
		return 0;
	}
	if (!rest)
		return -EINVAL;
	*rest++ = 0;
	if (!*open) {
		*open = !strcmp(line, "process");
		return *open ? begin(c, rest) : -EINVAL;
	}
	if (!strcmp(line, "expect") || !strcmp(line, "want"))
		return expect(c, rest, *line == 'w');
	if (!strcmp(line, "skip") || !strcmp(line, "failed"))
		return give_reason(c, rest, *line == 'f');
	return -EINVAL;
}

int claims__parse(struct claims *c, const char *text, size_t size, size_t *line)
{
	bool open = false;
	int err = 0;

	*c = (struct claims){};
	*line = 0;
	while (size && !err) {
		const char *end = memchr(text, '\n', size);
		size_t len = end ? (size_t)(end - text) : size;
		char copy[LINE_MOST];

		++*line;
		if (!end || len >= sizeof(copy) || memchr(text, 0, len))
			return -EINVAL;
		memcpy(copy, text, len);
		copy[len] = 0;
		err = take(c, copy, &open);
		text += len + 1;
		size -= len + 1;
	}
	return !err && open ? -EINVAL : err;
}

void claims__clear(struct claims *c)
{
	free(c->claimants);
	free(c->all);
	*c = (struct claims){};
}

const struct claimant *claims__find(const struct claims *c, const char *label)
{
	for (size_t i = 0; i < c->n_claimants; i++)
		if (!strcmp(c->claimants[i].label, label))
			return &c->claimants[i];
	return NULL;
}
