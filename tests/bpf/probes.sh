#!/bin/bash
# probes.sh - `brkscope probes` says where the probes are and what they cost here.
. "$(dirname "$0")/lib.sh"
need_bpf
need musl-gcc readelf objdump

# An allocator in a program whose name is to do something to terminals.
NAME=$'a\e[31m\nb'
printf '%s\n' '#include <stdlib.h>' '#include <unistd.h>' 'int main(void) { return malloc(1) && pause(); }' |
	musl-gcc -static -x c - -o "$WORK/$NAME" || fail "no static program"
start "$WORK/$NAME"

"$BRKSCOPE" probes -j -o "$WORK/first.json" >"$WORK/out" || fail "probes -j: status $?"
[ -s "$WORK/out" ] && fail "with -o it writes to stdout: $(cat "$WORK/out")"
# While another one has its probes in the same files.
start_collecting "$WORK/messages" report -j -o "$WORK/report.json"
"$BRKSCOPE" probes -j >"$WORK/second.json" || fail "probes -j beside a report: status $?"
kill -INT "$AGENT"
ended "$AGENT" || fail "report: status $?: $(cat "$WORK/messages")"
"$BRKSCOPE" probes >"$WORK/text" || fail "probes: status $?"
# And one that tells of its calls itself.
start env LD_PRELOAD="$OUT/librefmalloc.so" "$PYTHON" -S -c 'import time; print(1, flush=True); time.sleep(1000)' >"$WORK/told"
eventually 10 grep -q 1 "$WORK/told"
"$BRKSCOPE" probes -l live -j >"$WORK/live.json" || fail "probes -l live -j: status $?"
"$BRKSCOPE" probes -l live >"$WORK/live.text" || fail "probes -l live: status $?"
"$BRKSCOPE" probes -l syscalls 2>"$WORK/messages"
[ $? = 2 ] || fail "probes -l syscalls: no usage error: $(cat "$WORK/messages")"
grep -q $'\e' "$WORK/text" && fail "an escape in: $(grep -a $'\e' "$WORK/text" | cat -v)"
LIBC=$(ldd "$WORKLOAD/tail_calls" | sed -n 's/.*libc.so.6 => \([^ ]*\) .*/\1/p')
"$OUT/tests/unit/test_placement" "$LIBC" >"$WORK/dump" || fail "no places in $LIBC"

# A filter that allows everything, but might not know of the system calls that some probes make.
"$PYTHON" - "$BRKSCOPE" probes -j >"$WORK/filtered.json" <<'END' || fail "probes under a seccomp filter: status $?"
import ctypes, os, struct, sys
libc = ctypes.CDLL(None)
allow = ctypes.create_string_buffer(struct.pack("HBBI", 6, 0, 0, 0x7fff0000), 8)  # ret SECCOMP_RET_ALLOW
program = ctypes.create_string_buffer(struct.pack("HxxxxxxP", 1, ctypes.addressof(allow)), 16)
assert not libc.prctl(38, 1, 0, 0, 0)         # PR_SET_NO_NEW_PRIVS
assert not libc.prctl(22, 2, program, 0, 0)   # PR_SET_SECCOMP, SECCOMP_MODE_FILTER
os.execv(sys.argv[1], sys.argv[1:])
END

compare "$WORK" "$(realpath "$LIBC")" "$(readelf -n "$OUT/librefmalloc.so" | grep -c 'Name: resizing$')" <<'END'
import os, subprocess
from oracle import *
work, libc, tells = sys.argv[1:]
def text_of(path):
    return open(path).read()
version = tuple(int(n) for n in re.match(r"(\d+)\.(\d+)", os.uname().release).groups())
first, second, filtered = (read_json(f"{work}/{name}.json") for name in ("first", "second", "filtered"))
for name, found in (("alone", first), ("beside a report", second), ("filtered", filtered)):
    hit = found["hit_ns"]
    expect(f"{name}: schema", found["schema"], "brkscope.probes/1")
    expect_true(f"{name}: a stepped hit costs more: {hit}", hit["stepped"] > 1.2 * hit["emulated"] > 0)
    expect_true(f"{name}: system calls {found['syscall_ns']}", 0 < found["syscall_ns"]["untraced"]
                and 0 < found["syscall_ns"]["traced"])
    if name == "filtered":
        expect("filtered: what makes system calls", [hit[kind] for kind in ("emulated_and_return", "stepped_and_return")], [None] * 2)
        continue
    expect_true(f"{name}: a return costs more: {hit}", hit["emulated_and_return"] > 1.1 * hit["emulated"]
                and hit["stepped_and_return"] > 1.2 * hit["emulated_and_return"])

# The places are those that are checked elsewhere.
[its_libc] = [o for o in first["objects"] if os.path.realpath(o["path"]) == libc]
expect("kind", its_libc["kind"], "glibc")
dump, in_place = {}, {}
for line in open(f"{work}/dump"):
    name, _, _, entry, place, frame, kind, asked, _ = line.split(None, 8)
    (dump if asked == "anywhere" else in_place)[name] = [int(entry, 16), int(place, 16), int(frame), kind]
probed = [e for e in its_libc["entries"] if "probe" in e]
text = text_of(f"{work}/text")
expect_true("some are probed", len(probed) >= 5)
for e in probed:
    p = e["probe"]
    expect(e["symbol"], [e["offset"], p["offset"], p["frame"], p["kernel"]], dump[e["symbol"]])
    expect(f"{e['symbol']}: its cost", p["hit_ns"], first["hit_ns"][p["kernel"]])
    expect_true(f"{e['symbol']} as text", re.search(
        rf"^  {e['symbol']}\+0x{p['into']:x} +0x{p['offset']:x} +{re.escape(p['instruction'])} +{p['kernel']} +\d+ ns$",
        text, re.M))
# At level live functions have to be probed where a return can be, and frees are as well.
live = read_json(f"{work}/live.json")
expect("live", [first["live"], live["live"]], [False, True])
[live_libc] = [o for o in live["objects"] if os.path.realpath(o["path"]) == libc]
text = text_of(f"{work}/live.text")
# What is known of returns only where it is asked for.
session = version >= (6, 13)
expect("returns", [(found["features"]["uprobe_session"], found["features"]["returns"] is None) for found in (first, live)],
       [(session, True), (session, False)])
ways = {True: "one link for both (uprobe session)", False: "a link each: no uprobe sessions before Linux 6.13"}
returns = {"safe": "probed, which harms no process here", "none": "not probed: it would kill ",
           "spared": "probed but in processes that filter their system calls: it would kill them"}
expect_true("calls and returns as text", f"  calls and their returns      {ways[session]}\n" in text)
expect_true("returns as text", f"  returns                      {returns[live['features']['returns']]}" in text)
note = {True: "left out on a stack above the call that is interrupted, where that is not hidden (SS_AUTODISARM): there one may end the process",
        False: "cannot be left out before Linux 6.13: on a stack above the call that is interrupted one may end the process"}[session]
expect("returns in signal handlers", [first["features"]["returns_note"], live["features"]["returns_note"]],
       [None, note if live["live"] else None])
expect_true("and as text", not live["live"] or f"  those in signal handlers     {note}\n" in text)
for e in live_libc["entries"]:
    if "probe" not in e or e.get("stations"):
        continue
    p, freed = e["probe"], e["function"] == "free"
    expect(f"live: {e['symbol']}", [e["offset"], p["offset"], p["frame"], p["kernel"], p["return"]],
           (dump if freed else in_place)[e["symbol"]] + [not freed])
    expect(f"live: {e['symbol']}: its cost", p["hit_ns"],
           live["hit_ns"][p["kernel"] if freed else f"{p['kernel']}_and_return"])
    expect_true(f"live: {e['symbol']} as text", re.search(
        rf"^  {e['symbol']}\+0x{p['into']:x} +0x{p['offset']:x} .* {p['kernel']} +(\d+ ns|-){'' if freed else '  with the return'}$",
        text, re.M))
# Of malloc a call is seen on its way, where the kernel can tell all that takes, at instructions of its own.
shown = {"both": "request and result of a call", "begin": "the beginning of a slower one", "end": "and its result"}
stations = [s for e in live_libc["entries"] for s in e.get("stations") or []]
if version >= (6, 13) and live["live"]:
    [malloc] = [e for e in live_libc["entries"] if e["symbol"] == "malloc"]
    expect("malloc's stations", [malloc["probe"], malloc["stations"]], [None, stations])
    expect_true(f"what they show: {stations}", {s["shows"] for s in stations} == set(shown)
                and all(s["kernel"] == "emulated" for s in stations if s["shows"] == "both"))
    code = subprocess.run(["objdump", "-d", "-w", "--no-show-raw-insn", libc, f"--start-address={malloc['offset']}",
                           f"--stop-address={malloc['offset'] + 2048}"], check=True, capture_output=True, text=True).stdout
    for s in stations:
        to = s["offset"]
        expect_true(f"{s}: an instruction", re.search(rf"^ +{to:x}:\s", code, re.M))
        expect_true(f"{s}: as text", re.search(
            rf"^  malloc\+0x{s['into']:x} +0x{to:x} +{re.escape(s['instruction'])} +{s['kernel']} +(\d+ ns|-)  {shown[s['shows']]}$", text, re.M))
else:
    expect("no stations", stations, [])
expect("at level sizes", [e for e in its_libc["entries"] if e.get("stations")], [])
expect_true("frees are told", "free" in [e["symbol"] for e in live_libc["entries"]])
expect_true("and only then", "free" not in [e["symbol"] for e in its_libc["entries"]])
expect("libc can be probed", [its_libc["probed"], live_libc["probed"]], [True, True])
# A free of another name is the same code, and is told so, or has its own; one that is only a jump goes on there.
def jumps_of(path):
    """By symbol: the function that its first instruction jumps to, by its name."""
    found, name = {}, None
    for line in subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], check=True, capture_output=True,
                               text=True).stdout.splitlines():
        begun, at = re.match(r"[0-9a-f]+ <(\w+)[^>]*>:", line), name
        name = begun and begun[1]
        to = at and re.search(r"\tjmp +[0-9a-f]+ <(\w+)(@plt)?>", line)
        if to:
            found[at] = to[1]
    return found
checked = 0
for o in live["objects"]:
    # Of a libc it depends on the arguments, and nothing is said.
    if not o["entries"] or o["kind"] in ("glibc", "musl") or not os.path.exists(o["path"]):
        continue
    frees = {e["symbol"]: e for e in o["entries"] if e["function"] == "free"}
    for e in frees.values():
        if "counted_as" in e:
            expect(f"{o['path']}: {e['symbol']}", frees[e["counted_as"]]["offset"], e["offset"])
    own = [e["offset"] for e in frees.values() if "probe" in e]
    expect(f"{o['path']}: frees with code of their own", len(own), len(set(own)))
    for symbol, to in jumps_of(o["path"]).items():
        if symbol in frees and to in frees and "probe" in frees[symbol]:
            checked += 1
            expect(f"{o['path']}: {symbol} goes on in", frees[symbol]["jumps"], [frees[to].get("counted_as", to)])
            expect_true(f"{o['path']}: {symbol} as text", re.search(
                rf"^  {symbol}\+0x0 .*  may go on in {frees[symbol]['jumps'][0]}$", text, re.M))
expect_true(f"{checked} frees jump", checked or not [o for o in live["objects"] if o["kind"] == "jemalloc"])
own = [o for o in live["objects"] if o["path"].endswith("/librefmalloc.so")]
expect("refmalloc", len(own), 1)
for o in own:
    expect("refmalloc's own places", [len(o["sites"]), len(o["entries"]) > 0], [5, False] if tells != "0" else [0, True])
    expect("as text", "its own places for tracers (USDT), which tell of each call: "
           + " ".join(f"+0x{off:x}" for off in o["sites"]) + "\n" in text, tells != "0")

text = text_of(f"{work}/text")
others = {e["symbol"]: e["counted_as"] for e in its_libc["entries"] if "probe" not in e}
expect("counted elsewhere", others.get("reallocarray"), "realloc")
expect_true("as text", "  reallocarray             counted as realloc: it goes through it\n" in text)
expect("the program's", [o["kind"] for o in first["objects"] if o["path"].endswith("/a\x1b[31m\nb")], ["musl"])
expect_true("its name as text", "/a\\x1b[31m\\x0ab (musl, in the program)\n" in text)
END
