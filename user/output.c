/*
 * output.c - where a command writes to: stdout, or the file of -o.
 */
#include "output.h"

#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <poll.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <sys/signalfd.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/sysmacros.h>
#include <unistd.h>

#include "clock.h"
#include "log.h"

#define WAITING_MOST (1 << 20) /* bytes, of those who ask whether there is room */
#define PATIENCE_NS  250000000ull
#define HURRY_NS     1000000000ull
#define NS_PER_MS    1000000
#define RETRY_MS     10 /* where a terminal says that it has room, and takes nothing */

#define OWN_STDOUT "/proc/self/fd/1"

/* ---- writing ---- */

static bool takes_some(const struct output *out, int timeout_ms)
{
	struct pollfd p = {.fd = out->fd, .events = POLLOUT};

	return poll(&p, 1, timeout_ms) > 0;
}

/* As much as is taken at once: the number of bytes, or -1 with errno. */
static ssize_t write_some(const struct output *out, const char *buf, size_t size)
{
	if (out->kind == OUTPUT_SOCKET)
		return send(out->fd, buf, size, MSG_DONTWAIT | MSG_NOSIGNAL);
	/* A pipe that can be written to has room for PIPE_BUF. */
	if (out->kind == OUTPUT_SHARED) {
		if (!takes_some(out, 0)) {
			errno = EAGAIN;
			return -1;
		}
		size = size < PIPE_BUF ? size : PIPE_BUF;
	}
	return write(out->fd, buf, size);
}

/* False: nothing of it was taken. */
static bool hand_over(struct output *out)
{
	size_t had = out->n;
	ssize_t n;

	while (out->n && !out->err) {
		n = write_some(out, out->waiting + out->first, out->n);
		if (n >= 0) {
			out->first += n;
			out->n -= n;
		} else if (errno == EAGAIN) {
			break;
		} else if (errno != EINTR) {
			out->err = -errno;
		}
	}
	if (out->n < had)
		out->stuck = false;
	return out->n < had;
}

static int keep(struct output *out, const char *buf, size_t size)
{
	size_t most = out->size ? out->size : BUFSIZ;
	char *grown;

	if (out->first && out->first + out->n + size > out->size) {
		memmove(out->waiting, out->waiting + out->first, out->n);
		out->first = 0;
	}
	while (most < out->first + out->n + size)
		most *= 2;
	if (most > out->size) {
		grown = realloc(out->waiting, most);
		if (!grown)
			return -ENOMEM;
		out->waiting = grown;
		out->size = most;
	}
	memcpy(out->waiting + out->first + out->n, buf, size);
	out->n += size;
	return 0;
}

static ssize_t write_out(void *cookie, const char *buf, size_t size)
{
	struct output *out = cookie;

	if (!out->err)
		out->err = keep(out, buf, size);
	if (!out->err)
		hand_over(out);
	return out->err ? 0 : (ssize_t)size; /* 0: what stdio takes for an error */
}

static int close_out(void *cookie)
{
	struct output *out = cookie;

	/* The last word of some file systems on whether it was written. */
	if (out->fd != STDOUT_FILENO && close(out->fd) && !out->err)
		out->err = -errno;
	return 0;
}

/* ---- opening ---- */

/*
 * O_NONBLOCK is of an open file, and a terminal's or a pipe's is shared with whoever has it from
 * the same shell: one of our own is opened.  Not of /dev/ptmx, which opened again is another one.
 */
static void open_own(struct output *out, const struct stat *st)
{
	int fd = -1;

	if (!S_ISCHR(st->st_mode) || st->st_rdev != makedev(5, 2))
		fd = open(OWN_STDOUT, O_WRONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);
	out->kind = fd < 0 ? OUTPUT_SHARED : OUTPUT_OWN;
	if (fd >= 0)
		out->fd = fd;
}

static void find_kind(struct output *out)
{
	struct stat st;
	int flags;

	if (fstat(out->fd, &st))
		return;
	if (S_ISSOCK(st.st_mode)) {
		out->kind = OUTPUT_SOCKET;
	} else if (S_ISFIFO(st.st_mode) || (S_ISCHR(st.st_mode) && isatty(out->fd))) {
		if (!out->to_file) {
			open_own(out, &st);
			return;
		}
		flags = fcntl(out->fd, F_GETFL);
		if (flags >= 0 && !fcntl(out->fd, F_SETFL, flags | O_NONBLOCK))
			out->kind = OUTPUT_OWN;
		else
			out->kind = OUTPUT_SHARED;
	}
}

/* Not cut yet: it may come to nothing. */
static int open_file(struct output *out, const char *path)
{
	int fd = open(path, O_WRONLY | O_CLOEXEC);

	if (fd < 0 && errno == ENOENT) {
		fd = open(path, O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		out->created = fd >= 0;
		/* A link to nowhere is there, and yet nothing is. */
		if (fd < 0 && errno == EEXIST)
			fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	}
	return fd < 0 ? -errno : fd;
}

/* What was closed has been opened for reading alone (main.c): better said before collecting. */
static int check_stdout(void)
{
	int flags = fcntl(STDOUT_FILENO, F_GETFL);

	return flags < 0 ? -errno : (flags & O_ACCMODE) == O_RDONLY ? -EBADF : STDOUT_FILENO;
}

int output__open(struct output *out, const char *path)
{
	const cookie_io_functions_t io = {.write = write_out, .close = close_out};

	*out = (struct output){.name = path ? path : "standard output",
			       .to_file = path != NULL,
			       .patience_ns = PATIENCE_NS};
	out->fd = path ? open_file(out, path) : check_stdout();
	if (out->fd < 0) {
		out->err = out->fd;
		log__error("%s: cannot be written: %s", out->name, strerror(-out->err));
		return out->err;
	}
	find_kind(out);
	out->file = fopencookie(out, "w", io);
	if (out->file)
		return 0;
	out->err = -errno;
	close_out(out);
	return out->err;
}

void output__truncate(struct output *out)
{
	out->begun = true;
	/* What cannot be cut (a pipe, a device) has nothing old in it. */
	if (out->to_file && ftruncate(out->fd, 0))
		log__debug("%s: %s", out->name, strerror(errno));
}

/* ---- meanwhile ---- */

bool output__good(const struct output *out)
{
	return !out->err;
}

void output__flush(struct output *out)
{
	fflush(out->file);
	hand_over(out);
	out->patience_ns = out->stuck ? 0 : PATIENCE_NS;
}

bool output__waiting(const struct output *out)
{
	return out->n && !out->err;
}

bool output__has_room(struct output *out)
{
	__u64 start, took;

	while (out->n >= WAITING_MOST && out->patience_ns && !out->err) {
		start = clock__boot_ns();
		takes_some(out, (out->patience_ns + NS_PER_MS - 1) / NS_PER_MS);
		if (!hand_over(out))
			poll(NULL, 0, RETRY_MS);
		took = clock__boot_ns() - start;
		out->patience_ns -= took < out->patience_ns ? took : out->patience_ns;
	}
	out->stuck = out->n >= WAITING_MOST;
	return !out->stuck;
}

/* ---- the end ---- */

/* Those of them that are blocked; of the others the first one ends us. */
static int open_end_signals(void)
{
	sigset_t mask;

	sigemptyset(&mask);
	sigaddset(&mask, SIGINT);
	sigaddset(&mask, SIGTERM);
	sigaddset(&mask, SIGHUP);
	return signalfd(-1, &mask, SFD_CLOEXEC | SFD_NONBLOCK);
}

static void wait_for_reader(struct output *out, bool hurry)
{
	int signals = open_end_signals();
	__u64 now = clock__boot_ns(), end = now + HURRY_NS;
	struct signalfd_siginfo s;

	while (output__waiting(out) && (!hurry || now < end)) {
		struct pollfd fds[] = {{.fd = out->fd, .events = POLLOUT},
				       {.fd = signals, .events = POLLIN}};

		poll(fds, 2, hurry ? (int)((end - now) / NS_PER_MS) + 1 : -1);
		if (!hand_over(out) && fds[0].revents)
			poll(NULL, 0, RETRY_MS);
		/* Read, so that nobody dies of it later. */
		if (signals >= 0 && read(signals, &s, sizeof(s)) == sizeof(s))
			break;
		now = clock__boot_ns();
	}
	if (signals >= 0)
		close(signals);
}

static void say_unwritten(const struct output *out)
{
	size_t lines = 0;

	for (size_t i = 0; i < out->n; i++)
		lines += out->waiting[out->first + i] == '\n';
	log__error("%s: %zu lines (%zu bytes) were not written: nobody has read them in time",
		   out->name, lines, out->n);
}

/* Nothing has come, and before us there was no such file: unless it is another one by now. */
static void take_back(const struct output *out)
{
	struct stat ours, there;

	if (out->created && !out->begun && !fstat(out->fd, &ours) && !lstat(out->name, &there) &&
	    ours.st_dev == there.st_dev && ours.st_ino == there.st_ino)
		unlink(out->name);
}

int output__close(struct output *out, bool hurry)
{
	fflush(out->file);
	if (output__waiting(out))
		wait_for_reader(out, hurry);
	if (output__waiting(out)) {
		say_unwritten(out);
		out->err = -ETIMEDOUT;
	} else if (out->err && out->err != -EPIPE) {
		log__error("writing to %s: %s", out->name, strerror(-out->err));
	}
	take_back(out);
	fclose(out->file);
	out->file = NULL;
	free(out->waiting);
	out->waiting = NULL;
	return out->err == -EPIPE ? 0 : out->err;
}
