/* zero_size.c - malloc(0) gives a block of its own each time. */
#include "test.h"

int main(void)
{
	void *a = hidden(malloc(0)), *b = hidden(malloc(0)), *c = hidden(calloc(0, 5));

	CHECK(a && b && c && a != b && b != c && a != c);
	free(a);
	free(b);
	free(c);
	free(NULL);
	return 0;
}
