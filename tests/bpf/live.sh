#!/bin/bash
# live.sh - what is mapped at the end of each step is what mallinfo2() and /proc say it is.
. "$(dirname "$0")/lib.sh"
need_bpf

for step in 1 2 3 4 5; do
	"$BRKSCOPE" report -j -o "$WORK/$step.json" -- "$WORKLOAD/mix" $step >"$WORK/$step.out" ||
		fail "report of mix $step: status $?: $(cat "$WORK/$step.out")"
done

# Attached in the middle: behind three steps, over the other two.
steps() { [ "$(wc -l <"$WORK/attached.out")" -ge "$1" ]; }
mkfifo "$WORK/keys"
exec 3<>"$WORK/keys"
start "$WORKLOAD/mix" 5 wait <"$WORK/keys" >"$WORK/attached.out"
PID=$!
printf '...' >&3
eventually 10 steps 3
start_collecting "$WORK/messages" report -j -p "$PID" -o "$WORK/attached.json"
cp "/proc/$PID/maps" "$WORK/maps.before"
printf '.' >&3
eventually 10 steps 4
printf '.' >&3
eventually 10 steps 5
cp "/proc/$PID/maps" "$WORK/maps.after"
kill -INT "$AGENT"
ended "$AGENT" || fail "report -p: status $?: $(cat "$WORK/messages")"
exec 3>&-

compare "$WORK" "$PID" <<'END'
from oracle import *
work, pid = sys.argv[1], int(sys.argv[2])

def steps(name):
    with open(f"{work}/{name}.out", encoding="utf-8") as lines:
        return [json.loads(line) for line in lines]

def mapped_bytes(name):
    """All that is mapped but for the heap, the stack, and the kernel's one page for all."""
    with open(f"{work}/{name}", encoding="utf-8") as lines:
        edges = [line.split()[0].split("-") for line in lines
                 if not line.rstrip().endswith(("[heap]", "[stack]", "[vsyscall]"))]
    return sum(int(end, 16) - int(start, 16) for start, end in edges)

def live_total(row):
    return mmap_total(row, "live_bytes")

for step in range(1, 6):
    truth = steps(step)[-1]
    row = Report(f"{work}/{step}.json").row(truth["pid"])
    who = f"step {step}"
    expect(f"{who}: heap", [row["heap"]["start"], row["heap"]["end"]],
           [truth["heap_start"], truth["heap_end"]])
    expect(f"{who}: heap bytes", row["heap"]["bytes"], truth["arena"])
    expect(f"{who}: malloc's regions", row["mmap"]["malloc"]["live_regions"], truth["hblks"])
    expect(f"{who}: malloc's bytes", row["mmap"]["malloc"]["live_bytes"], truth["hblkhd"])
    expect(f"{who}: direct bytes", row["mmap"]["direct"]["live_bytes"], truth["direct_bytes"])
    for name, cause in (("mmap", "direct"), ("large", "malloc")):
        expect(f"{who}: {cause}'s mmaps",
               [row["mmap"][cause]["calls"], row["mmap"][cause]["bytes"]],
               [truth[name + "_calls"], truth[name + "_bytes"]])
    expect(f"{who}: route mmap", row["malloc"]["route"]["mmap"],
           {"calls": truth["route_calls"], "bytes": truth["route_bytes"]})
    expect(f"{who}: exited", row["exited"], True)

before, after = steps("attached")[2], steps("attached")[4]
row = Report(f"{work}/attached.json").row(pid)
expect("attached: heap", [row["heap"]["start"], row["heap"]["end"]],
       [after["heap_start"], after["heap_end"]])
expect("attached: heap grew by", row["heap"]["grow"]["bytes"] - row["heap"]["shrink"]["bytes"],
       after["arena"] - before["arena"])
for name, cause in (("mmap", "direct"), ("large", "malloc")):
    expect(f"attached: {cause}'s mmaps",
           [row["mmap"][cause]["calls"], row["mmap"][cause]["bytes"]],
           [after[f"{name}_{what}"] - before[f"{name}_{what}"] for what in ("calls", "bytes")])
expect("attached: route mmap", row["malloc"]["route"]["mmap"],
       {what: after[f"route_{what}"] - before[f"route_{what}"] for what in ("calls", "bytes")})
expect("attached: all that is mapped", live_total(row), mapped_bytes("maps.after"))
expect_true("attached: what it maps has changed",
            mapped_bytes("maps.before") != mapped_bytes("maps.after"))
END
