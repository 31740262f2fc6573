#!/bin/bash
# placement.sh - a probe at the chosen place sees what one at the function's entry sees.
#
# Real programs under real allocators, each a copy that nobody else uses, with a counter at every
# function's entry and at its place at the same time: as many calls, and the same sums of arguments
# and of return addresses.
# timeout: 180
. "$(dirname "$0")/lib.sh"
need_bpf
[ "$(uname -m)" = x86_64 ] || skip "the registers' numbers are x86's"
need python3 sqlite3 perl gcc redis-server redis-benchmark redis-cli musl-gcc
mkdir "$WORK/lib"

# The words of struct pt_regs (arch/x86/include/asm/ptrace.h).
numbers() {
	sed -e 's/r15/0/g;s/r14/1/g;s/r13/2/g;s/r12/3/g;s/rbp/4/g;s/rbx/5/g;s/r11/6/g;s/r10/7/g;s/r9/8/g;s/r8/9/g' \
		-e 's/rax/10/g;s/rcx/11/g;s/rdx/12/g;s/rsi/13/g;s/rdi/14/g'
}
ABI=(14 13 12 11)

# under FILE COMMAND...: the command, counted at the places in FILE.
under() {
	local file=$1 entry place frame regs abi

	shift
	"$OUT/tests/unit/test_placement" "$file" >"$WORK/dump" || fail "$file: no places"
	# A pair of lines each: the entry, the place.
	while read -r _ _ _ entry place frame _ _ regs _; do
		IFS=, read -ra regs <<<"$(numbers <<<"$regs")"
		abi=("${ABI[@]:0:${#regs[@]}}")
		printf '0x%s 0 %s\n0x%s %s %s\n' "$entry" "${abi[*]}" "$place" "$frame" "${regs[*]}"
	done <"$WORK/dump" >"$WORK/places"
	rm -f "$WORK/in"
	mkfifo "$WORK/in"
	exec 3<>"$WORK/in"
	start "$ORACLE/hits" "$file" <"$WORK/in" >"$WORK/counts"
	HITS=$!
	cat "$WORK/places" - <<<"" >&3
	eventually 20 grep -q . "$WORK/counts"
	grep -q '^no uprobe_multi' "$WORK/counts" && skip "no uprobe_multi before Linux 6.6"
	grep -qx "placed $(wc -l <"$WORK/places")" "$WORK/counts" || fail "$(cat "$WORK/counts")"
	"$@" >"$WORK/out" 2>&1 || fail "$*: status $?: $(tail -3 "$WORK/out")"
	echo >&3
	exec 3>&-
	ended $HITS || fail "hits: status $?"
	compare "$WORK" "${file##*/}" <<'END'
import sys
work, name = sys.argv[1:]
dump = [line.split(None, 9) for line in open(f"{work}/dump")]
counts = [line.split() for line in open(f"{work}/counts")][1:]
wrong, calls, functions, moved = 0, 0, set(), set()
for fields, at_entry, at_place in zip(dump, counts[::2], counts[1::2], strict=True):
    if at_entry != at_place:
        wrong += 1
        print(f"FAIL: {name}: {fields[0]} {fields[7]}: entry {at_entry}, place {at_place}")
    if int(at_entry[0]):
        functions.add(fields[0])
        if fields[1] != fields[2]:
            moved.add(fields[0])
        if fields[7] == "anywhere":
            calls += int(at_entry[0])
print(f"{name}: {calls} calls of {len(functions)} functions, of which {len(moved)} are not probed at their entry: "
      f"{' '.join(sorted(functions))}")
sys.exit(wrong or not {"malloc", "free", "calloc", "realloc"} <= functions)
END
}

cat >"$WORK/program.c" <<'END'
#include <stdio.h>
#include <stdlib.h>
int main(void) { void *p = realloc(malloc(10), 100); printf("%p\n", p); free(p); return 0; }
END

# programs BEFORE...: which is put before each of them.
programs() {
	"$@" "$PYTHON" -S -c '
import json, threading
def work():
    for i in range(300):
        json.loads(json.dumps({str(n): [n, str(n) * n] for n in range(50)}))
threads = [threading.Thread(target=work) for _ in range(3)]
[t.start() for t in threads]; [t.join() for t in threads]' || return
	"$@" sqlite3 :memory: 'with recursive n(i) as (select 1 union all select i+1 from n where i<3000)
		select count(distinct hex(i*i)) from n a' || return
	"$@" perl -e 'my %h; $h{$_} = "x" x $_ for 1..2000; print join("", map { $h{$_} } sort keys %h) =~ tr/x//' || return
	"$@" gcc -O2 -c "$WORK/program.c" -o "$WORK/program.o" || return
	"$@" "$WORKLOAD/tail_calls" || return
	start "$@" redis-server --port 0 --save '' --unixsocket "$WORK/redis" >"$WORK/redis.log" 2>&1
	REDIS=$!
	eventually 20 answers
	"$@" redis-benchmark -s "$WORK/redis" -n 1000 -c 5 -d 100 -t set,get,lpush -q || return
	redis-cli -s "$WORK/redis" shutdown nosave
	ended $REDIS
}
answers() { redis-cli -s "$WORK/redis" ping >/dev/null 2>&1; }

found() { ldconfig -p | sed -n "s,.*[[:space:]]$1 (.*x86-64.*=> ,,p" | head -1; }

run() { # NAME SETTING
	local copy=$WORK/lib/$1

	shift
	under "$copy" programs env "$@" || failed=1
}
failed=0
cp "$(found libc.so.6)" "$WORK/lib/libc.so.6"
run libc.so.6 LD_LIBRARY_PATH="$WORK/lib"
for name in libjemalloc.so.2 libtcmalloc_minimal.so.4 libmimalloc.so.2; do
	[ -n "$(found $name)" ] || skip "no $name: scripts/deps.sh check"
	cp "$(found $name)" "$WORK/lib/$name"
	run $name LD_PRELOAD="$WORK/lib/$name"
done
cp "$OUT/librefmalloc.so" "$WORK/lib/"
run librefmalloc.so LD_PRELOAD="$WORK/lib/librefmalloc.so"

# By its loader, which is the library as well.
cp /lib/ld-musl-x86_64.so.1 "$WORK/lib/musl"
for program in tail_calls realloc_chain; do
	musl-gcc -O1 -fno-builtin -D_GNU_SOURCE -pthread "tests/workload/$program.c" -o "$WORK/$program" ||
		fail "$program: no musl-gcc"
done
musl_programs() {
	"$WORK/lib/musl" "$WORK/tail_calls" && "$WORK/lib/musl" "$WORK/realloc_chain"
}
under "$WORK/lib/musl" musl_programs || failed=1
exit $failed
