#!/bin/bash
# ledger.sh - programs that change their address spaces at random end with ledgers that equal the kernel's lists.
# timeout: 180
#
# Ten seeds, each with threads and children; watched from their start, again attached to in the
# middle of their work, and again by an agent that gets no CPU before they stand still.
. "$(dirname "$0")/lib.sh"
need_bpf

SEEDS=10 OPERATIONS=100000 THREADS=3 CHILDREN=2
# By a name of their own: what others run beside it takes no room in the ring.
MAPPER=mapper_$$
cp "$WORKLOAD/random_mapper" "$WORK/$MAPPER"
mkfifo "$WORK/go"
exec 3<>"$WORK/go"

start_mappers() { # FILE [before]
	local seed

	for ((seed = 1; seed <= SEEDS; seed++)); do
		start "$WORK/$MAPPER" $seed $OPERATIONS $THREADS $CHILDREN ${2-} <"$WORK/go" >>"$1"
	done
}

begin() {
	head -c $SEEDS /dev/zero >"$WORK/go"
}

stand_still() { # FILE
	[ "$(grep -c pid "$1")" = $((SEEDS * (CHILDREN + 1))) ]
}

# What the kernel lists of each process, kept for the comparison.
read_maps() { # FILE DIRECTORY
	local pid

	mkdir "$2"
	for pid in $(sed 's/[^0-9]//g' "$1"); do
		cat "/proc/$pid/maps" >"$2/$pid" || fail "a mapper has gone: $(cat "$1")"
	done
}

follow() { # NAME [before|late]
	[ "${2-}" != before ] || start_mappers "$WORK/$1.out" before
	start_collecting "$WORK/messages" report -l syscalls -j -n "$MAPPER" --ring-pages 65536 \
		-o "$WORK/$1.json"
	[ "${2-}" != late ] || kill -STOP "$AGENT"
	[ "${2-}" = before ] || start_mappers "$WORK/$1.out"
	[ "${2-}" != before ] || begin
	eventually 60 stand_still "$WORK/$1.out"
	read_maps "$WORK/$1.out" "$WORK/$1"
	kill -INT "$AGENT"
	kill -CONT "$AGENT"
	ended "$AGENT" || fail "report: status $?: $(cat "$WORK/messages")"
	begin
	wait_for_mappers
}

wait_for_mappers() {
	local pid

	exec 3>&-
	for pid in "${STARTED[@]}"; do
		ended "$pid"
	done
	exec 3<>"$WORK/go"
}

follow started
follow attached before
follow late late

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]
UNTOLD = ("[vsyscall]", "[uprobes]", "[uprobes-trampoline]")

def listed(path):
    """Bytes of the heap, of the main stack, and of all else."""
    sums = {"[heap]": 0, "[stack]": 0, "": 0}
    with open(path, encoding="utf-8") as lines:
        for line in lines:
            fields = line.split(maxsplit=5)
            name = fields[5].strip() if len(fields) > 5 else ""
            start, end = (int(address, 16) for address in fields[0].split("-"))
            if name not in UNTOLD:
                sums[name if name in sums else ""] += end - start
    return sums

for how in ("started", "attached", "late"):
    report = Report(f"{work}/{how}.json")
    expect(f"{how}: spilled", report.data["events"]["spilled"], 0)
    pids = [int(name) for name in os.listdir(f"{work}/{how}")]
    expect_true(f"{how}: processes", len(pids) == 30)
    expect_true(f"{how}: events", report.data["events"]["received"] > 500000)
    for pid in pids:
        row, truth = report.row(pid), listed(f"{work}/{how}/{pid}")
        live = [cause["live_bytes"] for name, cause in row["mmap"].items() if "live_bytes" in cause]
        expect_true(f"{how} {pid}: live numbers", None not in live)
        # The kernel shows memory that it has merged with the heap as the heap.
        expect(f"{how} {pid}: mapped", sum(n or 0 for n in live) + row["heap"]["bytes"],
               truth[""] + truth["[heap]"])
        # A call can be under way while the list is read: then it is read again.  That is so where
        # it is read in the middle, and for a child that was forked while other threads changed
        # what it got: which of that it has only its list tells.
        in_the_middle = how == "attached" or how == "started" and row["ppid"] in pids
        expect_true(f"{how} {pid}: read anew {row['address_space']['rereads']}",
                    row["address_space"]["rereads"] <= (3 if in_the_middle else 0))
        expect(f"{how} {pid}: unexplained", row["address_space"]["unexplained_bytes"], 0)
        expect_true(f"{how} {pid}: caused", row["mmap"]["direct"]["live_regions"] > 100)
END
