#!/bin/bash
# callers.sh - who called mmap: functions by name, code in no file, a file that is gone; by strace -k.
. "$(dirname "$0")/lib.sh"
need_bpf
need strace setarch
[ "$HOSTTYPE" = x86_64 ] || skip "the workload's generated code is x86-64's"

# A copy: it is deleted while it runs.
cp "$WORKLOAD/callers" "$WORK/callers" || fail "cp"
strip -o "$WORK/callers.stripped" "$WORKLOAD/callers" || fail "strip"
mkfifo "$WORK/in"
exec 3<>"$WORK/in"
has_spoken() { [ -s "$1" ]; }
for program in callers callers.stripped; do
	start_collecting "$WORK/messages" report -n "$program" -j -o "$WORK/$program.json"
	start "$WORK/$program" <"$WORK/in" >"$WORK/$program.out"
	workload=$!
	eventually 20 has_spoken "$WORK/$program.out"
	rm "$WORK/$program"
	kill -INT $AGENT
	ended $AGENT || fail "report: status $?: $(cat "$WORK/messages")"
	echo xx >&3
	ended $workload || fail "$program: status $?: $(cat "$WORK/$program.out")"
done

# For people: the table of all processes, and the section.
"$BRKSCOPE" report -o "$WORK/text" -- sh -c "$WORKLOAD/callers & wait" <<<xx >/dev/null ||
	fail "report: status $?"
grep -q '^direct .*  callers: first_caller_of_mmap$' "$WORK/text" ||
	fail "no line for all processes: $(grep -A 12 processes "$WORK/text")"
grep -q '^             direct .*  callers: second_caller_of_mmap$' "$WORK/text" ||
	fail "no line in a section: $(cat "$WORK/text")"
"$BRKSCOPE" trace -l syscalls -o "$WORK/trace" -- "$WORKLOAD/callers" <<<xx >/dev/null ||
	fail "trace: status $?"

cat >"$WORK/program.py" <<'END'
import mmap, zlib, decimal, array, time
own = [mmap.mmap(-1, 4096 * (n + 1)) for n in range(10)]
time.sleep(0.5)  # only while it lives can a file that nobody else maps be given its name
small = [object() for n in range(200000)]
large = [array.array("b", bytes(300000)) for n in range(5)]
END
export PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1
RUN=(setarch -R "$PYTHON" -S -E "$WORK/program.py")
"$BRKSCOPE" report -j -o "$WORK/python.json" -- "${RUN[@]}" || fail "report: status $?"
if strace -k -o /dev/null true 2>"$WORK/probe"; then
	strace -f -k -o "$WORK/strace" -e trace=mmap "${RUN[@]}" || fail "strace: status $?"
fi
if command -v node >/dev/null; then
	"$BRKSCOPE" report -j -o "$WORK/node.json" -- node -e 'Buffer.alloc(3e6, 1)' || fail "node"
fi

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]

def by_who(row, cause):
    """(calls, bytes, live bytes) of the callers of one cause, by (object's name, function)."""
    sums = {}
    for caller in row["callers"]:
        if caller["cause"] == cause:
            # It was still there when it was first looked at, or not any more.
            name = caller["object"] and os.path.basename(caller["object"])
            name = name and name.removesuffix(" (deleted)")
            who = sums.setdefault((name, caller["function"] or caller["where"]), [0, 0, 0])
            for i, field in enumerate(("calls", "bytes", "live_bytes")):
                who[i] += caller[field]
    return sums

def check_sums(what, row):
    for cause in CAUSES:
        for field in ("calls", "bytes", "live_bytes", "live_regions"):
            expect(f"{what}: {cause}: callers' {field}",
                   sum(caller[field] for caller in row["callers"] if caller["cause"] == cause),
                   row["mmap"][cause][field])

for name in ("callers", "callers.stripped"):
    truth = read_json(f"{work}/{name}.out")
    report = Report(f"{work}/{name}.json")
    for pid, suffix in ((truth["pid"], ""), (truth["child"], "_child")):
        row = report.row(pid)
        check_sums(f"{name}{suffix}", row)
        got = by_who(row, "direct")
        if name == "callers":
            want = {(name, "first_caller_of_mmap"): truth["first" + suffix],
                    (name, "second_caller_of_mmap"): truth["second" + suffix],
                    (name, "caller_by_number"): truth["number" + suffix]}
        else:  # main cannot be told from them
            want = {(name, "file"): [sum(parts) for parts in zip(
                *(truth[who + suffix] for who in ("first", "second", "number")))]}
        want[(None, "no file")] = truth["none" + suffix]
        expect(f"{name}{suffix}: direct", got, want)

with open(f"{work}/trace", encoding="utf-8") as file:
    lines = file.read().splitlines()
for who, count in (("callers: first_caller_of_mmap", 12), ("callers: second_caller_of_mmap", 14),
                   ("callers: caller_by_number", 2), ("code in no file", 6)):
    expect(f"trace: {who}", sum(line.endswith(f"  direct by {who}") for line in lines), count)

row = next(iter(Report(f"{work}/python.json").rows.values()))
check_sums("python", row)
got = by_who(row, "direct")
if os.path.exists(f"{work}/strace"):
    # Frames: mmap itself, and who called it.
    frame = re.compile(r"^ > (.*)\((?:(.*)\+0x[0-9a-f]+)?\) \[0x[0-9a-f]+\]$")
    truth = {}
    for pid, name, arguments, result, stack in calls_of(f"{work}/strace"):
        who = frame.match(stack[1])
        if result == -1 or "MAP_ANONYMOUS" not in arguments[3] or "MAP_STACK" in arguments[3]:
            continue
        if "ld-linux" in stack[0] + stack[1] or "libc.so.6(" in stack[1]:
            continue
        sums = truth.setdefault(os.path.basename(who[1]), [0, 0, set()])
        sums[0] += 1
        sums[1] += pages(int(arguments[1], 0))
        sums[2].add(who[2])
    expect_true("python maps its arenas itself", len(truth) > 1)
    objects = {}
    for (name, function), (calls, size, _) in got.items():
        sums = objects.setdefault(name, [0, 0])
        sums[0] += calls
        sums[1] += size
        if function != "file":
            expect_true(f"{name}: {function} is one of {truth[name][2]}", function in truth[name][2])
    expect("python: direct by object", objects, {name: sums[:2] for name, sums in truth.items()})

if os.path.exists(f"{work}/node.json"):
    for row in Report(f"{work}/node.json").rows.values():
        check_sums("node", row)
        for name, function in by_who(row, "direct"):
            expect_true(f"node: whose code {function} is, is known", name is not None)
END
