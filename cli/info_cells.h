/* SPDX-License-Identifier: MIT */
/* pier info: cells that are no field of TCP_INFO, and how any cell is written. */
#ifndef PIER_CLI_INFO_CELLS_H
#define PIER_CLI_INFO_CELLS_H

#include "info.h"

extern const struct info_column info_cells[];
extern const size_t info_cell_count;

/* A row has dozens of numbers, and printf() is half of what it costs. */
void info_put_number(char *text, size_t size, uint64_t number);
/* What is not known. */
void info_put_none(char *text, size_t size);

#endif
