#!/bin/bash
# longrun.sh - for as long as wanted, programs that people run, and every second the ledgers
# against /proc/PID/maps.
#
# LONGRUN_SECONDS=60 for a minute.  What changed its mappings around an update is not compared
# then: only where the kernel's list was the same before and after can the two be of one moment.
# timeout: 90
. "$(dirname "$0")/lib.sh"
need_bpf
need redis-server redis-benchmark nginx wrk gcc make
SECONDS_WANTED=${LONGRUN_SECONDS:-8}

start redis-server --port 0 --save '' --appendonly no --unixsocket "$WORK/redis.sock" \
	--dir "$WORK" >"$WORK/redis.out" 2>&1
REDIS=$!
start redis-benchmark -s "$WORK/redis.sock" -t set,lpush,get -r 10000 -d 20000 -l -q \
	>"$WORK/benchmark.out" 2>&1

cat >"$WORK/churn.py" <<'END'
import mmap, random, threading, time
together = threading.Barrier(3)
def churn(seed):
    draw, kept = random.Random(seed), []
    while True:
        for _ in range(30):
            kept.append(bytearray(draw.randrange(1 << draw.randrange(6, 24))))
            if len(kept) > 40:
                del kept[draw.randrange(len(kept))]
            if draw.random() < 0.1:
                mmap.mmap(-1, 4096 * draw.randrange(1, 100)).close()
        together.wait()
        time.sleep(3.5)
for seed in range(3):
    threading.Thread(target=churn, args=(seed,)).start()
END
start "$PYTHON" -S -E "$WORK/churn.py"
CHURN=$!

cat >"$WORK/nginx.conf" <<END
daemon off;
pid $WORK/nginx.pid;
error_log $WORK/nginx.err;
worker_processes 2;
events { worker_connections 64; }
http {
	access_log off;
	client_body_temp_path $WORK/nginx.1;
	proxy_temp_path $WORK/nginx.2;
	fastcgi_temp_path $WORK/nginx.3;
	uwsgi_temp_path $WORK/nginx.4;
	scgi_temp_path $WORK/nginx.5;
	server { listen unix:$WORK/nginx.sock; listen 127.0.0.1:18473; root $WORK/www; }
}
END
mkdir "$WORK/www" && head -c 100000 /dev/zero >"$WORK/www/zeros"
start nginx -c "$WORK/nginx.conf" >"$WORK/nginx.out" 2>&1
NGINX=$!
eventually 20 test -s "$WORK/nginx.pid"
start wrk -t 1 -c 8 -d 600 http://127.0.0.1:18473/zeros >"$WORK/wrk.out" 2>&1

mkdir "$WORK/build"
printf '#include <stdio.h>\nint f(int x) { return printf("%%d", x); }\n' >"$WORK/build/unit.c"
printf 'all: 1.o 2.o\n%%.o: unit.c\n\tgcc -O2 -c $< -o $@\n' >"$WORK/build/Makefile"
# It ends with its directory; what runs then ends by itself.
start bash -c 'while [ -e "$1/Makefile" ] && make -r -B -s -C "$1" -j2; do :; done' sh "$WORK/build" \
	>"$WORK/make.out" 2>&1
BUILD=$!

cat >"$WORK/watch.py" <<'END'
"""Follows `top -b -j`; between its lines, the kernel's lists of the processes named."""
import bisect, subprocess, threading, time
from oracle import *

brkscope, seconds, named = sys.argv[1], int(sys.argv[2]), dict(
    argument.split("=") for argument in sys.argv[3:])
MAPPING = re.compile(r"^([0-9a-f]+)-([0-9a-f]+) \S+ \S+ \S+ \d+ *(.*)$")
samples, stop = {}, threading.Event()

def children(pid):
    try:
        with open(f"/proc/{pid}/task/{pid}/children") as file:
            return [int(child) for child in file.read().split()]
    except OSError:
        return []

def watched():
    for name, pid in named.items():
        for each in [int(pid), *children(pid)]:
            yield name, each

def sample(pid):
    """(time, the whole list, bytes, bytes of the heap), or nothing."""
    before = time.clock_gettime_ns(time.CLOCK_BOOTTIME)
    try:
        with open(f"/proc/{pid}/maps") as file:
            text = file.read()
    except OSError:
        return None
    size = heap = 0
    for start, end, name in (MAPPING.match(line).groups() for line in text.splitlines()):
        length = int(end, 16) - int(start, 16)
        size += length if name != "[vsyscall]" else 0
        heap += length if name == "[heap]" else 0
    return before, text, size, heap

def follow_lists():
    while not stop.wait(0.02):
        for name, pid in watched():
            if got := sample(pid):
                samples.setdefault((name, pid), []).append(got)

threading.Thread(target=follow_lists, daemon=True).start()
top = subprocess.Popen([brkscope, "top", "-b", "-j", "-r", "0", "-l", "syscalls", "1", str(seconds)],
                       stdout=subprocess.PIPE)
updates = [(json.loads(line)) for line in top.stdout]
expect("top's status", top.wait(), 0)
stop.set()
expect("updates", len(updates), seconds)
expect("lost", updates[-1]["events"]["lost"], 0)

compared, moved = dict.fromkeys(named, 0), 0
times = [update["start_ns"] + update["duration_ns"] for update in updates]
# The numbers of a row are read at some time between the update before it and the one behind.
for before, update, behind in zip(times, updates[1:], times[2:]):
    rows = {row["pid"]: row for row in update["processes"] if not row["exited"]}
    for (name, pid), lists in samples.items():
        n = bisect.bisect([entry[0] for entry in lists], before)
        m = bisect.bisect([entry[0] for entry in lists], behind)
        around = lists[max(n - 1, 0):m + 1]
        still = n > 0 and m < len(lists) and len({entry[1] for entry in around}) == 1
        space = rows.get(pid, {}).get("address_space")
        if not still or not space or space["bytes"] is None:
            moved += 1
            continue
        compared[name] += 1
        _, _, size, heap = around[0]
        who = f"{name} {pid}, {update['duration_ns'] // 10**9} s"
        expect(f"{who}: address space", space["bytes"], size)
        expect(f"{who}: unexplained", space["unexplained_bytes"], 0)
        expect(f"{who}: heap", rows[pid]["heap"]["bytes"], heap)
    # In the middle of its exec a process has the new program's size and the old one's ledger.
    # Nobody has looked at these from outside: they are said, for a reader.
    for pid, row in rows.items():
        if row["address_space"]["unexplained_bytes"]:
            print(f"{row['comm']} {pid}: unexplained: {row['address_space']}")
print(f"{len(updates)} updates; compared while still: {compared}; not still or not known: {moved}")
# Which of them do, and how often, is the machine's load.
expect_true("some stood still at times", sum(compared.values()) > 0)
expect_true("the build was seen", any(row["comm"] == "cc1" for update in updates
                                      for row in update["processes"]))
END
PYTHONPATH=$HERE PYTHONDONTWRITEBYTECODE=1 "$PYTHON" "$WORK/watch.py" "$BRKSCOPE" \
	"$SECONDS_WANTED" "redis=$REDIS" "churn=$CHURN" "nginx=$NGINX"
STATUS=$?
rm "$WORK/build/Makefile"
ended "$BUILD"
kill -QUIT "$NGINX"
ended "$NGINX"
exit $STATUS
