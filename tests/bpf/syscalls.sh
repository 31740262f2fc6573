#!/bin/bash
# syscalls.sh - brk, mmap, munmap and mremap, calls and bytes, are what strace sees.
. "$(dirname "$0")/lib.sh"
need_bpf
need strace

"$BRKSCOPE" report -j -o "$WORK/report.json" -- "$WORKLOAD/syscalls" >"$WORK/out" ||
	fail "report: status $?: $(cat "$WORK/out")"
strace -f -o "$WORK/strace" -e trace=brk,mmap,munmap,mremap,clone,clone3,fork,vfork \
	"$WORKLOAD/syscalls" >"$WORK/out" || fail "strace: $(cat "$WORK/out")"
strace -f -c -o "$WORK/summary" -e trace=brk,mmap,munmap,mremap "$WORKLOAD/syscalls"
# A number is of 32 bits, and means another call to a 32-bit program.
for what in '' 32 high; do
	# shellcheck disable=SC2086
	"$BRKSCOPE" report -l syscalls -j -o "$WORK/table$what.json" -- "$WORKLOAD/other_table" $what
	status=$?
	[ $status = 0 ] || [ $status = 77 ] || fail "report: status $status"
	[ $status = 0 ] || echo "no such system calls on this machine: $what"
done

# What a filter answers by SIGSYS is no call: not even one with an address of no page.
"$BRKSCOPE" report -l syscalls -j -o "$WORK/trapped.json" -- "$WORKLOAD/trapped" 10 >"$WORK/trapped.out" ||
	fail "report: status $?: $(cat "$WORK/trapped.out")"

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]
report = Report(f"{work}/report.json")
def only(name):
    return next(iter(Report(f"{work}/{name}.json").rows.values()))
plain, other, high = only("table"), only("table32"), only("tablehigh")
for kind in ("grow", "shrink", "query", "failed"):
    expect(f"other table: brk, {kind}", other["heap"][kind]["calls"], plain["heap"][kind]["calls"])
expect("other table: mmap", mmap_total(other, "calls"), mmap_total(plain, "calls"))
for kind in ("munmap", "mremap", "failed"):
    expect(f"other table: {kind}", other["mmap"][kind]["calls"], plain["mmap"][kind]["calls"])
if os.uname().machine == "x86_64":
    expect("high bits: mmap", mmap_total(high, "calls"), mmap_total(plain, "calls") + 100)
    expect("high bits: munmap", high["mmap"]["munmap"]["calls"],
           plain["mmap"]["munmap"]["calls"] + 50)
trapped, truth = only("trapped"), read_json(f"{work}/trapped.out")
expect("trapped: heap", [trapped["heap"]["start"], trapped["heap"]["end"]],
       [truth["start"], truth["end"]])
expect("trapped: direct", trapped["mmap"]["direct"]["calls"], 0)
expect("trapped: failed", trapped["mmap"]["failed"]["calls"], 20)
expect("trapped: munmap", trapped["mmap"]["munmap"]["calls"], plain["mmap"]["munmap"]["calls"])
expect("trapped: unexplained", trapped["address_space"]["unexplained_bytes"], 0)
truth = read_strace(f"{work}/strace")
rows = [report.rows[pid] for pid in sorted(report.rows)]
expect("processes", len(rows), len(truth))
for who, row, syscalls in zip(("parent", "child"), rows, truth):
    expect_syscalls(who, row, syscalls)
    # All the program's own; before its first brk there is the loader alone.
    own = [call for call in syscalls.mmap if "MAP_ANONYMOUS" in call[0]]
    for cause in ("malloc", "arena", "file"):
        expect(f"{who}: mmap by {cause}", row["mmap"][cause]["calls"], 0)
    stack = [length for flags, length in own if "MAP_STACK" in flags]
    expect(f"{who}: stack", [row["mmap"]["stack"]["calls"], row["mmap"]["stack"]["bytes"]],
           [len(stack), sum(stack)])
    # Its libc is probed, and it never calls malloc: 0 is known.
    expect(f"{who}: malloc", row["malloc"] and row["malloc"]["calls"], 0)
expect("child: loader", rows[1]["mmap"]["loader"]["calls"], 0)
expect("child: direct", rows[1]["mmap"]["direct"]["bytes"], sum(n for _, n in truth[1].mmap))

# The same sums as strace -c counts them: all calls, and the errors of them.
summary = {}
with open(f"{work}/summary", encoding="utf-8") as lines:
    for line in lines:
        fields = line.split()
        if fields and fields[-1] in ("brk", "mmap", "munmap", "mremap"):
            summary[fields[-1]] = [int(fields[3]), int(fields[4]) if len(fields) == 6 else 0]
def total(*path):
    sums = 0
    for value in rows:
        for name in path:
            value = value[name]
        sums += value
    return sums
expect("strace -c: brk", sum(total("heap", kind, "calls")
                             for kind in ("grow", "shrink", "query", "failed")),
       summary["brk"][0])
expect("strace -c: mmap", sum(mmap_total(row, "calls") for row in rows),
       summary["mmap"][0] - summary["mmap"][1])
expect("strace -c: munmap", total("mmap", "munmap", "calls"),
       summary["munmap"][0] - summary["munmap"][1])
expect("strace -c: mremap", total("mmap", "mremap", "calls"),
       summary["mremap"][0] - summary["mremap"][1])
expect("strace -c: failed", total("mmap", "failed", "calls"),
       sum(summary[name][1] for name in ("mmap", "munmap", "mremap")))
END
