/*
 * table.c - one row a process: heap, mmap by cause, calls, resident memory.
 *
 * 80 columns hold every column of the table at its narrowest; what there is
 * beyond goes to the names first, then to numbers, then to white space.  The
 * widths depend on the style and the PIDs only, so that a table that is printed
 * again and again does not jump.
 */
#include "render/table.h"

#include <stdarg.h>
#include <string.h>

#include "render/flow.h"
#include "render/ink.h"
#include "render/mark.h"
#include "render/sanitize.h"
#include "render/sort.h"
#include "render/units.h"

#define COLUMNS_MIN 80
#define COMM_MIN    3
#define COMM_MAX    15
#define PID_MIN	    5

enum format { FORMAT_BYTES, FORMAT_COUNT, FORMAT_RATE, FORMAT_GROWTH };

struct column {
	const char *group; /* of neighbours: the same pointer is the same group */
	const char *name;
	enum sort_key key;
	enum format format;
	int narrow, width;
	bool optional; /* only where there is room and something to show */
};

static const char heap[] = "heap", live[] = "mmap, live", calls[] = "calls", requests[] = "malloc",
		  alone[] = "";

static const struct column totals[] = {
	{heap, "now", SORT_HEAP, FORMAT_BYTES, 5, 5, false},
	{heap, "grown", SORT_GROWN, FORMAT_BYTES, 5, 5, false},
	{live, "malloc", SORT_MALLOC, FORMAT_BYTES, 6, 6, false},
	{live, "arena", SORT_ARENA, FORMAT_BYTES, 5, 5, false},
	{live, "direct", SORT_DIRECT, FORMAT_BYTES, 6, 6, false},
	{live, "file", SORT_FILE, FORMAT_BYTES, 5, 5, false},
	{live, "unattributed", SORT_UNATTRIBUTED, FORMAT_BYTES, 12, 12, true},
	{calls, "brk", SORT_BRK, FORMAT_COUNT, 4, 5, false},
	{calls, "mmap", SORT_MMAP, FORMAT_COUNT, 4, 5, false},
	{requests, "calls", SORT_CALLS, FORMAT_COUNT, 5, 5, false},
	{requests, "bytes", SORT_BYTES, FORMAT_BYTES, 5, 5, false},
	{alone, "RSS", SORT_RSS, FORMAT_BYTES, 5, 5, false},
};

static const struct column rates[] = {
	{alone, "heap", SORT_HEAP, FORMAT_BYTES, 5, 5, false},
	{live, "malloc", SORT_MALLOC, FORMAT_BYTES, 6, 6, false},
	{live, "arena", SORT_ARENA, FORMAT_BYTES, 5, 5, false},
	{live, "direct", SORT_DIRECT, FORMAT_BYTES, 6, 6, false},
	{live, "file", SORT_FILE, FORMAT_BYTES, 5, 5, false},
	{live, "unattributed", SORT_UNATTRIBUTED, FORMAT_BYTES, 12, 12, true},
	{alone, "RSS", SORT_RSS, FORMAT_BYTES, 5, 5, false},
	{calls, "brk/s", SORT_BRK, FORMAT_RATE, 5, 5, false},
	{calls, "mmap/s", SORT_MMAP, FORMAT_RATE, 6, 6, false},
	{calls, "malloc/s", SORT_CALLS, FORMAT_RATE, 8, 8, false},
	{alone, "growth", SORT_GROWTH, FORMAT_GROWTH, 6, 6, false},
};

/* At level live there is one number more, and in 80 columns it takes the place of another. */
static const struct {
	enum sort_key instead_of, before;
	struct column column;
} at_live[] = {
	{SORT_BYTES, SORT_RSS, {requests, "live", SORT_OUTSTANDING, FORMAT_BYTES, 5, 5, false}},
	{SORT_FILE, SORT_RSS, {alone, "in use", SORT_OUTSTANDING, FORMAT_BYTES, 6, 6, false}},
};

#define COLUMNS_MOST 16

/* What there is in the rows, and so must find room or be explained. */
struct content {
	__u32 pid_max;
	bool exited, unknown; /* rows, numbers */
	struct marks marks;
	bool incomplete;    /* outstanding blocks: there may be older ones */
	__u64 unattributed; /* bytes */
	size_t unattributed_in;
};

struct table {
	FILE *out;
	const struct snapshot *s;
	const struct style *style;
	struct column columns[COLUMNS_MOST];
	size_t count;
	struct content content;

	int pid, comm;
	int wide;     /* counts of five columns */
	int optional; /* columns */
	int marks;    /* columns of what stands before numbers of malloc that are not exact */
	int group_gap, gap;
};

static bool is_shown(const struct table *t, size_t i)
{
	return !t->columns[i].optional || t->optional;
}

static bool starts_group(const struct table *t, size_t i)
{
	const char *group = t->columns[i].group;

	return !i || group == alone || t->columns[i - 1].group != group;
}

/* Totals of malloc; a rate's column has the room. */
static bool has_marks(const struct table *t, size_t i)
{
	return t->columns[i].group == requests && t->columns[i].key != SORT_OUTSTANDING;
}

static int column_width(const struct table *t, size_t i)
{
	int width = t->wide ? t->columns[i].width : t->columns[i].narrow;

	if (!has_marks(t, i))
		return width;
	/* A count can do with a digit less, and 80 columns have no more. */
	return width + (t->columns[i].format == FORMAT_COUNT && t->marks ? 1 : t->marks);
}

static int gap_before(const struct table *t, size_t i)
{
	return starts_group(t, i) ? t->group_gap : t->gap;
}

static int table_width(const struct table *t)
{
	int width = t->pid + 1 + t->comm;
	size_t i;

	for (i = 0; i < t->count; i++)
		if (is_shown(t, i))
			width += gap_before(t, i) + column_width(t, i);
	return width;
}

/* Raises what the width depends on, up to limit or as long as the table fits. */
static void widen(struct table *t, int *what, int limit)
{
	int columns = t->style->columns < COLUMNS_MIN ? COLUMNS_MIN : t->style->columns;

	while (*what < limit) {
		(*what)++;
		if (table_width(t) <= columns)
			continue;
		(*what)--;
		return;
	}
}

static void lay_out(struct table *t)
{
	char digits[UNIT_SIZE];

	t->pid = snprintf(digits, sizeof(digits), "%u", t->content.pid_max);
	if (t->pid < PID_MIN)
		t->pid = PID_MIN;
	t->marks = marks__columns(&t->content.marks, t->style);
	t->comm = COMM_MIN;
	t->gap = t->group_gap = 1;
	widen(t, &t->comm, COMM_MAX);
	widen(t, &t->wide, 1);
	if (t->content.unattributed)
		widen(t, &t->optional, 1);
	widen(t, &t->group_gap, 2);
	widen(t, &t->gap, 2);
	widen(t, &t->group_gap, 4);
}

static void content_add(struct content *content, const struct process_stats *p,
			const struct table *t)
{
	struct number unattributed = sort_key__number(SORT_UNATTRIBUTED, p, false);
	size_t i;

	if (p->pid > content->pid_max)
		content->pid_max = p->pid;
	content->exited |= p->exited;
	marks__add(&content->marks, p);
	content->incomplete |= t->s->level >= LEVEL_LIVE && p->paired.known && !p->paired.complete;
	for (i = 0; i < t->count; i++)
		content->unknown |= !t->columns[i].optional &&
				    !sort_key__number(t->columns[i].key, p, t->style->rates).known;
	if (!unattributed.known || !unattributed.value)
		return;
	if (__builtin_add_overflow(content->unattributed, unattributed.value,
				   &content->unattributed))
		content->unattributed = ~0ull;
	content->unattributed_in++;
}

static void repeat(FILE *out, const char *text, int times)
{
	while (times-- > 0)
		fputs(text, out);
}

/* Columns from i to the end of the group that starts there. */
static int group_width(const struct table *t, size_t i)
{
	int width = column_width(t, i);

	for (i++; i < t->count && !starts_group(t, i); i++)
		if (is_shown(t, i))
			width += gap_before(t, i) + column_width(t, i);
	return width;
}

static void print_rule(const struct table *t, int width)
{
	ink__begin(t->out, t->style->colour, INK_DIM);
	repeat(t->out, t->style->utf8 ? "─" : "-", width);
	ink__end(t->out, t->style->colour, INK_DIM);
}

/* The names of the groups, each centred in a rule over its columns. */
static void print_groups(const struct table *t)
{
	int blank = t->pid + 1 + t->comm, width;
	const char *name;
	size_t i;

	for (i = 0; i < t->count; i++) {
		if (!starts_group(t, i))
			continue;
		name = t->columns[i].group;
		width = group_width(t, i);
		blank += gap_before(t, i);
		if (name == alone) {
			blank += width;
			continue;
		}
		repeat(t->out, " ", blank);
		blank = 0;
		width -= (int)strlen(name) + 2;
		print_rule(t, width / 2);
		fprintf(t->out, " %s ", name);
		print_rule(t, width - width / 2);
	}
	fputc('\n', t->out);
}

static void print_header(const struct table *t)
{
	enum ink ink;
	size_t i;

	print_groups(t);
	ink = t->style->sort == SORT_PID ? INK_STRONG : INK_PLAIN;
	ink__printf(t->out, t->style->colour, ink, "%*s", t->pid, "PID");
	ink = t->style->sort == SORT_COMM ? INK_STRONG : INK_PLAIN;
	ink__printf(t->out, t->style->colour, ink, " %-*.*s", t->comm, t->comm, "COMM");
	for (i = 0; i < t->count; i++) {
		if (!is_shown(t, i))
			continue;
		ink = t->style->sort == t->columns[i].key ? INK_STRONG : INK_PLAIN;
		repeat(t->out, " ", gap_before(t, i));
		ink__printf(t->out, t->style->colour, ink, "%*s", column_width(t, i),
			    t->columns[i].name);
	}
	fputc('\n', t->out);
}

static void format_number(char text[UNIT_SIZE], const struct table *t, size_t i,
			  struct number number)
{
	if (!number.known) {
		strcpy(text, "-");
		return;
	}
	switch (t->columns[i].format) {
	case FORMAT_BYTES:
		unit__bytes(text, number.value);
		break;
	case FORMAT_COUNT:
		if (column_width(t, i) < 5)
			unit__count_short(text, number.value);
		else
			unit__count(text, number.value);
		break;
	case FORMAT_RATE:
		unit__rate(text, number.value, t->s->window_ns);
		break;
	case FORMAT_GROWTH:
		unit__growth(text, (__s64)number.value);
		break;
	}
}

static void print_number(const struct table *t, size_t i, const struct process_stats *p,
			 struct number number, enum ink ink)
{
	bool malloc = t->columns[i].key == SORT_CALLS || t->columns[i].key == SORT_BYTES;
	const char *sign = malloc && number.known ? mark__of(p, t->style) : "";
	int room = column_width(t, i) - text__columns(sign);
	char text[UNIT_SIZE];

	format_number(text, t, i, number);
	if (t->columns[i].format == FORMAT_COUNT && room < text__columns(text))
		unit__count_short(text, number.value);
	repeat(t->out, " ", gap_before(t, i));
	ink__printf(t->out, t->style->colour, ink, "%*s%s%s", room - text__columns(text), "", sign,
		    text);
}

static void print_numbers(const struct table *t, const struct process_stats *p)
{
	struct number number;
	bool faint;
	size_t i;

	for (i = 0; i < t->count; i++) {
		if (!is_shown(t, i))
			continue;
		number = sort_key__number(t->columns[i].key, p, t->style->rates);
		/* nothing can be said of a change before there are two snapshots */
		if (t->columns[i].format == FORMAT_GROWTH && !t->s->window_ns)
			number.known = false;
		faint = !p->exited && (!number.known || !number.value);
		print_number(t, i, p, number, faint ? INK_DIM : INK_PLAIN);
	}
}

static const char *exited_sign(const struct style *style)
{
	return style->utf8 ? "†" : "*";
}

static void print_process(const struct table *t, const struct process_stats *p)
{
	char comm[SANITIZED_SIZE(COMM_MAX)];
	int used = sanitize(comm, p->comm, sizeof(p->comm), t->comm, t->style->utf8);
	enum ink ink = p->exited ? INK_DIM : INK_PLAIN;

	ink__begin(t->out, t->style->colour, ink);
	fprintf(t->out, "%*u%s%s%*s", t->pid, p->pid, p->exited ? exited_sign(t->style) : " ", comm,
		t->comm - used, "");
	print_numbers(t, p);
	ink__end(t->out, t->style->colour, ink);
	fputc('\n', t->out);
}

/* As long as the room of PID and name allows. */
static const char *others_name(const struct table *t)
{
	return t->pid + 1 + t->comm < 15 ? "others" : "other processes";
}

static void print_others(const struct table *t)
{
	fprintf(t->out, "%-*s", t->pid + 1 + t->comm, others_name(t));
	print_numbers(t, t->s->others);
	fputc('\n', t->out);
}

static void print_note(const struct table *t, enum ink ink, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

static void print_note(const struct table *t, enum ink ink, const char *format, ...)
{
	char note[128];
	va_list args;

	va_start(args, format);
	vsnprintf(note, sizeof(note), format, args);
	va_end(args);
	ink__printf(t->out, t->style->colour, ink, "%s", note);
	fputc('\n', t->out);
}

static void print_notes(const struct table *t, size_t shown)
{
	const struct content *content = &t->content;
	size_t cut = t->s->count - shown;
	bool hidden = content->unattributed && !t->optional;
	char text[UNIT_SIZE];

	if (cut || marks__any(&content->marks) || content->incomplete || content->exited ||
	    content->unknown || hidden || t->s->others)
		fputc('\n', t->out);
	if (cut)
		print_note(t, INK_NOTICE, "%zu more process%s not shown: -r %zu shows all", cut,
			   cut == 1 ? "" : "es", t->s->count);
	if (marks__any(&content->marks))
		marks__print(t->out, &content->marks, t->style);
	if (content->incomplete)
		print_note(t, INK_DIM,
			   "%s: where blocks were given before they were followed, of those since",
			   t->style->rates ? "in use" : "malloc, live");
	if (content->exited)
		print_note(t, INK_DIM, "%s exited: its numbers are the last ones before that",
			   exited_sign(t->style));
	if (content->unknown)
		print_note(t, INK_DIM, "- not known%s",
			   t->s->level == LEVEL_SYSCALLS
				   ? " (level syscalls has no malloc numbers: see -l)"
				   : "");
	if (hidden)
		print_note(t, INK_DIM,
			   "unattributed mmaps, in no column here: %s live in %zu process%s",
			   unit__bytes(text, content->unattributed), content->unattributed_in,
			   content->unattributed_in == 1 ? "" : "es");
	if (t->s->unowned)
		print_note(t, INK_NOTICE,
			   "%s: with %llu events of rows above as well; raise --max-processes",
			   others_name(t), t->s->unowned);
	else if (t->s->others)
		print_note(t, INK_DIM, "%s: those that got no row of their own, added up",
			   others_name(t));
}

static void choose_columns(struct table *t)
{
	const struct column *from = t->style->rates ? rates : totals;

	size_t n = t->style->rates ? sizeof(rates) / sizeof(rates[0])
				   : sizeof(totals) / sizeof(totals[0]);
	bool at_level_live = t->s->level >= LEVEL_LIVE;

	for (size_t i = 0; i < n; i++) {
		if (at_level_live && from[i].key == at_live[t->style->rates].before)
			t->columns[t->count++] = at_live[t->style->rates].column;
		if (!at_level_live || from[i].key != at_live[t->style->rates].instead_of)
			t->columns[t->count++] = from[i];
	}
}

void table__print(FILE *out, const struct snapshot *s, const struct style *style,
		  const struct process_stats **rows, size_t shown)
{
	struct table t = {.out = out, .s = s, .style = style};
	size_t i;

	choose_columns(&t);
	for (i = 0; i < shown; i++)
		content_add(&t.content, rows[i], &t);
	if (s->others)
		content_add(&t.content, s->others, &t);
	t.content.unknown |= style->rates && !s->window_ns && (shown || s->others);
	lay_out(&t);
	print_header(&t);
	for (i = 0; i < shown; i++)
		print_process(&t, rows[i]);
	if (s->others)
		print_others(&t);
	print_notes(&t, shown);
}
