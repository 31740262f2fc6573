#!/bin/bash
# regions.sh - region by region, the ledger of a program that maps at random is what the kernel lists.
# timeout: 120
#
# Ten seeds with threads, followed from where they begin, and attached to in the
# middle of their work.
. "$(dirname "$0")/lib.sh"
need_bpf

SEEDS=10 OPERATIONS=100000 THREADS=3
mkfifo "$WORK/go"

follow() { # before|wait
	local how=$1 seed pids=() pid

	exec 3<>"$WORK/go"
	for ((seed = 1; seed <= SEEDS; seed++)); do
		start "$WORKLOAD/random_mapper" $seed $OPERATIONS $THREADS 0 "$how" <"$WORK/go" >>"$WORK/$how.out"
		pids+=($!)
	done
	sleep 0.2
	start_collecting "$WORK/messages" map -j -d 100 --ring-pages 65536 -o "$WORK/$how.json" "${pids[@]}"
	head -c $SEEDS /dev/zero >"$WORK/go"
	eventually 60 stand_still "$WORK/$how.out"
	mkdir "$WORK/$how"
	for pid in "${pids[@]}"; do
		cat "/proc/$pid/maps" >"$WORK/$how/$pid" || fail "a mapper has gone: $(cat "$WORK/$how.out")"
	done
	kill -INT "$AGENT"
	ended "$AGENT" || fail "map: status $?: $(cat "$WORK/messages")"
	exec 3>&-
	for pid in "${pids[@]}"; do
		ended "$pid"
	done
}

stand_still() { # FILE
	[ "$(grep -c pid "$1")" = $SEEDS ]
}

follow wait
follow before

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]

def listed(path):
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            fields = line.split(maxsplit=5)
            start, end = (int(address, 16) for address in fields[0].split("-"))
            if "[vsyscall]" not in line:
                yield start, end, fields[1]

for how in ("wait", "before"):
    processes = read_json(f"{work}/{how}.json")["processes"]
    expect(f"{how}: processes", len(processes), 10)
    for p in processes:
        who = f"{how} {p['pid']}"
        expect(f"{who}: settled", p["settled"], True)
        expect(f"{who}: difference", p["reconciliation"]["difference_bytes"], 0)
        expect(f"{who}: ranges that differ", p["reconciliation"]["differences"], [])
        # Its segments, each with a cause, are the kernel's mappings, cut.
        segments = iter(p["segments"])
        for start, end, perms in listed(f"{work}/{how}/{p['pid']}"):
            while start < end:
                s = next(segments, {"start": None, "end": end, "perms": None, "cause": None})
                if (s["start"], s["perms"]) != (start, perms) or s["end"] > end or \
                        s["cause"] in (None, "missed"):
                    expect(f"{who}: at {start:#x}-{end:#x} {perms}", s, "a segment of it")
                    break
                start = s["end"]
        expect(f"{who}: segments left over", next(segments, None), None)
        expect_true(f"{who}: of what it mapped itself",
                    sum(s["cause"] == "direct" for s in p["segments"]) > 100)
END
