#!/bin/bash
# overlay.sh - two containers' roots over the same files: causes as anywhere, and each call once.
. "$(dirname "$0")/lib.sh"
need_bpf

mkdir "$WORK/base"
mount -t tmpfs tmpfs "$WORK/base" || skip "no tmpfs can be mounted here"
unmount() {
	umount "$WORK/one/root" "$WORK/two/root" "$WORK/base" 2>/dev/null
	cleanup
}
trap unmount EXIT
mkdir "$WORK/base/lower"
libraries=$(ldd "$WORKLOAD/flood" | grep -o '/[^ ]*')
for file in $libraries; do
	mkdir -p "$WORK/base/lower$(dirname "$file")"
	cp -L "$file" "$WORK/base/lower$file"
done
cp "$WORKLOAD/flood" "$WORKLOAD/seed_mmap" "$WORK/base/lower/"
for root in one two; do
	mkdir -p "$WORK/base/$root/up" "$WORK/base/$root/work" "$WORK/$root/root"
	mount -t overlay overlay -o "lowerdir=$WORK/base/lower,upperdir=$WORK/base/$root/up,workdir=$WORK/base/$root/work" \
		"$WORK/$root/root" || skip "no overlay can be mounted here"
	# So that its libc is known before the report begins, as a container's is.
	mkfifo "$WORK/$root.keys"
done
exec 3<>"$WORK/one.keys" 4<>"$WORK/two.keys"
start chroot "$WORK/one/root" /seed_mmap <"$WORK/one.keys" >"$WORK/one.out"
start chroot "$WORK/two/root" /seed_mmap <"$WORK/two.keys" >"$WORK/two.out"
both_run() { [ "$(grep -l seed_mmap /proc/[0-9]*/comm 2>/dev/null | wc -l)" -ge 2 ]; }
eventually 10 both_run

# reported NAME FILTER...: what both do is in NAME.json, NAME.1 and NAME.2.
reported() {
	local name=$1

	shift
	start_collecting "$WORK/messages" report -j -o "$WORK/$name.json" "$@"
	chroot "$WORK/one/root" /flood 0 0 1 >"$WORK/$name.0" || fail "an idle flood"
	chroot "$WORK/one/root" /flood 1000 50 1 >"$WORK/$name.1" || fail "flood in the first root"
	chroot "$WORK/two/root" /flood 1000 50 1 >"$WORK/$name.2" || fail "flood in the second root"
	kill -INT "$AGENT"
	ended "$AGENT" || fail "report: status $?: $(cat "$WORK/messages")"
}
# With a name each call is asked whose it is; without, few of them are.
reported named -n flood
reported all
exec 3>&- 4>&-

compare "$WORK" <<'END'
from oracle import *
work = sys.argv[1]
for name, which in [(name, which) for name in ("named", "all") for which in (1, 2)]:
    report, truth = Report(f"{work}/{name}.json"), read_json(f"{work}/{name}.{which}")
    # What chroot calls before it becomes the program is among its own, where no name is asked for.
    row, idle = report.row(truth["pid"]), report.row(read_json(f"{work}/{name}.0")["pid"])
    calls = [r["malloc"]["by_function"].get("malloc", 0) for r in (row, idle)]
    which = f"{name}, {which}"
    expect(f"{which}: malloc calls {calls}", calls[0] - calls[1], truth["malloc_calls"])
    expect(f"{which}: mmap by malloc", row["mmap"]["malloc"]["calls"], truth["malloc_mmap_calls"])
    expect(f"{which}: route", row["malloc"]["route"]["mmap"]["calls"], truth["route_mmap_calls"])
    expect(f"{which}: direct", row["mmap"]["direct"]["calls"], truth["direct_calls"])
    expect_true(f"{which}: the loader's", row["mmap"]["loader"]["calls"] > 5)
    expect(f"{which}: nothing unattributed", row["mmap"]["unattributed"]["calls"], 0)
END
