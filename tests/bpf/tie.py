"""tie.py - refmalloc's statistics against brkscope's report and trace: DIRECTORY LIBRARY NAME:PROCESSES..."""

from oracle import *

CAUSE_OF = {"block": "malloc", "arena": "arena", "table": "arena"}
# Whose threads agree on what was the most; whose main() asks for the break before any malloc.
ONE_THREAD = ("mix", "one", "checked", "brk_blocked")
ASKS_BREAK = ("brk_blocked",)


def pair(count):
    return [count["calls"], count["bytes"]]


def total(counts):
    counts = list(counts)
    return [sum(n["calls"] for n in counts), sum(n["bytes"] for n in counts)]


def by_cause(counts, cause):
    """Of refmalloc's three kinds of mapping those that an observer sees as one cause."""
    return [n for kind, n in counts.items() if CAUSE_OF[kind] == cause]


def read_trace(path):
    """The events of each process."""
    events = {}
    with open(path, encoding="utf-8") as file:
        for line in file:
            event = json.loads(line)
            if event["event"] == "end":
                expect(f"{path}: left out", [event["spilled"], event["lost"]], [0, 0])
            events.setdefault(event.get("pid"), []).append(event)
    return events


def refused_sizes(path):
    """What a workload says that it asked for in vain, though it was not impossible."""
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = [line for line in file if line.startswith('{"refused"')]
    return json.loads(lines[0])["refused"] if lines else []


def bucket_of(size):
    return 1 if size <= 1 else 1 << (size - 1).bit_length()


def tie_malloc(who, row, own, refused):
    malloc, route = row["malloc"], own["route"]
    functions = {name: n["calls"] for name, n in own["function"].items() if n["calls"]}
    calls, size = total(own["function"].values())
    served, served_bytes = total(route.values())
    expect(f"{who}: seen from the start on", malloc["since_ns"], None)
    expect(f"{who}: by function", malloc["by_function"], functions)
    expect(f"{who}: calls and bytes", pair(malloc), [calls, size])
    expect(f"{who}: route mmap", pair(malloc["route"]["mmap"]), pair(route["mmap"]))
    expect(f"{who}: no block", size - served_bytes, sum(refused))
    impossible = own["failed"] - len(refused)
    expect(f"{who}: impossible", malloc["impossible"], impossible)
    # At this level all that is possible counts as served, what the kernel refused and realloc to 0
    # bytes as well.
    unserved = calls - served - impossible
    rest = total([route["heap"], route["arena"]])
    expect(f"{who}: heap or arena", pair(malloc["route"]["heap_or_arena"]),
           [rest[0] + unserved, rest[1] + sum(refused)])
    sizes = {b["le"]: [b["mmap"], b["heap"] + b["arena"]] for b in own["histogram"]}
    for size in refused + [0] * (unserved - len(refused)):
        sizes.setdefault(bucket_of(size), [0, 0])[1] += 1
    expect(f"{who}: histogram", {b["le"]: [b["mmap"], b["heap_or_arena"]]
                                 for b in row["histograms"]["malloc_size"]}, sizes)


def tie_heap(who, row, own, asked):
    heap = row["heap"]
    expect(f"{who}: brk grow", pair(heap["grow"]), pair(own["brk_grow"]))
    expect(f"{who}: brk shrink", pair(heap["shrink"]), pair(own["brk_shrink"]))
    expect(f"{who}: brk query", heap["query"]["calls"], own["brk_queries"] + asked)
    expect(f"{who}: brk failed", heap["failed"]["calls"], own["brk_failed"])
    expect(f"{who}: heap", heap["bytes"], own["heap_bytes"])
    expect(f"{who}: heap's peak", heap["peak_bytes"], own["heap_peak"])
    expect(f"{who}: growth's histogram", sum(b["count"] for b in row["histograms"]["brk_grow"]),
           own["brk_grow"]["calls"])


def tie_mappings(who, row, own, one_thread):
    """What the library maps, by what the report says of each caller: there may be others."""
    callers = row["callers"]
    for cause in ("malloc", "arena"):
        of_cause = [c for c in callers if c["cause"] == cause]
        ours = [c for c in of_cause if "librefmalloc" in (c["object"] or "")]
        kinds = [kind for kind in CAUSE_OF if CAUSE_OF[kind] == cause]
        live = sum(own["mapped"][kind] for kind in kinds)
        expect(f"{who}: mmap {cause}", total(ours), total(by_cause(own["mmap"], cause)))
        expect(f"{who}: live {cause}", sum(c["live_bytes"] for c in ours), live)
        for what in ("calls", "bytes", "live_bytes", "live_regions"):
            expect(f"{who}: {cause} {what}, by caller", sum(c[what] for c in of_cause),
                   row["mmap"][cause][what])
        if one_thread and cause == "malloc":
            expect(f"{who}: most live", row["mmap"][cause]["peak_bytes"],
                   own["mapped_peak"]["block"])
    expect(f"{who}: blocks in mappings",
           sum(c["live_regions"] for c in callers if c["cause"] == "malloc"),
           own["live"]["mmap"]["calls"])


def of_others(events, library):
    """The events that unmap what neither refmalloc nor anyone before the first event has mapped."""
    mapped, others = [], []
    for e in events:
        if e["event"] == "mmap" and e["result"] is not None:
            by = e["caller"] and e["caller"].get("inode")
            mapped.append((e["result"], e["result"] + e["bytes"], by))
        elif e["event"] == "munmap":
            by = [by for start, end, by in mapped if start <= e["addr"] < end]
            if by and by[-1] != library:
                others.append(e)
    return others


def tie_changes(who, row, own, events, library):
    others = of_others(events, library)

    def those(name, causes=None, failed=False):
        return [e for e in events if e["event"] == name and bool(e["error"]) == failed and
                (causes is None or e["cause"] in causes)]

    for cause in ("malloc", "arena"):
        got = [e for e in those("munmap", [cause]) if e not in others]
        expect(f"{who}: munmap {cause}", [len(got), sum(e["bytes"] for e in got)],
               total(by_cause(own["munmap"], cause)))
    got = those("munmap")
    expect(f"{who}: munmap", pair(row["mmap"]["munmap"]),
           [len(got), sum(e["bytes"] for e in got)])
    # Nobody else remaps here.
    expect(f"{who}: mremap", row["mmap"]["mremap"],
           {"calls": own["mremap_grow"]["calls"] + own["mremap_shrink"]["calls"],
            "grow_bytes": own["mremap_grow"]["bytes"],
            "shrink_bytes": own["mremap_shrink"]["bytes"]})
    for name in ("mmap", "munmap", "mremap"):
        expect(f"{who}: {name} failed", len(those(name, ["malloc", "arena"], True)),
               own[f"{name}_failed"])
    expect(f"{who}: failed", row["mmap"]["failed"]["calls"],
           sum(len(those(name, None, True)) for name in ("mmap", "munmap", "mremap")))


work, library = sys.argv[1], os.stat(sys.argv[2]).st_ino
for name, processes in (argument.split(":") for argument in sys.argv[3:]):
    report, trace = Report(f"{work}/{name}.json"), read_trace(f"{work}/{name}.trace")
    refused = refused_sizes(f"{work}/{name}.out")
    with open(f"{work}/{name}.stats", encoding="utf-8") as file:
        owns = [json.loads(line) for line in file]
    expect(f"{name}: processes", len(owns), int(processes))
    for own in owns:
        row, who = report.row(own["pid"]), f"{name} {own['pid']}"
        # Each program's loader asks for the break once.
        asked = row["execs"] + (name in ASKS_BREAK)
        tie_malloc(who, row, own, refused if row["execs"] else [])
        tie_heap(who, row, own, asked)
        tie_mappings(who, row, own, name in ONE_THREAD)
        tie_changes(who, row, own, trace.get(own["pid"], []), library)
