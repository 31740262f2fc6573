/*
 * older.c - has blocks from before it is looked at, and then goes on: tells what it did since.
 *
 * A line when it is ready; all the rest once the test has sent a byte; and it waits for another.
 */
#include "say.h"

#define OLDER 1000
#define NEWER 500

int main(void)
{
	static void *older[OLDER], *newer[NEWER];
	unsigned long bytes = 0, live = 0;

	for (int i = 0; i < OLDER; i++)
		MUST((older[i] = keep(malloc(100 + i))));
	say("ready\n");
	wait_for_test();
	for (int i = 0; i < 300; i++)
		free(older[i]);
	for (int i = 300; i < 400; i++) {
		MUST((older[i] = keep(realloc(older[i], 5000 + i))));
		bytes += 5000 + i;
		live += 5000 + i;
	}
	for (int i = 0; i < NEWER; i++) {
		MUST((newer[i] = keep(malloc(300 + 700 * i))));
		bytes += 300 + 700 * i;
		live += 300 + 700 * i;
	}
	for (int i = 0; i < NEWER; i += 5) {
		free(newer[i]);
		live -= 300 + 700 * i;
	}
	say("{\"pid\": %d, \"calls\": %d, \"bytes\": %lu, \"frees\": %d, \"frees_unknown\": %d, "
	    "\"failed\": 0, \"live_blocks\": %d, \"live_bytes\": %lu}\n",
	    getpid(), 100 + NEWER, bytes, 300 + NEWER / 5, 300, 100 + NEWER - NEWER / 5, live);
	wait_for_test();
	_exit(0);
}
