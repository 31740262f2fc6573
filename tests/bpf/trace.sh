#!/bin/bash
# trace.sh - the lines of trace are the calls that strace prints, with their results, in the same order.
#
# Addresses are the same in both runs; malloc calls are ltrace's kind of line,
# which the program's own count checks.
. "$(dirname "$0")/lib.sh"
need_bpf
need strace setarch

for program in syscalls mix; do
	"$BRKSCOPE" trace -l syscalls -o "$WORK/$program.trace" -- \
		setarch -R "$WORKLOAD/$program" >"$WORK/out" ||
			fail "trace: status $?: $(cat "$WORK/out")"
	setarch -R strace -f -o "$WORK/$program.strace" -e trace=brk,mmap,munmap,mremap,mprotect \
		"$WORKLOAD/$program" >"$WORK/out" || fail "strace: $(cat "$WORK/out")"
done
"$BRKSCOPE" trace -o "$WORK/chain.trace" -- "$WORKLOAD/realloc_chain" >"$WORK/chain.out" ||
	fail "trace: status $?"
# A name that would write to the terminal is shown, not obeyed, and makes no line of its own.
NAME=$'x\e[31m\n1:2'
cp "$(type -P true)" "$WORK/$NAME"
"$BRKSCOPE" trace -l syscalls -o "$WORK/hostile.trace" -- "$WORK/$NAME" ||
	fail "trace of a hostile name: status $?"

compare "$WORK" <<'END'
from collections import Counter
from oracle import *
work = sys.argv[1]
# Time, PID, name, and the call.
LINE = re.compile(r"^\d\d:\d\d:\d\d\.\d{6} +(\d+) (.{15}) (\S.*)$")

def lines(name):
    with open(f"{work}/{name}.trace", encoding="utf-8") as file:
        for number, line in enumerate(file):
            match = LINE.match(line.rstrip("\n"))
            if not match:
                expect_true(f"{name}: line {number + 1} has its columns: {line!r}", False)
                continue
            yield int(match[1]), match[2].strip(), match[3]

def number(text):
    return 0 if text == "NULL" else int(text, 0)

def call(name, arguments, result):
    """What both print, numbers as numbers."""
    plain = [number(a) if re.fullmatch(r"NULL|-?0x[0-9a-f]+|-?\d+", a) else a for a in arguments]
    return (name, *plain, result)

TRACED = re.compile(r"^(brk|mmap|munmap|mremap|mprotect)\((.*)\) += (-?\w+)")
for program in ("syscalls", "mix"):
    # From the program's exec on: what setarch did is not in strace's output.
    seen, processes = [], []
    for pid, comm, text in lines(program):
        if text.startswith("execve("):
            seen, processes = [], [pid]
        elif match := TRACED.match(text):
            if pid not in processes:
                processes.append(pid)
            seen.append((processes.index(pid), comm,
                         call(match[1], match[2].split(", "), number(match[3]))))
    truth, processes = [], []
    for pid, name, arguments, result, _ in calls_of(f"{work}/{program}.strace"):
        if pid not in processes:
            processes.append(pid)
        truth.append((processes.index(pid), program, call(name, arguments, result)))
    expect(f"{program}: calls", len(seen), len(truth))
    for index, (got, want) in enumerate(zip(seen, truth)):
        if got != want:
            expect(f"{program}: call {index}", got, want)
            break
    expect_true(f"{program}: there are calls", len(truth) > 30)

truth, calls = read_json(f"{work}/chain.out"), Counter()
for pid, comm, text in lines("chain"):
    if match := re.match(r"(\w+)\(", text):
        calls[match[1]] += 1
for name in ("malloc", "calloc", "posix_memalign", "valloc", "pvalloc"):
    expect(f"chain: {name}", calls[name], truth[name])
expect("chain: realloc", calls["realloc"] + calls["reallocarray"],
       truth["realloc"] + truth["reallocarray"])
expect("chain: aligned", calls["memalign"] + calls["aligned_alloc"],
       truth["memalign"] + truth["aligned_alloc"])

with open(f"{work}/hostile.trace", "rb") as file:
    hostile = file.read()
expect_true("hostile: no escape reaches the terminal", b"\x1b" not in hostile)
expect_true("hostile: there are lines", len(list(lines("hostile"))) > 5)
END
