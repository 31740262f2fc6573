"""retained.py - what a report says is freed and kept, against glibc's own count of the same program.

    retained.py WORKLOAD MODE PATTERN ADVICE... < REPORT, and what the program said in SAID

What would help by GLIBC_TUNABLES is tried: with all of it the program's heap has to be small.
"""

import json
import os
import subprocess
import sys

# What there is in the environment for an advice; of 128 KiB: as it is by default, and so fixed.
TUNABLES = {"tcache": ["tcache_count=0"], "fastbins": ["mxfast=0", "tcache_count=0"],
            "trim_threshold": ["trim_threshold=131072"], "mmap_threshold": ["mmap_threshold=131072"]}

workload, mode, pattern, *advice = sys.argv[1:]
said = json.loads(os.environ["SAID"])
row = [p for p in json.load(sys.stdin)["processes"] if p["pid"] == said["pid"]][0]
kept, malloc, bad = row["retained"], row["malloc"], []
heap, arenas = kept["heap"], kept["arenas"]


def expect(what, measured, expected):
    if measured != expected:
        bad.append(f"{what}: {measured}, not {expected}")


def system_bytes(settings):
    """What malloc's heap has from the system at the program's end, with so many set."""
    names = ":".join("glibc.malloc." + setting for setting in settings)
    done = subprocess.run([workload, mode], stdin=subprocess.DEVNULL, capture_output=True,
                          env={**os.environ, "GLIBC_TUNABLES": names}, check=True)
    return json.loads(done.stdout)["system_bytes"]


expect("pattern", kept["pattern"], pattern)
expect("advice", kept["advice"], advice)
expect("at most", kept["at_most"], False)
expect("heap", heap["bytes"], row["heap"]["bytes"])
# stdio's buffers and what libc has made a thread with are live as well: so much more, exactly.
expect("all live", heap["live_bytes"] + arenas["live_bytes"],
       malloc["live_route"]["heap"]["bytes"] + malloc["live_route"]["arena"]["bytes"])
if malloc["live_bytes"] < said["live_bytes"]:
    bad.append(f"live: {malloc['live_bytes']}, at least {said['live_bytes']}")
# Every byte of the heap is live, malloc's overhead, or free.
expect("the heap adds up", heap["live_bytes"] + heap["overhead_bytes"] + heap["free_bytes"],
       heap["bytes"])
expect("free adds up", heap["top_bytes"] + heap["inside_bytes"], heap["free_bytes"])
if pattern == "top_pinned":
    expect("the pin", kept["pinned"]["lowest"]["address"], said["last"])
    expect("pins", kept["pinned"]["blocks"], said["live_blocks"])
# One piece, but for what malloc has for itself at the start of an empty heap: nothing cached in it.
if pattern == "top_untrimmed" and not 0 <= heap["top_bytes"] - said["top_bytes"] <= 1024:
    bad.append(f"at the end: {heap['top_bytes']}, by glibc {said['top_bytes']}")
if pattern == "top_cached" and said["top_bytes"] >= heap["top_bytes"] / 2:
    bad.append(f"at the end: {heap['top_bytes']}, by glibc {said['top_bytes']} in one piece")

tried = [TUNABLES[name] for name in advice if name in TUNABLES]
if tried:
    least = system_bytes(sum(tried, []))
    if least > heap["bytes"] / 8:
        bad.append(f"with {tried} the heap still has {least}")
# Nothing that does not help: each is needed.
if len(tried) > 1:
    for one in tried:
        if system_bytes(one) < heap["bytes"] / 2:
            bad.append(f"{one} is enough")
if pattern in ("top_pinned", "inside") and system_bytes(TUNABLES["mmap_threshold"]) < heap["bytes"] / 2:
    bad.append("the mmap threshold would have helped")
if bad:
    print("\n".join(bad))
sys.exit(bool(bad))
