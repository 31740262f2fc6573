#!/bin/bash
# bench-malloc.sh - refmalloc against libc's malloc and three others, as ratios to libc's.
#
# bench-malloc.sh [ROUNDS [PATTERN...]]  OUT=DIR is the build.  Rounds are interleaved, what is
# shown are medians; PICTURE=FILE (an SVG) gets a drawing of them.  RAW=FILE keeps what was
# measured, and what is in it already counts as rounds before these.

set -u
cd "$(dirname "$0")/.." || exit 1
OUT=$(realpath "${OUT:-build}")
PATTERNS=$OUT/tests/bench/patterns
rounds=${1:-5}
shift
work=$(mktemp -d) || exit 1
trap 'rm -rf "$work"' EXIT
raw=${RAW:-$work/raw}
export PYTHONMALLOC=malloc
python=$(python3 -c 'import sys; print(sys.executable)')

# Also libc is preloaded: distributions link redis-server with jemalloc.
libc=$(ldconfig -p | sed -n "s/.*libc\.so\.6 .*=> //p" | head -1)
declare -A library=([glibc]=$libc [refmalloc]=$OUT/librefmalloc.so)
names=(glibc refmalloc)
for name in jemalloc:libjemalloc.so.2 mimalloc:libmimalloc.so.2 tcmalloc:libtcmalloc_minimal.so.4; do
	path=$(ldconfig -p | sed -n "s/.*${name#*:} .*=> //p" | head -1)
	[ -n "$path" ] || continue
	names+=("${name%:*}")
	library[${name%:*}]=$path
done

cat >"$work/big.cc" <<'END'
#include <algorithm>
#include <map>
#include <regex>
#include <string>
#include <vector>
int main()
{
	std::map<std::string, std::vector<std::string>> m;
	m["a"].push_back("b");
	std::sort(m["a"].begin(), m["a"].end());
	return std::regex_match("aab", std::regex("a*b")) ? 0 : 1;
}
END
# A dump that is read back, statement by statement, as the shell is mostly used.
{
	echo "create table t(a integer primary key, b, c text); begin;"
	seq 40000 | awk '{ printf "insert into t values(%d,%d,%crow %d of them%c);\n", $1, $1 * 7919 % 10007, 39, $1, 39 }'
	cat <<'END'
commit;
create index b on t(b);
select count(*), sum(length(c)) from t where b in (select b from t where a % 7 = 0);
select b, group_concat(a) from t group by b order by b limit 2;
update t set c = c || '+' where b % 3 = 0;
select count(*) from (select c from t order by c);
END
} >"$work/sql"
# The server alone is measured: its client is no child that anybody waits for.
cat >"$work/redis" <<'END'
(
	export LD_PRELOAD=
	until [ -S "$1/socket" ]; do kill -0 $$ || exit; sleep 0.05; done
	redis-benchmark -s "$1/socket" -q -P 16 -n 60000 -r 20000 -d 100 -t set,get,lpush,lpop,sadd,hset >/dev/null
	redis-cli -s "$1/socket" shutdown nosave
) &
exec redis-server --port 0 --unixsocket "$1/socket" --dir "$1" --save '' --daemonize no --logfile "$1/log"
END

run() { # PATTERN
	case $1 in
	python3) "$PATTERNS" python3 "$python" tests/bench/churn.py ;;
	g++) "$PATTERNS" g++ g++ -O1 -c "$work/big.cc" -o "$work/big.o" ;;
	sqlite3) "$PATTERNS" sqlite3 sqlite3 :memory: ".read $work/sql" ;;
	redis) "$PATTERNS" redis bash "$work/redis" "$work" ;;
	*) LD_PRELOAD=$BENCH_PRELOAD "$PATTERNS" "$1" ;;
	esac | tail -1
}

patterns=("$@")
[ $# -gt 0 ] || mapfile -t patterns < <("$PATTERNS" - && printf '%s\n' python3 sqlite3 redis g++)
for ((round = 0; round < rounds; round++)); do
	for pattern in "${patterns[@]}"; do
		for name in "${names[@]}"; do
			BENCH_PRELOAD=${library[$name]}
			export BENCH_PRELOAD
			echo "$name $(run "$pattern")"
		done
	done
done >>"$raw"
# How often it calls brk, which the kernel makes every thread of the process wait for.
for pattern in python3 sh6bench; do
	for name in glibc refmalloc; do
		BENCH_PRELOAD=${library[$name]}
		export BENCH_PRELOAD
		strace -f -qq -e trace=brk -o "$work/brk" "$BASH" -c "$(declare -f run)
			PATTERNS='$PATTERNS' python='$python' work='$work'; run $pattern" >"$work/said" 2>&1
		# Those of the shell around it are the least that any process makes.
		echo "$name brk $pattern $(awk '{ n[$1]++ } END { for (p in n) if (n[p] > m) m = n[p]; print m + 0 }' "$work/brk")"
	done
done >>"$raw"
python3 scripts/bench-malloc.py "${PICTURE:-$work/picture}" <"$raw"
