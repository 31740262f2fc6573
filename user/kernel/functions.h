/*
 * functions.h - do the programs on the kernel's functions hear of what passes these?
 */
#ifndef BRKSCOPE_FUNCTIONS_H
#define BRKSCOPE_FUNCTIONS_H

#include <stdbool.h>

#include "brkscope/told.h"

#if defined(__aarch64__)
#define SYSCALL_FUNCTION "__arm64_sys_"
#else
#define SYSCALL_FUNCTION "__x64_sys_"
#endif

/*
 * Tried: by calls that come to nothing, and by a process, which takes a millisecond or two.  told
 * is what the programs write.  The function that is not told of; NULL: all are that could be tried.
 */
const char *functions__untold(const volatile bool told[TOLD_END]);

#endif
