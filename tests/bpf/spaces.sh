#!/bin/bash
# spaces.sh - address spaces that change in unusual ways are explained to the byte.
. "$(dirname "$0")/lib.sh"
need_bpf

"$BRKSCOPE" report -l syscalls -j -o "$WORK/report.json" -- "$WORKLOAD/spaces" >"$WORK/out" ||
	fail "report of spaces: status $?: $(cat "$WORK/out")"

# A heap with holes: from the start on, and in a process that was there, which makes one more.
"$BRKSCOPE" report -l syscalls -j -o "$WORK/holes.json" -- "$WORKLOAD/punched" >"$WORK/holes.out" ||
	fail "report of punched: status $?"
mkfifo "$WORK/fifo"
exec 3<>"$WORK/fifo"
start "$WORKLOAD/punched" "$WORK/fifo" >"$WORK/older.out"
punched=$!
eventually 10 grep -q pid "$WORK/older.out"
"$BRKSCOPE" map "$punched" >"$WORK/map.before" || fail "map: status $?"
start_collecting "$WORK/messages" report -l syscalls -j -p "$punched" -o "$WORK/older.json"
echo >&3
said_twice() {
	[ "$(wc -l <"$WORK/older.out")" = 2 ]
}
eventually 10 said_twice
kill -INT "$AGENT"
ended "$AGENT" || fail "report of the older one: status $?: $(cat "$WORK/messages")"
"$BRKSCOPE" map "$punched" >"$WORK/map.after" || fail "map: status $?"
for when in before after; do
	grep -q 'difference 0$' "$WORK/map.$when" && grep -q 'bytes unmapped by the program' "$WORK/map.$when" ||
		fail "map $when: $(cat "$WORK/map.$when")"
done

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]
report = Report(f"{work}/report.json")
with open(f"{work}/out", encoding="utf-8") as lines:
    names = {int(pid): name for name, pid in (line.split() for line in lines)}
expect("workloads", len(names), 9)
# Only from 6.16 on is the address space still there when a process is seen exiting.
known = any(row["address_space"]["bytes"] for row in report.rows.values())
for pid, row in report.rows.items():
    name = names.get(pid, f"{row['comm']} {pid}, of {names.get(row['ppid'], 'none')}")
    # Two processes in one: counted where it is.
    shared = row["ppid"] in names and names[row["ppid"]] == "shared_by_two"
    expect(f"{name}: unexplained", row["address_space"]["unexplained_bytes"],
           0 if known and not shared else None)
    expect(f"{name}: read anew", row["address_space"]["rereads"], int(name == "failures"))
for which in ("holes", "older"):
    with open(f"{work}/{which}.out", encoding="utf-8") as lines:
        truth = json.loads(lines.readlines()[-1])
    row = Report(f"{work}/{which}.json").row(truth["pid"])
    heap = row["heap"]
    expect(f"{which}: heap", [heap["bytes"], heap["bytes"] - heap["unmapped_bytes"]],
           [truth["bytes"], truth["mapped"]])
    expect(f"{which}: direct is known", row["mmap"]["direct"]["live_bytes"],
           3 * PAGE if which == "holes" else 0)
    if row["address_space"]["unexplained_bytes"] is not None or which == "older":
        expect(f"{which}: unexplained", row["address_space"]["unexplained_bytes"], 0)
        expect(f"{which}: read anew", row["address_space"]["rereads"], 0)
    if which == "older":
        expect_true("older: what is resident is known", heap["rss_bytes"] is not None)
END
