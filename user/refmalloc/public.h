/*
 * public.h - what the library shows; all else is hidden (-fvisibility=hidden).
 */
#ifndef REFMALLOC_PUBLIC_H
#define REFMALLOC_PUBLIC_H

#define PUBLIC __attribute__((visibility("default")))

#endif
