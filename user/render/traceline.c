/*
 * traceline.c - one event as one line: what strace would print, and why it happened.
 *
 * Arguments that no event has are written "?", never made up: of calloc the
 * product is known and not its factors, of realloc below level live not the block.
 * Below that level malloc calls are seen at their entry and have no result; at it,
 * their line comes when they return.
 */
#include "render/traceline.h"

#include <errno.h>
#include <stdarg.h>
#include <string.h>
#include <sys/mman.h>

#include "render/ink.h"
#include "render/map_flags.h"
#include "render/names.h"
#include "render/sanitize.h"
#include "render/units.h"

#define RESULT_COLUMN 40 /* where strace puts the equals sign */
#define COMM_COLUMNS  15
#define ERRNO_MAX     4095 /* the kernel's MAX_ERRNO */

/* How a call is written whose event has only the bytes it asks for. */
static const struct {
	const char *before, *behind;
} requests[FN_COUNT] = {
	[FN_MALLOC] = {"malloc(", ")"},
	[FN_REALLOC] = {"realloc(?, ", ")"},
	[FN_CALLOC] = {"calloc(nmemb*size = ", ")"},
	[FN_ALIGNED_ALLOC] = {"aligned_alloc(?, ", ")"},
	[FN_MEMALIGN] = {"memalign(?, ", ")"},
	[FN_POSIX_MEMALIGN] = {"posix_memalign(?, ?, ", ")"},
	[FN_VALLOC] = {"valloc(", ")"},
	[FN_PVALLOC] = {"pvalloc(", ")"},
	[FN_REALLOCARRAY] = {"reallocarray(?, nmemb*size = ", ")"},
	[FN_NEW] = {"operator new(", ")"},
	[FN_NEW_ALIGNED] = {"operator new(", ", ?)"},
	[FN_MALLOCX] = {"mallocx(", ", ?)"},
	[FN_RALLOCX] = {"rallocx(?, ", ", ?)"},
	[FN_MI_MALLOC] = {"mi_malloc(", ")"},
	[FN_MI_REALLOC] = {"mi_realloc(?, ", ")"},
};

struct address {
	char text[24];
};

static struct address address_of(__u64 address)
{
	struct address a;

	if (address)
		snprintf(a.text, sizeof(a.text), "%#llx", address);
	else
		snprintf(a.text, sizeof(a.text), "NULL");
	return a;
}

static void print_time_and_process(FILE *out, const struct trace_line *line)
{
	char comm[SANITIZED_SIZE(COMM_COLUMNS)];
	__u64 us = line->day_ns / 1000, seconds = us / 1000000;
	int used;

	ink__printf(out, line->colour, INK_DIM, "%02llu:%02llu:%02llu.%06llu", seconds / 3600 % 24,
		    seconds / 60 % 60, seconds % 60, us % 1000000);
	used = sanitize(comm, line->comm, 16, COMM_COLUMNS, line->utf8);
	fprintf(out, " %7u ", line->e->tgid);
	ink__printf(out, line->colour, INK_STRONG, "%s", comm);
	fprintf(out, "%*s", COMM_COLUMNS - used + 1, "");
}

static void print_call(FILE *out, const char *format, ...) __attribute__((format(printf, 2, 3)));

static void print_call(FILE *out, const char *format, ...)
{
	va_list args;
	int length;

	va_start(args, format);
	length = vfprintf(out, format, args);
	va_end(args);
	fprintf(out, "%*s", length < RESULT_COLUMN - 1 ? RESULT_COLUMN - length : 1, "");
}

static bool is_error(__u64 result)
{
	return result >= -(__u64)ERRNO_MAX;
}

static void print_result(FILE *out, const struct trace_line *line, __u64 result)
{
	int error = (int)-result;
	const char *name;

	if (!is_error(result)) {
		fprintf(out, "= %#llx", result);
		return;
	}
	name = strerrorname_np(error);
	if (name) /* not strerror: its language is the locale's */
		ink__printf(out, line->colour, INK_ALARM, "= -1 %s (%s)", name,
			    strerrordesc_np(error));
	else
		ink__printf(out, line->colour, INK_ALARM, "= -1 errno %d", error);
}

static void print_request(FILE *out, __u32 fn, __u64 bytes)
{
	if (fn < FN_COUNT)
		fprintf(out, "%s%llu%s", requests[fn].before, bytes, requests[fn].behind);
	else
		fprintf(out, "allocation of %llu bytes", bytes);
}

/* Whose first argument is the block to be resized. */
static bool resizes(__u32 fn)
{
	return fn == FN_REALLOC || fn == FN_REALLOCARRAY || fn == FN_RALLOCX || fn == FN_MI_REALLOC;
}

/* The same, with the block that it is about. */
static int format_call(char *text, size_t size, __u32 fn, __u64 bytes, __u64 block)
{
	const char *before, *rest;

	if (fn >= FN_COUNT || !resizes(fn))
		return snprintf(text, size, "%s%llu%s", fn < FN_COUNT ? requests[fn].before : "?(",
				bytes, fn < FN_COUNT ? requests[fn].behind : ")");
	before = requests[fn].before;
	rest = strchr(before, '?') + 1;
	return snprintf(text, size, "%.*s%s%s%llu%s", (int)(rest - 1 - before), before,
			address_of(block).text, rest, bytes, requests[fn].behind);
}

static void print_return(FILE *out, const struct trace_line *line)
{
	const struct event_call *r = (const struct event_call *)line->e;
	const struct request *call = line->request;
	char text[128];

	if (!call)
		return;
	if (call->impossible)
		snprintf(text, sizeof(text), "%s(?)", alloc_fn__name((enum alloc_fn)call->fn));
	else
		format_call(text, sizeof(text), call->fn, call->size, call->block);
	print_call(out, "%s", text);
	if (r->e.flags & EVENT_F_UNREAD)
		fputs("= ?", out);
	else if (r->addr || (call->block && !call->size && !call->impossible))
		fprintf(out, "= %s", address_of(r->addr).text);
	else
		ink__printf(out, line->colour, INK_ALARM, "= NULL%s",
			    call->impossible ? "  impossible: larger than PTRDIFF_MAX" : "");
}

static void print_free(FILE *out, const struct trace_line *line)
{
	const struct event_call *f = (const struct event_call *)line->e;

	fprintf(out, "free(%s)", address_of(f->addr).text);
}

/* The cause of a mapping, and the malloc call behind it. */
static void print_cause(FILE *out, const struct trace_line *line, const struct event_map *m)
{
	bool requested = m->e.flags & EVENT_F_REQUEST;
	enum ink ink = ink__of_cause(line->cause);

	if ((unsigned int)line->cause >= CAUSE_COUNT)
		return;
	fputs("  ", out);
	ink__begin(out, line->colour, ink);
	if (requested && line->cause == CAUSE_MALLOC) {
		print_request(out, m->request_fn, m->request);
	} else {
		fputs(cause__name(line->cause), out);
		if (requested && line->cause == CAUSE_ARENA) {
			fputs(" for ", out);
			print_request(out, m->request_fn, m->request);
		}
	}
	if (line->by)
		fprintf(out, " by %s", line->by);
	ink__end(out, line->colour, ink);
}

static void print_malloc(FILE *out, const struct trace_line *line)
{
	const struct event *e = line->e;

	if (e->flags & EVENT_F_IMPOSSIBLE)
		ink__printf(out, line->colour, INK_ALARM,
			    "%s(?)  impossible: larger than PTRDIFF_MAX",
			    alloc_fn__name((enum alloc_fn)e->op));
	else
		print_request(out, e->op, e->size);
}

/* " (40 pages)": by how many the mapped part of the heap changed */
static void print_pages(FILE *out, const struct trace_line *line, __u64 low, __u64 high)
{
	__u64 pages;

	if (!line->page_size || low > high)
		return;
	pages = unit__pages(low, high, line->page_size);
	fprintf(out, " (%llu page%s)", pages, pages == 1 ? "" : "s");
}

static void print_brk(FILE *out, const struct trace_line *line)
{
	const struct event_brk *b = (const struct event_brk *)line->e;

	print_call(out, "brk(%s)", address_of(b->request).text);
	fprintf(out, "= %#llx  ", b->after);
	switch (b->e.op) {
	case BRK_GROW:
		ink__printf(out, line->colour, INK_HEAP, "grow +%llu", b->e.size);
		print_pages(out, line, b->before, b->after);
		break;
	case BRK_SHRINK:
		ink__printf(out, line->colour, INK_HEAP, "shrink -%llu", b->e.size);
		print_pages(out, line, b->after, b->before);
		break;
	case BRK_QUERY:
		fputs("query", out);
		break;
	case BRK_FAILED:
		ink__printf(out, line->colour, INK_ALARM, "failed");
		break;
	default:
		fprintf(out, "unknown operation %u", b->e.op);
		break;
	}
}

static void print_mmap(FILE *out, const struct trace_line *line)
{
	const struct event_map *m = (const struct event_map *)line->e;
	char prot[MAP_FLAGS_SIZE], flags[MAP_FLAGS_SIZE];

	print_call(out, "mmap(%s, %llu, %s, %s, %d, %#llx)", address_of(m->addr).text, m->length,
		   map_flags__prot(prot, m->prot), map_flags__mmap(flags, m->flags), m->fd,
		   m->offset);
	print_result(out, line, m->result);
	print_cause(out, line, m);
}

static void print_munmap(FILE *out, const struct trace_line *line)
{
	const struct event_map *m = (const struct event_map *)line->e;

	print_call(out, "munmap(%s, %llu)", address_of(m->addr).text, m->length);
	print_result(out, line, m->result);
	print_cause(out, line, m);
}

static void print_mremap(FILE *out, const struct trace_line *line)
{
	const struct event_map *m = (const struct event_map *)line->e;
	bool fixed = m->flags & MREMAP_FIXED;
	char flags[MAP_FLAGS_SIZE];

	print_call(out, "mremap(%s, %llu, %llu, %s%s%s)", address_of(m->addr).text, m->offset,
		   m->length, map_flags__mremap(flags, m->flags), fixed ? ", " : "",
		   fixed ? address_of(m->new_addr).text : "");
	print_result(out, line, m->result);
	print_cause(out, line, m);
}

static void print_mprotect(FILE *out, const struct trace_line *line)
{
	const struct event_map *m = (const struct event_map *)line->e;
	char prot[MAP_FLAGS_SIZE];

	print_call(out, "mprotect(%s, %llu, %s)", address_of(m->addr).text, m->length,
		   map_flags__prot(prot, m->prot));
	print_result(out, line, m->result);
	print_cause(out, line, m);
}

static void print_shmat(FILE *out, const struct trace_line *line)
{
	const struct event_map *m = (const struct event_map *)line->e;
	char text[UNIT_SIZE];

	print_call(out, "shmat(%d, %s, %#x)", m->fd, address_of(m->addr).text, m->flags);
	print_result(out, line, m->result);
	if (m->e.size)
		fprintf(out, "  %s", unit__bytes(text, m->e.size));
}

static void print_shmdt(FILE *out, const struct trace_line *line)
{
	const struct event_map *m = (const struct event_map *)line->e;

	print_call(out, "shmdt(%s)", address_of(m->addr).text);
	print_result(out, line, m->result);
}

static void print_fork(FILE *out, const struct trace_line *line)
{
	const struct event_task *t = (const struct event_task *)line->e;
	bool shared = t->e.flags & EVENT_F_SHARED_MM;

	ink__printf(out, line->colour, INK_DIM, "+++ forked by %u%s +++", t->e.tid,
		    shared ? ", in its memory (vfork)" : "");
}

static void print_exec(FILE *out, const struct trace_line *line)
{
	const struct event_exec *x = (const struct event_exec *)line->e;
	size_t length = strnlen(x->path, sizeof(x->path));
	char path[SANITIZED_SIZE(EXEC_PATH_MAX * 4)];
	const char *c;

	sanitize(path, x->path, length, EXEC_PATH_MAX * 4, line->utf8);
	fputs("execve(\"", out);
	for (c = path; *c; c++) {
		if (*c == '"') /* or a file's name could look like the end of the call */
			fputc('\\', out);
		fputc(*c, out);
	}
	fprintf(out, "\"%s, ...) = 0", length >= sizeof(x->path) - 1 ? "..." : "");
}

static void print_rss(FILE *out, const char *name, __s64 pages, __u64 page_size)
{
	char text[UNIT_SIZE];

	/* the kernel's per-CPU counters can add up to a little less than nothing */
	fprintf(out, ", %s %s", name, unit__bytes(text, pages > 0 ? (__u64)pages * page_size : 0));
}

static void print_exit(FILE *out, const struct trace_line *line)
{
	const struct event_task *t = (const struct event_task *)line->e;
	char text[UNIT_SIZE];

	ink__printf(out, line->colour, INK_DIM, "+++ exited +++");
	if (!(t->e.flags & EVENT_F_MM) || !line->page_size || t->brk_start > t->brk_end)
		return;
	fprintf(out, "  heap %s", unit__bytes(text, t->brk_end - t->brk_start));
	print_rss(out, "anonymous", t->rss_anon, line->page_size);
	print_rss(out, "file", t->rss_file, line->page_size);
	print_rss(out, "shared", t->rss_shmem, line->page_size);
}

static void (*const printers[EVENT_TYPE_END])(FILE *, const struct trace_line *) = {
	[EVENT_MALLOC] = print_malloc, [EVENT_BRK] = print_brk,
	[EVENT_MMAP] = print_mmap,     [EVENT_MUNMAP] = print_munmap,
	[EVENT_MREMAP] = print_mremap, [EVENT_MPROTECT] = print_mprotect,
	[EVENT_FORK] = print_fork,     [EVENT_EXEC] = print_exec,
	[EVENT_EXIT] = print_exit,     [EVENT_SHMAT] = print_shmat,
	[EVENT_SHMDT] = print_shmdt,   [EVENT_CALL] = print_malloc,
	[EVENT_RETURN] = print_return, [EVENT_FREE] = print_free,
	[EVENT_BLOCK] = print_return,
};

void render__trace_event(FILE *out, const struct trace_line *line)
{
	print_time_and_process(out, line);
	if (line->e->type < EVENT_TYPE_END && printers[line->e->type])
		printers[line->e->type](out, line);
	else
		fprintf(out, "event of unknown type %u", line->e->type);
	fputc('\n', out);
}
