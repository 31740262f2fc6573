"""placement.py DUMP FILE: are the places in DUMP, chosen in FILE, such as objdump's listing of it allows?

Nothing here is the program's own: instructions, branch targets and what is written come from
objdump -d.  DUMP has a line for each function and way of asking:

  NAME ENTRY PLACE OFFSETS_OF_BOTH FRAME stepped|emulated|none in_place|anywhere REGISTER,... INSTRUCTION

Prints how many there were, and exits 1 with a line for each that is wrong.
"""
import os
import re
import subprocess
import sys

KERNEL = tuple(int(n) for n in re.match(r"(\d+)\.(\d+)", os.uname().release).groups())
ABI = ["rdi", "rsi", "rdx", "rcx"]
PARTS = {}
for line in ("rax eax ax al ah", "rbx ebx bx bl bh", "rcx ecx cx cl ch", "rdx edx dx dl dh",
             "rsi esi si sil", "rdi edi di dil", "rbp ebp bp bpl", "rsp esp sp spl",
             *(f"r{n} r{n}d r{n}w r{n}b" for n in range(8, 16))):
    for part in line.split():
        PARTS[part] = line.split()[0]
# What is between the entry and the place may be these, which write their last operand or nothing.
READS = {"test", "cmp", "push", "nop", "bt", "endbr64"}
WRITES = re.compile(r"(mov(|abs|z..|s..|sl|d|q|aps|ups|dqa|dqu)|lea|xor|and|or|add|adc|sub|sbb|inc|dec|neg|not"
                    r"|sh[lr]|sar|ro[lr]|bs[fr]|[lt]zcnt|pxor|xorps|cmov\w+|set\w+)[bwlq]?$")


PREFIXES = ("bnd", "notrack", "repz", "repnz", "rep", "lock", "data16", "cs", "ds", "rex.W")


class Listing:
    def __init__(self, path):
        self.text = {}
        self.targets = set()
        output = subprocess.run(["objdump", "-d", "--no-show-raw-insn", path], check=True,
                                capture_output=True, text=True).stdout
        for line in output.splitlines():
            addr, colon, text = line.partition(":\t")
            if not colon:
                continue
            self.text[int(addr, 16)] = text
            if text[0] in "jclxbnrd":
                found = re.match(r"(?:(?:bnd|notrack|rep\w*|data16) )*(?:j\w+|callq?|loop\w*|xbegin) +([0-9a-f]+)(?: |$)",
                                 text)
                if found:
                    self.targets.add(int(found[1], 16))
        order = sorted(self.text)
        self.after = dict(zip(order, order[1:]))

    def insn(self, addr):
        """Its name, and its operands; one with a prefix is none that anything is known of."""
        words = self.text[addr].partition("#")[0].split(None, 1)
        name, args = words[0], words[1].strip() if len(words) > 1 else ""
        return ("prefixed", "") if name in PREFIXES and args else (name, args)


def operands(text):
    return re.findall(r"(?:[^,(]|\([^)]*\))+", text)


def register(operand):
    found = re.fullmatch(r"%(\w+)", operand.strip())
    return PARTS.get(found[1]) if found else None


def cost(name, args):
    """As the kernel has it: arch/x86/kernel/uprobes.c."""
    if re.fullmatch(r"pushq?", name) and register(args):
        return "emulated"
    if re.match(r"(j(?!(rcxz|ecxz))\w+|call)q?$", name) and re.match(r"[0-9a-f]+( |$)", args):
        return "emulated"
    if name == "nop" or (name, args) == ("xchg", "%ax,%ax"):
        return "emulated"
    if re.match(r"nop[lw]$", name):
        return "long nop"
    return "stepped"


def made_call(listing, addr):
    """A nop of 5 bytes, of which Linux 6.18 makes a call that ends the process's children."""
    return (KERNEL >= (6, 18) and cost(*listing.insn(addr)) == "long nop" and addr % 4096 <= 4091
            and listing.after.get(addr) == addr + 5)


def walk(listing, entry, place):
    """The frame and what holds the arguments at place; or what is wrong on the way."""
    holds = [{reg} for reg in ABI]
    frame = 0
    addr = entry
    while addr != place:
        name, args = listing.insn(addr)
        ops = operands(args)
        if name not in READS and not WRITES.match(name) and not re.match(r"(test|cmp|push|nop)[bwlq]$", name):
            return None, None, f"passes over {name} {args} at {addr:x}"
        if re.match(r"pushq?$", name):
            frame += 8
        elif WRITES.match(name):
            target = register(ops[-1])
            if target == "rsp":
                sub = re.match(r"(sub|add)q?$", name), re.match(r"\$(-?0x[0-9a-f]+|-?\d+)$", ops[0])
                lea = re.match(r"(-?0x[0-9a-f]+)\(%rsp\)$", ops[0])
                if sub[0] and sub[1]:
                    frame += int(sub[1][1], 0) * (1 if name[0] == "s" else -1)
                elif name == "lea" and lea:
                    frame -= int(lea[1], 0)
                else:
                    return None, None, f"the stack pointer is lost at {addr:x}"
            whole = re.fullmatch(r"movq?", name) and len(ops) == 2 and \
                ops[0].strip()[1:] in PARTS.values() and ops[1].strip()[1:] in PARTS.values()
            source = register(ops[0]) if whole else None
            for held in holds:
                had = source in held
                held.discard(target)
                if had:
                    held.add(target)
        if addr not in listing.after or addr > place:
            return None, None, f"{place:x} is not on the way"
        addr = listing.after[addr]
    return frame, holds, None


def check(listing, fields):
    name, entry, place, _, _, frame, kind, asked, regs = fields[:9]
    entry, place, frame = int(entry, 16), int(place, 16), int(frame)
    if place not in listing.text:
        return "no instruction begins there"
    insn = listing.insn(place)
    known = cost(*insn)
    if kind == "none":
        return None if made_call(listing, place) else f"{insn[0]} {insn[1]} could be probed"
    if made_call(listing, place):
        return f"{insn[0]} {insn[1]} is a nop of 5 bytes"
    if kind == "stepped" and (place != entry and not made_call(listing, entry) or known == "emulated"):
        return f"stepped, but {insn[0]} is {known}"
    if kind != "stepped" and known == "stepped":
        return f"{insn[0]} {insn[1]} is not emulated"
    inside = sorted(t for t in listing.targets if entry < t <= place)
    if inside:
        return f"a branch leads to {inside[0]:x}"
    real, holds, wrong = walk(listing, entry, place)
    if wrong:
        return wrong
    if real != frame or (asked == "in_place" and frame):
        return f"the frame is {real}, not {frame}"
    for arg, reg in enumerate(r for r in regs.split(",") if r):
        if reg not in holds[arg]:
            return f"argument {arg + 1} is in {holds[arg]}, not in {reg}"
    return None


def main():
    listing = Listing(sys.argv[2])
    wrong, counts = 0, {"stepped": 0, "emulated": 0, "none": 0}
    for line in open(sys.argv[1]):
        fields = line.split(None, 9)
        problem = check(listing, fields)
        counts[fields[6]] += 1
        if problem:
            wrong += 1
            print(f"{fields[0]}: at {fields[2]}: {problem}")
    print(", ".join(f"{n} {kind}" for kind, n in counts.items() if n))
    sys.exit(1 if wrong or not sum(counts.values()) else 0)


main()
