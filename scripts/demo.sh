#!/bin/bash
# The main job, shown: the tutorial's two programs, then the whole machine at work.
set -eu
cd "$(dirname "$0")/.."
out=${OUT:-build}
brkscope=$out/brkscope
programs=$out/tests/workload
work=$(mktemp -d)
pids=()
clean_up() {
	[ ${#pids[@]} -eq 0 ] || kill "${pids[@]}" 2>/dev/null || true
	rm -rf "$work"
}
trap clean_up EXIT

say() {
	printf '\n\033[1m%s\033[0m\n' "$*"
}
[ -t 1 ] || say() { printf '\n%s\n' "$*"; }


say 'malloc, four times 10 pages: the heap of 33 pages is enough for three, then brk makes it 73'
printf '\n\n\n\n\n' |
	"$brkscope" trace -n seed_brk -o "$work/brk" -- script -qec "$programs/seed_brk" /dev/null >"$work/out"
grep -E 'malloc\(40960\)|brk\(0x|exited' "$work/brk"

say 'malloc, once 35 pages: more than the heap gives, so it is an mmap of 147456 bytes'
printf '\n\n' |
	"$brkscope" trace -n seed_mmap -o "$work/mmap" -- script -qec "$programs/seed_mmap" /dev/null >"$work/out"
grep -E '143360|exited' "$work/mmap"

say 'The whole machine for 5 seconds, with python3 and sqlite3 at work'
python3 - <<'PY' &
import time
kept = []
while True:
    kept = [bytearray(200_000) for _ in range(50)] + [str(i) * 20 for i in range(20000)]
    time.sleep(0.05)
PY
pids+=($!)
(
	while :; do
		sqlite3 :memory: "create table t(a, b);
			with recursive n(i) as (select 1 union all select i + 1 from n where i < 30000)
			insert into t select i, hex(randomblob(50)) from n;
			create index x on t(b); select count(*) from t;" >/dev/null
	done
) &
pids+=($!)
"$brkscope" report -d 5
