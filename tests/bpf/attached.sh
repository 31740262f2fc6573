#!/bin/bash
# attached.sh - what was there before is told from malloc's own headers, as mallinfo2() and /proc say it is.
. "$(dirname "$0")/lib.sh"
need_bpf

lines() { [ "$(wc -l <"$WORK/$1")" -ge "$2" ]; }
mkfifo "$WORK/one" "$WORK/two"
exec 3<>"$WORK/one" 4<>"$WORK/two"
start "$WORKLOAD/mix" 5 wait <"$WORK/one" >"$WORK/mix"
MIX=$!
start "$WORKLOAD/threads" 8 wait <"$WORK/two" >"$WORK/threads"
THREADS=$!
printf "..." >&3
eventually 10 lines mix 3
eventually 10 lines threads 1
"$BRKSCOPE" report -j -d 0.2 -p "$MIX" -o "$WORK/mix.json" || fail "report -p mix: status $?"
"$BRKSCOPE" report -j -d 0.2 -p "$THREADS" -o "$WORK/threads.json" || fail "report -p threads: status $?"
exec 3>&- 4>&-

compare "$WORK" "$MIX" "$THREADS" <<'END'
from oracle import *
work, mix, threads = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])

with open(f"{work}/mix", encoding="utf-8") as lines:
    truth = [json.loads(line) for line in lines][2]
row = Report(f"{work}/mix.json").row(mix)
malloc = row["mmap"]["malloc"]
expect_true("mix: there are blocks", truth["hblks"] > 0)
expect("mix: malloc's blocks", [malloc["live_regions"], malloc["live_bytes"], malloc["calls"]],
       [truth["hblks"], truth["hblkhd"], 0])
expect("mix: heap", row["heap"]["bytes"], truth["arena"])

truth = read_json(f"{work}/threads")
arena = Report(f"{work}/threads.json").row(threads)["mmap"]["arena"]
expect("threads: arenas", [arena["live_regions"], arena["live_bytes"], arena["usable_bytes"]],
       [truth["heaps"], truth["reserved"], truth["usable"]])
END
