#!/bin/bash
# nop5.sh - an allocator whose functions begin with a nop of 5 bytes: its callers' children live, and every call counts.
#
# Once such a nop is probed, Linux 6.18 makes a call of it that a child by fork dies of (insn_x86.c).
# The probes have to be behind it, on instructions that are emulated, stepped, or not there at all.
. "$(dirname "$0")/lib.sh"
need_bpf
need gcc
[ "$(uname -m)" = x86_64 ] || skip "the allocator is in x86's assembler"

cat >"$WORK/allocator.c" <<'END_OF_PROGRAM'
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* Hands out what follows, and takes nothing back: who asked for what is all that it knows. */
static _Alignas(16) char arena[64 << 20];
static size_t used;
static struct { long calls, bytes, frees, live_blocks, live_bytes; } counted, before;

void counted_begin(void)
{
	before = counted;
}

void counted_say(const char *name)
{
	char line[300];
	int n = snprintf(line, sizeof(line), "{\"name\": \"%s\", \"pid\": %d, \"calls\": %ld, \"bytes\": %ld,"
			 " \"frees\": %ld, \"live_blocks\": %ld, \"live_bytes\": %ld}\n", name, getpid(),
			 counted.calls - before.calls, counted.bytes - before.bytes,
			 counted.frees - before.frees, counted.live_blocks, counted.live_bytes);

	write(1, line, n);
}

static void *take(size_t size)
{
	size_t *block = (size_t *)(arena + used);

	used += 16 + (size + 15) / 16 * 16;
	if (used > sizeof(arena))
		return NULL;
	counted.live_blocks++;
	counted.live_bytes += size;
	*block = size;
	return block + 2;
}

static void give(void *block)
{
	counted.live_blocks--;
	counted.live_bytes -= ((size_t *)block)[-2];
}

__attribute__((used)) static void *do_malloc(size_t size)
{
	counted.calls++;
	counted.bytes += size;
	return take(size);
}

__attribute__((used)) static void *do_calloc(size_t n, size_t size)
{
	return do_malloc(n * size); /* of memory that was never another's */
}

__attribute__((used)) static void do_free(void *block)
{
	if (!block)
		return;
	counted.frees++;
	give(block);
}

__attribute__((used)) static void *do_realloc(void *block, size_t size)
{
	size_t old = block ? ((size_t *)block)[-2] : 0;
	void *new = do_malloc(size);

	if (!block)
		return new;
	memcpy(new, block, old < size ? old : size);
	give(block);
	return new;
}

#define NOP5 ".byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n"
#define FUNCTION(name, code)                                                                       \
	asm(".text\n.p2align 4\n.globl " #name "\n.type " #name ", @function\n" #name ":\n" NOP5   \
	    code ".size " #name ", . - " #name "\n")
/* Nothing but the nop is executed once: the next instruction is a loop's first. */
#define LOOP(next) "1: test %rsp, %rsp\n je 1b\n jmp " next "\n"

#ifdef NO_MALLOC
FUNCTION(malloc, LOOP("do_malloc"));
#else
FUNCTION(malloc, "jmp do_malloc\n");
#endif
FUNCTION(calloc, "push %rbx\n call do_calloc\n pop %rbx\n ret\n");
FUNCTION(realloc, "lea do_realloc(%rip), %rax\n jmp *%rax\n");
#ifdef NO_FREE
FUNCTION(free, LOOP("do_free"));
#else
FUNCTION(free, "test %rdi, %rdi\n je 1f\n jmp do_free\n 1: ret\n");
#endif
END_OF_PROGRAM

cat >"$WORK/program.c" <<'END_OF_PROGRAM'
#include <stdlib.h>
#include <sys/wait.h>
#include <unistd.h>

void counted_begin(void);
void counted_say(const char *name);

static void *blocks[300];

static void work(size_t size)
{
	for (int i = 0; i < 300; i += 3) {
		blocks[i] = malloc(size + i);
		blocks[i + 1] = calloc(i + 1, 10);
		blocks[i + 2] = realloc(blocks[i + 2], size + 1);
		free(blocks[i]);
	}
}

int main(void)
{
	int status;
	pid_t pid;

	work(100);
	pid = fork();
	if (!pid) {
		counted_begin();
		work(1000);
		counted_say("child");
		_exit(0);
	}
	if (pid < 0 || waitpid(pid, &status, 0) != pid)
		return 2;
	work(10);
	counted_say("parent");
	_exit(status != 0);
}
END_OF_PROGRAM

for kind in whole NO_MALLOC NO_FREE; do
	gcc -O1 -fno-builtin -fPIC -shared -D$kind "$WORK/allocator.c" -o "$WORK/$kind.so" || fail "no allocator"
	gcc -O1 -fno-builtin "$WORK/program.c" "$WORK/$kind.so" -o "$WORK/$kind" || fail "no program"
	for level in sizes live; do
		"$BRKSCOPE" report -l $level -j -o "$WORK/$kind.$level.json" -- \
			"$WORK/$kind" >"$WORK/$kind.$level.out" 2>"$WORK/$kind.$level.err" ||
			fail "$kind, $level: status $?: $(cat "$WORK/$kind.$level.out" "$WORK/$kind.$level.err")"
	done
	# While it is mapped, so that it is found.
	start env LD_PRELOAD="$WORK/$kind.so" "$PYTHON" -S -c 'import time; print(1, flush=True); time.sleep(1000)' >"$WORK/up"
	eventually 10 grep -q 1 "$WORK/up"
	for level in sizes live; do
		"$BRKSCOPE" probes -l $level -j -o "$WORK/$kind.$level.probes" 2>"$WORK/messages" &&
			"$BRKSCOPE" probes -l $level -o "$WORK/$kind.$level.text" 2>"$WORK/messages" ||
			fail "probes -l $level: status $?: $(cat "$WORK/messages")"
	done
	: >"$WORK/up"
	kill -KILL $!
	ended $! 2>/dev/null
done

compare "$WORK" <<'END'
import os
from oracle import *
work = sys.argv[1]
harmful = tuple(int(n) for n in re.match(r"(\d+)\.(\d+)", os.uname().release).groups()) >= (6, 18)
LIVE = ("frees", "live_blocks", "live_bytes")
for kind, without in (("whole", None), ("NO_MALLOC", "malloc"), ("NO_FREE", "free")):
    for level in ("sizes", "live"):
        name = f"{kind}.{level}"
        probed = not harmful or not without or (without, level) == ("free", "sizes")
        report = Report(f"{work}/{name}.json")
        said = open(f"{work}/{name}.err").read()
        says = f"cannot be probed without harm: in {without} "
        expect(f"{name}: {said}", says in said, not probed)
        lines = [json.loads(line) for line in open(f"{work}/{name}.out")]
        expect(f"{name}: who", [line["name"] for line in lines], ["child", "parent"])
        for line in lines:
            row, who = report.row(line["pid"]), f"{name}: {line['name']}"
            malloc = row["malloc"]
            expect(f"{who}: allocator", row["allocator"],
                   {"object": f"{work}/{kind}.so", "kind": "other", "probed": probed})
            if not probed:
                expect(f"{who}: malloc", malloc, None)
                continue
            for what in ("calls", "bytes") + (LIVE if level == "live" else ()):
                expect(f"{who}: {what}", malloc[what], line[what])
            if level == "live":
                expect(f"{who}: complete", malloc["live_complete"], True)
        # And so say the probes.
        [o] = [o for o in read_json(f"{work}/{name}.probes")["objects"] if o["path"] == f"{work}/{kind}.so"]
        text = open(f"{work}/{name}.text").read()
        expect(f"{name}: probed", o["probed"], probed)
        expect(f"{name}: as text", f"  not probed, for {without} cannot be: no malloc numbers\n" in text, not probed)
        into = {e["symbol"]: e["probe"] and (e["probe"]["into"], e["probe"]["kernel"]) for e in o["entries"]}
        if not harmful:
            continue
        want = {"malloc": (5, "emulated"), "calloc": (5, "emulated"), "realloc": (5, "stepped"),
                "free": (8, "emulated")}
        if without:
            want[without] = None
        if level == "sizes":
            del want["free"]
        expect(f"{name}: places", into, want)
END
