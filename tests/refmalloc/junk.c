/* junk.c - new blocks and freed ones hold nothing that looks like data; calloc's are zero. */
#include "test.h"

int main(int argc, char **argv)
{
	unsigned char *p;

	(void)argc;
	with_options(argv, "junk");
	for (int i = 0; i < 3; i++) {
		p = hidden(malloc(500));
		for (int k = 0; k < 500; k++)
			CHECK(p[k] == 0xa5);
		free(p);
		p = hidden(calloc(5, 100));
		for (int k = 0; k < 500; k++)
			CHECK(p[k] == 0);
		free(p);
	}
	return 0;
}
