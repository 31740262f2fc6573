"""results.py - what was measured, as JSON lines, and the medians of it."""

import json
import os
import random
import statistics
import time

DRAWS = 1000


def least_third(values):
    return statistics.mean(sorted(values)[:(len(values) + 2) // 3])


class Results:
    """One file, a line a measurement: group, what, who, value, and what else is to know of it.

    A group that is measured again takes the place of what is there of it.
    """

    def __init__(self, path):
        self.path = path
        self.rows = []
        if os.path.exists(path):
            with open(path) as f:
                self.rows = [json.loads(line) for line in f]

    def begin(self, group):
        self.rows = [r for r in self.rows if r["group"] != group]
        with open(self.path + ".new", "w") as f:
            f.writelines(json.dumps(r) + "\n" for r in self.rows)
        os.replace(self.path + ".new", self.path)

    def add(self, group, what, who, value, **more):
        row = {"group": group, "what": what, "who": who, "value": value, "time": time.time(),
               **more}
        self.rows.append(row)
        with open(self.path, "a") as f:
            f.write(json.dumps(row) + "\n")

    def missing(self, group, who, why, counts=False):
        """counts: what must be measured was not, so the run has failed."""
        self.add(group, "missing", who, None, why=why, counts=counts)

    def groups(self):
        return {r["group"] for r in self.rows}

    def why_missing(self, group):
        return [r for r in self.rows if r["group"] == group and r["what"] == "missing"]

    def values(self, group, what, who):
        return [r["value"] for r in self.rows
                if (r["group"], r["what"], r["who"]) == (group, what, who)]

    def whos(self, group, what):
        return list(dict.fromkeys(r["who"] for r in self.rows
                                  if r["group"] == group and r["what"] == what))

    def median(self, group, what, who):
        values = self.values(group, what, who)
        return statistics.median(values) if values else None

    def quartiles(self, group, what, who):
        values = sorted(self.values(group, what, who))
        if not values:
            return None
        return values[len(values) // 4], values[(len(values) * 3) // 4]

    def ratio(self, group, what, who, to):
        """The median of the rounds' own ratios: what drifts meanwhile is in both."""
        pairs = {}
        for r in self.rows:
            if r["group"] == group and r["what"] == what and r["who"] in (who, to):
                pairs.setdefault(r.get("round"), {})[r["who"]] = r["value"]
        ratios = [p[who] / p[to] for p in pairs.values() if who in p and to in p]
        return statistics.median(ratios) if ratios else None

    def ratio_of_least(self, group, what, who, to):
        """Of the least disturbed third of either's turns, and between what it is in nine runs of
        ten, as drawn from these turns.  What disturbs only ever makes slower; the least of all,
        though, depends on who had the luck to meet the best moment."""
        ours, theirs = self.values(group, what, who), self.values(group, what, to)
        if not ours or not theirs:
            return None, None
        draw = random.Random(1).choices
        drawn = sorted(least_third(draw(ours, k=len(ours))) / least_third(draw(theirs, k=len(theirs)))
                       for _ in range(DRAWS))
        return (least_third(ours) / least_third(theirs),
                (drawn[DRAWS // 20], drawn[-1 - DRAWS // 20]))
