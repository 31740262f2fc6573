/*
 * verdict.h - what was expected beside what was measured: the self-test's result.
 *
 * Exact: there is no tolerance.  Plain data, which the renderers show.
 */
#ifndef BRKSCOPE_VERDICT_H
#define BRKSCOPE_VERDICT_H

#include "baseline.h"
#include "claims.h"

enum outcome {
	OUTCOME_RIGHT,
	OUTCOME_WRONG,
	OUTCOME_UNKNOWN,      /* not measured although it should be: an error */
	OUTCOME_NOT_MEASURED, /* for a reason that is no error */
};

struct verdict {
	char workload[SELFTEST_LABEL_MAX + 16];
	char quantity[QUANTITY_NAME_MAX]; /* "": the workload as a whole */
	char reason[SELFTEST_REASON_MAX]; /* of the last two */
	__u32 pid;
	enum outcome outcome;
	bool any;	/* expected: any number above 0 */
	__u64 expected; /* of the first three, with a quantity */
	__u64 measured; /* of the first two */
};

struct verdicts {
	struct verdict *all;
	size_t n, most;
};

/* One run of workloads, and what was measured of it. */
struct comparison {
	const struct claims *claims;
	const struct snapshot *snapshot;
	const struct baselines *baselines;
	const struct baseline *instead; /* NULL, or: of all of them, where marks may be missing */
	bool callers_known;		/* of mmap, also of processes that have gone */
	const char *suffix;		/* of the workloads' names here */
};

/* Each of these: 0 or -ENOMEM. */
int verdicts__compare(struct verdicts *v, const struct comparison *c);
int verdicts__add(struct verdicts *v, const struct verdict *one);
int verdicts__add_missing(struct verdicts *v, const char *workload, const char *reason);
/* A number of the agent's own.  any: as above. */
int verdicts__add_number(struct verdicts *v, const char *workload, const char *quantity, bool any,
			 __u64 expected, __u64 measured);
void verdicts__clear(struct verdicts *v);

struct verdict_sums {
	size_t quantities; /* compared, or to be compared */
	size_t workloads;
	size_t errors;
	size_t not_measured; /* a workload that was not run is one */
};
struct verdict_sums verdicts__sum(const struct verdicts *v);

#define SELFTEST_FEATURES_MOST 8
struct selftest {
	const char *version, *host, *kernel;
	__u64 page_size;
	struct {
		const char *name;
		bool there;
	} features[SELFTEST_FEATURES_MOST];
	size_t n_features;
	__u64 received, spilled, lost; /* of all runs */
	__u64 duration_ns;
	struct verdicts verdicts;
};

#endif
