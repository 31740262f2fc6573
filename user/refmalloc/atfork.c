/*
 * atfork.c - hears of others' handlers for fork before they are registered, so that fork.c's come
 * first.  In the shared library only: a static program has its libc's function.
 *
 * pthread_atfork() is a part of each program and library (libc_nonshared.a), and calls this by
 * name.
 */
#include <dlfcn.h>
#include <errno.h>

#include "fork.h"
#include "public.h"

typedef int register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
			    void *object);

const char fork_told_of_others;

/* glibc's, since 2.3.2. */
PUBLIC register_atfork __register_atfork;

PUBLIC int __register_atfork(void (*prepare)(void), void (*parent)(void), void (*child)(void),
			     void *object)
{
	register_atfork *libc = (register_atfork *)dlsym(RTLD_NEXT, "__register_atfork");

	fork__watch();
	return libc ? libc(prepare, parent, child, object) : ENOMEM;
}
