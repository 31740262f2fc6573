#!/bin/bash
# table_full.sh - when the kernel's table of processes is full, the sums with the others are exact.
. "$(dirname "$0")/lib.sh"
need_bpf

LIMITS=(--ring-pages 1 --max-processes 1)
# shellcheck disable=SC2016
FLOODS=(sh -c 'for i in 1 2 3 4 5 6; do "$0" 2000 200 2; done' "$WORKLOAD/flood")
mkdir "$WORK/counts"
"$BRKSCOPE" report -j "${LIMITS[@]}" -o "$WORK/report.json" -- \
	"$WORKLOAD/counted" "$LIBCOUNT" "$WORK/counts" "${FLOODS[@]}" >"$WORK/floods" ||
	fail "report -j: status $?: $(cat "$WORK/floods")"
"$BRKSCOPE" report "${LIMITS[@]}" -o "$WORK/text" -- "${FLOODS[@]}" >"$WORK/out" ||
	fail "report: status $?: $(cat "$WORK/out")"
grep -qi 'other processes: with [0-9]* events of rows above as well' "$WORK/text" || fail "the text does not say so: $(cat "$WORK/text")"

compare "$WORK" <<'END'
from collections import Counter
from oracle import *
work = sys.argv[1]
report = Report(f"{work}/report.json")
others = report.data["other_processes"]
rows = [*report.rows.values(), others]
counts = list(read_counts(f"{work}/counts").values())
with open(f"{work}/floods", encoding="utf-8") as lines:
    floods = [json.loads(line) for line in lines]
expect("floods", len(floods), 6)
expect_true("it spilled", report.data["events"]["spilled"] > 10000)
expect_true("and nobody knows whose it was", 0 < report.data["events"]["unowned"] <= report.data["events"]["spilled"])
expect("so no row's mappings are known",
       {cause["live_bytes"] for row in report.rows.values() for cause in row["mmap"].values() if "live_bytes" in cause},
       {None})
expect_true("into the others", others["malloc"]["calls"] > 0)

expect("calls", sum(row["malloc"]["calls"] for row in rows), sum(c.calls for c in counts))
expect("bytes", sum(row["malloc"]["bytes"] for row in rows), sum(c.bytes for c in counts))
expect("functions", sum((Counter(by_address(row["malloc"]["by_function"])) for row in rows),
                        Counter()),
       sum((Counter(by_address(c.functions)) for c in counts), Counter()))
expect("sizes", sum((Counter(malloc_buckets(row)) for row in rows), Counter()),
       sum((Counter(c.buckets) for c in counts), Counter()))
for cause, name in (("malloc", "malloc_mmap"), ("direct", "direct")):
    for what in ("calls", "bytes"):
        expect(f"mmap by {cause}: {what}", sum(row["mmap"][cause][what] for row in rows),
               sum(flood[f"{name}_{what}"] for flood in floods))
END
