#!/bin/bash
# functions.sh - each call of the malloc family is counted once, as what the program called.
#
# C libraries write these functions in terms of each other, by calls and by
# jumps; the program's own count is the truth.  glibc and musl, shared and static.
. "$(dirname "$0")/lib.sh"
need_bpf
need gcc musl-gcc
CFLAGS="-std=gnu11 -O1 -g -fno-builtin -D_GNU_SOURCE -Itests/workload"

# What libc itself allocates in a static program before main: counted by wrappers that the linker
# puts between its objects.
cat >"$WORK/startup.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
static unsigned long calls[3], bytes;
void *__real_malloc(size_t), *__real_calloc(size_t, size_t), *__real_realloc(void *, size_t);
void *__wrap_malloc(size_t n) { calls[0]++; bytes += n; return __real_malloc(n); }
void *__wrap_calloc(size_t n, size_t m) { calls[1]++; bytes += n * m; return __real_calloc(n, m); }
void *__wrap_realloc(void *p, size_t n) { calls[2]++; bytes += n; return __real_realloc(p, n); }
int main(void)
{
	char text[200];
	int n = snprintf(text, sizeof(text), "{\"malloc\": %lu, \"calloc\": %lu, \"realloc\": %lu, \"bytes\": %lu}\n",
			 calls[0], calls[1], calls[2], bytes);

	_exit(write(1, text, n) != n);
}
END
gcc -O1 -fno-builtin -static -Wl,--wrap=malloc,--wrap=calloc,--wrap=realloc "$WORK/startup.c" -o "$WORK/startup" &&
	"$WORK/startup" >"$WORK/startup.out" || fail "cannot count what libc allocates before main"

for program in realloc_chain tail_calls inner_calls; do
	ln -s "$WORKLOAD/$program" "$WORK/$program.glibc"
	# shellcheck disable=SC2086
	gcc $CFLAGS -static "tests/workload/$program.c" -o "$WORK/$program.glibc-static" &&
		musl-gcc $CFLAGS "tests/workload/$program.c" -o "$WORK/$program.musl" &&
		musl-gcc $CFLAGS -static "tests/workload/$program.c" -o "$WORK/$program.musl-static" ||
		fail "cannot build $program"
	for variant in glibc glibc-static musl musl-static; do
		"$BRKSCOPE" report -j -o "$WORK/$program.$variant.json" -- \
			"$WORK/$program.$variant" >"$WORK/$program.$variant.out" ||
			fail "report of $program.$variant: status $?"
	done
done

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]
FUNCTIONS = (*COUNTED, "reallocarray")
startup = read_json(f"{work}/startup.out")
for program in ("realloc_chain", "tail_calls", "inner_calls"):
    for variant in ("glibc", "glibc-static", "musl", "musl-static"):
        who = f"{program}.{variant}"
        truth = read_json(f"{work}/{who}.out")
        row = Report(f"{work}/{who}.json").row(truth["pid"])
        if variant == "glibc-static":
            for name in startup:
                truth[name] = truth.get(name, 0) + startup[name]
        got = row["malloc"]["by_function"]
        want = {name: truth[name] for name in FUNCTIONS if truth.get(name)}
        # What is written as the other one, or is the same address, cannot be told apart.
        for names in (want, got):
            names["aligned"] = names.pop("memalign", 0) + names.pop("aligned_alloc", 0)
            names["realloc"] = names.pop("realloc", 0) + names.pop("reallocarray", 0)
        expect(f"{who}: by function", {n: got[n] for n in got if got[n]},
               {n: want[n] for n in want if want[n]})
        expect(f"{who}: calls", row["malloc"]["calls"], sum(want.values()))
        expect(f"{who}: bytes", row["malloc"]["bytes"], truth["bytes"])
        expect(f"{who}: impossible", row["malloc"]["impossible"], truth.get("impossible", 0))
        expect(f"{who}: histogram", sum(malloc_buckets(row).values()),
               sum(want.values()) - truth.get("impossible", 0))
        expect(f"{who}: allocator", row["allocator"]["kind"], variant.split("-")[0])
        expect(f"{who}: probed", row["allocator"]["probed"], True)
END
