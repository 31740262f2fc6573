#!/bin/bash
# machine.sh - the whole machine during a parallel build: every process, exec and exit, with its name.
# timeout: 120
#
# The kernel's process connector is the witness of who lived, forked and
# exec'd; the counting preload of what each process of the build allocated.
. "$(dirname "$0")/lib.sh"
need_bpf
need gcc make
FILES=150

mkdir "$WORK/src" "$WORK/counts"
for ((i = 0; i < FILES; i++)); do
	echo "int f$i(int x) { int a[$((i + 1))]; a[$i] = x; return a[$i] * $i; }" >"$WORK/src/f$i.c"
done
echo "int main(void) { return 0; }" >>"$WORK/src/f0.c"
printf '%b' 'program: $(patsubst %.c,%.o,$(wildcard *.c))\n\tgcc -o $@ $^\n' \
	'%.o: %.c\n\tgcc -c -o $@ $<\n' >"$WORK/src/Makefile"

mkfifo "$WORK/end"
exec 3<>"$WORK/end"
start "$ORACLE/cnproc" <"$WORK/end" >"$WORK/events" 2>&1
WITNESS=$!
for _ in {1..100}; do
	grep -q ready "$WORK/events" && break
	sleep 0.02
done
grep -q ready "$WORK/events" || skip "no process connector: $(head -n 1 "$WORK/events")"
start_collecting "$WORK/messages" report -j -o "$WORK/report.json"
# shellcheck disable=SC2016
start sh -c 'for i in $(seq 200); do :; /bin/true; (exit 0); done'
LOOP=$!
start "$WORKLOAD/counted" "$LIBCOUNT" "$WORK/counts" make -s -j2 -C "$WORK/src"
BUILD=$!
ended "$BUILD" || fail "make: status $?"
ended "$LOOP" || fail "loop: status $?"
exec 3>&-
ended "$WITNESS" || fail "the process connector lost events: $(tail -1 "$WORK/events")"
kill -INT "$AGENT"
ended "$AGENT" || fail "report: status $?: $(cat "$WORK/messages")"

compare "$WORK" "$BUILD" "$LOOP" "$FILES" <<'END'
import schema
from collections import Counter
from oracle import *
work, roots, files = sys.argv[1], [int(pid) for pid in sys.argv[2:4]], int(sys.argv[4])
report = Report(f"{work}/report.json")
schema.check(report)

family, execs, exits = {pid: None for pid in roots}, Counter(), Counter()
with open(f"{work}/events", encoding="utf-8") as lines:
    for what, *pids in (line.split() for line in lines):
        pids = [int(pid) for pid in pids]
        if what == "fork" and pids[0] in family:
            family[pids[1]] = pids[0]
        elif what == "exec" and pids[0] in family:
            execs[pids[0]] += 1
        elif what == "exit" and pids[0] in family:
            exits[pids[0]] += 1
expect_true("a real build", len(family) > 3 * files)
expect("processes without a row", sorted(set(family) - set(report.rows)), [])
ours = {pid: report.rows[pid] for pid in family if pid in report.rows}
expect("descendants that were not seen being forked",
       [pid for pid, row in report.rows.items() if row["ppid"] in ours and pid not in family], [])
for pid, row in ours.items():
    who = f"{row['comm']} {pid}"
    expect(f"{who}: execs", row["execs"], execs[pid])
    expect(f"{who}: exited", row["exited"], exits[pid] == 1)
    if family[pid]:
        expect(f"{who}: parent", row["ppid"], family[pid])

# Of all that has exited in it, where its address space could still be counted then.
spaces = [row["address_space"]["unexplained_bytes"] for row in ours.values() if row["exited"]]
expect("address spaces that are not explained",
       [(row["comm"], row["execs"], row["address_space"]) for row in ours.values() if row["address_space"]["unexplained_bytes"]], [])
if any(n is not None for n in spaces):
    expect_true("address spaces that were compared", spaces.count(0) > 0.9 * len(spaces))

counts = read_counts(f"{work}/counts")
for pid, process in counts.items():
    # Of the root, this shell's own calls are in the row, between its fork and its exec.
    if pid not in roots:
        expect_counts(report, process)
comms = Counter(row["comm"] for row in ours.values())
for comm, number in (("cc1", files), ("as", files), ("gcc", files + 1), ("collect2", 1), ("ld", 1),
                     ("true", 200), ("make", 1)):
    expect(f"processes called {comm}", comms[comm], number)
END
