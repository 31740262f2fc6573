#!/bin/bash
# cost.sh - what the agent is trapped for itself is in its CPU time, and not told a second time.
. "$(dirname "$0")/lib.sh"
need_bpf

export BRKSCOPE
compare "$WORK" "$WORKLOAD/paced" <<'END'
import os, subprocess, time
from oracle import *
work, paced = sys.argv[1:3]


def run():
    """What probes are told to have taken, for each event, and all that there is to say of it."""
    start = time.monotonic()
    agent = subprocess.Popen([os.environ["BRKSCOPE"], "trace", "-l", "live", "-j", "-o",
                              f"{work}/trace", "--", paced, "1", "20"],
                             stdout=subprocess.DEVNULL)
    _, status, usage = os.wait4(agent.pid, 0)
    took = time.monotonic() - start
    expect("trace: status", status, 0)
    with open(f"{work}/trace") as lines:
        end = json.loads(list(lines)[-1])
    own = usage.ru_utime + usage.ru_stime
    # Without the few hits of a kind that was not timed in so short a time.
    probes = end["cost_at_least_percent"] / 100 * took - own
    return probes / end["received"], f"{end}, agent {own:.2f} s of {took:.2f} s"


# It makes an object of JSON of each event, by a hundred calls of malloc and free: those would be
# 60 microseconds and more.  Its own hits are two; what others are trapped for meanwhile is in it, so
# the quietest of some runs counts.
runs = [run()]
while min(runs)[0] > 30e-6 and len(runs) < 6:
    runs.append(run())
expect_true(f"{runs}: no more than 30 us of an event", min(runs)[0] <= 30e-6)
END
