#!/bin/bash
# mappers.sh - threads that take each other's addresses: what is live stays what they say.
. "$(dirname "$0")/lib.sh"
need_bpf

for threads in 2 8; do
	"$BRKSCOPE" report -l syscalls -j -o "$WORK/$threads.json" -- "$WORKLOAD/mappers" $threads 30000 \
		>"$WORK/$threads.out" || fail "report of mappers: status $?: $(cat "$WORK/$threads.out")"
done

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]

for threads in (2, 8):
    truth = read_json(f"{work}/{threads}.out")
    report = Report(f"{work}/{threads}.json")
    direct = report.row(truth["pid"])["mmap"]["direct"]
    expect(f"{threads} threads: nothing spilled", report.data["events"]["spilled"], 0)
    expect(f"{threads} threads: calls", direct["calls"], threads * 30000)
    expect(f"{threads} threads: live", [direct["live_regions"], direct["live_bytes"]],
           [truth["mappings"], truth["bytes"]])
END
