/*
 * style.h - how text output looks: chosen by the caller, obeyed by every renderer.
 */
#ifndef BRKSCOPE_RENDER_STYLE_H
#define BRKSCOPE_RENDER_STYLE_H

#include <stdbool.h>
#include <stdio.h>

#include "render/sort.h"

struct style {
	int columns;	/* of a line; less than 80 counts as 80 */
	int rows;	/* of the table at most; 0: all */
	int histograms; /* sections at most, of the processes that lead the table */
	bool colour;
	bool utf8;
	bool rates; /* since the snapshot before instead of totals */
	enum sort_key sort;
};

/*
 * columns, colour and utf8 as they suit the open file and the environment; the rest is 0.
 * The one function of the renderers that looks around: COLUMNS, NO_COLOR, TERM,
 * the locale's variables, and the terminal's size.
 */
void style__detect(struct style *style, int fd);

#endif
