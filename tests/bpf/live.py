"""live.py - level live's numbers against tests/preload/live_malloc.c, which knows each block."""

from oracle import *

LIVE = ("calls", "bytes", "impossible", "frees", "frees_unknown", "failed", "live_blocks",
        "live_bytes", "live_peak_bytes")


class Live:
    """One process's file, as struct live has it."""

    def __init__(self, path):
        with open(path, "rb") as file:
            fields = struct.unpack("<Q16s9Q", file.read())
        self.pid = fields[0]
        self.comm = fields[1].split(b"\0")[0].decode()
        self.numbers = dict(zip(LIVE, fields[2:]))

    def __getitem__(self, name):
        return self.numbers[name]


def read_live(directory):
    """By PID."""
    files = (Live(os.path.join(directory, name)) for name in os.listdir(directory))
    return {live.pid: live for live in files}


def sum_of(route, what):
    return sum(part[what] for part in route.values())


def expect_live(report, live, peak=True, less=()):
    """All of one process's numbers; peak: its threads agree on the order of what they do."""
    row, who = report.row(live.pid), f"{live.comm} {live.pid}"
    malloc = row["malloc"]
    for name in LIVE:
        if (peak or name != "live_peak_bytes") and name not in less:
            expect(f"{who}: {name}", malloc[name], live[name])
    expect_sums(who, row)
    expect(f"{who}: complete", malloc["live_complete"], True)


def expect_sums(who, row):
    """What must hold of a process that was followed from its first instruction on."""
    malloc = row["malloc"]
    expect(f"{who}: blocks by route", sum_of(malloc["live_route"], "blocks"), malloc["live_blocks"])
    expect(f"{who}: bytes by route", sum_of(malloc["live_route"], "bytes"), malloc["live_bytes"])
    expect(f"{who}: blocks without a route", malloc["live_route"]["unknown"], {"blocks": 0, "bytes": 0})
    expect(f"{who}: calls without a route", malloc["route"]["unknown"], {"calls": 0, "bytes": 0})
