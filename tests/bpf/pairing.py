"""pairing.py - joins brkscope's cause of each mapping with what an oracle saw of the same call.

A call is one mmap or mremap that succeeded.  Each thread makes its own in one
order, so the n-th of a thread is the same call on both sides: name, result and
length must be equal, or the join is wrong and nothing else counts.

Of each call the oracle says whether it was made inside of the malloc family.
Where brkscope differs, the difference is one of the classes below, or a defect.
"""

import json
from collections import defaultdict

from oracle import expect, expect_true, pages, re

ALLOCATOR_CAUSES = ("malloc", "arena")


class Call:
    def __init__(self, pid, tid, name, result, length, verdict, where):
        self.pid, self.tid, self.name = pid, tid, name
        self.result, self.length = result, length
        self.verdict = verdict  # of brkscope: the cause; of an oracle: inside?
        self.where = where

    def key(self):
        return self.name, self.result, pages(self.length)


def by_thread(calls):
    threads = defaultdict(list)
    for call in calls:
        threads[call.tid].append(call)
    return threads


def of_trace(path):
    """brkscope trace -j, of a shell that stops and then execs the program."""
    with open(path, encoding="utf-8") as file:
        events = [json.loads(line) for line in file]
    execs = [n for n, e in enumerate(events) if e["event"] == "exec"]
    expect(f"{path}: the last line", {name: events[-1].get(name) for name in ("event", "spilled", "lost")},
           {"event": "end", "spilled": 0, "lost": 0})
    for e in events[execs[1]:]:
        if e["event"] in ("mmap", "mremap") and e["error"] is None:
            yield Call(e["pid"], e["tid"], e["event"], e["result"], e["length"], e["cause"],
                       e["caller"])


PAIRED = re.compile(r"^(\d+) (\d+) (mmap|mremap) (\d+) (\d+) (-?\d+)$")


def of_probes(path):
    """bpftrace, with the program of pairing.sh."""
    with open(path, encoding="utf-8") as file:
        for line in file:
            if line.startswith("Lost"):
                expect("bpftrace's events", line, "")
            if match := PAIRED.match(line):
                pid, tid, result, length, depth = (int(match[n]) for n in (1, 2, 4, 5, 6))
                expect_true(f"{tid}: no return without its call", depth >= 0)
                yield Call(pid, tid, match[3], result, length, depth > 0, f"depth {depth}")


# What is known to differ, and is no defect: (name, is this pair one of it?).
CLASSES = ()


def compare_calls(who, ours, truth, classes, other_allocator=None):
    """Prints what agrees and each difference; classes: (name, does it fit a pair?).

    other_allocator: the inode of one that is in the process beside the one that the
    oracle probes, and maps something for itself when it is loaded.
    """
    ours, truth = by_thread(ours), by_thread(truth)
    others = []
    expect(f"{who}: threads", sorted(ours), sorted(truth))
    total, wrong, explained = [0, 0], 0, defaultdict(int)
    for tid in truth:
        expect(f"{who}: thread {tid}: calls", [call.key() for call in ours[tid]],
               [call.key() for call in truth[tid]])
        for got, want in zip(ours[tid], truth[tid]):
            size = pages(want.length)
            if other_allocator and got.where and got.where.get("inode") == other_allocator:
                others.append((got.verdict, size))
                continue
            total[want.verdict] += size
            if (got.verdict in ALLOCATOR_CAUSES) == want.verdict:
                continue
            wrong += size
            name = next((name for name, fits in classes if fits(got, want)), None)
            explained[name] += 1
            print(f"{who}: thread {tid}: {want.name} of {size} bytes: brkscope: {got.verdict}, "
                  f"from {got.where}; the oracle: {'inside' if want.verdict else 'outside'}, "
                  f"{want.where}: {name or 'not explained'}")
    every = sum(total)
    print(f"{who}: {sum(map(len, truth.values()))} calls, {every} bytes, {total[1]} of them inside "
          f"of malloc; not the same: {wrong} bytes, {100 * wrong / max(every, 1):.4f}%, "
          f"{sum(explained.values())} calls")
    if others:
        print(f"{who}: and by the other allocator in it, which the oracle does not probe: "
              f"{len(others)} calls, {sum(size for _, size in others)} bytes")
        expect(f"{who}: its mappings", {verdict for verdict, _ in others}, {"arena"})
    expect(f"{who}: differences that nothing explains", explained[None], 0)
    return total, wrong
