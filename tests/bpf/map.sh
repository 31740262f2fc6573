#!/bin/bash
# map.sh - an address space as /proc/PID/maps has it, as RSS counts it, and as its program made it.
. "$(dirname "$0")/lib.sh"
need_bpf
need redis-server

mkfifo "$WORK/keys" "$WORK/steps"
exec 3<>"$WORK/keys" 4<>"$WORK/steps"
lines() { [ "$(wc -l <"$WORK/$1")" -ge "$2" ]; }

# The tutorial's programs, at a terminal, at each stop.
shows() { grep -q "^heap .*: $2\$" <<<"$("$BRKSCOPE" map "$1" | tee "$WORK/map.txt")"; }
said() { [ "$(grep -c 'Got the address' "$WORK/$1")" -ge "$2" ]; }
start "$PYTHON" "$HERE/terminal.py" "$WORKLOAD/seed_brk" <"$WORK/keys" >"$WORK/seed_brk.out"
eventually 10 grep -q Enter "$WORK/seed_brk.out"
PID=$(sed -n 's/^Process id : \([0-9]*\).*/\1/p' "$WORK/seed_brk.out")
for call in 1 2 3 4; do
	shows "$PID" '0x21000 = 135168 bytes = 33 pages of 4096' ||
		fail "before malloc $call: $(cat "$WORK/map.txt")"
	printf '\n' >&3
	eventually 10 said seed_brk.out $call
done
shows "$PID" '0x49000 = 299008 bytes = 73 pages of 4096' || fail "at last: $(cat "$WORK/map.txt")"
printf '\n' >&3
start "$PYTHON" "$HERE/terminal.py" "$WORKLOAD/seed_mmap" <"$WORK/steps" >"$WORK/seed_mmap.out"
eventually 10 grep -q 'Process id' "$WORK/seed_mmap.out"
PID=$(sed -n 's/^Process id : \([0-9]*\).*/\1/p' "$WORK/seed_mmap.out")
printf '\n' >&4
eventually 10 said seed_mmap.out 1
shows "$PID" '0x21000 = 135168 bytes = 33 pages of 4096' || fail "seed_mmap: $(cat "$WORK/map.txt")"
grep -Eq ' 144K +36 rw-p +4.0K malloc +block$' "$WORK/map.txt" ||
	fail "no block of 36 pages: $(cat "$WORK/map.txt")"
printf '\n' >&4

# A program that says what it maps: followed through one step, and through the next.
start "$WORKLOAD/layout" <"$WORK/keys" >"$WORK/layout.out"
LAYOUT=$!
follow() { # NAME LINES: from before a step to behind it.
	start_collecting "$WORK/messages" map -v -j -d 60 -l sizes -o "$WORK/$1.json" "$LAYOUT"
	eventually 20 grep -q 'following 1 process' "$WORK/messages"
	printf . >&3
	eventually 10 lines layout.out "$2"
	kill -INT "$AGENT"
	ended "$AGENT" || fail "map -d: status $?: $(cat "$WORK/messages")"
	cp "/proc/$LAYOUT/maps" "$WORK/$1.maps"
}
follow first 1
follow second 2
"$BRKSCOPE" map -j "$LAYOUT" >"$WORK/afterwards.json" || fail "map: status $?"
cp "/proc/$LAYOUT/maps" "$WORK/afterwards.maps"
cp "/proc/$LAYOUT/smaps_rollup" "$WORK/afterwards.rollup"
# What a report says is resident, beside the kernel's own word.
"$BRKSCOPE" report -j -l syscalls -d 0.1 -p "$LAYOUT" -o "$WORK/report.json" || fail "report: $?"
cp "/proc/$LAYOUT/smaps" "$WORK/smaps"

# Programs that people run, while they work.
redis-server --port 0 --unixsocket "$WORK/redis.sock" --save '' --io-threads 2 >"$WORK/redis.log" &
REDIS=$!
STARTED+=("$REDIS")
start "$PYTHON" -c 'import threading, mmap, time, json
keep = [bytearray(300000) for n in range(20)] + [mmap.mmap(-1, 4096 * n) for n in range(1, 30)]
done = threading.Event()
threads = [threading.Thread(target=lambda: (keep.append([bytes(n) for n in range(5000)]),
                                            done.wait())) for n in range(4)]
[thread.start() for thread in threads]
while len(keep) < 53:
    time.sleep(0.01)
print("there", flush=True)
done.wait()' >"$WORK/python.out"
THREADED=$!
eventually 20 grep -q there "$WORK/python.out"
eventually 20 test -S "$WORK/redis.sock"
"$BRKSCOPE" map -j "$THREADED" "$REDIS" >"$WORK/live.json" || fail "map of two: status $?"
"$BRKSCOPE" map -j -d 0.3 "$REDIS" >"$WORK/followed.json" || fail "map -d of redis: status $?"
# Not stopped by being looked at: what maps and unmaps without end.
start "$WORKLOAD/mappers" 4 100000000 >"$WORK/mappers.out"
"$BRKSCOPE" map -j $! >"$WORK/restless.json" || fail "map of a restless one: status $?"
exec 3>&- 4>&-

compare "$WORK" "$LAYOUT" "$REDIS" <<'END'
import schema
from oracle import *
work, layout, redis = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

def processes(name):
    data = read_json(f"{work}/{name}.json")
    expect(f"{name}: schema", data["schema"], "brkscope.map/1")
    return data["processes"]

def adds_up(name, process):
    where, segments = f"{name} {process['comm']}", process["segments"]
    check = process["reconciliation"]
    expect(f"{where}: ledger", check["difference_bytes"], 0)
    expect(f"{where}: bytes", check["ledger"]["bytes"], check["kernel"]["bytes"])
    expect(f"{where}: nothing missed", process["totals"]["missed"]["segments"], 0)
    expect(f"{where}: settled", process["settled"], True)
    expect(f"{where}: RSS", check["rss"]["difference_bytes"], 0)
    expect(f"{where}: every segment's RSS is known",
           [s for s in segments if s["rss_bytes"] is None], [])
    expect(f"{where}: segments' RSS", sum(s["rss_bytes"] for s in segments),
           check["rss"]["segments_bytes"])
    for field, total in (("bytes", "bytes"), ("rss_bytes", "rss_bytes")):
        for cause, part in process["totals"].items():
            expect(f"{where}: {cause}'s {total}", part[total],
                   sum(s[field] for s in segments if s["cause"] == cause))

def as_listed(name, process):
    """The kernel's own list, of which segments are parts."""
    with open(f"{work}/{name}.maps", encoding="utf-8") as lines:
        listed = [line.split()[:2] for line in lines if "[uprobes]" not in line and "[vsyscall]" not in line]
    expected = [[*(int(edge, 16) for edge in edges.split("-")), perms] for edges, perms in listed]
    merged = []
    for s in process["segments"]:
        if s["cause"] == "uprobes":
            continue
        inside = next((e for e in expected if e[0] <= s["start"] and s["end"] <= e[1]), None)
        expect_true(f"{name}: {s['start']:x} is in a mapping", inside and inside[2] == s["perms"])
        if merged and merged[-1][1] == s["start"] and inside and s["start"] != inside[0]:
            merged[-1][1] = s["end"]
        else:
            merged.append([s["start"], s["end"], s["perms"]])
    expect(f"{name}: all that is mapped", merged, expected)

with open(f"{work}/layout.out", encoding="utf-8") as lines:
    first, second = (json.loads(line) for line in lines)

def pages(process, start, count):
    """(cause, resident pages) of the segment of exactly these pages."""
    for s in process["segments"]:
        if s["start"] == start and s["end"] == start + count * PAGE:
            return s["cause"], s["rss_bytes"] // PAGE
    return None

for name in ("first", "second", "afterwards"):
    process, = processes(name)
    expect("pid", process["pid"], layout)
    adds_up(name, process)
    as_listed(name, process)
# No probes are in its code any more, which have pages of their own.
with open(f"{work}/afterwards.rollup", encoding="utf-8") as lines:
    rollup = next(int(line.split()[1]) * 1024 for line in lines if line.startswith("Rss:"))
expect("RSS by the rollup", process["reconciliation"]["rss"]["segments_bytes"], rollup)

# What is one mapping for the kernel are two, each with its own pages.
process, = processes("first")
expect("left", pages(process, first["left"], 3), ("direct", 2))
expect("right", pages(process, first["right"], 5), ("direct", 3))
expect("other", pages(process, first["other"], 6), ("direct", 6))
left = next(s for s in process["segments"] if s["start"] == first["left"])
expect("left: who called", os.path.basename(left["caller"]["object"]), "layout")
expect_true("left: in a function", left["caller"]["function"] in ("map_at", "main"))
block = next(s for s in process["segments"] if s["start"] <= first["block"] < s["end"])
expect("block", [block["cause"], block["request_bytes"], block["kind"], block["bytes"]],
       ["malloc", 300000, "malloc block", 303104])
expect_true("block: born meanwhile", process["time_ns"] > block["born_ns"] > 0)

def changes(process):
    return [(c["kind"], c["start"], c["end"], c["cause"], c["bytes"], c["usable_bytes"],
             c["request_bytes"])
            for c in process["followed"]["changes"]
            if c["cause"] not in ("heap",)]

def change(kind, cause, start, end, bytes_, usable=None, request=None):
    usable = usable or bytes_
    return (kind, start, end, cause, dict(zip(("before", "after"), bytes_)),
            dict(zip(("before", "after"), usable)), request)

room, other, more = first["room"], first["other"], second["more"]
process, = processes("second")
expect("second: left is gone", pages(process, first["left"], 3), None)
# What was there before this agent has no cause that is proved, and neighbours were one.
expect("second: right", pages(process, first["right"], 5), ("unattributed", 3))
expect("second: more", pages(process, more, 2), ("direct", 1))
large = second["large"] & -PAGE
found = changes(process)
for wanted in (change("changed", "unattributed", first["right"], first["right"] + 5 * PAGE,
                      (8 * PAGE, 5 * PAGE)),
               change("new", "direct", more, more + 2 * PAGE, (0, 2 * PAGE)),
               change("new", "malloc", large, large + 503808, (0, 503808), request=500000),
               change("changed", "unattributed", other, other + 5 * PAGE, (6 * PAGE, 5 * PAGE),
                      (6 * PAGE, 3 * PAGE))):
    expect_true(f"change {wanted}", wanted in found)
# And the reserve, of which `more` has taken the middle.
expect("changes", len(found), 5)
heap = [c for c in process["followed"]["changes"] if c["cause"] == "heap"]
expect("heap", [(c["kind"], c["bytes"]["after"]) for c in heap],
       [("changed", process["heap"]["bytes"])])
expect("events", [process["followed"]["events"][n] for n in ("spilled", "lost")], [0, 0])

def kernels_rss(name):
    with open(f"{work}/smaps", encoding="utf-8") as lines:
        for line in lines:
            if name in line:
                return next(int(l.split()[1]) * 1024 for l in lines if l.startswith("Rss:"))

report = Report(f"{work}/report.json")
schema.check(report)
row = report.row(layout)
expect("report: heap's RSS", row["heap"]["rss_bytes"], kernels_rss("[heap]"))
expect("report: main stack's RSS", row["rss"]["main_stack_bytes"], kernels_rss("[stack]"))
# other, block, right, more, large: those of the test, in a process of this size.
expect_true("report: RSS of what is unattributed", row["mmap"]["unattributed"]["rss_bytes"] >=
            (4 + 3 + 1) * PAGE)
expect("report: malloc's RSS", row["mmap"]["malloc"]["rss_bytes"], 2 * PAGE)

for name in ("live", "followed"):
    for process in processes(name):
        adds_up(name, process)
expect("two", [process["comm"][:5] for process in processes("live")], ["pytho", "redis"])
restless, = processes("restless")
expect_true("restless: said to be, or settled",
            restless["settled"] or restless["readings"] > 1)
END
