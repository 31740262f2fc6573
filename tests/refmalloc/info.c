/* info.c - mallinfo2 and its kin agree with refmalloc_stats. */
#include "test.h"

int main(void)
{
	struct refmalloc_stats s;
	struct mallinfo2 info;
	char *xml = NULL;
	size_t len;
	FILE *f = open_memstream(&xml, &len);
	void *large = hidden(malloc(1000000));

	info = mallinfo2();
	s = stats();
	CHECK(info.hblks == 1 && info.hblkhd == s.mapped[REFMALLOC_MAP_BLOCK]);
	CHECK(info.arena == s.heap_bytes && info.uordblks == s.live[REFMALLOC_HEAP].bytes);
	CHECK(info.fordblks + info.uordblks == info.arena && info.keepcost < info.arena);
	CHECK((size_t)mallinfo().arena == info.arena);
	CHECK(malloc_info(1, f) == EINVAL && malloc_info(0, f) == 0);
	fclose(f);
	CHECK(strncmp(xml, "<malloc version=", 16) == 0 && strstr(xml, "</malloc>\n"));
	free(xml);
	free(large);
	return 0;
}
