/*
 * ledger_text.h - ledgers for tests, in pages, and written as text.
 *
 * The text is the pieces in order: "0-4M 4-8a 8-9A+".  The letter is the cause
 * (malloc, arena, direct, stack, file, loader, unattributed), small where it is
 * not usable; + is continued.
 */
#ifndef BRKSCOPE_LEDGER_TEXT_H
#define BRKSCOPE_LEDGER_TEXT_H

#include "model/ledger.h"

#define PAGE 4096ULL

struct region in_pages(__u64 start, __u64 end, enum cause cause, bool usable);

/* Each must succeed. */
void do_map(struct ledger **l, __u64 start, __u64 end, enum cause cause);
void do_reserve(struct ledger **l, __u64 start, __u64 end); /* an arena, not usable */
void do_unmap(struct ledger **l, __u64 start, __u64 end);
void do_protect(struct ledger **l, __u64 start, __u64 end, bool usable);
void do_remap(struct ledger **l, __u64 old, __u64 old_len, __u64 new_start, __u64 new_len);
void do_remap_keep(struct ledger **l, __u64 old, __u64 old_len, __u64 new_start, __u64 new_len);

#define LEDGER_TEXT_MAX 512
void ledger_text__write(const struct ledger *l, char text[LEDGER_TEXT_MAX]);
/* Is that all there is, and do count and totals say the same? */
#define CHECK(l, expected) ledger_text__check(l, expected, __FILE__, __LINE__)
void ledger_text__check(const struct ledger *l, const char *expected, const char *file, int line);

#endif
