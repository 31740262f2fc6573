/*
 * command.h - the command behind `--`: started, held until everything is attached, let go.
 */
#ifndef BRKSCOPE_COMMAND_H
#define BRKSCOPE_COMMAND_H

#include <stdbool.h>
#include <sys/types.h>

struct command;

/* Forks; the child waits before its exec.  0 or -errno with the error said. */
int command__hold(struct command **out, char *const argv[]);
pid_t command__pid(const struct command *c);
/* Lets it exec.  -errno with the error said when that fails. */
int command__go(struct command *c);
/* Has it ended?  *status is then what a shell's $? would be.  wait: until it has. */
bool command__ended(struct command *c, bool wait, int *status);
void command__signal(struct command *c, int sig);
void command__free(struct command *c); /* NULL is allowed; one that was never let go ends */

#endif
