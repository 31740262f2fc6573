"""table.py - the results to read: what a call takes, what grows, and what must be reached."""

from calls import compared


def number(value, unit=""):
    if value is None:
        return "?"
    digits = 0 if abs(value) >= 100 else 1 if abs(value) >= 10 else 2
    return f"{value:,.{digits}f}{unit}"


def table(head, rows):
    widths = [max(len(str(r[i])) for r in [head, *rows]) for i in range(len(head))]
    lines = []
    for r in [head, *rows]:
        cells = [str(r[0]).ljust(widths[0])] + [str(c).rjust(w) for c, w in zip(r[1:], widths[1:])]
        lines.append("  " + "  ".join(cells).rstrip())
    return "\n".join(lines)


def of(results, what, who, group="pair"):
    return results.median(group, what, who)


def label_of(results, who):
    return next((r["label"] for r in results.rows if r["who"] == who and "label" in r), who)


def about(results):
    """What was measured where; a group by itself when it is not of the same build as the others."""
    rows = [r for r in results.rows if r["what"] == "about"]
    texts = list(dict.fromkeys(r["who"] for r in rows))
    if len(texts) == 1:
        return "  " + texts[0]
    return "\n".join(f"  {t}: " + ", ".join(r["group"] for r in rows if r["who"] == t)
                     for t in texts)


def pair_table(results, group, head, floor, of_it):
    rows = []
    untraced = of(results, "malloc+free", "untraced", group)
    for who in results.whos(group, "malloc+free"):
        low, high = results.quartiles(group, "malloc+free", who)
        ns = of(results, "malloc+free", who, group)
        ratio = results.ratio(group, "malloc+free", who, floor)
        others = [of(results, what, who, group) for what in ("getppid", "mmap+munmap")]
        rows.append((ns, [label_of(results, who), number(ns), f"{number(low)}-{number(high)}",
                          number(ns - untraced), number(ratio),
                          *(number(ns) if ns else "" for ns in others)]))
    rows = [r for _, r in sorted(rows, key=lambda r: r[0])]
    return table([head, "malloc+free", "quartiles", "above untraced", of_it,
                  "getppid", "mmap+munmap"], rows)


def simple_table(results, group, whats, unit):
    rows = []
    for what in whats:
        for who in results.whos(group, what):
            low, high = results.quartiles(group, what, who)
            rows.append([f"{what}: {label_of(results, who)}",
                         number(results.median(group, what, who)), f"{number(low)}-{number(high)}"])
    return table([unit, "median", "quartiles"], rows)


def rate_table(results):
    rows = []
    for who in results.whos("rate", "rate"):
        mine = [r for r in results.rows if r["group"] == "rate" and r["who"] == who and
                r["what"] == "rate"]
        rows.append([who, number(results.median("rate", "rate", who)),
                     *(number(sum(r[k] for r in mine)) for k in ("received", "spilled", "lost"))])
    return table(["as fast as they can", "events/s", "received", "spilled", "lost"], rows)


def agent_table(results):
    rows = []
    for who in results.whos("agent", "cpu"):
        low, high = results.quartiles("agent", "cpu", who)
        idle = next(r for r in results.rows if r["what"] == "idle" and r["who"] == who)
        rows.append([label_of(results, who), number(results.median("agent", "cpu", who)),
                     f"{number(low)}-{number(high)}", idle["processes"],
                     number(results.median("agent", "rss", who) / 2**20), f"{idle['value']:.3f}%",
                     number(idle["received"])])
    return table(["the agent", "ns an event", "quartiles", "processes", "RSS MiB", "idle CPU",
                  "events then"], rows)


def growth_table(results):
    rows = []
    for what in ("processes", "threads", "blocks"):
        for who in results.whos("growth", what):
            mine = [r for r in results.rows if r["group"] == "growth" and r["what"] == what and
                    r["who"] == who]
            for n in sorted({r["number"] for r in mine}):
                here = [r for r in mine if r["number"] == n]

                def middle(field):
                    values = sorted(r[field] for r in here if field in r)
                    return values[len(values) // 2] if values else None
                traced = middle("rss") is not None
                rows.append([f"{n:,} {what}, {label_of(results, who)}", number(middle("value")),
                             number(middle("cpu_event")) if traced else "",
                             number(middle("rss") / 2**20) if traced else ""])
    return table(["growth", "ns a pair", "agent ns an event", "agent RSS MiB"], rows)


# What, at most, the value or None, and between what it is where that is known.
def goals(results):
    def ratio(who, to):
        return results.ratio_of_least("pair", compared(who, to), who, to)

    def total(field, level=None):
        rows = [r for r in results.rows if field in r and
                (level is None or (r["group"] == "rate" and r.get("level") == level))]
        return sum(r[field] for r in rows) if rows else None

    def detach_ratio():
        ours, theirs = (results.median("start", "detach", w) for w in ("sizes", "perf uprobes"))
        return ours / theirs if ours and theirs else None

    def most(group, what, scale=1.0):
        values = [results.median(group, what, who) for who in results.whos(group, what)
                  if who in ("sizes", "live")]
        return max(values) * scale if values else None

    rows = [
        ("live against the floor, empty programs at its three places", 1.4,
         ratio("live", "floor-live")),
        ("sizes against the floor, one empty entry probe", 1.35, ratio("sizes", "floor-sizes")),
        ("live against memleak (libbpf-tools)", 0.2, ratio("live", "memleak")),
        ("sizes against bpftrace's hist(arg0)", 1.0, ratio("sizes", "bpftrace-hist")),
        ("syscalls against untraced", 1.01, ratio("syscalls", "untraced")),
        ("spilled at sizes, two cores as fast as they can", 0, total("spilled", "sizes")),
        ("lost, always", 0, total("lost")),
        ("detaching, against perf uprobes one by one", 0.3, detach_ratio()),
        ("attaching to the whole machine, ms", 200, most("start", "attach")),
        ("detaching from the whole machine, ms", 200, most("start", "detach")),
        ("the agent at sizes, ns an event", 60, results.median("agent", "cpu", "sizes")),
        ("the agent at live, ns an event", 150, results.median("agent", "cpu", "live")),
        ("the agent's RSS with 2,000 processes, MiB", 64, most("agent", "rss", 1 / 2**20)),
        ("the agent's idle CPU, %", 0.1, most("agent", "idle")),
    ]
    return [(what, at_most, *(value if isinstance(value, tuple) else (value, None)))
            for what, at_most, value in rows]


def verdict(most, value, between):
    if value is None:
        return "not measured"
    if value <= most:
        return "reached"
    return "cannot be told" if between and between[0] <= most else "NOT reached"


def goals_table(results):
    rows = []
    for what, most, value, between in goals(results):
        shown = "?" if value is None else f"{value:,.0f}" if value >= 100 or value == int(value) \
            else f"{value:.3f}"
        rows.append([what, f"{most:g}", shown,
                     f"{between[0]:.3f}-{between[1]:.3f}" if between else "",
                     verdict(most, value, between)])
    return table(["must reach", "at most", "measured", "90%", ""], rows)


def everything(results):
    there = results.groups()
    parts = [about(results)]
    if "pair" in there:
        parts.append(pair_table(results, "pair", "ns a call", "floor-sizes", "of the floor") +
                     "\n  the floor: an empty BPF program at malloc's entry")
    if "start" in there:
        parts.append(simple_table(results, "start", ["attach", "detach", "first event"], "ms"))
    if "rate" in there:
        parts.append(rate_table(results))
    if "agent" in there:
        parts.append(agent_table(results))
    if "growth" in there:
        parts.append(growth_table(results))
    if results.whos("usdt", "malloc+free"):
        parts.append(pair_table(results, "usdt", "ns a call, refmalloc", "uprobes",
                                "of those uprobes"))
    parts.append(goals_table(results))
    absent = {}
    for group in sorted(there):
        for r in results.why_missing(group):
            groups = absent.setdefault((label_of(results, r["who"]), r["why"]), [])
            if group not in groups:
                groups.append(group)
    if absent:
        parts.append("\n".join(f"  not in {', '.join(groups)}: {who}: {why}"
                               for (who, why), groups in absent.items()))
    return "\n\n".join(parts)
