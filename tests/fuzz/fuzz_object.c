/*
 * fuzz_object.c - any bytes as an ELF file: read, or refused, and nothing worse.
 *
 * Hardly any bytes are an ELF file.  So the input is either all of it that
 * comes behind a good identification, or a list of changes to musl, which has
 * all that is looked for in a small file.
 */
#include <elf.h>
#include <errno.h>
#include <fcntl.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <sys/utsname.h>
#include <unistd.h>

#include "input.h"

#include "kernel/elf_file.h"
#include "kernel/object.h"

#define MOST_CHANGES 64

static struct {
	unsigned char *bytes;
	size_t size;
	Elf64_Ehdr header;
	int whole, own; /* the model, changed and changed back; the input's own */
} file;

int LLVMFuzzerInitialize(int *argc, char ***argv);
int LLVMFuzzerInitialize(int *argc, char ***argv)
{
	struct utsname machine;
	char path[320];
	struct stat st;
	int fd;

	uname(&machine);
	snprintf(path, sizeof(path), "/lib/ld-musl-%s.so.1", machine.machine);
	fd = open(path, O_RDONLY);
	require(fd >= 0 && !fstat(fd, &st), "musl is installed");
	file.size = st.st_size;
	file.bytes = malloc(file.size);
	require(file.bytes && read(fd, file.bytes, file.size) == st.st_size, "it can be read");
	close(fd);
	memcpy(&file.header, file.bytes, sizeof(file.header));
	file.whole = memfd_create("whole", 0);
	file.own = memfd_create("own", 0);
	require(file.whole >= 0 && write(file.whole, file.bytes, file.size) == st.st_size,
		"copied");
	return 0;
}

static void find_courses(const char *path)
{
	static struct course c;
	const struct elf_function *fn;
	struct elf_file *f;

	if (elf_file__open(path, &f))
		return;
	for (int i = 0; i < ALLOC_ENTRIES; i++) {
		fn = elf_file__find(f, alloc_entries[i].symbol);
		if (!fn || !course__find(f, fn, 1 + i % 2, &c))
			continue;
		require(c.n > 0 && c.n <= STATIONS_MOST, "a course has stations");
		for (unsigned int k = 0; k < c.n; k++)
			require(!(c.station[k].after >> c.n), "after one that there is");
	}
	elf_file__close(f);
}

static void inspect(int fd)
{
	struct object o = {0};
	char path[64];
	int err;

	snprintf(path, sizeof(path), "/proc/self/fd/%d", fd);
	err = object__inspect(&o, "name", path, true);
	require(err == 0 || err == -ENOEXEC || err == -EFBIG, "taken, or no ELF file, or too much");
	if (!err) {
		require(o.n_internal <= PROBE_RANGES && o.n_wrappers <= 8 && o.n_calls <= 16,
			"no more than there is room for");
		for (int i = 0; i < ALLOC_ENTRIES; i++) {
			require(!o.fn[i].probed || o.fn[i].present, "what is probed is there");
			require(!o.fn[i].present || o.fn[i].probed == !o.fn[i].same,
				"it stands for itself or for another");
		}
	}
	object__clear(&o);
	if (!err)
		find_courses(path);
}

/* Where the numbers are: the two ends of the file, the tables after the first, the code. */
static size_t place_of(uint8_t region, uint32_t offset)
{
	switch (region % 4) {
	case 0:
		return offset % 1024;
	case 1:
		return file.size - 1 - offset % 2048;
	case 2:
		return offset % (160 * 1024) % file.size;
	default:
		return offset % file.size;
	}
}

/* A change: where (4 bytes), how long (1), and the bytes. */
static void inspect_changed(const uint8_t *data, size_t size)
{
	size_t at[MOST_CHANGES], len[MOST_CHANGES];
	int n = 0;

	while (size >= 6 && n < MOST_CHANGES) {
		uint32_t offset = data[1] | data[2] << 8 | data[3] << 16;

		at[n] = place_of(data[0], offset);
		len[n] = 1 + data[4] % 8;
		data += 5;
		size -= 5;
		if (len[n] > size)
			len[n] = size;
		if (len[n] > file.size - at[n])
			len[n] = file.size - at[n];
		require(pwrite(file.whole, data, len[n], at[n]) == (ssize_t)len[n], "changed");
		data += len[n];
		size -= len[n];
		n++;
	}
	inspect(file.whole);
	while (n--)
		require(pwrite(file.whole, file.bytes + at[n], len[n], at[n]) == (ssize_t)len[n],
			"changed back");
}

static void inspect_own(const uint8_t *data, size_t size)
{
	/* Up to the machine; all that follows is the input's. */
	const size_t known = offsetof(Elf64_Ehdr, e_version);

	require(!ftruncate(file.own, 0), "emptied");
	require(pwrite(file.own, &file.header, known, 0) == (ssize_t)known, "begun");
	require(pwrite(file.own, data, size, known) == (ssize_t)size, "written");
	inspect(file.own);
}

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	if (!size)
		return 0;
	if (data[0] & 1)
		inspect_own(data + 1, size - 1);
	else
		inspect_changed(data + 1, size - 1);
	return 0;
}
