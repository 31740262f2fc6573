#!/bin/bash
# spaces.sh - address spaces that change in unusual ways are explained to the byte.
. "$(dirname "$0")/lib.sh"
need_bpf

"$BRKSCOPE" report -l syscalls -j -o "$WORK/report.json" -- "$WORKLOAD/spaces" >"$WORK/out" ||
	fail "report of spaces: status $?: $(cat "$WORK/out")"

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
END
