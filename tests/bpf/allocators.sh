#!/bin/bash
# allocators.sh - a server that is linked with an allocator of its own: its calls, and its mappings.
. "$(dirname "$0")/lib.sh"
need_bpf
need redis-server redis-cli
JEMALLOC=$(ldconfig -p | sed -n 's/.* => \(.*libjemalloc\.so\.2\)$/\1/p' | head -n 1)
[ -n "$JEMALLOC" ] || skip "no libjemalloc"

SERVER=(redis-server --port 0 --save '' --daemonize no --enable-debug-command yes --unixsocket)
answers() { redis-cli -s "$WORK/$1" ping >/dev/null 2>&1; }
populate() {
	redis-cli -s "$WORK/$1" debug populate 20000 key 100 >"$WORK/out" ||
		fail "redis: $(cat "$WORK/out")"
}

# One that runs already.
start "${SERVER[@]}" "$WORK/one" >"$WORK/redis.log"
REDIS=$!
eventually 10 answers one
start_collecting "$WORK/messages" report -j -p "$REDIS" -o "$WORK/attached.json"
populate one
kill -INT "$AGENT"
ended "$AGENT" || fail "report -p: status $?: $(cat "$WORK/messages")"

# One that is started by a shell, which uses libc's malloc until it becomes the server.
start "$BRKSCOPE" report -j -o "$WORK/started.json" -- \
	sh -c 'x=$(echo some); "$@" >"$0"; :' "$WORK/redis.log" "${SERVER[@]}" "$WORK/two"
AGENT=$!
eventually 10 answers two
populate two
redis-cli -s "$WORK/two" shutdown
ended "$AGENT" || fail "report --: status $?"

# One that a preloaded library makes such, and that ends at once.
"$BRKSCOPE" report -j -o "$WORK/preloaded.json" -- \
	env LD_PRELOAD="$JEMALLOC" "$WORKLOAD/tail_calls" >"$WORK/calls" ||
		fail "report of a preload: status $?"

compare "$WORK" "$REDIS" <<'END'
from oracle import *
work, redis = sys.argv[1], int(sys.argv[2])

def expect_jemalloc(who, row, calls):
    expect(f"{who}: allocator", [row["allocator"]["kind"], row["allocator"]["probed"]],
           ["jemalloc", True])
    expect(f"{who}: from the start on", row["malloc"]["since_ns"], None)
    expect_true(f"{who}: {row['malloc']['calls']} malloc calls, of more than {calls}",
                row["malloc"]["calls"] >= calls)
    expect(f"{who}: direct", row["mmap"]["direct"]["calls"], 0)

row = Report(f"{work}/attached.json").row(redis)
expect_jemalloc("attached", row, 20000)
rows = [row for row in Report(f"{work}/started.json").rows.values() if row["comm"] == "redis-server"]
expect("started: redis-servers", len(rows), 1)
for row in rows:
    expect_jemalloc("started", row, 20000)
truth = read_json(f"{work}/calls")
row = Report(f"{work}/preloaded.json").row(truth["pid"])
expect_jemalloc("preloaded", row, sum(truth[name] for name in ("malloc", "calloc", "realloc")))
END
