/*
 * output.c - where a command writes to: stdout, or the file of -o.
 */
#include "output.h"

#include <errno.h>
#include <poll.h>
#include <string.h>

#include "log.h"

int output__open(struct output *out, const char *path)
{
	int err;

	out->file = stdout;
	out->name = "standard output";
	if (!path)
		return 0;
	out->name = path;
	out->file = fopen(path, "we");
	if (out->file)
		return 0;
	err = -errno;
	log__error("%s: cannot be written: %s", path, strerror(-err));
	return err;
}

bool output__good(const struct output *out)
{
	return !ferror(out->file);
}

/* The pipe's reader has closed it: stdio does not tell which write it was that failed. */
static bool reader_has_gone(const struct output *out)
{
	struct pollfd p = {.fd = fileno(out->file)};

	return poll(&p, 1, 0) == 1 && p.revents & POLLERR;
}

int output__close(struct output *out)
{
	int err = 0;

	errno = 0;
	if (fflush(out->file) || ferror(out->file))
		err = reader_has_gone(out) ? -EPIPE : errno ? -errno : -EIO;
	if (out->file != stdout && fclose(out->file) && !err)
		err = -errno;
	out->file = NULL;
	if (err == -EPIPE)
		return 0;
	if (err)
		log__error("writing to %s: %s", out->name, strerror(-err));
	return err;
}
