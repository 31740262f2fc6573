/*
 * json_event.c - one event as one JSON object on a line of its own.
 */
#include "render/json_event.h"

#include <errno.h>
#include <string.h>
#include <sys/mman.h>

#include <jansson.h>

#include "alloc_fn.h"
#include "render/json_value.h"

#define BY_MAX	  4096
#define ERRNO_MAX 4095 /* the kernel's MAX_ERRNO */

static const char *const event_names[EVENT_TYPE_END] = {
	[EVENT_MALLOC] = "malloc", [EVENT_BRK] = "brk",	      [EVENT_MMAP] = "mmap",
	[EVENT_MUNMAP] = "munmap", [EVENT_MREMAP] = "mremap", [EVENT_MPROTECT] = "mprotect",
	[EVENT_SHMAT] = "shmat",   [EVENT_SHMDT] = "shmdt",   [EVENT_FORK] = "fork",
	[EVENT_EXEC] = "exec",	   [EVENT_EXIT] = "exit",     [EVENT_CALL] = "malloc",
	[EVENT_RETURN] = "malloc", [EVENT_FREE] = "free",     [EVENT_BLOCK] = "malloc",
};

static const char *const brk_outcomes[BRK_OP_COUNT] = {
	[BRK_GROW] = "grow",
	[BRK_SHRINK] = "shrink",
	[BRK_QUERY] = "query",
	[BRK_FAILED] = "failed",
};

static json_t *malloc_of(const struct trace_line *line)
{
	const struct event *e = line->e;

	return json_pack("{s:s, s:o}", "function", alloc_fn__name((enum alloc_fn)e->op), "bytes",
			 value__known(!(e->flags & EVENT_F_IMPOSSIBLE), e->size));
}

/* block: what was to be resized; result: what it had, null: none. */
static json_t *return_of(const struct trace_line *line)
{
	const struct event_call *r = (const struct event_call *)line->e;
	const struct request *call = line->request;

	if (!call)
		return json_object();
	return json_pack(
		"{s:s, s:o, s:o, s:o, s:b}", "function", alloc_fn__name((enum alloc_fn)call->fn),
		"bytes", value__known(!call->impossible, call->size), "block",
		value__known(call->block, call->block), "result", value__known(r->addr, r->addr),
		"result_known", !(r->e.flags & EVENT_F_UNREAD));
}

static json_t *free_of(const struct trace_line *line)
{
	const struct event_call *f = (const struct event_call *)line->e;

	return json_pack("{s:o}", "block", value__number(f->addr));
}

static json_t *brk_of(const struct trace_line *line)
{
	const struct event_brk *b = (const struct event_brk *)line->e;

	return json_pack("{s:o, s:o, s:o, s:s?, s:o}", "request", value__number(b->request),
			 "before", value__number(b->before), "after", value__number(b->after),
			 "outcome", b->e.op < BRK_OP_COUNT ? brk_outcomes[b->e.op] : NULL, "bytes",
			 value__number(b->e.size));
}

static json_t *site_of(const struct site *site)
{
	char dev[24];

	if (!site->ino)
		return json_null();
	if (site->dev == SITE_ADDRESS)
		return json_pack("{s:o}", "address", value__number(site->ino));
	snprintf(dev, sizeof(dev), "%x:%x", site->dev >> 20, site->dev & 0xfffff);
	return json_pack("{s:s, s:o, s:o}", "dev", dev, "inode", value__number(site->ino), "offset",
			 value__number(site->off));
}

static json_t *request_of(const struct event_map *m)
{
	if (!(m->e.flags & EVENT_F_REQUEST))
		return json_null();
	return json_pack("{s:s, s:o}", "function", alloc_fn__name((enum alloc_fn)m->request_fn),
			 "bytes", value__number(m->request));
}

static json_t *error_of(__u64 result)
{
	const char *name = strerrorname_np((int)-result);

	return name ? json_string(name) : json_sprintf("%d", (int)-result);
}

/* What all mappings have; steals the call's own, which come first. */
static json_t *outcome_of(const struct trace_line *line, json_t *call)
{
	const struct event_map *m = (const struct event_map *)line->e;
	bool failed = m->result >= -(__u64)ERRNO_MAX, known = line->cause < CAUSE_COUNT;
	json_t *rest = json_pack(
		"{s:o, s:o, s:o, s:s?, s:o}", "result", value__known(!failed, m->result), "error",
		failed ? error_of(m->result) : json_null(), "bytes", value__number(m->e.size),
		"cause", known ? cause__name(line->cause) : NULL, "request", request_of(m));

	if (rest && (m->e.type == EVENT_MMAP || m->e.type == EVENT_MREMAP) &&
	    (json_object_set_new(rest, "caller", site_of(&m->caller)) ||
	     json_object_set_new(rest, "by", value__string(line->by, BY_MAX)))) {
		json_decref(rest);
		rest = NULL;
	}
	if (call && (!rest || json_object_update(call, rest))) {
		json_decref(call);
		call = NULL;
	}
	json_decref(rest);
	return call;
}

static json_t *mmap_of(const struct trace_line *line)
{
	const struct event_map *m = (const struct event_map *)line->e;

	return outcome_of(line, json_pack("{s:o, s:o, s:o, s:o, s:i, s:o}", "addr",
					  value__number(m->addr), "length",
					  value__number(m->length), "prot", value__number(m->prot),
					  "flags", value__number(m->flags), "fd", (int)m->fd,
					  "offset", value__number(m->offset)));
}

static json_t *munmap_of(const struct trace_line *line)
{
	const struct event_map *m = (const struct event_map *)line->e;

	return outcome_of(line, json_pack("{s:o, s:o}", "addr", value__number(m->addr), "length",
					  value__number(m->length)));
}

static json_t *mremap_of(const struct trace_line *line)
{
	const struct event_map *m = (const struct event_map *)line->e;

	return outcome_of(
		line, json_pack("{s:o, s:o, s:o, s:o, s:o}", "addr", value__number(m->addr),
				"old_length", value__number(m->offset), "length",
				value__number(m->length), "flags", value__number(m->flags),
				"new_addr", value__known(m->flags & MREMAP_FIXED, m->new_addr)));
}

static json_t *mprotect_of(const struct trace_line *line)
{
	const struct event_map *m = (const struct event_map *)line->e;

	return outcome_of(line,
			  json_pack("{s:o, s:o, s:o}", "addr", value__number(m->addr), "length",
				    value__number(m->length), "prot", value__number(m->prot)));
}

static json_t *shmat_of(const struct trace_line *line)
{
	const struct event_map *m = (const struct event_map *)line->e;

	return json_pack("{s:i, s:o, s:o, s:o, s:o}", "segment", (int)m->fd, "addr",
			 value__number(m->addr), "flags", value__number(m->flags), "result",
			 value__number(m->result), "bytes",
			 value__known(m->e.size != 0, m->e.size));
}

static json_t *shmdt_of(const struct trace_line *line)
{
	const struct event_map *m = (const struct event_map *)line->e;

	return json_pack("{s:o}", "addr", value__number(m->addr));
}

static json_t *fork_of(const struct trace_line *line)
{
	const struct event *e = line->e;

	return json_pack("{s:o, s:b}", "parent", value__number(e->tid), "shared_memory",
			 (e->flags & EVENT_F_SHARED_MM) != 0);
}

static json_t *exec_of(const struct trace_line *line)
{
	const struct event_exec *x = (const struct event_exec *)line->e;

	return json_pack("{s:o}", "path", value__string(x->path, sizeof(x->path)));
}

/* The kernel's per-CPU counters can add up to a little less than nothing. */
static json_t *pages_of(const struct trace_line *line, __s64 pages)
{
	return value__number(pages > 0 ? (__u64)pages * line->page_size : 0);
}

static json_t *exit_of(const struct trace_line *line)
{
	const struct event_task *t = (const struct event_task *)line->e;

	if (!(t->e.flags & EVENT_F_MM) || !line->page_size || t->brk_start > t->brk_end)
		return json_pack("{s:n, s:n}", "heap_bytes", "rss_bytes");
	return json_pack("{s:o, s:{s:o, s:o, s:o}}", "heap_bytes",
			 value__number(t->brk_end - t->brk_start), "rss_bytes", "anon",
			 pages_of(line, t->rss_anon), "file", pages_of(line, t->rss_file), "shmem",
			 pages_of(line, t->rss_shmem));
}

static json_t *(*const bodies[EVENT_TYPE_END])(const struct trace_line *) = {
	[EVENT_MALLOC] = malloc_of, [EVENT_BRK] = brk_of,	[EVENT_MMAP] = mmap_of,
	[EVENT_MUNMAP] = munmap_of, [EVENT_MREMAP] = mremap_of, [EVENT_MPROTECT] = mprotect_of,
	[EVENT_SHMAT] = shmat_of,   [EVENT_SHMDT] = shmdt_of,	[EVENT_FORK] = fork_of,
	[EVENT_EXEC] = exec_of,	    [EVENT_EXIT] = exit_of,	[EVENT_CALL] = malloc_of,
	[EVENT_RETURN] = return_of, [EVENT_FREE] = free_of,	[EVENT_BLOCK] = return_of,
};

int render__json_event(FILE *out, const struct trace_line *line)
{
	const struct event *e = line->e;
	bool known = e->type < EVENT_TYPE_END && bodies[e->type];
	json_t *object = json_pack("{s:s, s:o, s:o, s:o, s:o}", "event",
				   known ? event_names[e->type] : "unknown", "ts_ns",
				   value__number(e->ts_ns), "pid", value__number(e->tgid), "tid",
				   value__number(e->tid), "comm", value__string(line->comm, 16));
	json_t *body = known ? bodies[e->type](line) : json_object();
	int err = object && body ? json_object_update(object, body) : -1;

	json_decref(body);
	/* Whole: a line that cannot be made is not begun. */
	if (!err) {
		json_dumpf(object, out, JSON_COMPACT);
		fputc('\n', out);
	}
	json_decref(object);
	return err ? -ENOMEM : 0;
}

void render__json_spilled(FILE *out, __u64 events)
{
	fprintf(out, "{\"event\":\"spilled\",\"events\":%llu}\n", events);
}

void render__json_unwritten(FILE *out, __u64 events)
{
	fprintf(out, "{\"event\":\"unwritten\",\"events\":%llu}\n", events);
}

void render__json_end(FILE *out, const struct snapshot *s, __u64 unwritten)
{
	double cost = (s->cost.probes + s->cost.agent) * 100;

	fprintf(out,
		"{\"event\":\"end\",\"received\":%llu,\"spilled\":%llu,\"lost\":%llu,\"unwritten\":"
		"%llu",
		s->received, s->spilled, s->lost + s->skipped, unwritten);
	if (s->cost.known)
		fprintf(out, ",\"cost_percent_of_one_cpu\":%.3f", cost);
	else
		fprintf(out, ",\"cost_percent_of_one_cpu\":null");
	fprintf(out, ",\"cost_at_least_percent\":%.3f}\n", cost);
}
