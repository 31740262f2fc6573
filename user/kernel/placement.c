/*
 * placement.c - where in a function its probe costs least.
 *
 * From the entry along the code that every call executes: up to the first branch, call
 * or instruction of which it is not known what it does.  One that is chosen is
 * passed once by each call: nothing before it leaves the way, and nothing leads onto it
 * behind the entry (branches.h).
 */
#include "kernel/placement.h"

#include <stdlib.h>
#include <string.h>

#include "kernel/branches.h"
#include "kernel/elf_file.h"
#include "kernel/insn.h"

/* Something leads to behind the entry, up to this instruction's beginning. */
static bool led_to(const struct branch_window *w, const cs_insn *insn)
{
	__u64 end = insn->address - w->fn->addr + 1;

	return end > BRANCH_WINDOW || w->into & (end == BRANCH_WINDOW ? ~0ull : (1ull << end) - 1);
}

/* Where a call leaves it, as long as it is there. */
static bool find_argument(const struct call_state *s, unsigned int arg, __u8 *reg)
{
	struct call_state entry;

	if (!s->holds[arg])
		return false;
	insn__enter(&entry);
	*reg = __builtin_ctz(s->holds[arg] & entry.holds[arg] ?: s->holds[arg]);
	return true;
}

/* False: not everything that is wanted is there. */
static bool place(const struct elf_file *f, const struct placement_request *r, csh handle,
		  const cs_insn *insn, const struct call_state *s, struct placement *out)
{
	struct placement p = {.frame = s->frame, .emulated = insn__cost(insn) >= INSN_PUSHES};

	if (r->return_in_place && s->frame)
		return false;
	for (unsigned int arg = 0; arg < r->args && arg < PROBE_ARGS; arg++)
		if (!find_argument(s, arg, &p.reg[arg]))
			return false;
	if (!elf_file__offset(f, insn->address, &p.off))
		return false;
	insn__print(handle, insn, p.insn, sizeof(p.insn));
	*out = p;
	return true;
}

/* What it is where nothing is known of its instructions. */
static void at_entry(const struct elf_file *f, const struct placement_request *r)
{
	unsigned char bytes[INSN_LONGEST] = {};
	struct call_state s;

	*r->out = (struct placement){};
	elf_file__offset(f, r->fn->addr, &r->out->off);
	r->out->none = insn__is_harmful(bytes, elf_file__read(f, r->fn->addr, bytes, sizeof(bytes)),
					r->fn->addr);
	insn__enter(&s);
	for (unsigned int arg = 0; arg < r->args && arg < PROBE_ARGS; arg++)
		find_argument(&s, arg, &r->out->reg[arg]);
}

static void walk(const struct elf_file *f, const struct placement_request *r,
		 const struct branch_window *w, csh handle, cs_insn *insn)
{
	unsigned char bytes[BRANCH_WINDOW + INSN_LONGEST];
	size_t size = r->fn->size < sizeof(bytes) ? r->fn->size : sizeof(bytes);
	const unsigned char *code = bytes;
	enum insn_cost best = INSN_HARMFUL;
	struct call_state s;
	uint64_t addr = r->fn->addr;

	at_entry(f, r);
	size = elf_file__read(f, addr, bytes, size);
	insn__enter(&s);
	while (cs_disasm_iter(handle, &code, &size, &addr, insn)) {
		enum insn_cost cost = insn__cost(insn);

		if (insn->address != r->fn->addr && led_to(w, insn))
			return;
		if (cost > best && place(f, r, handle, insn, &s, r->out))
			best = cost;
		if (best == INSN_EMULATED || !insn__execute(handle, insn, &s))
			return;
	}
}

/*
 * Where nothing leads anywhere; the functions of those that then are not at the entry, as windows,
 * and at each request, from 1 on, which is its.
 */
static size_t walk_freely(const struct elf_file *f, const struct placement_request *requests,
			  size_t n, struct branch_window *windows, size_t *window_of, csh handle,
			  cs_insn *insn)
{
	size_t n_windows = 0;
	__u64 entry;

	for (size_t i = 0; i < n; i++) {
		struct branch_window w = {.fn = requests[i].fn};

		walk(f, &requests[i], &w, handle, insn);
		if (!elf_file__offset(f, w.fn->addr, &entry) || requests[i].out->off == entry)
			continue;
		/* Requests for one function come one after the other. */
		if (!n_windows || windows[n_windows - 1].fn != w.fn)
			windows[n_windows++] = w;
		window_of[i] = n_windows;
	}
	return n_windows;
}

/* To look for what leads there takes most of the time, and few need it. */
static void walk_all(const struct elf_file *f, const struct placement_request *requests, size_t n,
		     csh handle, cs_insn *insn)
{
	struct branch_window *windows = calloc(n, sizeof(*windows));
	size_t *window_of = calloc(n, sizeof(*window_of));

	if (windows && window_of) {
		branches__find(f, windows,
			       walk_freely(f, requests, n, windows, window_of, handle, insn));
		for (size_t i = 0; i < n; i++)
			if (window_of[i])
				walk(f, &requests[i], &windows[window_of[i] - 1], handle, insn);
	}
	free(windows);
	free(window_of);
}

void placement__find(const struct elf_file *f, const struct placement_request *requests, size_t n)
{
	cs_insn *insn;
	csh handle;

	for (size_t i = 0; i < n; i++)
		at_entry(f, &requests[i]);
	if (!n || !insn__open(&handle))
		return;
	insn = cs_malloc(handle);
	if (insn) {
		walk_all(f, requests, n, handle, insn);
		cs_free(insn, 1);
	}
	cs_close(&handle);
}

void placement__print(const struct elf_file *f, __u64 addr, struct placement *out)
{
	unsigned char bytes[INSN_LONGEST];
	size_t size = elf_file__read(f, addr, bytes, sizeof(bytes));
	cs_insn *insn;
	csh handle;

	*out->insn = 0;
	if (!insn__open(&handle))
		return;
	if (cs_disasm(handle, bytes, size, addr, 1, &insn)) {
		insn__print(handle, insn, out->insn, sizeof(out->insn));
		cs_free(insn, 1);
	}
	cs_close(&handle);
}
