"""oracle.py - what the privileged tests compare brkscope's reports with.

Nothing here shares code with brkscope: the counting preload's files, strace's
output, /proc and the workloads' own words are read as they are.  A test says
what it expects with expect(); the script fails at its end if anything differed.
"""

import atexit
import ctypes
import json
import os
import re
import struct
import sys

PAGE = os.sysconf("SC_PAGESIZE")
CAUSES = ("malloc", "arena", "direct", "stack", "file", "loader")
differences = []


def expect(what, got, want):
    """got and want may be any values that compare; the difference is printed whole."""
    if got != want:
        differences.append(what)
        print(f"{what}: got {got!r}, want {want!r}")


def expect_true(what, condition):
    if not condition:
        differences.append(what)
        print(f"{what}: does not hold")


def _finish():
    if differences:
        print(f"{len(differences)} differences")
        sys.stdout.flush()
        os._exit(1)


atexit.register(_finish)


def read_json(path):
    with open(path, encoding="utf-8") as file:
        return json.load(file)


class Report:
    """A brkscope.report/1, its rows by PID."""

    def __init__(self, path):
        self.data = read_json(path)
        self.rows = {row["pid"]: row for row in self.data["processes"]}
        expect("schema", self.data["schema"], "brkscope.report/1")
        expect("lost", self.data["events"]["lost"], 0)
        expect("one row a PID", len(self.rows), len(self.data["processes"]))

    def row(self, pid):
        if pid not in self.rows:
            known = [(p, row["comm"]) for p, row in self.rows.items()]
            print(f"no row for PID {pid}; there are {known}")
            sys.exit(1)
        return self.rows[pid]


def malloc_buckets(row):
    """Calls by upper edge, whatever their route."""
    return {bucket["le"]: bucket["calls"] for bucket in row["histograms"]["malloc_size"]}


def mmap_total(row, what):
    return sum(cause[what] for name, cause in row["mmap"].items()
               if name not in ("munmap", "mremap", "failed"))


# ---- the counting preload ----

COUNTED = ("malloc", "calloc", "realloc", "memalign", "aligned_alloc", "posix_memalign",
           "valloc", "pvalloc")


class Counts:
    """One process's file, as tests/preload/count_malloc.c lays it out."""

    def __init__(self, path):
        with open(path, "rb") as file:
            fields = struct.unpack("<Q16s16Q64Q", file.read())
        self.pid = fields[0]
        self.comm = fields[1].split(b"\0")[0].decode()
        self.functions = dict(zip(COUNTED, fields[2:18:2]))
        self.calls = sum(fields[2:18:2])
        self.bytes = sum(fields[3:18:2])
        self.buckets = {2 ** i: n for i, n in enumerate(fields[18:]) if n}


def read_counts(directory):
    """By PID."""
    files = (Counts(os.path.join(directory, name)) for name in os.listdir(directory))
    return {counts.pid: counts for counts in files}


def by_address(functions):
    """Sums what cannot be told apart: names of libc that are one address.

    reallocarray is realloc's: the preload, as glibc, makes it a call of that.
    """
    libc = ctypes.CDLL("libc.so.6")
    sums = {}
    for name, calls in functions.items():
        place = "realloc" if name == "reallocarray" else name
        address = ctypes.cast(getattr(libc, place), ctypes.c_void_p).value
        sums[address] = sums.get(address, 0) + (calls or 0)
    return {address: calls for address, calls in sums.items() if calls}


def expect_counts(report, counts, comm=None):
    row = report.row(counts.pid)
    who = f"{counts.comm} {counts.pid}"
    expect(f"{who}: by function", by_address(row["malloc"]["by_function"]),
           by_address(counts.functions))
    expect(f"{who}: calls", row["malloc"]["calls"], counts.calls)
    expect(f"{who}: bytes", row["malloc"]["bytes"], counts.bytes)
    expect(f"{who}: histogram", malloc_buckets(row), counts.buckets)
    expect(f"{who}: comm", row["comm"], comm or counts.comm)


# ---- strace ----

CALL = re.compile(r"^(\d+) +(\w+)\((.*)\) += (-?\d\w*)(?: .*)?$")
UNFINISHED = re.compile(r"^(\d+) +(\w+)\((.*) <unfinished \.\.\.>$")
RESUMED = re.compile(r"^(\d+) +<\.\.\. (\w+) resumed>(.*)\) += (-?\d\w*)(?: .*)?$")


def calls_of(path):
    """(pid, name, [arguments], result, stack) of each call in the output of strace -f -o.

    stack: the lines that -k prints below the call.
    """
    pending, call = {}, None
    with open(path, encoding="utf-8", errors="replace") as file:
        for line in file:
            line = line.rstrip("\n")
            if line.startswith(" > "):
                call[4].append(line)
            elif match := UNFINISHED.match(line):
                pending[int(match[1])] = match[3]
            elif match := RESUMED.match(line) or CALL.match(line):
                if call:
                    yield call
                pid = int(match[1])
                arguments = pending.pop(pid) + match[3] if "resumed" in line else match[3]
                call = (pid, match[2], arguments.split(", "), int(match[4], 0), [])
    if call:
        yield call


def pages(length):
    return (length + PAGE - 1) // PAGE * PAGE


class Syscalls:
    """One process's totals, as the report has them."""

    def __init__(self, brk=None):
        self.now = brk
        self.brk = {"grow": [0, 0], "shrink": [0, 0], "query": [0, 0], "failed": [0, 0]}
        self.mmap = []  # (flags, length) of those that succeeded
        self.munmap = [0, 0]
        self.mremap = {"calls": 0, "grow_bytes": 0, "shrink_bytes": 0}
        self.failed = 0

    def add(self, name, arguments, result):
        getattr(self, "add_" + name)(arguments, result)

    def add_brk(self, arguments, result):
        request = 0 if arguments[0] == "NULL" else int(arguments[0], 0)
        before = result if self.now is None else self.now
        if result > before:
            kind = "grow"
        elif result < before:
            kind = "shrink"
        else:
            kind = "query" if request in (0, before) else "failed"
        self.brk[kind][0] += 1
        self.brk[kind][1] += abs(result - before)
        self.now = result

    def add_mmap(self, arguments, result):
        if result == -1:
            self.failed += 1
        else:
            self.mmap.append((arguments[3], pages(int(arguments[1], 0))))

    def add_munmap(self, arguments, result):
        if result == -1:
            self.failed += 1
        else:
            self.munmap[0] += 1
            self.munmap[1] += pages(int(arguments[1], 0))

    def add_mremap(self, arguments, result):
        if result == -1:
            self.failed += 1
            return
        change = pages(int(arguments[2], 0)) - pages(int(arguments[1], 0))
        self.mremap["calls"] += 1
        self.mremap["grow_bytes" if change > 0 else "shrink_bytes"] += abs(change)


def read_strace(path):
    """Syscalls of each process, in the order in which they appear."""
    processes = {}
    for pid, name, arguments, result, _ in calls_of(path):
        if name in ("fork", "vfork", "clone", "clone3"):
            processes[result] = Syscalls(processes[pid].now)
        elif name in ("brk", "mmap", "munmap", "mremap"):
            processes.setdefault(pid, Syscalls()).add(name, arguments, result)
    return list(processes.values())


def expect_syscalls(who, row, truth):
    heap = row["heap"]
    expect(f"{who}: brk grow", [heap["grow"]["calls"], heap["grow"]["bytes"]], truth.brk["grow"])
    expect(f"{who}: brk shrink", [heap["shrink"]["calls"], heap["shrink"]["bytes"]],
           truth.brk["shrink"])
    expect(f"{who}: brk query", heap["query"]["calls"], truth.brk["query"][0])
    expect(f"{who}: brk failed", heap["failed"]["calls"], truth.brk["failed"][0])
    expect(f"{who}: mmap calls", mmap_total(row, "calls"), len(truth.mmap))
    expect(f"{who}: mmap bytes", mmap_total(row, "bytes"), sum(n for _, n in truth.mmap))
    expect(f"{who}: munmap", [row["mmap"]["munmap"]["calls"], row["mmap"]["munmap"]["bytes"]],
           truth.munmap)
    expect(f"{who}: mremap", row["mmap"]["mremap"], truth.mremap)
    expect(f"{who}: failed", row["mmap"]["failed"]["calls"], truth.failed)
