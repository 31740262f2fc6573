/*
 * keys.h - keys that are pressed on the terminal, one by one and not shown.
 *
 * The terminal is one for the whole process, and is given back as it was: by
 * keys__close, when the process is stopped (Ctrl-Z), and by the signals that
 * would end it without.  Those that are blocked are their reader's to see to.
 */
#ifndef BRKSCOPE_KEYS_H
#define BRKSCOPE_KEYS_H

/* Where stdin is a terminal, and this is not in the background; else nothing happens. */
void keys__open(void);
void keys__close(void); /* also if not open */
/* For poll(2); -1: there are none to be read now. */
int keys__fd(void);
/* One; -1: there was none after all. */
int keys__read(void);

#endif
