/* version.h - the version that `brkscope --version` and the man page say. */
#ifndef BRKSCOPE_VERSION_H
#define BRKSCOPE_VERSION_H

#define BRKSCOPE_VERSION "0.1.0"

#endif
