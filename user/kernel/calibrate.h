/*
 * calibrate.h - what a probe's hit costs on this machine, measured on functions of our own.
 *
 * A few thousand calls: three milliseconds, and ten to attach.  Nothing else is probed
 * by it, and other probes do not matter.
 */
#ifndef BRKSCOPE_CALIBRATE_H
#define BRKSCOPE_CALIBRATE_H

struct bpf_program;
struct uprobes;

enum calibrate_kind {
	CALIBRATE_EMULATED,
	CALIBRATE_STEPPED,
	CALIBRATE_RETURN, /* an emulated entry and the return, of one call */
	CALIBRATE_STEPPED_RETURN,
	CALIBRATE_KINDS,
};

struct calibration {
	double ns[CALIBRATE_KINDS]; /* of a hit, with a program that does nothing; < 0: not known */
};

#define CALIBRATE_LINKS 2

/*
 * By this program, which does nothing.  0, or -errno with all of it not known.  What it
 * has attached stays until the caller detaches it, who may have others to detach: it takes
 * some 50 ms, for one or for all (uprobe.h).
 */
int calibrate__run(struct bpf_program *empty, struct calibration *out,
		   struct uprobes *attached[CALIBRATE_LINKS]);
/* One system call that does next to nothing, in ns: to be compared with itself. */
double calibrate__syscall(void);
/* The same of one that is traced where any is: munmap of nothing, which fails at once. */
double calibrate__traced_syscall(void);

#endif
