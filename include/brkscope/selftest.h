/*
 * selftest.h - what the self-test's workloads and the agent that watches them agree on.
 *
 * The program runs itself, under itself: `brkscope selftest-workload drive FD PID [NAME...]`
 * runs the workloads one after another, each in a fresh process of
 * `brkscope selftest-workload run FD NAME`.  What a workload knows of itself it
 * says in text, to the file FD, in blocks of one write each:
 *
 *	process LABEL PID PARENT
 *	expect QUANTITY VALUE
 *	want QUANTITY VALUE
 *	skip REASON
 *	failed REASON
 *	end
 *
 * PARENT is 0, or, of a child by fork or vfork, the process whose mappings it
 * inherited.  QUANTITY is as user/quantity.h has it.  want: only
 * of an allocator that is probed.  skip: the workload has
 * nothing to expect here.  failed: it could not do what it was to do.
 */
#ifndef BRKSCOPE_SELFTEST_H
#define BRKSCOPE_SELFTEST_H

#define SELFTEST_ENTRY "selftest-workload"

/*
 * A munmap that the kernel refuses, for its address is in no page's beginning:
 * what a process did before this call (its loader's work) is not compared.
 */
#define SELFTEST_MARK_ADDRESS 0x5e1f7e57001ul
#define SELFTEST_MARK_LENGTH  0x5e1f7000ul

#define SELFTEST_LABEL_MAX  24
#define SELFTEST_REASON_MAX 120

#endif
