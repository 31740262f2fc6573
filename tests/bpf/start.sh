#!/bin/bash
# start.sh - what was there before: listed as /proc lists it, and only what is proved has a cause.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need_bpf
PROCESSES=500

# ---- who stands there ----

runs() { # PID COMM: what the shell started is that program only once it has been executed
	[ "$(cat "/proc/$1/comm")" = "$2" ]
}

mkfifo "$WORK/keys"
exec 3<>"$WORK/keys"
start "$WORKLOAD/standing" <"$WORK/keys" >"$WORK/standing.out"
STANDING=$!
start "$WORKLOAD/standing" leaderless <"$WORK/keys" >"$WORK/leaderless.out"
start "$WORKLOAD/brk_blocked" wait <"$WORK/keys" >"$WORK/blocked.out"
BLOCKED=$!
start "$PYTHON" -S -c '
import ctypes, json, os, sys, threading, time
libc = ctypes.CDLL(None)
libc.pthread_self.restype = ctypes.c_void_p
sizes = []

def stand(barrier):
    attr = ctypes.create_string_buffer(256)
    low, size, guard = (ctypes.c_size_t() for _ in range(3))
    libc.pthread_getattr_np(ctypes.c_void_p(libc.pthread_self()), attr)
    libc.pthread_attr_getstack(attr, ctypes.byref(low), ctypes.byref(size))
    libc.pthread_attr_getguardsize(attr, ctypes.byref(guard))
    sizes.append(size.value + guard.value)
    barrier.wait()
    time.sleep(1000)

barrier = threading.Barrier(9)
for i in range(8):
    threading.Thread(target=stand, args=(barrier,), daemon=True).start()
barrier.wait()
print(json.dumps({"pid": os.getpid(), "stacks": len(sizes), "stack_bytes": sum(sizes)}), flush=True)
sys.stdin.read(1)
os._exit(0)' <"$WORK/keys" >"$WORK/python.out"
THREADED=$!

cp "$(command -v sleep)" "$WORK/deleted"
start "$WORK/deleted" 1000
DELETED=$!
eventually 10 runs "$DELETED" deleted
rm "$WORK/deleted"

# A container's root, where this machine lets one make it.
CONTAINED=
mkdir "$WORK/base"
unmount() {
	[ -n "$CONTAINED" ] && kill -KILL "$CONTAINED" 2>/dev/null && wait "$CONTAINED" 2>/dev/null
	umount "$WORK/root" "$WORK/base" 2>/dev/null
	cleanup
}
trap unmount EXIT
if mount -t tmpfs tmpfs "$WORK/base" 2>/dev/null; then
	mkdir "$WORK/base/lower" "$WORK/base/up" "$WORK/base/work" "$WORK/root"
	# shellcheck disable=SC2046
	for file in $(ldd "$WORKLOAD/seed_mmap" | grep -o '/[^ ]*'); do
		mkdir -p "$WORK/base/lower$(dirname "$file")"
		cp -L "$file" "$WORK/base/lower$file"
	done
	cp "$WORKLOAD/seed_mmap" "$WORK/base/lower/"
	layers=lowerdir=$WORK/base/lower,upperdir=$WORK/base/up,workdir=$WORK/base/work
	mount -t overlay overlay -o "$layers" "$WORK/root" 2>/dev/null && {
		start chroot "$WORK/root" /seed_mmap <"$WORK/keys" >"$WORK/contained.out"
		CONTAINED=$!
	}
fi
[ -n "$CONTAINED" ] || echo "no overlay can be mounted here: a container's files are not compared"

all_stand() {
	local file

	for file in standing leaderless blocked python; do
		[ -s "$WORK/$file.out" ] || return 1
	done
	[ -z "$CONTAINED" ] || runs "$CONTAINED" seed_mmap
}
eventually 20 all_stand

# ---- listed as /proc lists it ----

export LISTED_PIDS=${CONTAINED:+$CONTAINED,}$STANDING,$THREADED,$DELETED
"$OUT/tests/unit/test_listing" >"$WORK/listing" 2>&1 ||
	fail "the iterators and /proc: $(cat "$WORK/listing")"
grep '^#' "$WORK/listing"

# ---- seen by the agent ----

for ((i = 0; i < PROCESSES; i++)); do
	start sleep 1000
done
printf '%s\n' "${STARTED[@]: -PROCESSES}" >"$WORK/sleeping"
# shellcheck disable=SC2046
sleepers() {
	[ "$(grep -lx sleep $(sed 's,.*,/proc/&/comm,' "$WORK/sleeping") | wc -l)" = $PROCESSES ]
}
eventually 30 sleepers
"$BRKSCOPE" report -l syscalls -v -j -d 0.2 -o "$WORK/report.json" 2>"$WORK/messages" ||
	fail "report: status $?: $(cat "$WORK/messages")"
grep -o '[0-9]* processes read in .*' "$WORK/messages" || fail "no time: $(cat "$WORK/messages")"
"$BRKSCOPE" report -l syscalls -j -d 0.2 -p "$STANDING,$THREADED" -o "$WORK/two.json" \
	2>"$WORK/messages" || fail "report -p: status $?: $(cat "$WORK/messages")"

compare "$WORK" "$BLOCKED" "$DELETED" <<'END'
from oracle import *
work, blocked, deleted = sys.argv[1], int(sys.argv[2]), int(sys.argv[3])
truth = {name: read_json(f"{work}/{name}.out") for name in ("standing", "leaderless", "python")}

def live(row, cause):
    return [row["mmap"][cause]["live_regions"], row["mmap"][cause]["live_bytes"]]

def check(report, name):
    t, row = truth[name], report.row(truth[name]["pid"])
    expect(f"{name}: stacks", live(row, "stack"), [t["stacks"], t["stack_bytes"]])
    expect(f"{name}: nothing is direct", live(row, "direct"), [0, 0])
    if "file_bytes" in t:
        expect(f"{name}: files", live(row, "file"), [1, t["file_bytes"]])
        expect(f"{name}: heap", [row["heap"]["start"], row["heap"]["end"]],
               [t["heap_start"], t["heap_end"]])
        # Shared memory, memory that grows, a coroutine's stack between two, what is above the heap.
        expect_true(f"{name}: unattributed",
                    live(row, "unattributed")[1] >= t["unattributed_bytes"])
    if name != "leaderless":
        expect(f"{name}: unexplained", row["address_space"]["unexplained_bytes"], 0)

machine = Report(f"{work}/report.json")
for name in truth:
    check(machine, name)
two = Report(f"{work}/two.json")
for name in ("standing", "python"):
    check(two, name)
expect("-p: rows", sorted(two.rows), sorted(truth[name]["pid"] for name in ("standing", "python")))

# What replaces a heap that cannot grow begins as any memory might: not proved, so not said.
row = machine.row(blocked)
expect("blocked: proved", [live(row, cause) for cause in ("malloc", "arena", "direct", "stack")],
       [[0, 0]] * 4)
expect_true("blocked: unattributed",
            live(row, "unattributed")[1] >= read_json(f"{work}/blocked.out")["arena_bytes"])
expect("blocked: unexplained", row["address_space"]["unexplained_bytes"], 0)

with open(f"{work}/sleeping", encoding="ascii") as lines:
    sleeping = [int(line) for line in lines]
for pid in sleeping + [deleted]:
    row = machine.row(pid)
    expect(f"{pid}: known", [row["comm"], row["ppid"], row["address_space"]["unexplained_bytes"]],
           ["deleted" if pid == deleted else "sleep", os.getppid(), 0])
    expect_true(f"{pid}: mapped", live(row, "loader")[0] > 10)
END
