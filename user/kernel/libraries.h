/*
 * libraries.h - the files of code that a command will map, before it runs.
 */
#ifndef BRKSCOPE_LIBRARIES_H
#define BRKSCOPE_LIBRARIES_H

/*
 * The program, looked up as execvp does, its loader, and the libraries that this
 * loader says it would map, preloaded ones included.  Scripts lead to their
 * interpreter, and `env NAME=VALUE...` to what it runs.  What cannot be told is
 * left out.  The command itself is not run.
 */
void libraries__of_command(char *const argv[], void (*visit)(const char *path, void *arg),
			   void *arg);
/* Allocators, by the names that they are known by, where libraries are installed. */
void libraries__allocators(void (*visit)(const char *path, void *arg), void *arg);

#endif
