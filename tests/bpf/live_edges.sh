#!/bin/bash
# live_edges.sh - level live where it cannot know all: what it says is exact, and the rest is unknown.
#
# A process from before; a ring that is far too small; programs with musl's malloc, or with glibc's
# inside.
. "$(dirname "$0")/lib.sh"
need_bpf
need musl-gcc

# Attached in the middle of its life.
ready() { grep -q ready "$WORK/older"; }
told() { grep -q pid "$WORK/older"; }
mkfifo "$WORK/keys"
exec 3<>"$WORK/keys"
start "$WORKLOAD/older" <"$WORK/keys" >"$WORK/older"
OLDER=$!
eventually 10 ready
start_collecting "$WORK/messages" report -l live -j -p "$OLDER" -o "$WORK/attached.json"
printf '.' >&3
eventually 10 told
kill -INT "$AGENT"
ended "$AGENT" || fail "report -p: status $?: $(cat "$WORK/messages")"
printf '.' >&3
exec 3>&-

# More than the ring holds.
"$BRKSCOPE" report -l live -j --ring-pages 1 -o "$WORK/flood.json" -- \
	"$WORKLOAD/flood" 20000 1000 4 >"$WORK/flood" || fail "a ring of one page: status $?"
mkdir "$WORK/idle" "$WORK/oracle"
"$WORKLOAD/counted" "$OUT/tests/preload/liblive_malloc.so" "$WORK/idle" "$WORKLOAD/flood" 0 0 4 >"$WORK/out" ||
	fail "$(cat "$WORK/out")"

# Each libc's malloc in and beside the program; nobody has seen these programs before.
cat >"$WORK/own.c" <<'END_OF_PROGRAM'
#include "say.h"
int main(void)
{
	unsigned long calls = 0, bytes = 0, frees = 0, blocks = 0, live = 0;
	volatile unsigned long much = 1UL << 50;
	void *p, *q;

	wait_for_test();
	for (unsigned long size = 1; size < 2000000; size = size * 5 / 4 + 1) {
		MUST((p = keep(malloc(size))) && (p = keep(realloc(p, 3 * size + 1))));
		MUST((q = keep(calloc(2, size))) && !posix_memalign(&q, 64, size) && keep(q));
		MUST(keep(aligned_alloc(64, 64)));
		free(p);
		calls += 5, bytes += size + 3 * size + 1 + 2 * size + size + 64;
		frees++, blocks += 3, live += 2 * size + size + 64;
	}
	q = keep(realloc(keep(malloc(10)), 0)); /* freed, or a block of 0 bytes */
	calls += 2, bytes += 10, blocks += !!q;
	MUST(!keep(malloc(much)) && !keep(calloc(much, much)));
	calls += 2, bytes += much;
	say("{\"pid\": %d, \"calls\": %lu, \"bytes\": %lu, \"frees\": %lu, \"frees_unknown\": 0, \"failed\": 2, "
	    "\"live_blocks\": %lu, \"live_bytes\": %lu}\n", getpid(), calls, bytes, frees, blocks, live);
	wait_for_test();
	return 0;
}
END_OF_PROGRAM

# Its heap is there, and it makes no call that would tell of it.
cat >"$WORK/steady.c" <<'END_OF_PROGRAM'
#include "say.h"
int main(void)
{
	void *blocks[1000];

	for (int round = 0; round < 2; round++) {
		for (int i = 0; i < 1000; i++)
			MUST((blocks[i] = keep(malloc(900))));
		if (!round)
			MUST(keep(malloc(16))); /* holds the heap's top where it is */
		for (int i = 0; i < 1000; i++)
			free(blocks[i]);
		if (!round)
			wait_for_test();
	}
	say("{\"pid\": %d, \"calls\": 1000, \"bytes\": 900000, \"frees\": 1000, \"frees_unknown\": 0, \"failed\": 0, "
	    "\"live_blocks\": 0, \"live_bytes\": 0}\n", getpid());
	wait_for_test();
	return 0;
}
END_OF_PROGRAM
for how in "musl musl-gcc" "musl_static musl-gcc -static" "glibc_static gcc -static" "steady gcc"; do
	read -r name compiler static <<<"$how"
	source=$WORK/own.c
	[ "$name" != steady ] || source=$WORK/steady.c
	# shellcheck disable=SC2086
	$compiler -O1 -fno-builtin -D_GNU_SOURCE -Itests/workload "$source" $static -o "$WORK/$name" ||
		fail "$name cannot be built"
	mkfifo "$WORK/$name.keys"
	exec 4<>"$WORK/$name.keys"
	start "$WORK/$name" <"$WORK/$name.keys" >"$WORK/$name.out"
	start_collecting "$WORK/messages" report -l live -j -p "$!" -o "$WORK/$name.json"
	printf '.' >&4
	eventually 10 grep -q pid "$WORK/$name.out"
	kill -INT "$AGENT"
	ended "$AGENT" || fail "$name: status $?: $(cat "$WORK/messages")"
	printf '.' >&4
	exec 4>&-
done

compare "$WORK" <<'END'
from live import *
work = sys.argv[1]

def own(truth, report):
    malloc = Report(report).row(truth["pid"])["malloc"]
    for what in truth:
        if what != "pid":
            expect(f"{report}: {what}", malloc[what], truth[what])
    return malloc

with open(f"{work}/older", encoding="utf-8") as lines:
    malloc = own(json.loads(list(lines)[1]), f"{work}/attached.json")
expect("attached: complete", malloc["live_complete"], False)
for name in ("musl", "musl_static", "glibc_static"):
    own(read_json(f"{work}/{name}.out"), f"{work}/{name}.json")
malloc = own(read_json(f"{work}/steady.out"), f"{work}/steady.json")
expect("steady: its routes", {name: part["calls"] for name, part in malloc["route"].items()},
       {"heap": 1000, "mmap": 0, "arena": 0, "heap_or_arena": 1000, "unknown": 0})

truth, report = read_json(f"{work}/flood"), Report(f"{work}/flood.json")
(idle,) = read_live(f"{work}/idle").values()
malloc = report.row(truth["pid"])["malloc"]
expect_true("it spilled", report.data["events"]["spilled"] > 50000)
expect("flood: calls", malloc["calls"], truth["malloc_calls"] + idle["calls"])
expect("flood: bytes", malloc["bytes"], truth["malloc_bytes"] + idle["bytes"])
# It frees all that it allocates.
expect("flood: frees", malloc["frees"], truth["malloc_calls"] + idle["frees"])
for what in ("frees_unknown", "failed", "live_blocks", "live_bytes", "live_complete", "live_peak_bytes"):
    expect(f"flood: {what}", malloc[what], None)
expect("flood: routes", [part[what] for part in malloc["live_route"].values() for what in part], [None] * 8)
END
