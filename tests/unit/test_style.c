/*
 * test_style.c - what is found out about a terminal, a pipe, and the environment.
 */
#include <fcntl.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cmocka.h>

#include "render/style.h"

/* A terminal of so many columns; 0: it does not say. */
static FILE *open_terminal(int columns, int *master)
{
	struct winsize size = {.ws_row = 24, .ws_col = (unsigned short)columns};
	FILE *terminal;

	*master = posix_openpt(O_RDWR | O_NOCTTY);
	assert_true(*master >= 0);
	assert_int_equal(grantpt(*master), 0);
	assert_int_equal(unlockpt(*master), 0);
	assert_int_equal(ioctl(*master, TIOCSWINSZ, &size), 0);
	terminal = fopen(ptsname(*master), "r+e");
	assert_non_null(terminal);
	return terminal;
}

static struct style style_of_terminal(int columns)
{
	struct style style;
	int master;
	FILE *terminal = open_terminal(columns, &master);

	style__detect(&style, fileno(terminal));
	fclose(terminal);
	close(master);
	return style;
}

static struct style style_of_file(void)
{
	struct style style;
	FILE *file = fopen("/dev/null", "w");

	assert_non_null(file);
	style__detect(&style, fileno(file));
	fclose(file);
	return style;
}

static int clean_environment(void **state)
{
	unsetenv("COLUMNS");
	unsetenv("NO_COLOR");
	unsetenv("LC_ALL");
	unsetenv("LC_CTYPE");
	unsetenv("LANG");
	return setenv("TERM", "xterm", 1);
}

static void columns_of_a_terminal(void **state)
{
	assert_int_equal(style_of_terminal(132).columns, 132);
	assert_int_equal(style_of_terminal(0).columns, 80);
	setenv("COLUMNS", "97", 1);
	assert_int_equal(style_of_terminal(132).columns, 97);
}

static void columns_of_a_file(void **state)
{
	static const char *const nonsense[] = {"", "0", "-5", "abc", "12x", " 90", "99999999999"};
	size_t i;

	assert_int_equal(style_of_file().columns, 100);
	setenv("COLUMNS", "160", 1);
	assert_int_equal(style_of_file().columns, 160);
	for (i = 0; i < sizeof(nonsense) / sizeof(nonsense[0]); i++) {
		setenv("COLUMNS", nonsense[i], 1);
		assert_int_equal(style_of_file().columns, 100);
	}
}

static void colour_on_a_terminal_only(void **state)
{
	assert_true(style_of_terminal(80).colour);
	assert_false(style_of_file().colour);
	setenv("NO_COLOR", "", 1);
	assert_true(style_of_terminal(80).colour);
	setenv("NO_COLOR", "1", 1);
	assert_false(style_of_terminal(80).colour);
	unsetenv("NO_COLOR");
	setenv("TERM", "dumb", 1);
	assert_false(style_of_terminal(80).colour);
	unsetenv("TERM");
	assert_false(style_of_terminal(80).colour);
}

static void utf8_as_the_locale_says(void **state)
{
	assert_false(style_of_file().utf8);
	setenv("LANG", "C.UTF-8", 1);
	assert_true(style_of_file().utf8);
	setenv("LC_ALL", "C", 1);
	assert_false(style_of_file().utf8);
	setenv("LC_ALL", "no-such-locale", 1);
	assert_false(style_of_file().utf8);
}

static void what_is_not_open_is_no_terminal(void **state)
{
	struct style style;

	style__detect(&style, -1);
	assert_false(style.colour);
}

int main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test_setup(columns_of_a_terminal, clean_environment),
		cmocka_unit_test_setup(columns_of_a_file, clean_environment),
		cmocka_unit_test_setup(colour_on_a_terminal_only, clean_environment),
		cmocka_unit_test_setup(utf8_as_the_locale_says, clean_environment),
		cmocka_unit_test_setup(what_is_not_open_is_no_terminal, clean_environment),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
