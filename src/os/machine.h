/* SPDX-License-Identifier: MIT */
/*
 * What this process may use of the machine. Not in the call table: the answers
 * bound what a server takes on, in a simulation too.
 */
#ifndef PIER_OS_MACHINE_H
#define PIER_OS_MACHINE_H

/* The number of descriptors this process may have open, INT_MAX at most. */
int pier__machine_descriptors(void);

/* The number of cores it may run on, at least 1. */
int pier__machine_cores(void);

#endif
