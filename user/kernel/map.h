/*
 * map.h - a BPF map's elements, read and written.
 *
 * While one is, the kernel runs no program on a function of its own on that CPU (bpf_prog_active),
 * whoever's: preempted in the middle, others' calls would be lost.  So where programs are on
 * functions the thread cannot be preempted, if it may be made so: for a moment it is a real-time
 * one.
 */
#ifndef BRKSCOPE_MAP_H
#define BRKSCOPE_MAP_H

#include <stdbool.h>

#include <linux/types.h>

void map__set_steady(bool steady);
/* As bpf_map_lookup_elem and so on. */
int map__lookup(int fd, const void *key, void *value);
int map__update(int fd, const void *key, const void *value, __u64 flags);
int map__delete(int fd, const void *key);

#endif
