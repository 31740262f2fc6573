"""watchers.py - what watches: brkscope at its levels, empty programs, and the peers.

Each is started, waited for until it watches, stopped, and asked what it has seen:
one that has seen nothing must not pass for a cheap one.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile
import time

from program import OUT, Broken, Program

BRKSCOPE = OUT + "/brkscope"
FLOOR = OUT + "/tests/bench/floor/floor"
LEVELS = ("syscalls", "sizes", "live")


def anon_links(pid):
    """How many BPF links and perf events a process holds: that it has attached."""
    held = 0
    for fd in os.listdir(f"/proc/{pid}/fd"):
        try:
            target = os.readlink(f"/proc/{pid}/fd/{fd}")
        except OSError:
            continue
        held += "bpf_link" in target or "bpf-link" in target or "perf_event" in target
    return held


class Watcher:
    """key: its name in the results; label: to read; probes: functions it has to place probes on.

    needed: what must be reached cannot be told without it.
    """

    kind = "peer"
    needed = True
    probes = ()
    places = None  # where it has probes, {function: (offset in it, in the file)}; None: not asked

    def __init__(self, key, label):
        self.key, self.label = key, label
        self.process = None

    def missing(self):
        """Why it cannot run here, or None."""
        return None

    def command(self, program, out):
        raise NotImplementedError

    def check(self, program, made, out):
        """After it has ended: raises Broken when it has not seen `made` calls of malloc."""

    def start(self, program):
        self.out = tempfile.NamedTemporaryFile(suffix="." + self.key)
        self.err = tempfile.TemporaryFile()
        self.process = subprocess.Popen(
            self.command(program, self.out.name), stdin=subprocess.PIPE,
            stdout=self.stdout(), stderr=self.err, env=self.env())
        try:
            self.wait_ready(program)
        except Broken as e:
            self.kill()
            raise Broken(f"{self.label}: {e}; {self.said()}") from None
        self.calls_before = program.calls

    def stdout(self):
        return self.out.fileno()

    def env(self):
        return None

    def wait_ready(self, program):
        self.places = program.wait_probes(self.probes)

    def said(self):
        self.err.seek(0)
        return self.err.read()[-300:].decode(errors="replace").strip() or "it says nothing"

    def kill(self):
        self.process.kill()
        self.process.wait()

    def end(self):
        self.process.send_signal(signal.SIGINT)

    def stop(self, program, gone=True):
        made = program.calls - self.calls_before
        if self.process.poll() is not None:
            raise Broken(f"{self.label}: it ended on its own; {self.said()}")
        self.end()
        try:
            self.process.wait(30)
        except subprocess.TimeoutExpired:
            self.kill()
            raise Broken(f"{self.label}: it does not end") from None
        if gone:
            program.wait_probes(())
        self.check(program, made, self.out.name)


class Untraced(Watcher):
    kind = "base"

    def __init__(self):
        super().__init__("untraced", "untraced")

    def start(self, program):
        self.places = program.wait_probes(())

    def stop(self, program, gone=True):
        pass


class Brkscope(Watcher):
    kind = "ours"

    def __init__(self, level, by=None, probes=None, options=()):
        super().__init__(level + (f", {by}" if by else ""),
                         f"brkscope -l {level}" + (f", by {by}" if by else ""))
        self.level, self.options = level, options
        if probes is None:
            # Of malloc it may be probed anywhere in its code at level live.
            probes = {"syscalls": (), "sizes": ("malloc",), "live": ("free",)}[level]
        self.probes = probes

    def missing(self):
        r = subprocess.run([BRKSCOPE, "report", "-l", self.level, "-d", "0.1", "-o", "/dev/null"],
                           stdin=subprocess.DEVNULL, capture_output=True, text=True)
        return None if r.returncode == 0 else r.stderr.strip().removeprefix("brkscope: ")

    def command(self, program, out):
        return [BRKSCOPE, "report", "-l", self.level, "-r", "0", "-j", "-o", out, *self.options]

    def wait_ready(self, program):
        if self.probes:
            super().wait_ready(program)
        before, until = 0, time.monotonic() + 20
        while time.monotonic() < until and self.process.poll() is None:
            now = anon_links(self.process.pid)
            if now and now == before:
                self.places = program.where()[1]
                return
            before = now
            time.sleep(0.1)
        raise Broken("it attaches nothing")

    def report(self):
        with open(self.out.name) as f:
            return json.load(f)

    def seen(self, pid):
        rows = [p for p in self.report()["processes"] if p["pid"] == pid]
        return rows[0]["malloc"]["calls"] if rows and rows[0]["malloc"] else 0

    def check(self, program, made, out):
        most = program.calls + program.unsure
        if self.level != "syscalls" and not made <= self.seen(program.pid) <= most:
            raise Broken(f"{self.label}: {made} calls made, {self.seen(program.pid)} counted")


class Floor(Watcher):
    """kinds: {function: entry, return or both}; find() says (file, {function: offset})."""

    kind = "floor"

    def __init__(self, key, label, kinds, find, counting=False, perf=False):
        super().__init__(key, label)
        self.kinds, self.find, self.counting, self.perf = kinds, find, counting, perf
        self.probes = tuple(kinds)
        self.hits_a_pair = sum(2 if kind == "both" else 1 for name, kind in kinds.items()
                               if name in ("malloc", "free"))

    def specs(self):
        path, places = self.find()
        return path, [f"{kind}:{places[name]}" for name, kind in self.kinds.items()]

    def command(self, program, out):
        path, specs = self.specs()
        return [FLOOR, *["-c"] * self.counting, *["-p"] * self.perf, path, *specs]

    def end(self):
        self.process.stdin.close()

    def times(self):
        """attached and detached, in ms, and the hits."""
        with open(self.out.name) as f:
            said = re.findall(r"(attached|detached|hits) ([\d.]+)", f.read())
        return {what: float(n) for what, n in said}

    def check(self, program, made, out):
        if "detached" not in self.times():
            raise Broken(f"{self.label}: {self.said()}")
        hits = self.times()["hits"]
        # Other processes hit it as well.
        if self.counting and hits < made * self.hits_a_pair:
            raise Broken(f"{self.label}: {made} pairs made, {hits:.0f} hits")


class UsdtFloor(Floor):
    """At USDT probes, of which `where` knows nothing: it is ready when it says so."""

    def __init__(self, key, label, path, places, into=0, counting=False):
        super().__init__(key, label, {}, None, counting)
        self.path, self.usdt, self.into = path, places, into
        self.hits_a_pair = len(places)

    def specs(self):
        return self.path, [f"entry:{at + self.into}:{semaphore}" for at, semaphore in self.usdt]

    def wait_ready(self, program):
        until = time.monotonic() + 10
        while time.monotonic() < until and self.process.poll() is None:
            if "attached" in self.times():
                return
            time.sleep(0.05)
        raise Broken("it attaches nothing")


class Bpftrace(Watcher):
    def __init__(self, key, label, script, probes, needed=True):
        super().__init__(key, label)
        self.script, self.probes, self.needed = script, probes, needed

    def missing(self):
        return None if shutil.which("bpftrace") else "bpftrace is not installed"

    def env(self):
        # As many blocks as bpftrace counts are outstanding on a machine.
        return {**os.environ, "BPFTRACE_MAP_KEYS_MAX": "1000000"}

    def command(self, program, out):
        return ["bpftrace", "-e", self.script]

    def check(self, program, made, out):
        if "hist(" not in self.script:
            return
        with open(out) as f:
            mine = re.search(rf"@\[{program.pid}\]:\s*\n((?:[\[(].*\n)+)", f.read())
        counts = re.findall(r"[\])]\s+(\d+) \|", mine.group(1)) if mine else []
        if sum(map(int, counts)) < made:
            raise Broken(f"{self.label}: {made} calls made, {sum(map(int, counts))} counted")


class Memleak(Watcher):
    """libbpf-tools' or bpfcc's: both want a process, and see no machine."""

    probes = ("malloc", "free")

    def __init__(self, key, label, command, why, needed):
        super().__init__(key, label)
        self.tool, self.why, self.needed = command, why, needed

    def missing(self):
        return None if self.tool else self.why

    def command(self, program, out):
        path, _ = program.where()
        return [*self.tool, "-p", str(program.pid), "-O", path, "3600"]


class Heaptrack(Watcher):
    """Preloaded, so with a program of its own."""

    needed = False

    def __init__(self):
        super().__init__("heaptrack", "heaptrack (LD_PRELOAD)")

    def missing(self):
        return None if shutil.which("heaptrack") else "heaptrack is not installed"

    def program(self):
        self.folder = tempfile.TemporaryDirectory()
        self.err = tempfile.TemporaryFile()
        program = Program(["heaptrack", "-o", self.folder.name + "/trace"], pin=True, err=self.err)
        if "heaptrack" not in program.ask("malloc"):
            program.close()
            raise Broken(f"{self.label}: malloc is not its own")
        return program

    def start(self, program):
        self.calls_before = program.calls

    def stop(self, program, gone=True):
        program.close()
        self.err.seek(0)
        counted = re.search(r"allocations:\s+(\d+)", self.err.read().decode())
        self.folder.cleanup()
        if not counted or int(counted[1]) < program.calls:
            raise Broken(f"{self.label}: {program.calls} calls made, "
                         f"{counted[1] if counted else 'none'} counted")


def memleak_libbpf():
    """scripts/bench.sh says where it is, or why it is not."""
    command = os.environ.get("MEMLEAK_LIBBPF", "").split()
    why = os.environ.get("MEMLEAK_LIBBPF_MISSING", "libbpf-tools' memleak is not installed")
    return Memleak("memleak", "memleak (libbpf-tools)", command, why, True)


def memleak_bpfcc():
    tool = shutil.which("memleak-bpfcc")
    why = "memleak-bpfcc is not installed"
    headers = f"/lib/modules/{os.uname().release}/build"
    if tool and not (os.path.exists(headers) or os.path.exists("/sys/kernel/kheaders.tar.xz")):
        tool, why = None, f"it compiles against kernel headers, and there is no {headers}"
    return Memleak("memleak-bpfcc", "memleak (bpfcc)", [tool] if tool else [], why, False)


HIST = "uprobe:libc:malloc { @[pid] = hist(arg0) }"
PAIRED = ("uprobe:libc:malloc { @size[tid] = arg0 } "
          "uretprobe:libc:malloc /@size[tid]/ "
          "{ @live[pid, retval] = @size[tid]; delete(@size[tid]) } "
          "uprobe:libc:free { delete(@live[pid, arg0]) }")


def floors(places, counting=False):
    count = "-counting" if counting else ""
    return [
        Floor("floor-sizes" + count, "empty program, malloc", {"malloc": "entry"},
              lambda: places("sizes", ["malloc"]), counting),
        Floor("floor-live" + count, "empty programs, malloc, its return, free",
              {"malloc": "both", "free": "entry"}, lambda: places("live", ["malloc", "free"]),
              counting),
    ]


def peers():
    return [
        Bpftrace("bpftrace-hist", "bpftrace, hist(arg0) of malloc", HIST, ("malloc",)),
        Bpftrace("bpftrace-paired", "bpftrace, malloc, its return, free", PAIRED,
                 ("malloc", "free"), needed=False),
        memleak_libbpf(),
        memleak_bpfcc(),
        Heaptrack(),
    ]
