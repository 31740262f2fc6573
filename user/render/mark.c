/*
 * mark.c - what stands before numbers of malloc that are not exact, in a table.
 */
#include "render/mark.h"

#include "render/flow.h"

static const char *at_least_sign(const struct style *style)
{
	return style->utf8 ? "≥" : ">";
}

static const char *open_sign(const struct style *style)
{
	return style->utf8 ? "≳" : ">~";
}

void marks__add(struct marks *m, const struct process_stats *p)
{
	if (!p->malloc_known || !p->estimate.is)
		return;
	if (p->estimate.at_least)
		m->at_least = true;
	else if (stats__estimate_is_open(p))
		m->open = true;
	else
		m->estimated = true;
}

bool marks__any(const struct marks *m)
{
	return m->estimated || m->open || m->at_least;
}

int marks__columns(const struct marks *m, const struct style *style)
{
	return m->open ? text__columns(open_sign(style)) : marks__any(m);
}

void marks__print(FILE *out, const struct marks *m, const struct style *style)
{
	struct flow f;

	flow__begin(&f, out, style, 0, "malloc: ");
	if (m->estimated)
		flow__add(&f, INK_NOTICE, "~ estimated");
	if (m->open)
		flow__add(&f, INK_NOTICE, "%s estimated with no upper end", open_sign(style));
	if (m->at_least)
		flow__add(&f, INK_NOTICE, "%s only what was seen", at_least_sign(style));
	flow__add(&f, INK_PLAIN, "all else is exact");
	flow__end(&f);
}

const char *mark__of(const struct process_stats *p, const struct style *style)
{
	if (!p->estimate.is)
		return "";
	if (p->estimate.at_least)
		return at_least_sign(style);
	return stats__estimate_is_open(p) ? open_sign(style) : "~";
}
