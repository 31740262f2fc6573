#!/bin/bash
# retained.sh - what a program has freed and its heap keeps is told, by whom it is kept, and what would help.
#
# A program that lays its heap out on purpose, a way a mode, says what it has left; glibc, by
# mallinfo2, what is free there.
. "$(dirname "$0")/lib.sh"
need_bpf

# pattern MODE: what the report has to call it
declare -A pattern=([none]=none [top]=top_kept [cached]=top_cached [pinned]=top_pinned
	[inside]=inside [arenas]=arenas [threshold]=threshold_raised)

for mode in none top cached pinned inside arenas threshold; do
	echo | "$BRKSCOPE" report -l live -j -o "$WORK/$mode.json" -- "$WORKLOAD/retained" "$mode" \
		>"$WORK/$mode.said" 2>"$WORK/messages" || fail "$mode: status $?: $(cat "$WORK/messages")"
	"$PYTHON" - "$WORK/$mode" "${pattern[$mode]}" <<'END' || fail "$mode"
import json, sys
said = json.load(open(sys.argv[1] + ".said"))
row = [p for p in json.load(open(sys.argv[1] + ".json"))["processes"] if p["pid"] == said["pid"]][0]
kept, malloc, bad = row["retained"], row["malloc"], []
heap, arenas = kept["heap"], kept["arenas"]

def expect(what, measured, expected):
    if measured != expected:
        bad.append(f"{what}: {measured}, not {expected}")

expect("pattern", kept["pattern"], sys.argv[2])
expect("at most", kept["at_most"], False)
expect("heap", heap["bytes"], row["heap"]["bytes"])
# stdio's buffers and what libc has made a thread with are live as well: so much more, exactly.
expect("all live", heap["live_bytes"] + arenas["live_bytes"],
       malloc["live_route"]["heap"]["bytes"] + malloc["live_route"]["arena"]["bytes"])
if malloc["live_bytes"] < said["live_bytes"]:
    bad.append(f"live: {malloc['live_bytes']}, at least {said['live_bytes']}")
# Every byte of the heap is live, malloc's overhead, or free.
expect("the heap adds up", heap["live_bytes"] + heap["overhead_bytes"] + heap["free_bytes"],
       heap["bytes"])
expect("free adds up", heap["top_bytes"] + heap["inside_bytes"], heap["free_bytes"])
if sys.argv[2] in ("top_pinned",):
    expect("the pin", kept["pinned"]["lowest"]["address"], said["last"])
if (sys.argv[2] == "none") != (not kept["advice"]):
    bad.append(f"advice: {kept['advice']}")
if bad:
    print("\n".join(bad))
sys.exit(bool(bad))
END
done

# Attached to in its middle nothing is certain, and nothing is claimed.
mkfifo "$WORK/go"
exec 3<>"$WORK/go"
start "$WORKLOAD/retained" pinned <"$WORK/go" >"$WORK/late.said"
PID=$!
eventually 20 test -s "$WORK/late.said"
"$BRKSCOPE" report -l live -j -p "$PID" -d 0.2 -o "$WORK/late.json" || fail "attached: status $?"
"$PYTHON" - "$WORK/late.json" <<'END' || fail "attached in the middle"
import json, sys
row = json.load(open(sys.argv[1]))["processes"][0]
if row["malloc"]["live_complete"] or (row["retained"] and not row["retained"]["at_most"]):
    sys.exit(str(row["retained"]))
END
