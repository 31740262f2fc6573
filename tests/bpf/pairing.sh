#!/bin/bash
# pairing.sh - the cause of each mapping against exact pairing, on programs that people run.
#
# brkscope tells a mapping's cause by who called.  Here the same calls, in the same run, are told
# by what was going on: bpftrace counts, by thread, the calls of the malloc family that have begun
# and not returned.  The programs run on a copy of libc, so that nobody else's malloc is probed.
# bpftrace also waits for the return of mmap itself, as leak finders do: that puts a trampoline
# in the place of the return address that brkscope tells the cause by.
# timeout: 120
. "$(dirname "$0")/lib.sh"
need_bpf
need bpftrace nm unshare redis-server redis-benchmark sqlite3 gcc make

MALLOC_FAMILY='malloc|free|calloc|realloc|memalign|aligned_alloc|posix_memalign|valloc|pvalloc'
MALLOC_FAMILY+='|reallocarray|malloc_trim'

LIBC=$WORK/lib/libc.so.6
mkdir "$WORK/lib"
cp "$(ldd "$PYTHON" | awk '$1 == "libc.so.6" { print $3 }')" "$LIBC" || skip "python3 has no glibc"

# Those of the family, one name an address.
functions() {
	nm -D --defined-only "$LIBC" | sed 's/@.*//' |
		awk -v family="^($MALLOC_FAMILY)$" '$3 ~ family && !seen[$1]++ { print $3 }'
}

# bpftrace's program: a line for each call that succeeded in the target or what comes of it.  The
# first probe here is the last one to be attached.
pairing_program() {
	local name entries=() returns=()

	for name in $(functions); do
		entries+=("uprobe:$LIBC:$name")
		returns+=("uretprobe:$LIBC:$name")
	done
	cat <<-END
		interval:ms:50 { printf("attached\n"); }
		BEGIN { @ours[\$1] = 1; }
		tracepoint:sched:sched_process_fork /@ours[pid]/ { @ours[args->child_pid] = 1; }
		$(IFS=,; echo "${entries[*]}") { @inside[tid]++; }
		$(IFS=,; echo "${returns[*]}") { @inside[tid]--; }
		uretprobe:$LIBC:mmap, uretprobe:$LIBC:mremap { @returns = count(); }
		tracepoint:syscalls:sys_enter_mmap /@ours[pid]/ { @length[tid] = args->len; }
		tracepoint:syscalls:sys_enter_mremap /@ours[pid]/ { @length[tid] = args->new_len; }
		tracepoint:syscalls:sys_exit_mmap /@ours[pid] && args->ret > 0/
		{ printf("%d %d mmap %lu %lu %d\n", pid, tid, args->ret, @length[tid], @inside[tid]); }
		tracepoint:syscalls:sys_exit_mremap /@ours[pid] && args->ret > 0/
		{ printf("%d %d mremap %lu %lu %d\n", pid, tid, args->ret, @length[tid], @inside[tid]); }
		END { clear(@length); clear(@inside); clear(@ours); }
	END
}
pairing_program >"$WORK/pairing.bt"

# begin NAME COMMAND...: the command, from its first instruction, under both.
begin() {
	local name=$1

	shift
	rm -f "$WORK/pid"
	start "$BRKSCOPE" trace -j -l syscalls -o "$WORK/$name.json" -- \
		bash -c 'echo $$ >"$0"; kill -STOP $$; exec env LD_LIBRARY_PATH="${0%/*}/lib" "$@"' \
		"$WORK/pid" "$@" >"$WORK/$name.out" 2>&1
	AGENT=$!
	eventually 30 stopped
	# Its own tracefs, where there is none, in a mount namespace that goes with it.
	start unshare -m --propagation private sh -c '
		[ -e /sys/kernel/tracing/events ] || mount -t tracefs nodev /sys/kernel/tracing
		exec bpftrace -B line "$1" "$2"' sh "$WORK/pairing.bt" "$(cat "$WORK/pid")" \
		>"$WORK/$name.probes" 2>"$WORK/$name.bpftrace"
	TRACER=$!
	eventually 60 attached_or_ended "$name"
	kill -0 "$TRACER" 2>/dev/null ||
		skip "bpftrace does not work here: $(tail -1 "$WORK/$name.bpftrace")"
	kill -CONT "$(cat "$WORK/pid")"
}

stopped() {
	[ -s "$WORK/pid" ] && grep -q 'State:.*stopped' "/proc/$(cat "$WORK/pid")/status"
}

attached_or_ended() {
	grep -qs attached "$WORK/$1.probes" || ! kill -0 "$TRACER" 2>/dev/null
}

# finish NAME: the command has been told to end, or does so by itself.
finish() {
	ended "$AGENT" || fail "$1: status $?: $(tail -5 "$WORK/$1.out")"
	kill -INT "$TRACER"
	ended "$TRACER"
	PROGRAMS+=("$1")
}
PROGRAMS=()

cat >"$WORK/program.py" <<'END'
import threading
held, keep = threading.Barrier(5), []
def work():
    keep.append([bytearray(n) for n in (10, 1000, 100000, 3000000) for i in range(20)])
    held.wait()
threads = [threading.Thread(target=work) for n in range(4)]
for thread in threads:
    thread.start()
large = [bytearray(100000 + 70000 * n) for n in range(60)]
for block in large[:20]:
    block.extend(bytes(1000000))
del large[10:]
small = [str(n) for n in range(100000)]
held.wait()
for thread in threads:
    thread.join()
END
begin python "$PYTHON" -S -E "$WORK/program.py"
finish python

begin sqlite sqlite3 :memory: "create table t(a, b);
	insert into t select value, randomblob(2000) from generate_series(1, 3000);
	insert into t select value, randomblob(400000 + value * 1000) from generate_series(1, 20);
	select sum(length(b)) from t; select count(*) from t x join t y on x.a = y.a order by x.b;"
finish sqlite

redis_answers() {
	[ "$(redis-cli -s "$WORK/redis.sock" ping 2>&1)" = PONG ]
}

# It is linked with jemalloc: libc's comes first here.
begin redis env "LD_PRELOAD=$LIBC" redis-server --port 0 --save '' --appendonly no \
	--unixsocket "$WORK/redis.sock" --dir "$WORK" --io-threads 2
eventually 30 redis_answers
redis-benchmark -s "$WORK/redis.sock" -t set,get,lpush -r 200 -n 1500 -d 5000 -q >"$WORK/out"
redis-benchmark -s "$WORK/redis.sock" -t set -r 30 -n 60 -d 400000 -q >"$WORK/out"
redis-cli -s "$WORK/redis.sock" shutdown nosave >"$WORK/out"
finish redis

# Many processes, two at a time.
mkdir "$WORK/build"
{
	printf '#include <stdio.h>\n#include <pthread.h>\n#include <math.h>\nint f(int x)\n{\n'
	for i in $(seq 300); do
		printf '\tif (x %% %d == 1)\n\t\tx += printf("%%d", x * %d);\n' "$i" "$i"
	done
	printf '\treturn x;\n}\n'
} >"$WORK/build/unit.c"
printf 'all: 1.o 2.o 3.o\n%%.o: unit.c\n\tgcc -O2 -c $< -o $@\n' >"$WORK/build/Makefile"
begin gcc make -r -s -C "$WORK/build" -j2
finish gcc

JEMALLOC=$(ldd "$(command -v redis-server)" | sed -n 's/.* => \(.*libjemalloc[^ ]*\) .*/\1/p')
compare "$WORK" "$(stat -L -c %i "${JEMALLOC:-/}")" "${PROGRAMS[@]}" <<'END'
import sys
from pairing import *
work, jemalloc = sys.argv[1], int(sys.argv[2])
both = [0, 0]
for name in sys.argv[3:]:
    size, wrong = compare_calls(name, of_trace(f"{work}/{name}.json"),
                                of_probes(f"{work}/{name}.probes"), CLASSES,
                                jemalloc if name == "redis" else None)
    expect_true(f"{name}: malloc maps something", size[True] > 0)
    expect_true(f"{name}: 99.9% of the bytes agree", wrong <= sum(size) / 1000)
END
