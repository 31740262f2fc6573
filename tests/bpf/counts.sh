#!/bin/bash
# counts.sh - calls, bytes and sizes of real programs are what a counting preload sees in the same run.
. "$(dirname "$0")/lib.sh"
need_bpf
need gcc sqlite3 nginx wrk

# counted NAME COMMAND...
counted() {
	local name=$1

	shift
	mkdir "$WORK/$name"
	"$BRKSCOPE" report -l "${LEVEL-sizes}" -j -o "$WORK/$name.json" -- \
		"$WORKLOAD/counted" "$LIBCOUNT" "$WORK/$name" "$@" >"$WORK/$name.out" 2>&1 ||
		fail "$name: status $?: $(cat "$WORK/$name.out")"
}

counted python "$PYTHON" -c '
import json, sqlite3, threading
def work():
    for n in range(20):
        json.loads(json.dumps({str(k): [k] * (k % 50) for k in range(300)}))
threads = [threading.Thread(target=work) for n in range(4)]
for t in threads: t.start()
for t in threads: t.join()
large = [bytearray(n * 50000) for n in range(30)]
'
# 4 GiB and more have records of their own.
for LEVEL in sizes live; do
	counted "large-$LEVEL" "$PYTHON" -S -c '
import ctypes
malloc = ctypes.CDLL(None).malloc
malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
for n in ((1 << 32) - 1, 1 << 32, 5 << 30): malloc(n)
'
done
unset LEVEL
# Threads that end after a few calls each, and such that go on, without any more.
THREADS='
import ctypes, sys, threading
malloc = ctypes.CDLL(None).malloc
malloc.restype, malloc.argtypes = ctypes.c_void_p, [ctypes.c_size_t]
end = threading.Event()
def work():
    for i in range(12): malloc(100 + i)
    if len(sys.argv) > 1: end.wait()
if len(sys.argv) > 1: print(0, flush=True); input()
threads = [threading.Thread(target=work) for n in range(500)]
for t in threads: t.start()
'
counted threads "$PYTHON" -S -c "$THREADS"
mkfifo "$WORK/go"
exec 3<>"$WORK/go"
start "$PYTHON" -S -c "$THREADS
print(1, flush=True)
input()
end.set()" go <"$WORK/go" >"$WORK/gone"
MANY=$!
has_said() { grep -qx "$1" "$WORK/gone"; }
eventually 10 has_said 0
start_collecting "$WORK/messages" report -p "$MANY" -j -o "$WORK/alive.json"
echo >&3
eventually 20 has_said 1
kill -INT "$AGENT"
ended "$AGENT" || fail "alive: status $?: $(cat "$WORK/messages")"
echo >&3
ended "$MANY" || fail "alive: the threads: status $?"
exec 3>&-
counted gcc gcc -O2 -g -o "$WORK/program" tests/workload/flood.c -pthread
counted sqlite sqlite3 "$WORK/db" 'create table t(a, b);
	with recursive n(i) as (select 1 union all select i + 1 from n where i < 2000)
	insert into t select i, hex(randomblob(20)) from n;
	create index k on t(b); select count(*), max(b) from t group by substr(b, 1, 1);'
counted children sh -c 'for i in 1 2 3 4 5 6 7 8; do ls / | sort | wc -l; done; awk "BEGIN { x = 1 }"'

# What libc's own thread for timers calls is no inner call, though it stands beside malloc.  Here
# without the preload, which takes the calls for itself: so what 50 more timers add is compared.
for n in 10 60; do
	mkdir "$WORK/timers$n"
	"$WORKLOAD/counted" "$LIBCOUNT" "$WORK/timers$n" "$WORKLOAD/timers" $n &&
		"$BRKSCOPE" report -j -o "$WORK/timers$n.json" -- "$WORKLOAD/timers" $n ||
		fail "timers: status $?"
done

# A server under load, told to end itself.
mkdir -m 777 "$WORK/www" "$WORK/nginx"
head -c 100000 /dev/zero >"$WORK/www/index.html"
PORT=$("$PYTHON" -c 'import socket
s = socket.socket(); s.bind(("127.0.0.1", 0)); print(s.getsockname()[1])')
cat >"$WORK/nginx.conf" <<END
worker_processes 2; error_log $WORK/error.log; pid $WORK/nginx.pid; daemon off; user root;
events { worker_connections 64; }
http { access_log off; gzip on; gzip_types *; client_body_temp_path $WORK/www/body;
  proxy_temp_path $WORK/www/proxy; fastcgi_temp_path $WORK/www/fastcgi;
  uwsgi_temp_path $WORK/www/uwsgi; scgi_temp_path $WORK/www/scgi;
  server { listen 127.0.0.1:$PORT; root $WORK/www; } }
END
start "$BRKSCOPE" report -j -o "$WORK/nginx.json" -- "$WORKLOAD/counted" "$LIBCOUNT" "$WORK/nginx" \
	nginx -p "$WORK" -c "$WORK/nginx.conf" -e "$WORK/error.log"
AGENT=$!
listening() { (: >"/dev/tcp/127.0.0.1/$PORT") 2>/dev/null; }
eventually 20 listening
wrk -t 1 -c 8 -d 1 -H 'Accept-Encoding: gzip' "http://127.0.0.1:$PORT/" >"$WORK/wrk" ||
	fail "wrk: $(cat "$WORK/wrk")"
kill -QUIT "$(cat "$WORK/nginx.pid")"
ended "$AGENT" || fail "nginx: status $?: $(cat "$WORK/error.log")"

compare "$WORK" "$MANY" <<'END'
from oracle import *
work = sys.argv[1]
# What must be there, or the comparison proves nothing.
for name, comms in (("python", {"python3"}), ("threads", {"python3"}), ("large-sizes", {"python3"}), ("large-live", {"python3"}), ("gcc", {"gcc", "cc1", "as", "collect2", "ld"}),
                    ("sqlite", {"sqlite3"}), ("children", {"sh", "ls", "sort", "wc", "awk"}),
                    ("nginx", {"nginx"})):
    report, counts = Report(f"{work}/{name}.json"), read_counts(f"{work}/{name}")
    seen = {process.comm for process in counts.values()}
    expect(f"{name}: programs without one", sorted(c for c in comms if not any(
        s.startswith(c) or c == "awk" and s == "mawk" for s in seen)), [])
    expect(f"{name}: PIDs", sorted(report.rows), sorted(counts))
    expect_true(f"{name}: calls", sum(process.calls for process in counts.values()) > 100)
    for process in counts.values():
        expect_counts(report, process)

# Each call was a hit of a probe, which are in this process only.
report = Report(f"{work}/alive.json")
hits, calls = report.data["cost"]["hits"], report.row(int(sys.argv[2]))["malloc"]["calls"]
expect_true(f"alive: {calls} calls", calls >= 500 * 12)
expect_true(f"alive: {calls} calls in {hits}", hits["emulated"] + hits["stepped"] >= calls)

def timers(n):
    (truth,), (row,) = read_counts(f"{work}/timers{n}").values(), Report(f"{work}/timers{n}.json").rows.values()
    return truth.calls, row["malloc"]["calls"]
(few, few_seen), (many, many_seen) = timers(10), timers(60)
expect("timers: calls of the program itself", many - few, 50)
expect("timers: calls", many_seen - few_seen, many - few)
END
