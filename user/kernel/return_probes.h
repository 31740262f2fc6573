/*
 * return_probes.h - what a return probe would do to a process here, beside telling of the return.
 */
#ifndef BRKSCOPE_RETURN_PROBES_H
#define BRKSCOPE_RETURN_PROBES_H

#include <stdbool.h>

/*
 * Does it kill a process that filters its system calls?  On x86 a function with a return
 * probe ends in a system call of the kernel's own since Linux 6.11 (ff474a78cef5 "uprobe: Add
 * uretprobe syscall to speed up return probe"), which no filter knows; filters have been
 * spared it since cf6cb56ef244 ("seccomp: passthrough uretprobe systemcall without
 * filtering", Linux 6.14 and stable kernels of February 2025).  True where it cannot be told, as
 * under a filter on a kernel that has no such call, or may have it and heeds the filter.
 */
bool return_probes__kill_filtered(void);

/*
 * Does it end a process that has a shadow stack, where the new return address is not?
 * Linux had these for programs in 6.6, and return probes knew of them in 6.11
 * (1713b63a07a2 "x86/shstk: Make return uprobe work with shadow stack").
 */
bool return_probes__break_shadow_stacks(void);

#endif
