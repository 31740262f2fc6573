"""agent.py - what brkscope itself takes: as fast as others can, idle, and with more to watch."""

import time

from program import Broken, Program, cpu_ns, rss_bytes
from watchers import Brkscope, Untraced


class Agent:
    """A part of groups.Bench."""

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
        ms = 500 if self.quick else 1500
        able = self.there(group, [self.ours["sizes"], self.ours["live"]])
        for n in range(3 if self.quick else 5):
            for w in able:
                program = Program()
                seen = self.agent_window(w, program, f"pair {ms}")
                program.close()
                self.results.add(group, "cpu", w.key, seen.pop("cpu_event"), round=n, **seen)
        for w in able:
            self.idle(group, w)

    def idle(self, group, watcher):
        """With only the sleepers to watch: whatever else runs on this machine is not idle."""
        watcher = Brkscope(watcher.level, options=("-n", "cost"))
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

    def growth(self, group):
        able = self.there(group, [Untraced(), self.ours["sizes"], self.ours["live"]])
        few = self.quick
        for n in range(1 if few else 3):
            for w in able:
                for processes in (200,) if few else (10, 2000):
                    self.grow(group, w, "processes", processes, f"fork {processes}", "pair 200", n)
                for threads in (64,) if few else (1, 64, 512):
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
