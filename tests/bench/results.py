"""results.py - what was measured, as JSON lines, and the medians of it."""

import json
import os
import statistics
import time


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
        """Of their least disturbed turns: what disturbs only ever makes slower."""
        ours, theirs = self.values(group, what, who), self.values(group, what, to)
        return min(ours) / min(theirs) if ours and theirs else None
