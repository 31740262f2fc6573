#!/bin/bash
# filters.sh - a filter lets through what it names, all of it, and nothing else.
. "$(dirname "$0")/lib.sh"
need_bpf
CGROUPS=$(awk '$3 == "cgroup2" { print $2; exit }' /proc/mounts)
[ -n "$CGROUPS" ] || skip "no cgroup v2 is mounted"
GROUP=$CGROUPS/brkscope-test.$$
mkdir "$GROUP" "$GROUP/below" || skip "cannot make a cgroup under $CGROUPS"

# The kernel needs a moment to see that a cgroup has no process left.
leave_cgroup() {
	cleanup
	for _ in {1..100}; do
		rmdir "$GROUP/below" "$GROUP" 2>/dev/null
		[ -d "$GROUP" ] || return
		sleep 0.02
	done
	echo "cannot remove $GROUP"
}
trap leave_cgroup EXIT

end_agent() {
	kill -INT "$AGENT"
	ended "$AGENT" || fail "report: status $?: $(cat "$WORK/messages")"
}

# -p: one of two that do the same, and not its children; then both.
steps() { [ "$(wc -l <"$WORK/$1.out")" -ge 1 ]; }
mkfifo "$WORK/one" "$WORK/two"
exec 3<>"$WORK/one" 4<>"$WORK/two"
start "$WORKLOAD/mix" 1 wait <"$WORK/one" >"$WORK/one.out"
ONE=$!
start "$WORKLOAD/mix" 1 wait <"$WORK/two" >"$WORK/two.out"
TWO=$!
start_collecting "$WORK/messages" report -j -p "$ONE" -o "$WORK/pid.json"
printf '.' >&3
printf '.' >&4
eventually 10 steps one
eventually 10 steps two
end_agent
# A process that ends while it is watched ends the report.
start_collecting "$WORK/messages" report -j -p "$ONE,$TWO" -o "$WORK/pids.json"
exec 3>&- 4>&-
ended "$AGENT" || fail "report -p of two that end: status $?: $(cat "$WORK/messages")"

# -n: by name, whoever's child it is, also one that gets the name by exec.
start_collecting "$WORK/messages" report -j -n flood -o "$WORK/comm.json"
"$WORKLOAD/flood" 100 10 2 >"$WORK/flood.1"
"$WORKLOAD/mix" >"$WORK/out"
sh -c 'exec "$0" 100 10 2' "$WORKLOAD/flood" >"$WORK/flood.2"
end_agent

# -c: in the cgroup and below it; not beside it.
start_collecting "$WORK/messages" report -j -c "$GROUP" -o "$WORK/cgroup.json"
(echo $BASHPID >"$GROUP/cgroup.procs" && exec "$WORKLOAD/flood" 100 10 2) >"$WORK/in.1"
(echo $BASHPID >"$GROUP/below/cgroup.procs" && exec "$WORKLOAD/flood" 100 10 2) >"$WORK/in.2"
"$WORKLOAD/flood" 100 10 2 >"$WORK/out"
end_agent

# --: the command and its descendants, whatever runs beside it.
start sh -c 'while :; do /bin/true; done'
NOISE=$!
"$BRKSCOPE" report -j -o "$WORK/command.json" -- \
	sh -c '"$0" 100 10 2; sh -c "$0 100 10 2; :"; :' "$WORKLOAD/flood" >"$WORK/floods" ||
		fail "report --: status $?"
kill "$NOISE"

compare "$WORK" "$ONE" "$TWO" <<'END'
from oracle import *
work, one, two = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

def said(*names):
    lines = []
    for name in names:
        with open(f"{work}/{name}", encoding="utf-8") as file:
            lines += [json.loads(line) for line in file]
    return lines

def expect_floods(who, report, floods):
    for truth in floods:
        row = report.row(truth["pid"])
        # The sizes that no shell asks for, before it becomes the program.
        for size in ("16384", "65536", "262144"):
            expect(f"{who}: sizes up to {size} of {truth['pid']}",
                   malloc_buckets(row).get(int(size)), truth["buckets"][size])
        expect(f"{who}: direct of {truth['pid']}", row["mmap"]["direct"]["calls"],
               truth["direct_calls"])

report = Report(f"{work}/pid.json")
expect("-p: rows", list(report.rows), [one])
expect("-p: calls", report.row(one)["malloc"]["calls"], 1000)
report = Report(f"{work}/pids.json")
expect("-p of two: rows", sorted(report.rows), sorted([one, two]))
expect("-p of two: exited", [row["exited"] for row in report.rows.values()], [True, True])

report, floods = Report(f"{work}/comm.json"), said("flood.1", "flood.2")
expect("-n: rows", sorted(report.rows), sorted(truth["pid"] for truth in floods))
expect_floods("-n", report, floods)

report, floods = Report(f"{work}/cgroup.json"), said("in.1", "in.2")
expect("-c: rows", sorted(report.rows), sorted(truth["pid"] for truth in floods))
expect_floods("-c", report, floods)

report, floods = Report(f"{work}/command.json"), said("floods")
expect("--: rows", sorted(row["comm"] for row in report.rows.values()),
       ["flood", "flood", "sh", "sh"])
expect_floods("--", report, floods)
END
