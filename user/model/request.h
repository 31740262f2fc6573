/*
 * request.h - what a call of the malloc family asks for.
 */
#ifndef BRKSCOPE_REQUEST_H
#define BRKSCOPE_REQUEST_H

#include <stdbool.h>

#include <linux/types.h>

struct request {
	__u8 fn;	 /* enum alloc_fn */
	bool impossible; /* it overflows, or exceeds PTRDIFF_MAX: size is 0 */
	__u64 size;	 /* bytes */
	__u64 block;	 /* the address of the block to be resized; 0: none */
};

#endif
