/*
 * where.h - which places in malloc's family have a probe, as their process sees it.
 */
#ifndef BENCH_WHERE_H
#define BENCH_WHERE_H

/* A line on stdout behind "= ", as others may talk there too; nothing is allocated. */
void say(const char *format, ...) __attribute__((format(printf, 1, 2)));

/* "FILE malloc+0=OFFSET free+3=OFFSET": OFFSET is in the file. */
void say_where(void);
void say_malloc(void); /* the file whose malloc this process calls */

#endif
