#!/bin/bash
# uretprobes.sh - another tracer's return probes change neither what is counted nor any cause.
#
# In a copy of libc, which nobody else uses: in it malloc's family and mmap return
# by way of the probes.
. "$(dirname "$0")/lib.sh"
need_bpf
need readelf

LIBC=$(ldd "$WORKLOAD/tail_calls" | sed -n 's/.*libc.so.6 => \([^ ]*\) .*/\1/p')
mkdir "$WORK/lib"
cp "$LIBC" "$WORK/lib/libc.so.6" || fail "no copy of $LIBC"
OFFSETS=$(readelf -Ws --dyn-syms "$LIBC" |
	sed -n 's/^ *[0-9]*: 0*\([0-9a-f]*\) .* FUNC .* \(mmap\|mremap\|realloc\|malloc\|calloc\|aligned_alloc\)@@.*/0x\1/p' |
	sort -u)
[ "$(wc -w <<<"$OFFSETS")" = 6 ] || fail "no such functions in $LIBC: $OFFSETS"

mkfifo "$WORK/end"
exec 3<>"$WORK/end"
# It maps the copy from before the agent comes.
start env LD_LIBRARY_PATH="$WORK/lib" "$PYTHON" -S -c 'import sys; sys.stdin.read()' <"$WORK/end"
# shellcheck disable=SC2086
start "$ORACLE/uretprobes" "$WORK/lib/libc.so.6" $OFFSETS <"$WORK/end" >"$WORK/placed"
eventually 20 grep -q placed "$WORK/placed"
for program in tail_calls realloc_chain causes; do
	LD_LIBRARY_PATH="$WORK/lib" "$BRKSCOPE" report -j -o "$WORK/$program.json" -- \
		"$WORKLOAD/$program" >"$WORK/$program.out" ||
		fail "report of $program: status $?: $(cat "$WORK/$program.out")"
done

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]
for program in ("tail_calls", "realloc_chain"):
    truth = read_json(f"{work}/{program}.out")
    row = Report(f"{work}/{program}.json").row(truth["pid"])
    expect("its libc", row["allocator"]["object"], f"{work}/lib/libc.so.6")
    expect(f"{program}: calls", row["malloc"]["calls"],
           sum(truth.get(name, 0) for name in (*COUNTED, "reallocarray")))
    expect(f"{program}: bytes", row["malloc"]["bytes"], truth["bytes"])
    expect(f"{program}: unexplained", row["address_space"]["unexplained_bytes"], 0)

truth = read_json(f"{work}/causes.out")
row = Report(f"{work}/causes.json").row(truth["pid"])
expect("malloc", row["mmap"]["malloc"]["calls"], truth["malloc"])
for name in ("direct", "file"):
    expect(name, [row["mmap"][name]["calls"], row["mmap"][name]["bytes"]],
           [truth[name], truth[name + "_bytes"]])
END
