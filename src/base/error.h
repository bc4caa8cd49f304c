/* SPDX-License-Identifier: MIT */
/* base/error.h - what the writers of error lines share. */
#ifndef PIER_BASE_ERROR_H
#define PIER_BASE_ERROR_H

#include <stddef.h>
#include <stdint.h>
#include <stdio.h>

/* "420 us", "3 ms", "12 s": short enough for a line, exact enough to act on. */
void pier__elapsed_text(int64_t ns, char *buf, size_t size);

#endif
