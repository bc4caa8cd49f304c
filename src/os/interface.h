/* SPDX-License-Identifier: MIT */
/*
 * Names and numbers of network interfaces, for the zones of addresses. Not in
 * the call table: a simulated network has no interfaces, and the ones of the
 * machine do no harm there.
 */
#ifndef PIER_OS_INTERFACE_H
#define PIER_OS_INTERFACE_H

#include <net/if.h>
#include <stdint.h>

#define PIER__INTERFACE_NAME_MAX IF_NAMESIZE

/* Returns the number of the interface, always above 0, or -errno. */
int pier__interface_index(const char *name);

/* Writes the name, which ends in NUL. Returns 0 or -errno. */
int pier__interface_name(char name[PIER__INTERFACE_NAME_MAX], uint32_t index);

#endif
