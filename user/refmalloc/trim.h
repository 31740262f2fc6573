/*
 * trim.h - free pages go back to the kernel. Under the page heap's lock.
 */
#ifndef REFMALLOC_TRIM_H
#define REFMALLOC_TRIM_H

#include <stdbool.h>
#include <stddef.h>

struct page_heap;

/* After each free of pages: if enough lies free to be worth a system call. */
void trim__after_free(struct page_heap *h);
/* Memory is used that never was, or not lately: what lies free elsewhere goes first. */
void trim__before_touching(struct page_heap *h);
/* A thread that used it has ended, and nobody may want its pages for long. */
void trim__at_thread_end(struct page_heap *h);
/* The heap grows, or into pages that it gave back: if it was trimmed, that was for nothing. */
void trim__growing(struct page_heap *h);
/* All that is free but `pad` bytes at the top, and the insides. Was there any? */
bool trim__all(struct page_heap *h, size_t pad);

#endif
