/*
 * file.bpf.h - has the agent looked at this file?
 */
#ifndef FILE_BPF_H
#define FILE_BPF_H

#include "inode.bpf.h"
#include "maps.bpf.h"

static __always_inline bool file_is_known(__u64 ino, __u32 dev)
{
	struct site file = {.ino = ino, .dev = dev};

	return bpf_map_lookup_elem(&known_files, &file);
}

#endif
