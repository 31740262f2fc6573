/*
 * log.h - what the agent says about itself, on stderr.
 *
 * An error is one line: what failed, the value, why, and the remedy.
 */
#ifndef BRKSCOPE_LOG_H
#define BRKSCOPE_LOG_H

#include <stdbool.h>

void log__set_verbose(bool verbose);
bool log__verbose(void);

/* Does stderr take anything?  What is written to one that does not would wait for its reader. */
bool log__is_read(void);

/* "brkscope: ..." and a newline. */
void log__error(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* A remark that changes no number: printed always, as above. */
void log__note(const char *fmt, ...) __attribute__((format(printf, 1, 2)));
/* Only with -v. */
void log__debug(const char *fmt, ...) __attribute__((format(printf, 1, 2)));

#endif
