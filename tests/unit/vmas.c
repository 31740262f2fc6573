/*
 * vmas.c - the kernel's list of mappings, for tests, from text.
 */
#include "vmas.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include "ledger_text.h"

static void name(struct vma *v, const char *text)
{
	v->name = text;
	v->outside = !strcmp(text, "[vsyscall]");
	v->probes = !strcmp(text, "[uprobes]");
	if (!strcmp(text, "[heap]"))
		v->kind = MAPPING_HEAP;
	else if (!strcmp(text, "[stack]"))
		v->kind = MAPPING_STACK;
	else if (*text == '[')
		v->kind = MAPPING_SPECIAL;
	else
		v->kind = MAPPING_FILE;
	v->grows |= v->kind == MAPPING_STACK;
}

void vmas__of(struct vmas *v, const char *text)
{
	char *save = NULL, *word, *end;

	memset(v, 0, sizeof(*v));
	assert_true(strlen(text) < sizeof(v->text));
	strcpy(v->text, text);
	for (word = strtok_r(v->text, " ", &save); word; word = strtok_r(NULL, " ", &save)) {
		struct vma *m = v->n ? &v->all[v->n - 1] : NULL;

		if (*word >= '0' && *word <= '9') {
			assert_true(v->n < VMAS_MOST);
			m = &v->all[v->n++];
			m->start = strtoull(word, &end, 10) * PAGE;
			assert_int_equal(*end, '-');
			m->end = strtoull(end + 1, &end, 10) * PAGE;
			assert_int_equal(*end, 0);
			m->name = "";
		} else if (strlen(word) == 3 && strspn(word, "rwx-") == 3) {
			memcpy(m->perms, word, 3);
			m->perms[3] = 'p';
			m->accounted = word[1] == 'w';
		} else if (!strcmp(word, "gd")) {
			m->grows = true;
		} else if (!strcmp(word, "ac")) {
			m->accounted = true;
		} else {
			name(m, word);
		}
	}
}
