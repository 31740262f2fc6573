/*
 * sketch.c - a heap of known layout.
 */
#include "sketch.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>

#include <cmocka.h>

#include "render/retained.h"

struct sketch sketch;

void sketch__begin(void)
{
	sketch.in = (struct retained_input){.allocator = ALLOCATOR_GLIBC,
					    .page_size = PAGE,
					    .heap_start = HEAP,
					    .known_from = HEAP,
					    .blocks = sketch.blocks,
					    .complete = true};
	sketch.next = HEAP;
}

void sketch__live(__u64 chunk)
{
	assert_true(sketch.in.n_blocks < sizeof(sketch.blocks) / sizeof(*sketch.blocks));
	assert_true(chunk % 16 == 0);
	sketch.blocks[sketch.in.n_blocks++] = (struct block){sketch.next + 16, chunk - EDGES,
							     ROUTE_HEAP, 7};
	sketch.next += chunk;
}

void sketch__free(__u64 bytes)
{
	sketch.next += bytes;
}

struct retained sketch__end(__u64 top)
{
	struct retained r;

	sketch.in.heap_end = sketch.next + top;
	r = retained__judge(&sketch.in);
	assert_int_equal(r.free_bytes, r.top_bytes + r.inside_bytes);
	assert_int_equal(r.heap_bytes, r.live_bytes + r.overhead_bytes + r.free_bytes);
	assert_true(r.inside_page_bytes <= r.inside_bytes && r.top_page_bytes <= r.top_bytes);
	assert_true(r.pinned.free_bytes <= r.inside_bytes);
	return r;
}

void assert_pattern(const struct retained *r, enum retained_pattern pattern)
{
	assert_string_equal(retained_pattern__name(r->pattern), retained_pattern__name(pattern));
}
