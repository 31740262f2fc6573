"""calls.py - what one call takes while it is watched, by each in turn."""

import os
import subprocess
import tempfile

from places import usdt
from program import OUT, Broken, Program
from watchers import Brkscope, Floor, Untraced, UsdtFloor, floors, peers

REFMALLOC = OUT + "/librefmalloc.so"

# Of these the ratio is asked for: in so many rounds, for so many ms each.  Where some nanoseconds
# are compared to a hundredth it takes more of them.
COMPARED = (("live", "floor-live", 10, 200), ("sizes", "floor-sizes", 10, 200),
            ("live", "memleak", 10, 200), ("sizes", "bpftrace-hist", 28, 400),
            ("syscalls", "untraced", 60, 400))


def compared(ours, to):
    """What their turns with each other are called in the results."""
    return f"{ours} and {to}"


class Disturbed(Broken):
    """Somebody else placed or removed probes meanwhile."""


class Calls:
    """A part of groups.Bench."""

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

    def those_hit(self, group, plain, counting, program):
        return [p for p, c in zip(plain, counting) if self.hit(group, p, c, program)]

    def watch(self, watcher, program, lines):
        """{line: its times} while it watches."""
        watcher.start(program)
        program.timed("pair 20")
        taken = {line: program.timed(line) for line in lines}
        same = watcher.places is None or program.where()[1] == watcher.places
        watcher.stop(program)
        if not same:
            raise Disturbed(f"{watcher.label}: others' probes came or went")
        return taken

    def undisturbed(self, watcher, program, lines):
        for _ in range(3):
            try:
                return self.watch(watcher, program, lines)
            except Disturbed as e:
                print(f"  {e}: once more", flush=True)
        return self.watch(watcher, program, lines)

    def one_window(self, group, watcher, program, round_number):
        ms = 60 if self.quick else 150
        own = watcher.program() if hasattr(watcher, "program") else program
        whats = {f"pair {ms}": "malloc+free"}
        if watcher.kind != "peer":
            whats.update({f"getppid {ms // 3}": "getppid", f"mmap {ms // 2}": "mmap+munmap"})
        for line, (ns, low, high, _) in self.undisturbed(watcher, own, list(whats)).items():
            self.results.add(group, whats[line], watcher.key, ns, low=low, high=high,
                             round=round_number, label=watcher.label, kind=watcher.kind)

    def in_turn(self, group, watched, rounds):
        """watched: pairs of a watcher and the program that it is to watch."""
        failed = {}
        for n in range(rounds):
            # Backwards every other time: nobody always comes behind the same one.
            for w, program in watched[::-1] if n % 2 else watched:
                if failed.get(w.key, 0) > 1:
                    continue
                try:
                    self.one_window(group, w, program, n)
                except Broken as e:
                    failed[w.key] = failed.get(w.key, 0) + 1
                    print(f"  {e}", flush=True)
                    self.results.missing(group, w.key, str(e), counts=True)

    def pair(self, group):
        program = Program(pin=True)
        watchers = self.there(group, [Untraced(), *self.ours.values()])
        watchers += self.those_hit(group, floors(self.places), floors(self.places, counting=True),
                                   program)
        watchers += self.there(group, peers())
        self.in_turn(group, [(w, program) for w in watchers], 3 if self.quick else 7)
        by_key = {w.key: w for w in watchers}
        for ours, to, rounds, ms in COMPARED:
            if ours in by_key and to in by_key:
                self.compare(group, program, by_key[ours], by_key[to], 4 if self.quick else rounds,
                             ms)
        program.close()

    def compare(self, group, program, ours, to, rounds, ms):
        """One against the other, by turns, and of each turn the least disturbed twentieth: a busy
        host makes all slower by half, for seconds at a time (Results.ratio_of_least)."""
        line = f"pair {ms}"
        for n in range(rounds):
            for w in (to, ours) if n % 2 else (ours, to):
                *_, least = self.undisturbed(w, program, [line])[line]
                self.results.add(group, compared(ours.key, to.key), w.key, least, round=n)

    # ---- refmalloc ----

    def usdt_floors(self, counting):
        probes = usdt(REFMALLOC, "refmalloc", self.mute)
        if "alloc" not in probes or "free" not in probes:
            raise Broken(f"{REFMALLOC} has no USDT probes")
        both = [probes["alloc"], probes["free"]]
        return [
            Floor("uprobes", "empty programs, malloc, its return, free",
                  {"malloc": "both", "free": "entry"},
                  lambda: self.places("live", ["malloc", "free"], self.mute), counting),
            UsdtFloor("usdt", "empty program, USDT, one-byte nop", self.mute, both,
                      counting=counting),
            # Behind the nop of one byte is one of five, which 6.18 makes a call.  brkscope does not
            # take it, for that call kills children; this program has none.
            UsdtFloor("usdt-nop5", "empty program, USDT, five-byte nop", self.mute, both, 1,
                      counting=counting),
        ]

    def by_usdt(self, group, level, program):
        """brkscope at refmalloc's own probes, or nothing where it probes the functions."""
        watcher = Brkscope(level, by="USDT", probes=())
        watcher.start(program)
        watcher.stop(program)
        if "malloc" not in watcher.places:
            return [watcher]
        why = "brkscope takes this refmalloc's functions, not its USDT probes"
        print(f"  without {watcher.label}: {why}", flush=True)
        self.results.missing(group, watcher.key, why)
        return []

    def usdt(self, group):
        """refmalloc by its USDT probes against uprobes: a copy of it has no notes of the former."""
        with tempfile.TemporaryDirectory() as folder:
            self.mute = os.path.join(folder, "librefmalloc.so")
            subprocess.run(["objcopy", "--remove-section", ".note.stapsdt", REFMALLOC, self.mute],
                           check=True)
            mute, telling = (Program(preload=p, pin=True) for p in (self.mute, REFMALLOC))
            watched = [(Untraced(), mute)]
            watched += [(w, mute) for w in self.those_hit(group, self.usdt_floors(False),
                                                          self.usdt_floors(True), mute)]
            for ours in self.there(group, [self.ours["sizes"], self.ours["live"]]):
                watched.append((Brkscope(ours.level, by="uprobes"), mute))
                watched += [(w, telling) for w in self.by_usdt(group, ours.level, telling)]
            self.in_turn(group, watched, 3 if self.quick else 7)
            mute.close()
            telling.close()
