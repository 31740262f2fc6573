"""groups.py - all that can be measured: a method for each group."""

from agent import Agent
from calls import Calls
from places import Places
from starting import Starting
from watchers import LEVELS, Brkscope


class Bench(Calls, Starting, Agent):
    def __init__(self, results, quick):
        self.results, self.quick = results, quick
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
