/*
 * say.h - the way from a workload to the agent, for those who set it up.
 */
#ifndef BRKSCOPE_SELFTEST_SAY_H
#define BRKSCOPE_SELFTEST_SAY_H

#include <sys/types.h>

/* The exit status of a workload that has said itself what went wrong, or could not say it. */
#define SAY_STATUS 9

void say__open(int fd, const char *name);
const char *say__name(void);
int say__fd(void);
void say__failed(const char *name, pid_t pid, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

#endif
