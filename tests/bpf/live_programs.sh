#!/bin/bash
# live_programs.sh - level live on programs that people run, under each allocator: exact to the block.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need_bpf
need gcc perl sqlite3 nginx wrk redis-server redis-cli redis-benchmark ldconfig
find_allocators

LIVE=$OUT/tests/preload/liblive_malloc.so
cat >"$WORK/program.py" <<'END_OF_PROGRAM'
import mmap, os, threading
blocks = [bytearray(n) for n in (10, 1000, 200000, 3000000, 40000000)]
small = {n: str(n) * 10 for n in range(5000)}
threads = [threading.Thread(target=lambda: [bytes(300) for n in range(500)]) for k in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
own = [mmap.mmap(-1, 65536) for n in range(7)]
for n in range(100): blocks[2] += b"x" * 1000
if (child := os.fork()) == 0:
    blocks = small = None
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
END_OF_PROGRAM

# Servers end themselves when their clients have had enough; all is one report.
cat >"$WORK/all.py" <<'END_OF_PROGRAM'
import os, socket, subprocess, sys, time
work, counted, live, python, source, *kinds = sys.argv[1:]
SQL = """create table t(a, b);
  with recursive n(i) as (select 1 union all select i + 1 from n where i < 500)
  insert into t select i, hex(randomblob(20)) from n;
  create index k on t(b); select count(*), max(b) from t group by substr(b, 1, 1);"""
PERL = """my %h; $h{$_} = "x" x ($_ % 1000) for 1..2000; delete $h{$_} for 1..1000;
  my @a = map { [$_, "$_" x 10] } 1..1000; if (!fork) { @a = (); exit } wait;"""

def begin(library, *command):
    env = {**os.environ, "PYTHONMALLOC": "malloc", "PYTHONHASHSEED": "0"}
    preload = f"{live}:{library}" if library else live
    return subprocess.Popen([counted, preload, f"{work}/oracle", *command], env=env,
                            stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)

def finish(process, ok=(0,)):
    error = process.communicate()[1]
    if process.returncode not in ok:
        print(process.args, process.returncode, error)

def client(*command):
    for n in range(500):
        if subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL).returncode == 0:
            return
        time.sleep(0.02)
    print(command, "in vain")

for kind, library in (argument.split(":") for argument in kinds):
    finish(begin(library, python, "-S", f"{work}/program.py"))
    finish(begin(library, "sqlite3", ":memory:", SQL))
    finish(begin(library, "perl", "-e", PERL))
    if kind in ("glibc", "mimalloc"):
        finish(begin(library, "gcc", "-O1", "-o", f"{work}/program", source, "-pthread"))
    redis = begin(library, "redis-server", "--port", "0", "--unixsocket", f"{work}/redis.sock", "--save", "",
                  "--appendonly", "no", "--dir", work)
    at = ("-s", f"{work}/redis.sock")
    client("redis-cli", *at, "ping")
    client("redis-benchmark", *at, "-q", "-n", "200", "-c", "4", "-d", "300", "-t", "set,get,lpush,hset")
    client("redis-benchmark", *at, "-q", "-n", "10", "-c", "2", "-d", "400000", "-t", "set")
    client("redis-cli", *at, "shutdown", "nosave")
    finish(redis)
    with socket.socket() as s:
        s.bind(("127.0.0.1", 0))
        port = s.getsockname()[1]
    with open(f"{work}/nginx.conf", "w") as file:
        file.write(f"""worker_processes 1; error_log {work}/error.log; pid {work}/nginx.pid; daemon off;
          user root; events {{ worker_connections 64; }}
          http {{ access_log off; gzip on; gzip_types *; client_body_temp_path {work}/www/body;
          proxy_temp_path {work}/www/proxy; fastcgi_temp_path {work}/www/fastcgi;
          uwsgi_temp_path {work}/www/uwsgi; scgi_temp_path {work}/www/scgi;
          server {{ listen 127.0.0.1:{port}; root {work}/www; }} }}""")
    nginx = begin(library, "nginx", "-p", work, "-c", f"{work}/nginx.conf", "-e", f"{work}/error.log")
    client("bash", "-c", f": >/dev/tcp/127.0.0.1/{port}")
    client("timeout", "10", "wrk", "-t", "1", "-c", "4", "-d", "1", "-H", "Accept-Encoding: gzip",
           f"http://127.0.0.1:{port}/")
    nginx.send_signal(3)
    finish(nginx)
END_OF_PROGRAM
mkdir -m 777 "$WORK/www" "$WORK/oracle"
head -c 100000 /dev/zero >"$WORK/www/index.html"
KINDS=()
for kind in "${!LIBRARIES[@]}"; do KINDS+=("$kind:${LIBRARIES[$kind]}"); done
# What somebody maps already is known before the first call.
start env LD_PRELOAD="$OUT/librefmalloc.so" sleep 1000
mapped() { grep -q librefmalloc "/proc/$1/maps"; }
eventually 10 mapped $!
"$BRKSCOPE" report -l live -j -o "$WORK/report.json" -- "$PYTHON" -S -E "$WORK/all.py" "$WORK" \
	"$WORKLOAD/counted" "$LIVE" "$PYTHON" tests/workload/flood.c glibc: "${KINDS[@]}" >"$WORK/out" 2>&1 ||
	fail "report: status $?: $(cat "$WORK/out")"
[ ! -s "$WORK/out" ] || fail "$(cat "$WORK/out")"

compare "$WORK" "${#LIBRARIES[@]}" <<'END'
from collections import Counter
from live import *
work, kinds = sys.argv[1], 1 + int(sys.argv[2])
report, oracle = Report(f"{work}/report.json"), read_live(f"{work}/oracle")
expect("spilled", report.data["events"]["spilled"], 0)
seen = Counter(live.comm for live in oracle.values())
for comm, count in (("python3", 2), ("sqlite3", 1), ("perl", 2), ("redis-server", 1), ("nginx", 2)):
    expect(comm, seen[comm], count * kinds)
for comm in ("cc1", "as", "ld", "collect2", "gcc"):
    expect(comm, seen[comm], 2)
THREADED = ("python3", "redis-server")
for live in oracle.values():
    expect_live(report, live, peak=live.comm not in THREADED)
expect_true("blocks", sum(live["live_blocks"] for live in oracle.values()) > 10000)
END
