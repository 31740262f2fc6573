"""bench.py - runs the groups that are named, or all; prints what all measured so far say.

The results are kept in OUT/bench: one file of JSON lines, one picture.  The exit status is 0
when all that should be measured was, whatever it was; 1 otherwise.
"""

import os
import subprocess
import sys
import time

from groups import Bench
from picture import draw
from program import OUT, Broken
from results import Results
from table import everything

GROUPS = {
    "pair": "what one call takes",
    "start": "starting, attaching, detaching",
    "rate": "as fast as they can",
    "agent": "what the agent takes",
    "growth": "with more processes, threads, blocks",
    "usdt": "refmalloc's own probes",
}


def about(quick):
    """brkscope's version, the machine, and the peers' versions."""
    def version(*command):
        try:
            said = subprocess.run(command, capture_output=True, text=True)
            return (said.stdout + said.stderr).splitlines()[0]
        except (OSError, IndexError):
            return None
    commit = version("git", "describe", "--always", "--dirty") or "?"
    parts = [f"brkscope {commit}", f"kernel {os.uname().release}", f"{os.cpu_count()} CPUs",
             os.confstr("CS_GNU_LIBC_VERSION"), version("bpftrace", "--version"),
             version("heaptrack", "--version"), "QUICK" if quick else None]
    return ", ".join(p for p in parts if p)


def main(wanted):
    unknown = [g for g in wanted if g not in GROUPS and g != "table"]
    if unknown:
        print(f"bench: no group {unknown[0]!r}; there are: {', '.join(GROUPS)}, table",
              file=sys.stderr)
        return 2
    folder = OUT + "/bench"
    os.makedirs(folder, exist_ok=True)
    results = Results(folder + "/results.jsonl")
    bench = Bench(results, quick=os.environ.get("QUICK", "") not in ("", "0"))
    for group in wanted or GROUPS:
        if group == "table":
            continue
        print(f"{group}: {GROUPS[group]}", flush=True)
        begun = time.monotonic()
        results.begin(group)
        results.add(group, "about", about(bench.quick), None)
        try:
            getattr(bench, group)(group)
        except Broken as e:
            print(f"  {e}", flush=True)
            results.missing(group, group, str(e), counts=True)
        print(f"  {time.monotonic() - begun:.0f} s", flush=True)
    print("\n" + everything(results))
    if "pair" in results.groups():
        draw(results, folder + "/bench.svg")
        print(f"\n  {folder}/results.jsonl, {folder}/bench.svg")
    return 1 if any(r["counts"] for g in wanted or GROUPS for r in results.why_missing(g)) else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
