/*
 * output.c - where a command writes to: stdout, or the file of -o.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

#include "log.h"

static ssize_t write_out(void *cookie, const char *buf, size_t size)
{
	struct output *out = cookie;
	ssize_t n;

	do
		n = write(out->fd, buf, size);
	while (n < 0 && errno == EINTR);
	if (n >= 0)
		return n;
	if (!out->err)
		out->err = -errno;
	return 0; /* what stdio takes for an error */
}

static int close_out(void *cookie)
{
	struct output *out = cookie;

	/* The last word of some file systems on whether it was written. */
	if (out->fd != STDOUT_FILENO && close(out->fd) && !out->err)
		out->err = -errno;
	return 0;
}

int output__open(struct output *out, const char *path)
{
	const cookie_io_functions_t io = {.write = write_out, .close = close_out};

	*out = (struct output){.fd = STDOUT_FILENO, .name = "standard output"};
	if (path) {
		out->name = path;
		out->fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	}
	if (out->fd < 0) {
		out->err = -errno;
		log__error("%s: cannot be written: %s", path, strerror(-out->err));
		return out->err;
	}
	out->file = fopencookie(out, "w", io);
	if (out->file)
		return 0;
	out->err = -errno;
	close_out(out);
	return out->err;
}

void output__truncate(struct output *out)
{
	/* What cannot be cut (a pipe, a device) has nothing old in it. */
	if (out->fd != STDOUT_FILENO && ftruncate(out->fd, 0))
		log__debug("%s: %s", out->name, strerror(errno));
}

bool output__good(const struct output *out)
{
	return !out->err;
}

int output__close(struct output *out)
{
	fclose(out->file);
	out->file = NULL;
	if (out->err == -EPIPE)
		return 0;
	if (out->err)
		log__error("writing to %s: %s", out->name, strerror(-out->err));
	return out->err;
}
