/*
 * elsewhere.c - libelsewhere.so: brkscope's probe of one of the kernel's functions is on another.
 *
 * ELSEWHERE is its name; the other one is there, and nobody calls it: as is the function whose code
 * a compiler has put into its callers.  RELEASE is the kernel's, whatever it is.
 */
#include <bpf/libbpf.h>
#include <dlfcn.h>
#include <stdlib.h>
#include <string.h>
#include <sys/utsname.h>

#define SELDOM_CALLED "__x64_sys_vhangup"

struct bpf_link *bpf_program__attach_kprobe_multi_opts(const struct bpf_program *prog,
						       const char *pattern,
						       const struct bpf_kprobe_multi_opts *opts)
{
	typeof(&bpf_program__attach_kprobe_multi_opts) next = dlsym(RTLD_NEXT, __func__);
	const char *name = getenv("ELSEWHERE");

	for (size_t i = 0; name && i < opts->cnt; i++)
		if (!strcmp(opts->syms[i], name))
			opts->syms[i] = SELDOM_CALLED;
	return next(prog, pattern, opts);
}

int uname(struct utsname *u)
{
	int (*next)(struct utsname *) = (int (*)(struct utsname *))dlsym(RTLD_NEXT, __func__);
	const char *release = getenv("RELEASE");
	int err = next(u);

	if (!err && release)
		strncpy(u->release, release, sizeof(u->release) - 1);
	return err;
}
