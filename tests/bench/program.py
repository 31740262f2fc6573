"""program.py - the watched program (watched/cost.c), told what to do over a pipe."""

import os
import re
import subprocess
import time

OUT = os.path.abspath(os.environ.get("OUT", "build"))
COST = OUT + "/tests/bench/watched/cost"


class Broken(Exception):
    """What was to be measured could not be; the text says why."""


class Program:
    """One process of it.

    under: a command that starts it; preload: a library before libc; pin: it stays on one CPU.
    """

    def __init__(self, under=(), preload=None, pin=False, err=subprocess.DEVNULL):
        self.process = subprocess.Popen(
            [*under, COST], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            stderr=err, text=True, bufsize=1,
            env={**os.environ, "LD_PRELOAD": preload} if preload else None)
        self.pid = self.process.pid
        self.calls = 0
        self.unsure = 0  # calls that it may have made beside them
        if pin:
            self.ask(f"pin {max(os.sched_getaffinity(0))}")

    def tell(self, line):
        if line.startswith("threads"):
            self.unsure += 2 * int(line.split()[1])  # what starting one allocates
        try:
            self.process.stdin.write(line + "\n")
            self.process.stdin.flush()
        except OSError as e:
            raise Broken(f"the watched program has ended: {e}") from None

    def answer(self):
        line = self.process.stdout.readline()
        # What starts the program may talk as well.
        while line and not line.startswith("= "):
            line = self.process.stdout.readline()
        if not line or line.startswith("= error"):
            raise Broken(f"the watched program says {line.strip()!r}")
        return line[2:].strip()

    def ask(self, line):
        self.tell(line)
        return self.answer()

    def finish_timed(self):
        *ns, calls = self.answer().split()
        self.calls = int(calls)
        return tuple(map(float, ns))

    def timed(self, line):
        """The median, the quartiles, and the least twentieth, in ns."""
        self.tell(line)
        return self.finish_timed()

    def where(self):
        """malloc's file, and {function: (offset in it, in the file)} of those with a probe."""
        path, *places = self.ask("where").split()
        found = {}
        for place in places:
            name, into, at = re.fullmatch(r"(\w+)\+(\d+)=(\d+)", place).groups()
            found.setdefault(name, (int(into), int(at)))
        return path, found

    def wait_probes(self, functions, seconds=20):
        """Until they have probes, and no more are being placed."""
        until, before = time.monotonic() + seconds, None
        while time.monotonic() < until:
            _, found = self.where()
            if found == before and (set(functions) <= set(found) if functions else not found):
                return found
            before = found
            time.sleep(0.1)
        raise Broken(f"no probe on {', '.join(functions)} after {seconds} s" if functions
                     else f"probes still on {', '.join(before)} after {seconds} s")

    def close(self):
        self.process.stdin.close()
        self.process.stdout.close()
        self.process.wait()


def cpu_ns(pid):
    """What all threads of a process have run, exactly."""
    total = 0
    for task in os.listdir(f"/proc/{pid}/task"):
        with open(f"/proc/{pid}/task/{task}/schedstat") as f:
            total += int(f.read().split()[0])
    return total


def rss_bytes(pid):
    with open(f"/proc/{pid}/status") as f:
        return int(re.search(r"VmRSS:\s+(\d+) kB", f.read()).group(1)) * 1024
