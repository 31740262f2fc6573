"""picture.py - one bar for each watcher, on a logarithmic scale, as an SVG."""

from xml.sax.saxutils import escape

from table import label_of, number

COLOURS = {"base": "#8a8f98", "ours": "#1a7f5a", "floor": "#b9c0c9", "peer": "#c8703a"}
MEANING = [("ours", "brkscope"), ("floor", "floor: the same probes, empty BPF programs"),
           ("peer", "others"), ("base", "nobody watches")]
WIDTH, LEFT, RIGHT, TOP, STEP, BAR = 880, 290, 70, 84, 30, 20


def draw(results, path):
    bars = []
    for who in results.whos("pair", "malloc+free"):
        kind = next(r["kind"] for r in results.rows if r["who"] == who and "kind" in r)
        bars.append((results.median("pair", "malloc+free", who), label_of(results, who), kind))
    bars.sort()
    if not bars:
        return
    top = 10.0
    while top < bars[-1][0]:
        top *= 10
    bottom = 1.0
    while bottom * 10 < bars[0][0]:
        bottom *= 10
    decades = 0
    while bottom * 10**decades < top:
        decades += 1
    per_decade = (WIDTH - LEFT - RIGHT) / decades
    height = TOP + STEP * len(bars) + 34

    def x_of(ns):
        from math import log10
        return LEFT + per_decade * log10(ns / bottom)

    out = [f'<svg xmlns="http://www.w3.org/2000/svg" width="{WIDTH}" height="{height}" '
           f'viewBox="0 0 {WIDTH} {height}" font-family="DejaVu Sans, Verdana, sans-serif" '
           'font-size="13" fill="#24292f">',
           f'<rect width="{WIDTH}" height="{height}" fill="#ffffff"/>',
           '<text x="16" y="26" font-size="16" font-weight="bold">'
           'A malloc/free pair while it is watched: nanoseconds, less is better</text>']
    x = 16
    for kind, meaning in MEANING:
        out.append(f'<rect x="{x}" y="40" width="12" height="12" fill="{COLOURS[kind]}"/>'
                   f'<text x="{x + 18}" y="51">{meaning}</text>')
        x += 40 + 7.4 * len(meaning)
    for d in range(decades + 1):
        x = LEFT + per_decade * d
        out.append(f'<line x1="{x:.1f}" y1="{TOP - 10}" x2="{x:.1f}" y2="{height - 28}" '
                   'stroke="#d8dde3"/>'
                   f'<text x="{x:.1f}" y="{height - 12}" text-anchor="middle" fill="#57606a">'
                   f'{bottom * 10**d:,.0f} ns</text>')
    for i, (ns, label, kind) in enumerate(bars):
        y = TOP + STEP * i
        weight = ' font-weight="bold"' if kind == "ours" else ""
        out.append(f'<text x="{LEFT - 10}" y="{y + 15}" text-anchor="end"{weight}>'
                   f'{escape(label)}</text>'
                   f'<rect x="{LEFT}" y="{y}" width="{max(x_of(ns) - LEFT, 1):.1f}" height="{BAR}" '
                   f'fill="{COLOURS[kind]}"/>'
                   f'<text x="{x_of(ns) + 6:.1f}" y="{y + 15}">{number(ns)}</text>')
    out.append("</svg>\n")
    with open(path, "w") as f:
        f.write("\n".join(out))
