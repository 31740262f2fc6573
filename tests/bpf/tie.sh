#!/bin/bash
# tie.sh - refmalloc's own statistics and brkscope's report of the same process are the same, to the byte.
# timeout: 120
#
# The library counts where it does something, brkscope what reaches the kernel and
# its probes: two counts that share nothing.  A process ends with the write of its
# statistics, and what its loader does before it is known: there is no time that
# only one of them sees.
. "$(dirname "$0")/lib.sh"
need_bpf
need redis-server redis-benchmark redis-cli

# Both programs at once: the report, and in it a trace of the system calls, which tells munmap and
# mremap of blocks from all others'.
# tied NAME COMMAND...
tied() {
	local name=$1

	shift
	REFMALLOC_OPTIONS="stats=$WORK/$name.stats${options:+,$options}" "$BRKSCOPE" report -j -o "$WORK/$name.json" -- \
		"$BRKSCOPE" trace -j -l syscalls -o "$WORK/$name.trace" -- \
		"$WORKLOAD/counted" "$OUT/tests/preload/libend_at_report.so:$OUT/librefmalloc.so" \
		"$WORK" "$@" >"$WORK/$name.out" 2>&1 ||
		fail "$name: status $?: $(tail -n 5 "$WORK/$name.out")"
}

options=peaks tied mix "$WORKLOAD/mix"
tied one "$WORKLOAD/tie" 3000
options=cache=0 tied threads "$WORKLOAD/tie" 1000 4
# No threshold that adapts: every large block has a mapping, and many keep theirs when resized.
options=mmap_threshold=40K tied large "$WORKLOAD/tie" 1000 2
options=mmap_threshold=40K,check=1 tied checked "$WORKLOAD/tie" 300
tied forks "$WORKLOAD/tie" 300 2 2
tied brk_blocked "$WORKLOAD/brk_blocked"

cat >"$WORK/program.py" <<'END_OF_PROGRAM'
import mmap, os, threading
blocks = [bytearray(n) for n in (10, 1000, 200000, 3000000, 40000000)]
for n in range(3000):
    blocks[2] += b"x" * 100
def work():
    for n in range(200):
        bytes(300 + n), [bytes(70000 + n)] * 3, bytearray(300000)
threads = [threading.Thread(target=work) for k in range(3)]
for thread in threads: thread.start()
for thread in threads: thread.join()
own = [mmap.mmap(-1, 65536) for n in range(7)]
own[0].close()
if (child := os.fork()) == 0:
    blocks[4] = blocks[3] + blocks[3]
    small = {n: str(n) * 10 for n in range(5000)}
    os._exit(0)
assert os.waitpid(child, 0)[1] == 0
END_OF_PROGRAM
PYTHONMALLOC=malloc tied python "$PYTHON" -S -E "$WORK/program.py"

# The server ends with the benchmark; brkscope with the server.
cat >"$WORK/redis" <<'END_OF_SCRIPT'
until redis-cli -s "$1/redis.sock" ping >/dev/null 2>&1; do sleep 0.02; done
redis-benchmark -s "$1/redis.sock" -q -n 1000 -c 8 -d 300 -r 500 -t set,get,lpush,hset,zadd &&
	redis-benchmark -s "$1/redis.sock" -q -n 20 -c 2 -d 400000 -t set
redis-cli -s "$1/redis.sock" shutdown nosave
END_OF_SCRIPT
start bash "$WORK/redis" "$WORK" >"$WORK/benchmark.out" 2>&1
CLIENT=$!
tied redis redis-server --port 0 --unixsocket "$WORK/redis.sock" --save '' --appendonly no --dir "$WORK"
ended "$CLIENT" || fail "redis-benchmark: $(cat "$WORK/benchmark.out")"

compare "$WORK" "$OUT/librefmalloc.so" mix:1 one:1 threads:1 large:1 checked:1 forks:3 \
	brk_blocked:1 python:2 redis:1 <"$HERE/tie.py"
