/*
 * ledger_text.c - the text comes from ledger__each, and the totals are added up from it again.
 */
#include "ledger_text.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>

#include <cmocka.h>

struct text {
	char buf[LEDGER_TEXT_MAX];
	size_t len;
	struct ledger_total totals[CAUSE_COUNT];
	size_t pieces;
};

struct region in_pages(__u64 start, __u64 end, enum cause cause, bool usable)
{
	return (struct region){
		.start = start * PAGE,
		.end = end * PAGE,
		.cause = cause,
		.usable = usable,
	};
}

void do_map(struct ledger **l, __u64 start, __u64 end, enum cause cause)
{
	struct region r = in_pages(start, end, cause, true);

	assert_int_equal(ledger__map(l, &r), 0);
}

void do_reserve(struct ledger **l, __u64 start, __u64 end)
{
	struct region r = in_pages(start, end, CAUSE_ARENA, false);

	assert_int_equal(ledger__map(l, &r), 0);
}

void do_unmap(struct ledger **l, __u64 start, __u64 end)
{
	assert_int_equal(ledger__unmap(l, start * PAGE, end * PAGE), 0);
}

void do_protect(struct ledger **l, __u64 start, __u64 end, bool usable)
{
	assert_int_equal(ledger__protect(l, start * PAGE, end * PAGE, usable), 0);
}

static void remap(struct ledger **l, __u64 old, __u64 old_len, __u64 new_start, __u64 new_len,
		  bool keep)
{
	int err = ledger__remap(l, old * PAGE, old_len * PAGE, new_start * PAGE, new_len * PAGE,
				keep, CAUSE_UNATTRIBUTED);

	assert_int_equal(err, 0);
}

void do_remap(struct ledger **l, __u64 old, __u64 old_len, __u64 new_start, __u64 new_len)
{
	remap(l, old, old_len, new_start, new_len, false);
}

void do_remap_keep(struct ledger **l, __u64 old, __u64 old_len, __u64 new_start, __u64 new_len)
{
	remap(l, old, old_len, new_start, new_len, true);
}

static bool write_piece(const struct region *r, void *arg)
{
	static const char letters[2][CAUSE_COUNT + 1] = {"madsflu", "MADSFLU"};
	struct text *t = arg;
	struct ledger_total *total = &t->totals[r->cause];

	t->len += snprintf(t->buf + t->len, sizeof(t->buf) - t->len, "%s%llu-%llu%c%s",
			   t->len ? " " : "", r->start / PAGE, r->end / PAGE,
			   letters[r->usable][r->cause], r->continued ? "+" : "");
	assert_true(t->len < sizeof(t->buf));
	t->pieces++;
	total->bytes += r->end - r->start;
	total->usable_bytes += r->usable ? r->end - r->start : 0;
	total->regions += !r->continued;
	return true;
}

void ledger_text__write(const struct ledger *l, char text[LEDGER_TEXT_MAX])
{
	struct text t = {.len = 0};

	ledger__each(l, write_piece, &t);
	memcpy(text, t.buf, sizeof(t.buf));
}

void ledger_text__check(const struct ledger *l, const char *expected, const char *file, int line)
{
	struct text t = {.len = 0};

	ledger__each(l, write_piece, &t);
	if (strcmp(t.buf, expected)) {
		print_error("is       \"%s\"\nshall be \"%s\"\n", t.buf, expected);
		_fail(file, line);
	}
	_assert_int_equal(ledger__count(l), t.pieces, file, line);
	for (int i = 0; i < CAUSE_COUNT; i++) {
		const struct ledger_total *total = ledger__total(l, i);

		_assert_int_equal(total->bytes, t.totals[i].bytes, file, line);
		_assert_int_equal(total->usable_bytes, t.totals[i].usable_bytes, file, line);
		_assert_int_equal(total->regions, t.totals[i].regions, file, line);
	}
}
