/*
 * course_functions.h - functions, in assembler, that have a course, and that just have none.
 *
 * They are never called.
 */
#ifndef COURSE_FUNCTIONS_H
#define COURSE_FUNCTIONS_H

/* With its place in the table that exceptions are unwound by: of exactly this code. */
#define FUNCTION(name, code)                                                                       \
	asm(".pushsection .text\n.p2align 6\n" #name ":\n.cfi_startproc\n" code                    \
	    "\n.cfi_endproc\n" #name "_end:\n.popsection\n");                                      \
	extern const char name[], name##_end[]
#define PLACE(name) #name ":\n" /* in it, to be compared with */
#define PLACES(...) extern const char __VA_ARGS__[]

/* An instruction a line. */
/* clang-format off */
/* A block from a list, or, without one, from a function. */
#define TAKE                                                                                       \
	"push %rbx\n"                                                                              \
	"mov %rdi, %rbx\n"                                                                         \
	"mov 64(%rip), %rax\n"                                                                     \
	"test %rax, %rax\n"                                                                        \
	"je 1f\n"
#define QUICK(before_return)                                                                       \
	"test $15, %al\n"                                                                          \
	"jne 2f\n"                                                                                 \
	before_return                                                                              \
	"pop %rbx\n"                                                                               \
	"ret\n"
#define SLOW                                                                                       \
	".p2align 4\n"                                                                             \
	"1: call returning\n"                                                                      \
	"test $15, %al\n"                                                                          \
	"jne 2f\n"                                                                                 \
	"pop %rbx\n"                                                                               \
	"ret\n"
#define WRONG                                                                                      \
	".p2align 4\n"                                                                             \
	"2: call never\n"

/* It has a return, and no call of it says that there is none. */
FUNCTION(returning,
	"mov %rdi, %rax\n"
	"ret\n");
FUNCTION(never,
	"1: call returning\n"
	"jmp 1b\n");
/* By a jump. */
FUNCTION(returning_elsewhere,
	"test %rdi, %rdi\n"
	"je returning\n"
	"1: jmp 1b\n");
/* It returns or not, and in the second function does not. */
FUNCTION(fickle,
	"test %rdi, %rdi\n"
	"je never\n"
	"ret\n");
FUNCTION(ends_by_fickle,
	"xor %edi, %edi\n"
	"call fickle\n");

FUNCTION(quick,
	TAKE
	"mov (%rax), %rdx\n"
	"test $15, %al\n"
	PLACE(quick_ends)
	"jne 2f\n"
	"pop %rbx\n"
	"ret\n"
	".p2align 4\n"
	"1: mov %rbx, %rdi\n"
	PLACE(quick_begins)
	"call returning\n"
	"test $15, %al\n"
	PLACE(quick_ends_late)
	"jne 2f\n"
	"pop %rbx\n"
	"ret\n"
	WRONG);
PLACES(quick_ends);
PLACES(quick_begins);
PLACES(quick_ends_late);

/* The request is not known any more where the slow way ends: it is at its beginning. */
FUNCTION(forgets,
	TAKE
	QUICK("")
	".p2align 4\n"
	"1: mov %rbx, %rdi\n"
	"xor %ebx, %ebx\n"
	PLACE(forgets_begins)
	"call returning\n"
	"test $15, %al\n"
	PLACE(forgets_ends_late)
	"jne 2f\n"
	"pop %rbx\n"
	"ret\n"
	WRONG);
PLACES(forgets_begins);
PLACES(forgets_ends_late);

/* It has failed: no register says that yet. */
FUNCTION(fails,
	TAKE
	QUICK("")
	".p2align 4\n"
	"1: call returning\n"
	"test %rax, %rax\n"
	"je 3f\n"
	"test $15, %al\n"
	"jne 2f\n"
	"pop %rbx\n"
	"ret\n"
	".p2align 4\n"
	"3:\n"
	PLACE(fails_ends)
	"xor %eax, %eax\n"
	"pop %rbx\n"
	"ret\n"
	WRONG);
PLACES(fails_ends);

/* A loop before it, in which the result is not known, and one behind it: its station is passed once. */
FUNCTION(once,
	TAKE
	"4: dec %rcx\n"
	"jne 4b\n"
	"test $15, %al\n"
	"jne 2f\n"
	"5: dec %rdx\n"
	"jne 5b\n"
	"pop %rbx\n"
	"ret\n"
	SLOW WRONG);

/* What is called where nothing good is left never returns: by the instruction behind the call. */
FUNCTION(stops,
	TAKE QUICK("") SLOW
	"2: call returning\n"
	"hlt\n");
/* By where it is called elsewhere, and what stands behind this call is only jumped to. */
#define TO_LINE(callee, at_line)                                                                   \
	TAKE                                                                                       \
	"test $15, %al\n"                                                                          \
	"jne 2f\n"                                                                                 \
	"jnp 3f\n"                                                                                 \
	"pop %rbx\n"                                                                               \
	"ret\n"                                                                                    \
	SLOW                                                                                       \
	"2: call " callee "\n"                                                                     \
	".p2align 4\n"                                                                             \
	"nop\n"                                                                                    \
	".p2align 4\n"                                                                             \
	"3: " at_line                                                                              \
	"pop %rbx\n"                                                                               \
	"ret\n"
FUNCTION(jumped_to, TO_LINE("fickle", ""));

/* Each of these is one of those above with one thing else. */
FUNCTION(changed, TAKE QUICK("add $16, %rax\n") SLOW WRONG);
FUNCTION(halved, TAKE QUICK("mov %eax, %eax\n") SLOW WRONG);
FUNCTION(takes_more, TAKE QUICK("push %rdx\n") SLOW WRONG);
FUNCTION(unknown, TAKE QUICK("cpuid\n") SLOW WRONG);
/* xchg %rsp, %rdx, and of the other order */
FUNCTION(moves_stack, TAKE QUICK(".byte 0x48, 0x87, 0xe2\n") SLOW WRONG);
FUNCTION(moves_it_too, TAKE QUICK(".byte 0x48, 0x87, 0xd4\n") SLOW WRONG);
FUNCTION(uneven, TAKE "jnp 3f\npush %rdx\n3:" QUICK("") SLOW WRONG);
FUNCTION(by_table, TAKE QUICK("") ".p2align 4\n1: jmp *%rdx\n" WRONG);
FUNCTION(overlapping, TAKE QUICK("") ".p2align 4\n1: jmp 3f + 1\n3: .byte 0xb8, 0x90, 0x90, 0xeb, 0xf8\n jmp 3b\n" WRONG);
/* Without a jump on the short way: it would have to be stepped. */
FUNCTION(stepped, TAKE "mov (%rax), %rdx\npop %rbx\nret\n" SLOW WRONG);
/* The only jump from which on the result is known is passed any number of times. */
FUNCTION(only_in_loop, TAKE "4: dec %rcx\njne 4b\npop %rbx\nret\n" SLOW WRONG);
/* What is called there returns, into code that brings another result. */
FUNCTION(returns, TAKE QUICK("") SLOW "2: call returning\npop %rbx\nret\n");
FUNCTION(returns_by_jump, TAKE QUICK("") SLOW "2: call returning_elsewhere\npop %rbx\nret\n");
FUNCTION(returns_to_line, TO_LINE("returning", ""));
/* Or it may: what stands at the line is a loop's beginning, from behind it too. */
FUNCTION(returns_to_loop, TO_LINE("fickle", "dec %rdx\njne 3b\n"));
/* The only way without a call is one that fails. */
FUNCTION(only_fails, TAKE "call returning\nxor %eax, %eax\npop %rbx\nret\n" SLOW WRONG);
/* Half of the request is not it. */
FUNCTION(half_request,
	"push %rbx\n"
	"mov %edi, %ebx\n"
	"xor %edi, %edi\n"
	"mov 64(%rip), %rax\n"
	"test %rax, %rax\n"
	"je 1f\n"
	QUICK("") SLOW WRONG);
/* What others may share is no place for a station. */
FUNCTION(outside, TAKE "jmp shared\n" SLOW WRONG);
FUNCTION(shared, QUICK("") WRONG);
/* clang-format on */

#endif
