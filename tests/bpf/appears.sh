#!/bin/bash
# appears.sh - an allocator that nobody had mapped when the report began is probed as it is mapped.
#
# What was called before cannot be known, and is said to be missing.
. "$(dirname "$0")/lib.sh"
need_bpf
need gcc

# Copies: files that no report has seen.
cp "$OUT/librefmalloc.so" "$WORK/libmine.so"
cat >"$WORK/waits.c" <<'END_OF_PROGRAM'
#include <malloc.h>
#include <stdio.h>
#include <stdlib.h>
#include <unistd.h>
/*
 * Ten calls at once, and two thousand when it is told to; of functions that
 * nobody calls who was in this process before it became this program.
 */
int main(int argc, char **argv)
{
	void *block;
	char go;

	for (int i = 0; i < 10; i++)
		if (!posix_memalign(&block, 64, 100))
			free(block);
	if (read(0, &go, 1) != 1)
		return 1;
	for (int i = 0; i < 1000; i++) {
		free(aligned_alloc(64, 300));
		free(pvalloc(100));
	}
	if (read(0, &go, 1) < 0)
		return 1;
	_exit(0);
}
END_OF_PROGRAM
gcc -O1 -fno-builtin "$WORK/waits.c" -o "$WORK/waits" &&
	gcc -O1 -fno-builtin -static "$WORK/waits.c" -o "$WORK/waits.static" ||
	fail "cannot build waits.c"
mkfifo "$WORK/keys.1" "$WORK/keys.2"

start_collecting "$WORK/messages" report -j -o "$WORK/report.json"
exec 3<>"$WORK/keys.1" 4<>"$WORK/keys.2"
start env LD_PRELOAD="$WORK/libmine.so" "$WORK/waits" <"$WORK/keys.1"
PRELOADED=$!
start "$WORK/waits.static" <"$WORK/keys.2"
STATIC=$!
# Probed: the kernel has written a breakpoint there, at a function or at one of refmalloc's own places.
probed() {
	"$PYTHON" - "$1" "$2" "$3" <<'END_OF_PROBED'
import subprocess, sys
pid, file, symbol = int(sys.argv[1]), sys.argv[2], sys.argv[3]
def output(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout

if symbol.startswith("usdt:"):
    notes = output("readelf", "-n", file).split("Provider: refmalloc\n    Name: " + symbol[5:] + "\n")[1]
    addr = int(notes.split("Location: ")[1].split(",")[0], 16)
else:
    addr = next(int(line.split()[0], 16) for line in output("nm", file).splitlines()
                if line.split()[-1] == symbol and len(line.split()) == 3)
base = next((int(line.split("-")[0], 16) - int(line.split()[2], 16) for line in open(f"/proc/{pid}/maps")
             if line.rstrip().endswith(file) and "x" in line.split()[1]), None)
if base is None:
    sys.exit(1)
if file.endswith(".so"):
    addr += base
# The probe is somewhere at the function's beginning: another byte than in the file.
with open(f"/proc/{pid}/mem", "rb") as memory, open(file, "rb") as code:
    memory.seek(addr)
    code.seek(addr - base)
    sys.exit(all(now == was or now != 0xcc for now, was in zip(memory.read(64), code.read(64))))
END_OF_PROBED
}
eventually 20 probed "$PRELOADED" "$WORK/libmine.so" usdt:alloc
eventually 20 probed "$STATIC" "$WORK/waits.static" malloc
printf x >&3
printf x >&4
idle() { [ "$(awk '/^voluntary/ { print $2 }' "/proc/$1/status")" -ge 2 ] && grep -q '^0 ' "/proc/$1/syscall"; }
eventually 20 idle "$PRELOADED"
eventually 20 idle "$STATIC"
# From here on all of it is known in advance.
printf xx >"$WORK/keys.3"
start env LD_PRELOAD="$WORK/libmine.so" "$WORK/waits" <"$WORK/keys.3"
LATER=$!
ended "$LATER" || fail "waits: status $?"
kill -INT "$AGENT"
ended "$AGENT" || fail "report: status $?: $(cat "$WORK/messages")"
exec 3>&- 4>&-

compare "$WORK" "$PRELOADED" "$STATIC" "$LATER" <<'END'
from oracle import *
work = sys.argv[1]
report = Report(f"{work}/report.json")
for pid, kind in ((int(sys.argv[2]), "refmalloc"), (int(sys.argv[3]), "glibc")):
    row = report.row(pid)
    expect(f"{kind}: allocator", [row["allocator"]["kind"], row["allocator"]["probed"]], [kind, True])
    expect_true(f"{kind}: since when", row["malloc"]["since_ns"] is not None and
                row["malloc"]["since_ns"] > report.data["start_ns"])
    got = row["malloc"]["by_function"]
    expect(f"{kind}: behind it", [got["aligned_alloc"], got["pvalloc"]], [1000, 1000])
    expect_true(f"{kind}: before it", got.get("posix_memalign", 0) <= 10)
row = report.row(int(sys.argv[4]))
got = row["malloc"]["by_function"]
expect("later: from the start on", row["malloc"]["since_ns"], None)
expect("later: by function", [got["posix_memalign"], got["aligned_alloc"], got["pvalloc"]],
       [10, 1000, 1000])
END
