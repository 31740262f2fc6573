"""places.py - where the probes of the floor go: where brkscope's are.

brkscope itself is asked first, by looking at what it writes into a process; where it does
not probe a function, the rule that it follows for glibc is applied to the disassembly.
"""

import re
import subprocess

from program import Broken, Program


def disassembled(path, name):
    """The file's offset of name's entry, or behind a `test` that opens it: emulated, not stepped."""
    symbols = subprocess.run(["readelf", "-W", "--dyn-syms", path], capture_output=True, text=True)
    found = re.search(rf"([0-9a-f]+)\s+\d+\s+\S+\s+\S+\s+\S+\s+\d+ {name}@@", symbols.stdout)
    if not found:
        raise Broken(f"{path} has no {name}")
    address = int(found.group(1), 16)
    segments = subprocess.run(["readelf", "-W", "-l", path], capture_output=True, text=True)
    for offset, start, size in re.findall(r"LOAD\s+(0x\w+) (0x\w+) 0x\w+ (0x\w+)", segments.stdout):
        if 0 <= address - int(start, 16) < int(size, 16):
            break
    else:
        raise Broken(f"{path}: {name} is in no segment")
    code = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path,
                           f"--start-address={address}", f"--stop-address={address + 16}"],
                          capture_output=True, text=True).stdout
    lines = re.findall(r"^\s+([0-9a-f]+):\s+(\S+)", code, re.M)
    skip = 0
    if len(lines) > 1 and lines[0][1] == "test" and lines[1][1].startswith("j"):
        skip = int(lines[1][0], 16) - address
    return address + skip - int(start, 16) + int(offset, 16)


def find(watcher, functions):
    """(file, {function: offset in the file}), as this watcher places its probes."""
    program = Program()
    try:
        path, _ = program.where()
        places = {}
        if not watcher.missing():
            watcher.start(program)
            places = {name: at for name, (_, at) in watcher.places.items()}
            watcher.stop(program)
    finally:
        program.close()
    return path, {name: places.get(name) or disassembled(path, name) for name in functions}


class Places:
    """Looked for once for each level, when first asked."""

    def __init__(self, watchers):
        self.watchers, self.known = watchers, {}

    def __call__(self, level, functions):
        if level not in self.known:
            self.known[level] = find(self.watchers[level], functions)
        return self.known[level]
