/*
 * histogram.c - counts by power-of-two size, a row each, with a bar split into parts.
 *
 * The head of each column of numbers names a part and shows its glyph, and so
 * is the legend; where there are too many parts for that, the head has the
 * names and the rows their sum.  Bars are linear, against the fullest row; but a part that is
 * not 0 has at least one glyph, however small: that it is there is what one
 * looks for.
 */
#include "render/histogram.h"

#include <string.h>

#include "render/flow.h"
#include "render/units.h"

#define INDENT	    4
#define LABEL	    7 /* "<= 256K" */
#define GAP	    2
#define NUMBER	    5
#define BAR_MAX	    64 /* longer ones only tire the eye */
#define BAR_MIN	    16 /* rather than less, no numbers for each part */
#define VISIBLE	    4  /* eighths of a column in which a colour can be told */
#define COLUMNS_MIN 80

struct histogram {
	FILE *out;
	const struct style *style;
	const struct histogram_part *parts[HISTOGRAM_PARTS];
	int count;
	int first, last; /* buckets */
	bool numbers;	 /* for each part, or else for all together */
	int bar;	 /* columns of the longest */
	__u64 most;	 /* of a row */
};

static __u64 saturated_sum(__u64 a, __u64 b)
{
	__u64 sum;

	return __builtin_add_overflow(a, b, &sum) ? ~0ull : sum;
}

static __u64 row_total(const struct histogram *h, int bucket)
{
	__u64 total = 0;
	int i;

	for (i = 0; i < h->count; i++)
		total = saturated_sum(total, h->parts[i]->calls[bucket]);
	return total;
}

static bool is_empty(const struct histogram_part *part)
{
	int i;

	for (i = 0; i < SIZE_BUCKETS; i++)
		if (part->calls[i])
			return false;
	return true;
}

static const char *glyph_of(const struct histogram *h, const struct histogram_part *part,
			    char letter[2])
{
	if (h->style->utf8 && h->style->colour)
		return "█";
	if (h->style->utf8 && part->shade)
		return part->shade;
	letter[0] = part->letter;
	letter[1] = '\0';
	return letter;
}

/* The head of a part's column: "█ heap". */
static int head_width(const struct histogram_part *part)
{
	int width = 2 + (int)strlen(part->name);

	return width < NUMBER ? NUMBER : width;
}

/* 0: every bucket is empty */
static bool measure(struct histogram *h)
{
	int columns = h->style->columns < COLUMNS_MIN ? COLUMNS_MIN : h->style->columns;
	__u64 total;
	int i;

	h->first = -1;
	for (i = 0; i < SIZE_BUCKETS; i++) {
		total = row_total(h, i);
		if (!total)
			continue;
		if (h->first < 0)
			h->first = i;
		h->last = i;
		if (total > h->most)
			h->most = total;
	}
	h->bar = columns - INDENT - LABEL - GAP;
	for (i = 0; i < h->count; i++)
		h->bar -= GAP + head_width(h->parts[i]);
	h->numbers = h->bar >= BAR_MIN;
	if (!h->numbers)
		h->bar = columns - INDENT - LABEL - GAP - GAP - NUMBER;
	if (h->bar > BAR_MAX)
		h->bar = BAR_MAX;
	return h->first >= 0;
}

static void print_head(const struct histogram *h, const char *title)
{
	char letter[2];
	int i;

	fputs("\n  ", h->out);
	ink__printf(h->out, h->style->colour, INK_STRONG, "%s", title);
	fprintf(h->out, "\n%*s", INDENT - GAP + (h->numbers ? LABEL + GAP : 0), "");
	for (i = 0; i < h->count; i++) {
		fprintf(h->out, "%*s", GAP, "");
		ink__printf(h->out, h->style->colour, h->parts[i]->ink, "%s",
			    glyph_of(h, h->parts[i], letter));
		fprintf(h->out, " %*s", head_width(h->parts[i]) - 2, h->parts[i]->name);
	}
	fputc('\n', h->out);
}

static void print_label(const struct histogram *h, int bucket)
{
	const char *sign = h->style->utf8 ? " ≤" : "<=";
	char text[UNIT_SIZE];

	/* the last bucket has no upper edge */
	if (bucket == SIZE_BUCKETS - 1)
		fprintf(h->out, "%*s> %4s", INDENT + 1, "",
			unit__power_of_two(text, SIZE_BUCKETS - 2));
	else
		fprintf(h->out, "%*s%s %4s", INDENT, "", sign,
			unit__power_of_two(text, (unsigned int)bucket));
}

/* value / of * eighths, rounded */
static int share(__u64 value, __u64 of, int eighths)
{
	if (value >= of)
		return eighths;
	return (int)(((unsigned __int128)value * (unsigned int)eighths + of / 2) / of);
}

static void print_part(const struct histogram *h, const struct histogram_part *part, int eighths)
{
	static const char *const blocks[] = {"", "▏", "▎", "▍", "▌", "▋", "▊", "▉"};
	char letter[2];
	const char *glyph = glyph_of(h, part, letter);
	bool divisible = !strcmp(glyph, "█");
	int whole = divisible ? eighths / 8 : (eighths + 4) / 8;

	if (!whole && !divisible)
		whole = 1;
	ink__begin(h->out, h->style->colour, part->ink);
	while (whole-- > 0)
		fputs(glyph, h->out);
	if (divisible)
		fputs(blocks[eighths % 8], h->out);
	ink__end(h->out, h->style->colour, part->ink);
}

/* Of left eighths, one column at least, and enough of them for the parts to come. */
static int whole_columns(int eighths, int left, int after)
{
	int columns = (eighths + 4) / 8, most = (left - (after - 1) * 8 - VISIBLE) / 8;

	if (columns > most)
		columns = most;
	return columns < 1 ? 8 : columns * 8;
}

/* Only the last part may end inside a column: the next one would start there. */
static void print_bar(const struct histogram *h, int bucket)
{
	__u64 total = row_total(h, bucket), value;
	int i, left, size, after = 0; /* parts that are still to come */

	if (!total)
		return;
	for (i = 0; i < h->count; i++)
		after += !!h->parts[i]->calls[bucket];
	left = share(total, h->most, h->bar * 8);
	if (left < (after - 1) * 8 + VISIBLE)
		left = (after - 1) * 8 + VISIBLE;
	fprintf(h->out, "%*s", GAP, "");
	for (i = 0; i < h->count; i++) {
		value = h->parts[i]->calls[bucket];
		if (!value)
			continue;
		after--;
		size = after ? whole_columns(share(value, total, left), left, after) : left;
		print_part(h, h->parts[i], size);
		left -= size;
		total -= value < total ? value : total - 1;
	}
}

static void print_number(const struct histogram *h, __u64 calls, int width)
{
	char text[UNIT_SIZE];

	fprintf(h->out, "%*s", GAP, "");
	ink__printf(h->out, h->style->colour, calls ? INK_PLAIN : INK_DIM, "%*s", width,
		    unit__count(text, calls));
}

static void print_row(const struct histogram *h, int bucket)
{
	int i;

	print_label(h, bucket);
	if (!h->numbers)
		print_number(h, row_total(h, bucket), NUMBER);
	for (i = 0; h->numbers && i < h->count; i++)
		print_number(h, h->parts[i]->calls[bucket], head_width(h->parts[i]));
	print_bar(h, bucket);
	fputc('\n', h->out);
}

void histogram__print(FILE *out, const struct style *style, const char *title,
		      const struct histogram_part *parts, int count)
{
	struct histogram h = {.out = out, .style = style};
	int i;

	for (i = 0; i < count; i++)
		if (parts[i].always || !is_empty(&parts[i]))
			h.parts[h.count++] = &parts[i];
	if (!measure(&h))
		return;
	print_head(&h, title);
	for (i = h.first; i <= h.last; i++)
		print_row(&h, i);
}
