/*
 * told.h - which calls of the kernel's functions the programs on them have been run for.
 */
#ifndef BRKSCOPE_TOLD_H
#define BRKSCOPE_TOLD_H

#include "brkscope/event.h"

/* An element each. */
#define TOLD_CALL(type)	  (type)
#define TOLD_RETURN(type) (EVENT_TYPE_END + (type)) /* of a system call */
#define TOLD_WILL_EXEC	  (2 * EVENT_TYPE_END)
#define TOLD_END	  (2 * EVENT_TYPE_END + 1)

#endif
