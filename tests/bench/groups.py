"""groups.py - what is measured, a group at a time."""

import re
import signal
import subprocess
import tempfile
import time

from places import Places, usdt
from program import OUT, Broken, Program, cpu_ns, rss_bytes
from watchers import (BRKSCOPE, LEVELS, Bpftrace, Brkscope, Floor, Untraced, UsdtFloor, floors,
                      peers)


class Bench:
    def __init__(self, results, quick):
        self.results, self.quick = results, quick
        self.rounds = 3 if quick else 7
        self.ours = {level: Brkscope(level) for level in LEVELS}
        self.places = Places(self.ours)
        self.absent = {}

    def there(self, group, watchers):
        """Those that can run here; the others are said, and are in the results, once a group."""
        able = []
        for w in watchers:
            if w.key not in self.absent:
                self.absent[w.key] = w.missing()
            why = self.absent[w.key]
            if not why:
                able.append(w)
            elif w.key not in [r["who"] for r in self.results.why_missing(group)]:
                print(f"  without {w.label}: {why}", flush=True)
                self.results.missing(group, w.key, why, counts=w.needed)
        return able

    # ---- what one call takes ----

    def hit(self, group, watcher, counting, program):
        """Before a floor is believed to be cheap, the same with a count shows that it is hit."""
        try:
            counting.start(program)
            program.timed("pair 50")
            counting.stop(program)
            return True
        except Broken as e:
            print(f"  {e}", flush=True)
            self.results.missing(group, watcher.key, str(e), counts=True)
            return False

    def counted_floors(self, group):
        program = Program()
        pairs = zip(floors(self.places), floors(self.places, counting=True))
        able = [plain for plain, counting in pairs if self.hit(group, plain, counting, program)]
        program.close()
        return able

    def one_window(self, group, watcher, program, round_number):
        ms = 60 if self.quick else 150
        own = watcher.program() if hasattr(watcher, "program") else program
        watcher.start(own)
        own.timed("pair 20")
        calls = {"malloc+free": f"pair {ms}"}
        if watcher.kind != "peer":
            calls.update({"getppid": f"getppid {ms // 3}", "mmap+munmap": f"mmap {ms // 2}"})
        taken = {what: own.timed(line) for what, line in calls.items()}
        watcher.stop(own)
        for what, (ns, low, high, _) in taken.items():
            self.results.add(group, what, watcher.key, ns, low=low, high=high, round=round_number,
                             label=watcher.label, kind=watcher.kind)

    def in_turn(self, group, watchers, program, rounds):
        failed = {}
        for n in range(rounds):
            # Backwards every other time: nobody always comes behind the same one.
            for w in watchers[::-1] if n % 2 else watchers:
                if failed.get(w.key, 0) > 1:
                    continue
                try:
                    self.one_window(group, w, program, n)
                except Broken as e:
                    failed[w.key] = failed.get(w.key, 0) + 1
                    print(f"  {e}", flush=True)
                    self.results.missing(group, w.key, str(e), counts=True)

    def pair(self, group):
        watchers = self.there(group, [Untraced(), *self.ours.values()])
        watchers += self.counted_floors(group) + self.there(group, peers())
        program = Program(pin=True)
        self.in_turn(group, watchers, program, self.rounds)
        self.syscalls_and_nothing(group, program)
        program.close()

    def syscalls_and_nothing(self, group, program):
        """A ratio so near to 1 takes many turns, and of each the least disturbed twentieth."""
        syscalls, nobody = self.ours["syscalls"], Untraced()
        for n in range(4 if self.quick else 14):
            for w in (nobody, syscalls) if n % 2 else (syscalls, nobody):
                w.start(program)
                program.timed("pair 50")
                *_, least = program.timed("pair 250")
                w.stop(program)
                self.results.add(group, "least", w.key, least, round=n)

    # ---- starting and ending ----

    def first_event(self, command, stop):
        """From its start until it shows a call of a program that makes one each millisecond."""
        program = Program()
        program.tell("tick 30000")
        start = time.monotonic()
        tool = subprocess.Popen([a.replace("PID", str(program.pid)) for a in command],
                                stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True)
        try:
            for line in tool.stdout:
                if stop in line:
                    return (time.monotonic() - start) * 1e3
        finally:
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
                           check=True, capture_output=True, stdin=subprocess.DEVNULL)
        except (OSError, subprocess.CalledProcessError) as e:
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

    # ---- as fast as they can ----

    def rate(self, group):
        seconds = 1 if self.quick else 3
        for w in self.there(group, [self.ours["sizes"], self.ours["live"]]):
            for n in range(2 if self.quick else 3):
                for who in ("processes", "threads"):
                    self.one_rate(group, w, who, seconds, n)

    def one_rate(self, group, watcher, who, seconds, round_number):
        command = f"pair {seconds * 1000}" if who == "processes" else f"threads 2 {seconds * 1000}"
        programs = [Program() for _ in range(2 if who == "processes" else 1)]
        first = programs[0]
        watcher.start(first)
        started = time.monotonic()
        for p in programs:
            p.tell(command)
        for p in programs:
            p.finish_timed()
        took = time.monotonic() - started
        watcher.stop(first)
        for p in programs:
            seen = watcher.seen(p.pid)
            if not p.calls <= seen <= p.calls + p.unsure:
                self.results.missing(group, watcher.key, f"{p.calls} calls made, {seen} counted",
                                     counts=True)
            p.close()
        events = watcher.report()["events"]
        every = sum(events[k] for k in ("received", "spilled", "lost"))
        self.results.add(group, "rate", f"{watcher.key}, 2 {who}", every / took,
                         round=round_number, **events, level=watcher.key,
                         calls=sum(p.calls for p in programs), seconds=took)

    # ---- the agent ----

    def agent_window(self, watcher, program, line, before=None):
        """One stretch of work under the watcher: ns a call, the agent's ns an event, its RSS."""
        watcher.start(program)
        agent = watcher.process.pid if watcher.process else None
        cpu = cpu_ns(agent) if agent else 0
        calls = program.calls
        if before:
            program.calls = int(program.ask(before))
        ns, *_ = program.timed(line)
        time.sleep(0.3)  # the ring's rest
        seen = {"ns": ns, "calls": program.calls - calls}
        if agent:
            seen.update(cpu=cpu_ns(agent) - cpu, rss=rss_bytes(agent))
        watcher.stop(program)
        if agent:
            seen.update(watcher.report()["events"])
            seen["cpu_event"] = seen["cpu"] / max(seen["received"], 1)
        return seen

    def agent(self, group):
        ms = 500 if self.quick else 2000
        able = self.there(group, [self.ours["sizes"], self.ours["live"]])
        for n in range(3 if self.quick else 7):
            for w in able:
                program = Program()
                seen = self.agent_window(w, program, f"pair {ms}")
                program.close()
                self.results.add(group, "cpu", w.key, seen.pop("cpu_event"), round=n, **seen)
        for w in able:
            self.idle(group, w)

    def idle(self, group, watcher):
        sleepers = 200 if self.quick else 2000
        seconds = 3 if self.quick else 10
        program = Program()
        if int(program.ask(f"fork {sleepers}")) != sleepers:
            raise Broken(f"no {sleepers} processes can be had here")
        watcher.start(program)
        agent = watcher.process.pid
        time.sleep(2)
        before = cpu_ns(agent)
        time.sleep(seconds)
        cpu = (cpu_ns(agent) - before) / (seconds * 1e9)
        rss = rss_bytes(agent)
        watcher.stop(program)
        program.close()
        events = watcher.report()["events"]
        self.results.add(group, "idle", watcher.key, cpu * 100, processes=sleepers, **events)
        self.results.add(group, "rss", watcher.key, rss, processes=sleepers)

    # ---- growth ----

    def growth(self, group):
        able = self.there(group, [Untraced(), self.ours["sizes"], self.ours["live"]])
        few = self.quick
        for n in range(1 if few else 3):
            for w in able:
                for processes in (200,) if few else (10, 500, 2000):
                    self.grow(group, w, "processes", processes, f"fork {processes}", "pair 200", n)
                for threads in (64,) if few else (1, 8, 64, 512):
                    self.grow(group, w, "threads", threads, None, f"threads {threads} 300", n)
                for blocks in (100000,) if few else (1000, 10000, 100000, 1000000):
                    # Made under its eyes: what was there before is not known to be outstanding.
                    self.grow(group, w, "blocks", blocks, None, "swap 300", n, f"hold {blocks}")

    def grow(self, group, watcher, what, number, prepare, line, round_number, under=None):
        program = Program()
        try:
            if prepare:
                program.ask(prepare)
            seen = self.agent_window(watcher, program, line, under)
            self.results.add(group, what, watcher.key, seen.pop("ns"), number=number,
                             round=round_number, **seen)
        except Broken as e:
            print(f"  {what} {number}: {e}", flush=True)
            self.results.missing(group, watcher.key, f"{what} {number}: {e}", counts=True)
        finally:
            program.close()

    # ---- refmalloc ----

    def usdt(self, group):
        """refmalloc by its USDT probes against uprobes."""
        library = OUT + "/librefmalloc.so"
        probes = usdt(library, "refmalloc")
        places = [probes[name] for name in ("alloc", "free") if name in probes]
        if len(places) != 2:
            raise Broken(f"{library} has no USDT probes")

        def uprobes():
            return self.places("live", ["malloc", "free"], library)

        def make(counting):
            return [
                Floor("uprobes", "empty programs, refmalloc's malloc, its return, free",
                      {"malloc": "both", "free": "entry"}, uprobes, counting),
                # Behind the nop of one byte is one of five, which 6.18 makes a call.
                UsdtFloor("usdt", "empty program, its USDT probes alloc and free", library, places,
                          counting=counting),
                UsdtFloor("usdt-nop5", "the same, the five-byte nop behind", library, places, 1,
                          counting=counting),
            ]
        program = Program(preload=library, pin=True)
        watchers = self.there(group, [Untraced(), self.ours["sizes"], self.ours["live"]])
        watchers += [plain for plain, counting in zip(make(False), make(True))
                     if self.hit(group, plain, counting, program)]
        # The hook: a watcher of brkscope by USDT probes goes here, once there is the option.
        usage = subprocess.run([BRKSCOPE, "help", "report"], capture_output=True, text=True).stdout
        if "usdt" not in usage.lower():
            print("  without brkscope by USDT probes: it does not use any", flush=True)
            self.results.missing(group, "brkscope by USDT probes", "it does not use any")
        self.in_turn(group, watchers, program, 3 if self.quick else 7)
        program.close()


def link_times(trace):
    """(attach, detach, links) from strace's lines: the span of the one, the time within the other."""
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
        if re.search(r"BPF_LINK_CREATE(?!.*TRACE_ITER)|RAW_TRACEPOINT_OPEN|^perf_event_open", call) \
                and int(end[1]) >= 0:
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
