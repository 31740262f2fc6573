"""schema.py - the contract of brkscope.report/1: names, types, and where null may stand.

Fields may be added; these must be there.  Beyond the shape, what must hold in
any report: the parts add up.
"""

from oracle import CAUSES, PAGE, expect_true, malloc_buckets

N, R, S, B = "number", "real", "text", "bool"


def maybe(kind):
    return ("maybe", kind)


TALLY = {"calls": N, "bytes": N}
MAPPED = {"calls": N, "bytes": N, "live_bytes": maybe(N), "live_regions": maybe(N),
          "peak_bytes": maybe(N), "rss_bytes": maybe(N)}
PROCESS = {
    "pid": N, "ppid": N, "comm": S, "exe": maybe(S), "cgroup": maybe(S), "exited": B, "execs": N,
    "allocator": {"object": maybe(S), "kind": maybe(S), "probed": B},
    "heap": {"start": maybe(N), "end": maybe(N), "bytes": maybe(N), "pages": maybe(N),
             "unmapped_bytes": maybe(N),
             "rss_bytes": maybe(N), "peak_bytes": maybe(N), "grow": TALLY, "shrink": TALLY, "query": {"calls": N},
             "failed": {"calls": N}},
    "mmap": {**{cause: MAPPED for cause in CAUSES},
             "arena": {**MAPPED, "usable_bytes": maybe(N)},
             "munmap": TALLY, "mremap": {"calls": N, "grow_bytes": N, "shrink_bytes": N},
             "failed": {"calls": N}},
    "callers": [{"object": maybe(S), "function": maybe(S), "where": S, "offset": maybe(N),
                 "cause": S, "calls": N, "bytes": N, "live_bytes": maybe(N),
                 "live_regions": maybe(N)}],
    "malloc": maybe({"estimated": B, "at_least": B, "seen": {"calls": N, "bytes": N}, "coverage": maybe(R), "slowed": R,
                     "calls_ci95": maybe([maybe(N)]), "bytes_ci95": maybe([maybe(N)]), "calls": N, "bytes": N, "frees": maybe(N), "failed": maybe(N),
                     "impossible": N, "live_bytes": maybe(N), "live_blocks": maybe(N),
                     "by_function": "names",
                     "route": {"heap": {"calls": maybe(N), "bytes": maybe(N)}, "mmap": TALLY,
                               "arena": {"calls": maybe(N), "bytes": maybe(N)}}}),
    "histograms": {"malloc_size": maybe([{"le": N, "calls": N, "heap": maybe(N), "mmap": N,
                                          "arena": maybe(N)}]),
                   "brk_grow": [{"le": N, "count": N}],
                   "mmap_size": [{"le": N, **{cause: N for cause in CAUSES}}]},
    "rss": {"anon_bytes": maybe(N), "file_bytes": maybe(N), "shmem_bytes": maybe(N),
            "main_stack_bytes": maybe(N), "left_over_bytes": maybe(N)},
}
COST = {"percent_of_one_cpu": maybe(R), "at_least_percent": R, "probes_percent": maybe(R), "agent_percent": R}
REPORT = {"schema": S, "cost": {**COST, "window": COST, "hits": "names", "ns": {
              kind: maybe(N) for kind in ("emulated", "stepped", "return", "syscall")}},
          "host": S, "kernel": S, "page_size": N, "level": S, "start_ns": N,
          "duration_ns": N, "events": {"received": N, "spilled": N, "unowned": N, "skipped": N,
                                        "lost": N},
          "processes": [PROCESS]}


def check_shape(where, value, kind):
    if isinstance(kind, tuple):
        if value is not None:
            check_shape(where, value, kind[1])
    elif isinstance(kind, dict):
        if not isinstance(value, dict):
            expect_true(f"{where} is an object", False)
            return
        for name, inner in kind.items():
            if name in value:
                check_shape(f"{where}.{name}", value[name], inner)
            else:
                expect_true(f"{where}.{name} is there", False)
    elif isinstance(kind, list):
        expect_true(f"{where} is a list", isinstance(value, list))
        for index, item in enumerate(value or []):
            name = [item[field] for field in ("pid", "ppid", "comm", "exe")
                    if isinstance(item, dict) and field in item]
            check_shape(f"{where}[{index}{name or ''}]", item, kind[0])
    elif kind == "names":
        expect_true(f"{where} is numbers by name", isinstance(value, dict) and
                    all(type(n) is int and n >= 0 for n in value.values()))
    elif kind == N:
        expect_true(f"{where} is a whole number, not {value!r}", type(value) is int and value >= 0)
    elif kind == R:
        expect_true(f"{where} is a number, not {value!r}",
                    type(value) in (int, float) and value >= 0)
    else:
        expect_true(f"{where} is a {kind}, not {value!r}",
                    type(value) is {S: str, B: bool}[kind])


def buckets(where, histogram):
    """Edges: powers of two, rising."""
    edges = [bucket["le"] for bucket in histogram]
    expect_true(f"{where}: edges are powers of two", all(edge & (edge - 1) == 0 for edge in edges))
    expect_true(f"{where}: edges rise", edges == sorted(set(edges)))


def check_resident(where, row):
    """Whose it is adds up to what there is."""
    rss = row["rss"]
    parts = [row["heap"]["rss_bytes"], rss["main_stack_bytes"], rss["left_over_bytes"]]
    parts += [part["rss_bytes"] for part in row["mmap"].values() if "rss_bytes" in part]
    if rss["left_over_bytes"] is None:
        expect_true(f"{where}: nothing is known of what is resident, or all",
                    not any(part is not None for part in parts))
        return
    expect_true(f"{where}: {parts} are the RSS", sum(part or 0 for part in parts) ==
                rss["anon_bytes"] + rss["file_bytes"] + rss["shmem_bytes"])


def check_sums(where, row, level):
    heap, mapped, histograms = row["heap"], row["mmap"], row["histograms"]
    check_resident(where, row)
    if heap["bytes"] is not None:
        expect_true(f"{where}: heap is from start to end",
                    heap["bytes"] == heap["end"] - heap["start"])
        expect_true(f"{where}: heap in pages", heap["pages"] == -(-heap["bytes"] // PAGE))
        expect_true(f"{where}: heap's peak", heap["peak_bytes"] >= heap["bytes"])
    for cause in CAUSES:
        live = mapped[cause]["live_bytes"]
        if live is not None:
            expect_true(f"{where}: {cause}'s peak", mapped[cause]["peak_bytes"] >= live)
            expect_true(f"{where}: {cause} in pages", live % PAGE == 0)
        callers = [caller for caller in row["callers"] if caller["cause"] == cause]
        for field in ("calls", "bytes", "live_bytes", "live_regions"):
            expect_true(f"{where}: {cause}'s callers add up to its {field}",
                        all(caller[field] is None for caller in callers)
                        if mapped[cause][field] is None else
                        sum(caller[field] for caller in callers) == mapped[cause][field])
    for name in histograms:
        if histograms[name] is not None:
            buckets(f"{where}: {name}", histograms[name])
    expect_true(f"{where}: brk_grow's sum",
                sum(b["count"] for b in histograms["brk_grow"]) == heap["grow"]["calls"])
    for cause in CAUSES:
        expect_true(f"{where}: mmap_size's sum of {cause}",
                    sum(b[cause] for b in histograms["mmap_size"]) == mapped[cause]["calls"])
    malloc = row["malloc"]
    if level == "syscalls":
        expect_true(f"{where}: malloc is not known at this level", malloc is None)
    if malloc is None:
        return
    if malloc["at_least"]:
        expect_true(f"{where}: what is no estimate is what was seen",
                    [malloc["estimated"], malloc["calls"], malloc["bytes"], malloc["calls_ci95"], malloc["bytes_ci95"]] ==
                    [True, malloc["seen"]["calls"], malloc["seen"]["bytes"], None, None])
    expect_true(f"{where}: functions add up", sum(malloc["by_function"].values()) ==
                malloc["calls"])
    expect_true(f"{where}: sizes add up",
                sum(malloc_buckets(row).values()) == malloc["calls"] - malloc["impossible"])
    for which, bucket in enumerate(histograms["malloc_size"]):
        expect_true(f"{where}: bucket {which}: heap and arena are known together, or there is no heap",
                    bucket["heap"] in (None, 0) and bucket["arena"] is None or
                    bucket["heap"] + bucket["arena"] == bucket["heap_or_arena"])
    for name in ("frees", "failed", "live_bytes", "live_blocks"):
        expect_true(f"{where}: {name} is not known at this level", malloc[name] is None)


def check(report):
    data = report.data
    check_shape("report", data, REPORT)
    expect_true("page size", data["page_size"] == PAGE)
    expect_true("duration", data["duration_ns"] > 0)
    for row in data["processes"]:
        check_sums(f"{row['comm']} {row['pid']}", row, data["level"])
