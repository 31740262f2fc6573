/*
 * keys.c - keys that are pressed on the terminal, one by one and not shown.
 */
#include "keys.h"

#include <signal.h>
#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>
#include <termios.h>
#include <unistd.h>

static struct termios as_it_was, raw;
static bool is_open;

static const int ends[] = {SIGQUIT, SIGABRT, SIGSEGV, SIGBUS};

#define N_ENDS (sizeof(ends) / sizeof(*ends))

/* In the background the terminal is somebody else's, and whoever sets or reads it is stopped. */
static bool in_foreground(void)
{
	return tcgetpgrp(STDIN_FILENO) == getpgrp();
}

static void on_end(int sig)
{
	tcsetattr(STDIN_FILENO, TCSANOW, &as_it_was);
	raise(sig); /* SA_RESETHAND: for good, once this has returned */
}

/* It may go on in the background, and be brought to the foreground later: each is told. */
static void on_continue(int sig)
{
	if (in_foreground())
		tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

/* Stopped by the signal itself: it does nothing where no shell is there to let it go on. */
static void on_stop(int sig)
{
	struct sigaction again;

	if (in_foreground())
		tcsetattr(STDIN_FILENO, TCSANOW, &as_it_was);
	sigaction(sig, NULL, &again);
	signal(sig, SIG_DFL);
	raise(sig);
	sigaction(sig, &again, NULL);
	on_continue(sig);
}

static void catch_signals(void)
{
	struct sigaction end = {.sa_handler = on_end, .sa_flags = SA_RESETHAND};
	struct sigaction stop = {.sa_handler = on_stop, .sa_flags = SA_RESTART | SA_NODEFER};
	struct sigaction go_on = {.sa_handler = on_continue, .sa_flags = SA_RESTART};

	for (size_t i = 0; i < N_ENDS; i++)
		sigaction(ends[i], &end, NULL);
	sigaction(SIGTSTP, &stop, NULL);
	sigaction(SIGCONT, &go_on, NULL);
}

static void leave_signals(void)
{
	for (size_t i = 0; i < N_ENDS; i++)
		signal(ends[i], SIG_DFL);
	signal(SIGTSTP, SIG_DFL);
	signal(SIGCONT, SIG_DFL);
}

void keys__open(void)
{
	if (is_open || !in_foreground() || tcgetattr(STDIN_FILENO, &as_it_was))
		return;
	raw = as_it_was;
	raw.c_lflag &= ~(ICANON | ECHO);
	raw.c_cc[VMIN] = raw.c_cc[VTIME] = 0; /* reading does not wait */
	is_open = true;
	catch_signals();
	tcsetattr(STDIN_FILENO, TCSANOW, &raw);
}

void keys__close(void)
{
	if (!is_open)
		return;
	leave_signals();
	if (in_foreground())
		tcsetattr(STDIN_FILENO, TCSANOW, &as_it_was);
	is_open = false;
}

int keys__fd(void)
{
	return is_open && in_foreground() ? STDIN_FILENO : -1;
}

int keys__read(void)
{
	unsigned char key;
	ssize_t n = read(STDIN_FILENO, &key, 1);

	if (n < 0)
		keys__close();
	return n == 1 ? key : -1;
}
