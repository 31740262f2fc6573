"""bench-malloc.py - medians of what bench-malloc.sh ran, as a table and a picture (SVG).

Lines in: ALLOCATOR PATTERN GROUP SECONDS RSS-KB, or ALLOCATOR brk PATTERN CALLS.
"""

import math
import statistics
import sys

GROUPS = {"one": "one thread", "threads": "2-4 threads", "large": "large blocks",
          "applications": "applications"}
COLOURS = {"refmalloc": "#c0392b", "jemalloc": "#2c7fb8", "mimalloc": "#41ab5d",
           "tcmalloc": "#fe9929"}


def read(lines):
    seconds, rss, group, brk = {}, {}, {}, {}
    for line in lines:
        words = line.split()
        if len(words) == 4 and words[1] == "brk":
            brk[words[2], words[0]] = words[3]
        elif len(words) == 5:
            allocator, pattern, group[pattern], s, kb = words
            seconds.setdefault((allocator, pattern), []).append(float(s))
            rss.setdefault((allocator, pattern), []).append(float(kb))
    return seconds, rss, group, brk


def ratios(of, allocators, patterns):
    """{(allocator, pattern): median ratio to glibc's}"""
    median = {key: statistics.median(values) for key, values in of.items()}
    return {(a, p): median[a, p] / max(median["glibc", p], 1e-4)
            for a in allocators for p in patterns if (a, p) in median and ("glibc", p) in median}


def mean(values):
    return math.exp(sum(map(math.log, values)) / len(values)) if values else float("nan")


def rows(time, memory, allocators, group):
    """(name, is a mean, {allocator: (time, memory)})"""
    for g, title in GROUPS.items():
        names = [p for p in group if group[p] == g]
        for p in names:
            yield p, False, {a: (time[a, p], memory[a, p]) for a in allocators if (a, p) in time}
        if names:
            yield title, True, {a: tuple(mean([of[a, p] for p in names if (a, p) in of])
                                         for of in (time, memory)) for a in allocators}
    yield "all", True, {a: tuple(mean([of[a, p] for p in group if (a, p) in of])
                                 for of in (time, memory)) for a in allocators}


def table(lines, allocators):
    print("time / peak RSS, glibc = 1")
    print(f"{'':16}" + "".join(f"{a:>14}" for a in allocators))
    for name, is_mean, values in lines:
        print(f"{'= ' + name if is_mean else name:16}" + "".join(
            f"{t:8.2f} {m:5.2f}" for t, m in (values.get(a, (math.nan, math.nan))
                                              for a in allocators)))


def picture(lines, allocators, path):
    """A group of bars for each line, cut off at 2; the line at 1 is glibc."""
    width, bar, top, left, scale = 900, 7, 40, 130, 360
    height = top + len(lines) * (bar * len(allocators) + 8) + 20
    out = [f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
           'font-family="sans-serif" font-size="12">',
           f'<rect width="{width}" height="{height}" fill="white"/>']
    for i, a in enumerate(allocators):
        out.append(f'<rect x="{left + i * 110}" y="10" width="12" height="12" fill="{COLOURS[a]}"/>'
                   f'<text x="{left + i * 110 + 17}" y="20">{a}</text>')
    out.append(f'<text x="{left + scale + 4}" y="{top - 4}">1 = glibc\'s time; less is faster</text>')
    y = top
    for name, is_mean, values in lines:
        weight = ' font-weight="bold"' if is_mean else ""
        out.append(f'<text x="{left - 6}" y="{y + bar * len(allocators) / 2 + 4}" '
                   f'text-anchor="end"{weight}>{name}</text>')
        for a in allocators:
            if a in values:
                t = values[a][0]
                out.append(f'<rect x="{left}" y="{y}" width="{min(t, 2) * scale:.0f}" '
                           f'height="{bar - 1}" fill="{COLOURS[a]}"/>')
                if t > 2:
                    out.append(f'<text x="{left + 2 * scale + 4}" y="{y + bar}" '
                               f'font-size="9">{t:.1f}</text>')
            y += bar
        y += 8
    out.append(f'<line x1="{left + scale}" y1="{top}" x2="{left + scale}" y2="{y}" '
               'stroke="black" stroke-dasharray="3"/></svg>')
    with open(path, "w", encoding="ascii") as file:
        file.write("\n".join(out) + "\n")


def main():
    seconds, rss, group, brk = read(sys.stdin)
    allocators = [a for a in dict.fromkeys(a for a, _ in seconds) if a != "glibc"]
    lines = list(rows(ratios(seconds, allocators, group), ratios(rss, allocators, group),
                      allocators, group))
    table(lines, allocators)
    print("brk calls: " + ", ".join(f"{p} {a} {n}" for (p, a), n in brk.items()))
    picture(lines, allocators, sys.argv[1])


main()
