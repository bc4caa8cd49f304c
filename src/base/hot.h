/* SPDX-License-Identifier: MIT */
/*
 * base/hot.h - which functions lie together in memory.
 *
 * A system call drives much of our code out of the first-level cache. What
 * every message runs through is marked PIER__HOT and lies side by side in a few
 * pages, to come back fast; what only failures run through is PIER__COLD and
 * lies elsewhere.
 */
#ifndef PIER_BASE_HOT_H
#define PIER_BASE_HOT_H

#define PIER__HOT  __attribute__((hot))
#define PIER__COLD __attribute__((cold, noinline))

#endif
