/*
 * map_flags.h - the flag words of the memory system calls, by the names strace gives them.
 */
#ifndef BRKSCOPE_RENDER_MAP_FLAGS_H
#define BRKSCOPE_RENDER_MAP_FLAGS_H

#include <linux/types.h>

#define MAP_FLAGS_SIZE 384 /* room for every name at once */

/* Each returns out. Bits without a name are at the end, in hex. */
char *map_flags__prot(char out[MAP_FLAGS_SIZE], __u32 prot);
char *map_flags__mmap(char out[MAP_FLAGS_SIZE], __u32 flags);
char *map_flags__mremap(char out[MAP_FLAGS_SIZE], __u32 flags);

#endif
