/*
 * cmd_resident.h - how much of what each process has, by cause, is in memory.
 */
#ifndef BRKSCOPE_CMD_RESIDENT_H
#define BRKSCOPE_CMD_RESIDENT_H

#include "cmd_collector.h"

/*
 * Into the stats of every process that lives.  The kernel walks all their page
 * tables for it: at the end of a report, not every second.
 */
void resident__read(struct collector *c);

#endif
