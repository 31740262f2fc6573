"""starting.py - how long it takes to attach, to show a first event, and to detach."""

import re
import signal
import subprocess
import tempfile
import threading
import time

from program import Broken, Program
from watchers import BRKSCOPE, Bpftrace, Floor

LINK = r"BPF_LINK_CREATE(?!.*TRACE_ITER)|RAW_TRACEPOINT_OPEN|^perf_event_open"


class Starting:
    """A part of groups.Bench."""

    def first_event(self, command, stop):
        """From its start until it shows a call of a program that makes one each millisecond."""
        program = Program()
        program.tell("tick 30000")
        start = time.monotonic()
        tool = subprocess.Popen([a.replace("PID", str(program.pid)) for a in command],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        limit = threading.Timer(30, tool.kill)
        limit.start()
        try:
            for line in tool.stdout:
                if stop in line:
                    return (time.monotonic() - start) * 1e3
        finally:
            limit.cancel()
            tool.send_signal(signal.SIGINT)
            tool.communicate(timeout=20)
            program.process.kill()
            program.close()
        raise Broken(f"{command[0]} shows no event")

    def links(self, level):
        """From the first link to the last, made and closed, in ms: strace's clock."""
        program = Program()
        trace = tempfile.NamedTemporaryFile(suffix=".strace")
        try:
            subprocess.run(["strace", "-f", "--seccomp-bpf", "-ttt", "-T", "-o", trace.name,
                            "-e", "trace=bpf,close,perf_event_open", BRKSCOPE, "report", "-l",
                            level, "-d", "1", "-o", "/dev/null"],
                           check=True, timeout=60, capture_output=True, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.SubprocessError) as e:
            raise Broken(f"strace of brkscope: {e}") from None
        finally:
            program.close()
        return link_times(trace.read().decode(errors="replace"))

    def start(self, group):
        for w in self.there(group, [self.ours["sizes"], self.ours["live"]]):
            for n in range(3 if self.quick else 7):
                attach, detach, count = self.links(w.level)
                self.results.add(group, "attach", w.key, attach, round=n, links=count)
                self.results.add(group, "detach", w.key, detach, round=n, links=count)
        self.perf_uprobes(group)
        shown = {"sizes": [BRKSCOPE, "trace", "-l", "sizes", "-p", "PID"],
                 "live": [BRKSCOPE, "trace", "-l", "live", "-p", "PID"],
                 "bpftrace-hist": ["bpftrace", "-B", "line", "-e", "uprobe:libc:malloc /pid==PID/"
                                   ' { printf("malloc %d\\n", arg0) }']}
        able = self.there(group, [self.ours["sizes"], self.ours["live"],
                                  Bpftrace("bpftrace-hist", "bpftrace", "", ())])
        for n in range(2 if self.quick else 5):
            for w in able:
                self.results.add(group, "first event", w.key,
                                 self.first_event(shown[w.key], "malloc"), round=n)

    def perf_uprobes(self, group):
        """brkscope's own places in libc, by one perf event each, and by uprobe_multi."""
        program = Program()
        sizes = self.ours["sizes"]
        sizes.start(program)
        path, _ = program.where()
        places = {name: at for name, (_, at) in sizes.places.items()}
        sizes.stop(program)
        different = {at: name for name, at in places.items()}
        kinds = {name: "entry" for name in different.values()}
        for n in range(2 if self.quick else 5):
            for key, perf in (("perf uprobes", True), ("uprobe_multi", False)):
                floor = Floor(key, key, kinds, lambda: (path, places), counting=True, perf=perf)
                floor.start(program)
                program.timed("pair 20")
                floor.stop(program)
                for what in ("attach", "detach"):
                    self.results.add(group, what, key, floor.times()[what + "ed"], round=n,
                                     links=len(kinds))
        program.close()


def link_times(trace):
    """(attach, detach, links) of strace's lines: the one's span, the time within the other."""
    links, made, closed, begun = set(), [], [], {}
    for line in trace.splitlines():
        m = re.match(r"(\d+) +([\d.]+) (.*)", line)
        if not m:
            continue
        thread, at, call = m[1], float(m[2]), m[3]
        if call.endswith("<unfinished ...>"):
            begun[thread] = (at, call)
            continue
        end = re.search(r"= (-?\d+)\D.*<([\d.]+)>$", call)
        if not end:
            continue
        took = float(end[2])
        if call.startswith("<..."):
            at, call = begun.pop(thread, (at - took, ""))
        fd = re.match(r"close\((\d+)", call)
        if fd and int(fd[1]) in links:
            links.remove(int(fd[1]))
            closed.append((at, at + took))
        if re.search(LINK, call) and int(end[1]) >= 0:
            links.add(int(end[1]))
            made.append((at, at + took))
    if not made or not closed:
        raise Broken("strace shows no links")
    return (made[-1][1] - made[0][0]) * 1e3, within(closed) * 1e3, len(made)


def within(spans):
    """How long at least one of them lasted."""
    total, until = 0.0, 0.0
    for begin, end in sorted(spans):
        total += max(0.0, end - max(begin, until))
        until = max(until, end)
    return total
