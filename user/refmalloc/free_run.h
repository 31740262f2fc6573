/*
 * free_run.h - free runs of pages, in the bins of the page heap that they came from.
 *
 * The page heap's lock is held.
 */
#ifndef REFMALLOC_FREE_RUN_H
#define REFMALLOC_FREE_RUN_H

#include "pages.h"

void free_run__place(struct span *s, struct segment *g, char *base, size_t pages);
/* A part of a free run: which of its pages had memory is known only where none ever was used. */
void free_run__part(struct span *part, const struct span *run, char *base, size_t pages);
/* Of pages from base on, how many were ever used. */
size_t free_run__used(const struct segment *g, const char *base, size_t pages);

/* Joins it with what is free on either side. */
void free_run__add(struct span *s);
/* There is nothing free beside it. */
void free_run__add_alone(struct span *s);
/* It is not free any more. */
void free_run__remove(struct span *s);
/* The free run that the page at p is at the edge of, if it is of this segment; or NULL. */
struct span *free_run__at(const struct segment *g, const char *p);

#endif
