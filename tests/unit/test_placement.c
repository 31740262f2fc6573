/*
 * test_placement.c - each rule by which a probe's place is chosen, and what just breaks it.
 *
 * The functions are written here in assembler and read out of this program's own
 * file.  Each is what comes before the instruction to be chosen and what begins with
 * it; they are never called.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <cmocka.h>

#include "alloc_fn.h"
#include "kernel/features.h"
#include "kernel/placement.h"
#include "kernel/usdt.h"

#if defined(__x86_64__)
#include "self.h"

#define NOP5 ".byte 0x0f, 0x1f, 0x44, 0x00, 0x00\n"

/* Far enough from the one before that no near jump reaches over. */
#define FUNCTION(name, before, from_there)                                                         \
	asm(".pushsection .text\n"                                                                 \
	    ".skip 192, 0x90\n.p2align 6\n" #name ":\n" before "\n" #name "_at:\n" from_there      \
	    "\nret\n" #name "_end:\n"                                                              \
	    ".popsection\n");                                                                      \
	extern const char name[], name##_at[], name##_end[]
/* In another section: by a distance of 32 bits. */
#define COLD(code) asm(".pushsection .text.unlikely, \"ax\"\n" code "\n.popsection\n")

static __u64 offset_of(const char *code)
{
	__u64 offset;

	assert_true(elf_file__offset(self, (uintptr_t)code - self_base, &offset));
	return offset;
}

static struct placement find(const char *code, const char *end, unsigned int args, bool in_place)
{
	struct elf_function fn = {.addr = (uintptr_t)code - self_base, .size = end - code};
	struct placement p;
	struct placement_request r = {&fn, args, in_place, &p};

	placement__find(self, &r, 1);
	return p;
}

#define AT(name, args) find(name, name##_end, args, false)

static void is_at(struct placement p, const char *code, __u32 frame)
{
	assert_int_equal(p.off, offset_of(code));
	assert_int_equal(p.frame, frame);
	assert_true(p.emulated);
	assert_false(p.none);
}

static void is_entry(struct placement p, const char *code)
{
	static const __u8 abi[] = {PROBE_REG_DI, PROBE_REG_SI, PROBE_REG_DX, PROBE_REG_CX};

	assert_int_equal(p.off, offset_of(code));
	assert_int_equal(p.frame, 0);
	assert_false(p.emulated);
	assert_false(p.none);
	for (int i = 0; i < PROBE_ARGS; i++)
		assert_true(!p.reg[i] || p.reg[i] == abi[i]);
}

/* ---- what the kernel emulates ---- */

FUNCTION(push_first, "", "push %rbx");
FUNCTION(push_high, "mov %rdi, %rax", "push %r15");
FUNCTION(je_at_3, "test %rdi, %rdi", "je 1f\n push %rbx\n 1:");
FUNCTION(far_je, "test %rdi, %rdi", "je exit");
FUNCTION(jump, "mov %rdi, %rsi", "jmp exit");
FUNCTION(call, "sub $8, %rsp", "call exit");
FUNCTION(nop, "lea 8(%rdi), %rax", "nop");
FUNCTION(nop_66, "lea 8(%rdi), %rax", ".byte 0x66, 0x90");
FUNCTION(endbr, "endbr64", "push %rbp");
/* Those that look like it and are stepped; one that follows is chosen. */
FUNCTION(push_number, "push $1", "push %rbx");
FUNCTION(push_memory, "push 8(%rdi)", "push %rbx");
FUNCTION(pause_is_none, "", "pause\n push %rbx");
FUNCTION(indirect, "", "jmp *%rax");
FUNCTION(indirect_call, "", "call *8(%rdi)\n push %rbx");
FUNCTION(prefixed, "xor %eax, %eax", ".byte 0x3e\n je 1f\n 1: push %rbx");

static void emulated(void **state)
{
	is_at(AT(push_first, 1), push_first_at, 0);
	is_at(AT(push_high, 1), push_high_at, 0);
	is_at(AT(je_at_3, 1), je_at_3_at, 0);
	is_at(AT(far_je, 1), far_je_at, 0);
	is_at(AT(jump, 1), jump_at, 0);
	is_at(AT(call, 1), call_at, 8);
	is_at(AT(nop, 1), nop_at, 0);
	is_at(AT(nop_66, 1), nop_66_at, 0);
	is_at(AT(endbr, 1), endbr_at, 0);
	assert_int_equal(strncmp(AT(je_at_3, 1).insn, "je 0x", 5), 0);
}

/* What writes to the stack only where nothing follows that does not. */
FUNCTION(push_then_je, "push %rbx\n push %rbp\n test %rdi, %rdi",
	 "je 1f\n nop\n 1: pop %rbp\n pop %rbx");
FUNCTION(push_then_nop, "push %rbx", "nop\n pop %rbx");
FUNCTION(push_then_call, "", "push %rbx\n call exit\n pop %rbx");
FUNCTION(push_then_loop, "", "push %rbx\n 1: dec %edi\n jne 1b\n pop %rbx");
FUNCTION(push_then_lost, "", "push %rbx\n xor %edi, %edi\n je 1f\n 1: pop %rbx");

static void that_write_nothing(void **state)
{
	is_at(AT(push_then_je, 1), push_then_je_at, 16);
	is_at(find(push_then_je, push_then_je_end, 1, true), push_then_je, 0);
	is_at(AT(push_then_nop, 1), push_then_nop_at, 8);
	is_at(AT(push_then_call, 1), push_then_call_at, 0);
	is_at(AT(push_then_loop, 1), push_then_loop_at, 0);
	is_at(AT(push_then_lost, 1), push_then_lost_at, 0);
	is_at(AT(push_then_lost, 0), push_then_lost_at + 3, 8);
}

static void stepped(void **state)
{
	is_at(AT(push_number, 1), push_number_at, 8);
	is_at(AT(push_memory, 1), push_memory_at, 8);
	is_entry(AT(pause_is_none, 1), pause_is_none);
	is_entry(AT(indirect, 1), indirect);
	is_entry(AT(indirect_call, 1), indirect_call);
	is_entry(AT(prefixed, 1), prefixed);
}

/* ---- what every call passes ---- */

FUNCTION(returns, "", "ret\n push %rbx");
FUNCTION(unknown, "", "xchg %rdi, %rax\n push %rbx");
FUNCTION(rep, "", "rep stosb\n push %rbx");
FUNCTION(trap, "", "int3\n push %rbx");
FUNCTION(system_call, "", "syscall\n push %rbx");
FUNCTION(past_its_end, "xor %eax, %eax", "push %rbx");

static void straight_line(void **state)
{
	is_entry(AT(returns, 1), returns);
	is_entry(AT(unknown, 1), unknown);
	is_entry(AT(rep, 0), rep);
	is_entry(AT(trap, 1), trap);
	is_entry(AT(system_call, 1), system_call);
	is_at(find(past_its_end, past_its_end_at + 1, 1, false), past_its_end_at, 0);
	is_entry(find(past_its_end, past_its_end_at, 1, false), past_its_end);
	is_entry(find(past_its_end, past_its_end, 1, false), past_its_end);
}

/* ---- what else leads there ---- */

FUNCTION(loop_to_it, "xor %eax, %eax\n 1:", "push %rbx\n dec %edi\n jne 1b");
FUNCTION(loop_before_it, "nop5_like_this: mov %rdi, %rax\n 1: xor %ecx, %ecx",
	 "je 2f\n jmp 1b\n 2:");
FUNCTION(loop_to_entry, "1: xor %eax, %eax", "je 2f\n jmp 1b\n 2:");
FUNCTION(loop_behind_it, "xor %eax, %eax", "push %rbx\n 1: dec %edi\n jne 1b");
FUNCTION(loops, "xor %eax, %eax\n 1:", "push %rbx\n loop 1b");
FUNCTION(on_rcx, "xor %eax, %eax\n 1:", "push %rbx\n jrcxz 1b");
/* 06 is no instruction; b8 would take what follows for its number. */
FUNCTION(undecoded, "xor %eax, %eax\n 1:", "push %rbx\n .byte 0x06, 0xb8\n jne 1b\n .skip 3, 0x90");
FUNCTION(cold_jump, "xor %eax, %eax", "push %rbx");
COLD("jmp cold_jump_at");
FUNCTION(cold_je, "xor %eax, %eax", "push %rbx");
COLD("js cold_je_at");
FUNCTION(cold_call, "xor %eax, %eax\n cold_call_mid: mov %rdi, %rax", "push %rbx");
COLD("call cold_call_mid");
FUNCTION(cold_behind, "xor %eax, %eax", "push %rbx\n cold_behind_mid:");
COLD("jmp cold_behind_mid");
FUNCTION(cold_entry, "xor %eax, %eax", "push %rbx");
COLD("jmp cold_entry");

/* The function before it ends in a short jump into it; or in one over it. */
#define NEIGHBOUR(name, jump_to)                                                                   \
	asm(".pushsection .text\n"                                                                 \
	    ".skip 192, 0x90\n test %rsi, %rsi\n jne " jump_to "\n ret\n" #name                    \
	    ":\n xor %eax, %eax\n" #name "_at:\n push %rbx\n" #name "_mid:\n ret\n" #name          \
	    "_end:\n .popsection\n");                                                              \
	extern const char name[], name##_at[], name##_end[]
NEIGHBOUR(near_into, "near_into_at");
NEIGHBOUR(near_behind, "near_behind_mid");

static void led_to(void **state)
{
	is_entry(AT(loop_to_it, 1), loop_to_it);
	is_entry(AT(loop_before_it, 1), loop_before_it);
	is_at(AT(loop_to_entry, 1), loop_to_entry_at, 0);
	is_at(AT(loop_behind_it, 1), loop_behind_it_at, 0);
	is_entry(AT(loops, 1), loops);
	is_entry(AT(on_rcx, 1), on_rcx);
	is_entry(AT(undecoded, 1), undecoded);
	is_entry(AT(cold_jump, 1), cold_jump);
	is_entry(AT(cold_je, 1), cold_je);
	is_entry(AT(cold_call, 1), cold_call);
	is_at(AT(cold_behind, 1), cold_behind_at, 0);
	is_at(AT(cold_entry, 1), cold_entry_at, 0);
	is_entry(AT(near_into, 1), near_into);
	is_at(AT(near_behind, 1), near_behind_at, 0);
}

/* As compilers write them for code that may be anywhere. */
#define SWITCH(name, target)                                                                       \
	FUNCTION(name, "xor %eax, %eax",                                                           \
		 "ja 1f\n lea " #name "_table(%rip), %rcx\n movslq (%rcx,%rdi,4), %rax\n"          \
		 "add %rcx, %rax\n jmp *%rax\n" #name "_case: nop\n 1:");                          \
	asm(".pushsection .rodata\n .p2align 2\n" #name "_table:\n"                                \
	    ".long " #name "_case - " #name "_table\n"                                             \
	    ".long " target " - " #name "_table\n .popsection\n")
SWITCH(switch_into, "switch_into_at");
SWITCH(switch_behind, "switch_behind_case");

static void by_table(void **state)
{
	is_entry(AT(switch_into, 1), switch_into);
	is_at(AT(switch_behind, 1), switch_behind_at, 0);
}

/* A program at a fixed address, of this assembler; it has to define malloc. */
static struct elf_file *assemble(const char *source)
{
	char path[] = "/tmp/brkscope-placement-XXXXXX", command[128];
	int fd = mkstemp(path);
	struct elf_file *f;
	FILE *as;

	assert_true(fd >= 0);
	snprintf(command, sizeof(command), "gcc -static -no-pie -nostdlib -x assembler - -o %s",
		 path);
	as = popen(command, "w");
	assert_non_null(as);
	fputs(source, as);
	assert_int_equal(pclose(as), 0);
	assert_int_equal(elf_file__open(path, &f), 0);
	unlink(path);
	close(fd);
	return f;
}

static bool is_moved(struct elf_file *f, const char *name)
{
	struct placement p;
	struct placement_request r = {elf_file__find(f, name), 1, false, &p};

	assert_non_null(r.fn);
	placement__find(f, &r, 1);
	return p.emulated;
}

/* And as they do where they know the table's address. */
static void by_address(void **state)
{
	struct elf_file *f = assemble(
		".globl _start\n.text\n_start:\n"
		".type malloc, @function\n.type calloc, @function\n"
		"malloc: xor %eax, %eax\n 1: je 2f\n jmp *table_1(,%rdi,8)\n"
		"2: ret\n .size malloc, . - malloc\n .skip 192, 0x90\n"
		"calloc: xor %eax, %eax\n je 2f\n jmp *table_2(,%rdi,8)\n"
		"2: ret\n .size calloc, . - calloc\n"
		".section .rodata\n table_1: .quad malloc + 7, malloc + 2, 0\n"
		"table_2: .quad calloc + 4, calloc + 7, 0\n");

	assert_false(is_moved(f, "malloc"));
	assert_true(is_moved(f, "calloc"));
	elf_file__close(f);
}

/* Code is read in pieces of 64 KiB; a branch may lie across two of them in any way. */
static void across_pieces(void **state)
{
	static char source[16384];
	size_t n = 0;
	struct elf_file *f;
	__u64 lo, hi;
	char name[8];

#define ADD(...) (n += snprintf(source + n, sizeof(source) - n, __VA_ARGS__))
	ADD(".globl _start\n.text\n_start: nop\n");
	ADD(".type malloc, @function\nmalloc: xor %%eax, %%eax\n push %%rbx\n ret\n"
	    ".size malloc, . - malloc\n");
	for (int i = 0; i < 14; i++)
		ADD(".type f%d, @function\n f%d: xor %%eax, %%eax\n push %%rbx\n ret\n"
		    ".size f%d, . - f%d\n .skip 192, 0x90\n",
		    i, i, i, i);
	/* 0f 85 in the even ones, e8 in the odd ones. */
	for (int i = 0; i < 14; i++)
		ADD(".org 65536 * %d - %d\n .byte %s\n .long f%d + 2 - (. + 4)\n", i + 1, i / 2,
		    i % 2 ? "0xe8" : "0x0f, 0x85", i);
	f = assemble(source);
	assert_true(elf_file__code(f, 0, &lo, &hi));
	assert_int_equal(lo, elf_file__find(f, "malloc")->addr - 1);
	assert_true(is_moved(f, "malloc"));
	for (int i = 0; i < 14; i++) {
		snprintf(name, sizeof(name), "f%d", i);
		assert_false(is_moved(f, name));
	}
	elf_file__close(f);
}

/* A name that libc has as well: the linker exports it, so that it is among the functions. */
FUNCTION(two_names, "xor %eax, %eax",
	 ".globl fgetpwent\n .type fgetpwent, @function\n fgetpwent: push %rbx");

static void second_function(void **state)
{
	assert_non_null(elf_file__find(self, "fgetpwent"));
	is_entry(AT(two_names, 1), two_names);
}

/* ---- the arguments ---- */

FUNCTION(copied, "mov %rdi, %rsi\n xor %edi, %edi", "push %rbx");
FUNCTION(copied_twice, "mov %rdi, %rax\n mov %rax, %r12\n xor %edi, %edi\n mov $1, %eax",
	 "push %rbx");
FUNCTION(copied_half, "mov %edi, %esi\n xor %edi, %edi", "push %rbx");
FUNCTION(copy_lost, "mov %rdi, %rbx\n mov %eax, %ebx\n xor %edi, %edi", "push %rbx");
FUNCTION(to_itself, "mov %rdi, %rdi", "push %rbx");
FUNCTION(swapped, "mov %rdi, %rax\n mov %rsi, %rdi\n mov %rax, %rsi\n xor %eax, %eax", "push %rbx");
FUNCTION(one_byte, "mov $1, %dil", "push %rbx");
FUNCTION(perhaps, "cmove %rax, %rdi", "push %rbx");
FUNCTION(from_memory, "mov 8(%rdi), %rdi", "push %rbx");
FUNCTION(set, "sete %sil", "push %rbx");
FUNCTION(compared, "cmp %rdi, %rsi\n test %rdi, %rdi\n bt %rdi, %rsi", "push %rdi");
FUNCTION(stored, "mov %rsi, (%rdi)", "push %rbx");
FUNCTION(multiplied, "mov %rdi, %rax\n mul %rsi", "push %rbx");
FUNCTION(to_vector, "movq %rdi, %xmm0", "push %rbx");
FUNCTION(from_vector, "movq %xmm0, %rdi", "push %rbx");

static void arguments(void **state)
{
	is_at(AT(copied, 1), copied_at, 0);
	assert_int_equal(AT(copied, 1).reg[0], PROBE_REG_SI);
	is_entry(AT(copied, 2), copied);
	is_at(AT(copied_twice, 1), copied_twice_at, 0);
	assert_int_equal(AT(copied_twice, 1).reg[0], PROBE_REG_R12);
	is_entry(AT(copied_half, 1), copied_half);
	is_entry(AT(copy_lost, 1), copy_lost);
	is_at(AT(copy_lost, 0), copy_lost_at, 0);
	is_at(AT(to_itself, 1), to_itself_at, 0);
	is_at(AT(swapped, 2), swapped_at, 0);
	assert_int_equal(AT(swapped, 2).reg[0], PROBE_REG_SI);
	assert_int_equal(AT(swapped, 2).reg[1], PROBE_REG_DI);
}

static void overwritten(void **state)
{
	is_entry(AT(one_byte, 1), one_byte);
	is_entry(AT(perhaps, 1), perhaps);
	is_entry(AT(from_memory, 1), from_memory);
	is_entry(AT(set, 2), set);
	is_at(AT(set, 1), set_at, 0);
	is_at(AT(compared, 2), compared_at, 0);
	is_at(AT(stored, 2), stored_at, 0);
	is_entry(AT(multiplied, 2), multiplied);
	is_at(AT(to_vector, 1), to_vector_at, 0);
	is_entry(AT(from_vector, 1), from_vector);
}

static void all_four(void **state)
{
	struct placement p = AT(je_at_3, 4);

	assert_int_equal(p.reg[0], PROBE_REG_DI);
	assert_int_equal(p.reg[1], PROBE_REG_SI);
	assert_int_equal(p.reg[2], PROBE_REG_DX);
	assert_int_equal(p.reg[3], PROBE_REG_CX);
}

/* ---- the return address ---- */

FUNCTION(taken, "sub $24, %rsp\n lea -8(%rsp), %rsp", "call exit");
FUNCTION(given_back, "sub $-128, %rsp\n add $-0x88, %rsp", "je exit");
FUNCTION(aligned, "and $-32, %rsp", "push %rbx");
FUNCTION(from_register, "sub %rax, %rsp", "push %rbx");
FUNCTION(below_entry, "add $8, %rsp", "push %rbx");
FUNCTION(half_push, "", ".byte 0x66\n push %rbx\n push %rbx");
FUNCTION(frame_pointer, "lea -16(%rsp), %rbp", "push %rbp");

static void frame(void **state)
{
	is_at(AT(taken, 1), taken_at, 32);
	is_entry(find(taken, taken_end, 1, true), taken);
	is_entry(AT(given_back, 1), given_back); /* less than nothing, in between */
	is_entry(AT(aligned, 1), aligned);
	is_entry(AT(from_register, 1), from_register);
	is_entry(AT(below_entry, 1), below_entry);
	is_entry(AT(half_push, 1), half_push);
	is_at(AT(frame_pointer, 1), frame_pointer_at, 0);
	is_at(find(je_at_3, je_at_3_end, 1, true), je_at_3_at, 0);
}

/* ---- several at a time ---- */

FUNCTION(half_lost, "xor %esi, %esi\n 1:", "push %rbx\n dec %edi\n jne 1b");

/* ---- nops ---- */

FUNCTION(nop4, "xor %eax, %eax", ".byte 0x0f, 0x1f, 0x40, 0\n push %rbx");
FUNCTION(nop5, "xor %eax, %eax\n" NOP5, "push %rbx");
FUNCTION(nop5_behind, "push %rbx", NOP5);
asm(".pushsection .text\n .p2align 12\n .skip 4092, 0x90\n across_pages: xor %eax, %eax\n"
    "across_pages_at:\n" NOP5 "push %rbx\n ret\n across_pages_end:\n .popsection\n");
extern const char across_pages[], across_pages_at[], across_pages_end[];

static void long_nops(void **state)
{
	bool emulates = features__kernel_has(6, 16), calls = features__kernel_has(6, 18);

	is_at(AT(nop4, 1), emulates ? nop4_at : nop4_at + 4, 0);
	is_at(AT(nop5, 1), emulates && !calls ? nop5 + 2 : nop5_at, 0);
	is_at(AT(nop5_behind, 1), nop5_behind, 0);
	/* It is not written over at once, so it stays. */
	is_at(AT(across_pages, 1), emulates ? across_pages_at : across_pages_at + 5, 0);
}

/*
 * As they are at the beginning of functions for a tracer that patches them.  What is any of
 * Linux 6.18's or 6.19's nops of 5 bytes, or might be.
 */
#define AFTER(name, nop) FUNCTION(name, nop, "push %rbx")
AFTER(at_entry, NOP5);
AFTER(other_address, ".byte 0x0f, 0x1f, 0x44, 0x00, 0x08");
AFTER(no_index, ".byte 0x3e, 0x0f, 0x1f, 0x40, 0x00");
AFTER(wide, ".byte 0x48, 0x0f, 0x1f, 0x40, 0x00");
AFTER(four_prefixes, ".byte 0x66, 0x66, 0x66, 0x66, 0x90");
AFTER(lea_itself, ".byte 0x48, 0x8d, 0x74, 0x26, 0x00");
AFTER(mov_itself, ".byte 0x66, 0x66, 0x48, 0x89, 0xff");
AFTER(two, NOP5 NOP5);
AFTER(behind_endbr, "endbr64\n" NOP5);
/* Those are other instructions, and not entries that are left. */
AFTER(lea_elsewhere, ".byte 0x48, 0x8d, 0x74, 0x26, 0x08");
AFTER(mov_number, "mov $0, %eax");
AFTER(five_nops, "nop\n nop\n nop\n nop\n nop");
AFTER(nop_of_6, ".byte 0x66, 0x0f, 0x1f, 0x44, 0x00, 0x00");

static void harmful_entry(void **state)
{
	bool emulates = features__kernel_has(6, 16), calls = features__kernel_has(6, 18);
	static const struct {
		const char *code, *at, *end;
	} after[] = {
#define CODE(name) {name, name##_at, name##_end}
		CODE(at_entry), CODE(other_address), CODE(no_index),   CODE(wide),
		CODE(two),	CODE(four_prefixes), CODE(lea_itself), CODE(mov_itself),
#undef CODE
	};

	for (size_t i = 0; calls && i < sizeof(after) / sizeof(*after); i++) {
		is_at(find(after[i].code, after[i].end, 1, false), after[i].at, 0);
		is_at(find(after[i].code, after[i].end, 1, true), after[i].at, 0);
	}
	is_at(AT(behind_endbr, 1), emulates && !calls ? behind_endbr + 4 : behind_endbr_at, 0);
	is_at(AT(lea_elsewhere, 1), lea_elsewhere_at, 0);
	is_at(AT(mov_number, 1), mov_number_at, 0);
	is_at(AT(five_nops, 1), five_nops, 0);
	is_at(AT(nop_of_6, 1), emulates ? nop_of_6 : nop_of_6_at, 0);
}

/* What follows is stepped, and taken all the same. */
static void then_stepped(void **state)
{
	struct elf_file *f = assemble(".globl _start\n.text\n_start:\n"
				      ".type malloc, @function\n.type calloc, @function\n"
				      "malloc: " NOP5 "mov %rdi, %rax\n mov %rdx, %rdi\n ret\n"
				      ".size malloc, . - malloc\n .skip 192, 0x90\n"
				      "calloc: " NOP5 "ret\n .size calloc, . - calloc\n");
	static const char *const names[] = {"malloc", "calloc"},
				 *insns[] = {"movq %rdi, %rax", "retq"};
	bool calls = features__kernel_has(6, 18), emulates = features__kernel_has(6, 16);

	for (int i = 0; i < 2; i++) {
		struct placement p;
		struct placement_request r = {elf_file__find(f, names[i]), 1, i, &p};
		__u64 entry;

		assert_true(elf_file__offset(f, r.fn->addr, &entry));
		placement__find(f, &r, 1);
		assert_int_equal(p.off, entry + (calls ? 5 : 0));
		assert_int_equal(p.emulated, emulates && !calls);
		assert_int_equal(p.reg[0], PROBE_REG_DI);
		assert_false(p.none);
		if (calls)
			assert_string_equal(p.insn, insns[i]);
	}
	elf_file__close(f);
}

/* Or it cannot be taken. */
FUNCTION(then_loop, NOP5 "1:", "dec %edi\n jne 1b");
FUNCTION(then_undecoded, NOP5, ".byte 0x06");
FUNCTION(jump_over, ".byte 0xe9, 0, 0, 0, 0", "push %rbx");

static void is_none(struct placement p, const char *code)
{
	assert_true(p.none);
	assert_false(p.emulated);
	assert_int_equal(p.off, offset_of(code));
}

static void harmful(void **state)
{
	if (!features__kernel_has(6, 18))
		skip();
	is_none(AT(then_loop, 1), then_loop);
	is_none(AT(then_undecoded, 1), then_undecoded);
	is_none(AT(jump_over, 1), jump_over);
	is_none(find(at_entry, at_entry + 5, 1, false), at_entry);
}

/* What a program's author has put there for tracers, as sys/sdt.h writes it down. */
#define SITE(name, code)                                                                           \
	asm(".pushsection .text\n" name "_site: " code "\n ret\n .popsection\n"                    \
	    ".pushsection .note.stapsdt, \"\", @note\n .balign 4\n"                                \
	    ".4byte 8, 2f - 1f, 3\n .asciz \"stapsdt\"\n 1: .8byte " name "_site, 0, 0\n"          \
	    ".asciz \"placement\"\n .asciz \"" name "\"\n .asciz \"8@%rdi\"\n 2: .balign 4\n"      \
	    ".popsection\n")
SITE("small", "nop");
SITE("large", NOP5);

static void sites(void **state)
{
	struct usdt_site site;

	assert_int_equal(usdt__find(self, "placement", "small", &site, 1), 1);
	assert_int_equal(site.args, 1);
	assert_int_equal(usdt__find(self, "placement", "large", &site, 1),
			 !features__kernel_has(6, 18));
}

/* One that needs no look at what leads there, and the same one that does. */
static void asked_twice(void **state)
{
	struct elf_function fn = {.addr = (uintptr_t)half_lost - self_base,
				  .size = half_lost_end - half_lost};
	struct placement p[3];
	struct placement_request r[] = {
		{&fn, 2, false, &p[0]}, {&fn, 1, false, &p[1]}, {&fn, 2, false, &p[2]}};

	placement__find(self, r, 3);
	is_entry(p[0], half_lost);
	is_entry(p[1], half_lost);
	is_entry(p[2], half_lost);
}

/* Each with its own windows, whatever order they come in. */
static void several(void **state)
{
	struct elf_function fn[3] = {
		{.addr = (uintptr_t)loop_to_it - self_base, .size = loop_to_it_end - loop_to_it},
		{.addr = (uintptr_t)je_at_3 - self_base, .size = je_at_3_end - je_at_3},
		{.addr = (uintptr_t)cold_je - self_base, .size = cold_je_end - cold_je},
	};
	struct placement p[3];
	struct placement_request r[] = {
		{&fn[0], 1, false, &p[0]}, {&fn[1], 1, false, &p[1]}, {&fn[2], 1, false, &p[2]}};

	placement__find(self, r, 3);
	is_entry(p[0], loop_to_it);
	is_at(p[1], je_at_3_at, 0);
	is_entry(p[2], cold_je);
}

/* ---- of other files, for tests/tools/placement.sh and tests/bpf/placement.sh ---- */

static void print(const char *name, const struct placement_request *r, __u64 entry)
{
	static const char *const registers[] = {
		[PROBE_REG_R15] = "r15", [PROBE_REG_R14] = "r14", [PROBE_REG_R13] = "r13",
		[PROBE_REG_R12] = "r12", [PROBE_REG_BP] = "rbp",  [PROBE_REG_BX] = "rbx",
		[PROBE_REG_R11] = "r11", [PROBE_REG_R10] = "r10", [PROBE_REG_R9] = "r9",
		[PROBE_REG_R8] = "r8",	 [PROBE_REG_AX] = "rax",  [PROBE_REG_CX] = "rcx",
		[PROBE_REG_DX] = "rdx",	 [PROBE_REG_SI] = "rsi",  [PROBE_REG_DI] = "rdi",
	};
	const struct placement *p = r->out;

	printf("%s %llx %llx %llx %llx %u %s %s ", name, r->fn->addr, r->fn->addr + p->off - entry,
	       entry, p->off, p->frame,
	       p->none	     ? "none"
	       : p->emulated ? "emulated"
			     : "stepped",
	       r->return_in_place ? "in_place" : "anywhere");
	for (unsigned int i = 0; i < r->args; i++)
		printf("%s,", registers[p->reg[i]]);
	printf("%s %s\n", r->args ? "" : ",", p->insn);
}

static int dump(const char *path)
{
	static const char *const more[] = {"free",   "cfree",	"sdallocx", "dallocx",
					   "_ZdlPv", "_ZdlPvm", "mi_free",  "malloc_usable_size"};
	const size_t n_more = sizeof(more) / sizeof(*more);
	struct elf_file *f;
	__u64 entry;

	if (elf_file__open(path, &f))
		return 1;
	for (size_t i = 0; i < ALLOC_ENTRIES + n_more; i++) {
		const struct alloc_entry *e = i < ALLOC_ENTRIES ? &alloc_entries[i] : NULL;
		const char *name = e ? e->symbol : more[i - ALLOC_ENTRIES];
		const struct elf_function *fn = elf_file__find(f, name);
		unsigned int args = !e				 ? 1
				    : e->size_arg > e->count_arg ? e->size_arg
								 : e->count_arg;
		struct placement p[2];
		struct placement_request r[] = {{fn, args, false, &p[0]}, {fn, args, true, &p[1]}};

		if (!fn || !elf_file__offset(f, fn->addr, &entry))
			continue;
		placement__find(f, r, 2);
		print(name, &r[0], entry);
		print(name, &r[1], entry);
	}
	elf_file__close(f);
	return 0;
}

int main(int argc, char **argv)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(emulated),	   cmocka_unit_test(that_write_nothing),
		cmocka_unit_test(stepped),	   cmocka_unit_test(straight_line),
		cmocka_unit_test(led_to),	   cmocka_unit_test(by_table),
		cmocka_unit_test(by_address),	   cmocka_unit_test(across_pieces),
		cmocka_unit_test(second_function), cmocka_unit_test(arguments),
		cmocka_unit_test(overwritten),	   cmocka_unit_test(all_four),
		cmocka_unit_test(frame),	   cmocka_unit_test(long_nops),
		cmocka_unit_test(harmful_entry),   cmocka_unit_test(then_stepped),
		cmocka_unit_test(harmful),	   cmocka_unit_test(sites),
		cmocka_unit_test(several),	   cmocka_unit_test(asked_twice),
	};

	if (argc > 1)
		return dump(argv[1]);
	return cmocka_run_group_tests(tests, open_self, close_self);
}
#else
static void only_on_x86(void **state)
{
	skip();
}

int main(void)
{
	const struct CMUnitTest tests[] = {cmocka_unit_test(only_on_x86)};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
#endif
