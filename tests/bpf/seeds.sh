#!/bin/bash
# seeds.sh - the two programs that the question began with: 33 pages, 73 pages, one mapping of 36.
. "$(dirname "$0")/lib.sh"
need_bpf

# From the first instruction to the end, on a terminal.
printf '\n\n\n\n\n' | "$PYTHON" "$HERE/terminal.py" \
	"$BRKSCOPE" report -j -o "$WORK/brk.json" -- "$WORKLOAD/seed_brk" >"$WORK/brk.out" ||
	fail "report of seed_brk: $(cat "$WORK/brk.out")"
printf '\n\n' | "$PYTHON" "$HERE/terminal.py" \
	"$BRKSCOPE" report -j -o "$WORK/mmap.json" -- "$WORKLOAD/seed_mmap" >"$WORK/mmap.out" ||
	fail "report of seed_mmap: $(cat "$WORK/mmap.out")"

# From outside, while the program waits: before any of its four mallocs, and over the fourth.
said() { [ "$(grep -c 'Got the address' "$WORK/live.out")" -ge "$1" ]; }
mkfifo "$WORK/keys"
exec 3<>"$WORK/keys"
start "$PYTHON" "$HERE/terminal.py" "$WORKLOAD/seed_brk" <"$WORK/keys" >"$WORK/live.out"
eventually 10 grep -q Enter "$WORK/live.out"
PID=$(sed -n 's/^Process id : \([0-9]*\).*/\1/p' "$WORK/live.out")
"$BRKSCOPE" report -j -d 0.2 -p "$PID" -o "$WORK/first.json" || fail "report -p: status $?"
printf '\n\n\n' >&3
eventually 10 said 3
start_collecting "$WORK/messages" report -j -p "$PID" -o "$WORK/fourth.json"
cp "/proc/$PID/maps" "$WORK/maps"
printf '\n' >&3
eventually 10 said 4
kill -INT "$AGENT"
ended "$AGENT" || fail "report -p: status $?: $(cat "$WORK/messages")"
exec 3>&-

compare "$WORK" "$PID" <<'END'
from oracle import *
work, pid = sys.argv[1], int(sys.argv[2])

def heap(row):
    return {name: row["heap"][name] for name in ("bytes", "pages")}

row = Report(f"{work}/brk.json").data["processes"][0]
expect("brk: heap", heap(row), {"bytes": 73 * 4096, "pages": 73})
expect("brk: grow", row["heap"]["grow"], {"calls": 2, "bytes": 33 * 4096 + 163840})
expect("brk: mmap by malloc", row["mmap"]["malloc"]["calls"], 0)
expect("brk: malloc calls", row["malloc"]["calls"], 6)
expect("brk: malloc bytes", row["malloc"]["bytes"], 4 * 10 * 4096 + 2 * 1024)
expect("brk: histogram", malloc_buckets(row), {1024: 2, 65536: 4})
expect("brk: comm", row["comm"], "seed_brk")
expect("brk: exited", row["exited"], True)

row = Report(f"{work}/mmap.json").data["processes"][0]
expect("mmap: heap", heap(row), {"bytes": 33 * 4096, "pages": 33})
expect("mmap: grow", row["heap"]["grow"], {"calls": 1, "bytes": 33 * 4096})
for name, want in (("calls", 1), ("bytes", 147456), ("live_bytes", 147456), ("live_regions", 1),
                   ("peak_bytes", 147456)):
    expect(f"mmap: malloc's {name}", row["mmap"]["malloc"][name], want)
expect("mmap: route", row["malloc"]["route"]["mmap"], {"calls": 1, "bytes": 35 * 4096})

first = Report(f"{work}/first.json").row(pid)
expect("live: heap before", heap(first), {"bytes": 33 * 4096, "pages": 33})
fourth = Report(f"{work}/fourth.json").row(pid)
expect("live: heap after", heap(fourth), {"bytes": 73 * 4096, "pages": 73})
expect("live: grow", fourth["heap"]["grow"], {"calls": 1, "bytes": 163840})
expect("live: malloc", [fourth["malloc"]["calls"], fourth["malloc"]["bytes"]], [1, 10 * 4096])
expect("live: exited", fourth["exited"], False)
with open(f"{work}/maps", encoding="utf-8") as maps:
    line = next(line for line in maps if "[heap]" in line)
start, end = (int(edge, 16) for edge in line.split()[0].split("-"))
expect("live: 33 pages in maps", end - start, 33 * 4096)
expect("live: start", fourth["heap"]["start"], start)
END
