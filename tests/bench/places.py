"""places.py - where the probes of the floor go: where brkscope's are.

brkscope itself is asked first, by looking at what it writes into a process; where it does
not probe a function, the rule that it follows for glibc is applied to the disassembly.
"""

import re
import subprocess

from program import Broken, Program


def tool(*command):
    return subprocess.run(command, capture_output=True, text=True).stdout


def in_file(path, address):
    """The file's offset of what is at this address, of all that is loaded of it."""
    for line in tool("readelf", "-W", "-l", path).splitlines():
        segment = re.match(r"\s+LOAD\s+(0x\w+) (0x\w+) 0x\w+ (0x\w+)", line)
        if segment:
            offset, start, size = (int(x, 16) for x in segment.groups())
            if start <= address < start + size:
                return offset + address - start
    raise Broken(f"{path} has nothing at {address:#x}")


def disassembled(path, name):
    """The file's offset of name's entry, or behind a `test` there: emulated, not stepped."""
    symbols = tool("readelf", "-W", "--dyn-syms", path)
    found = re.search(rf"([0-9a-f]+)\s+\d+\s+FUNC\s+\S+\s+\S+\s+\d+ {name}(@|$)", symbols, re.M)
    if not found:
        raise Broken(f"{path} has no {name}")
    address = int(found.group(1), 16)
    code = tool("objdump", "-d", "--no-show-raw-insn", path, f"--start-address={address}",
                f"--stop-address={address + 16}")
    lines = re.findall(r"^\s+([0-9a-f]+):\s+(\S+)", code, re.M)
    if len(lines) > 1 and lines[0][1] == "test" and lines[1][1].startswith("j"):
        address = int(lines[1][0], 16)
    return in_file(path, address)


def usdt(path, provider, copy):
    """{probe: (its offset in the copy of that file, its semaphore's)} of this provider's probes."""
    notes = tool("readelf", "-n", "-W", path)
    found = re.findall(rf"Provider: {provider}\s+Name: (\w+)\s+Location: (0x\w+), Base: 0x\w+, "
                       r"Semaphore: (0x\w+)", notes)
    return {name: (in_file(copy, int(at, 16)), in_file(copy, int(semaphore, 16)))
            for name, at, semaphore in found}


def find(watcher, functions, preload=None):
    """(file, {function: offset in the file}), as this watcher places its probes in that malloc."""
    program = Program(preload=preload)
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
    """Looked for once for each level and allocator, when first asked."""

    def __init__(self, watchers):
        self.watchers, self.known = watchers, {}

    def __call__(self, level, functions, preload=None):
        if (level, preload) not in self.known:
            self.known[level, preload] = find(self.watchers[level], functions, preload)
        return self.known[level, preload]
