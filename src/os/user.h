/* SPDX-License-Identifier: MIT */
/*
 * os/user.h - the numbers of users. Not in the call table: a simulated network
 * has no users, and the ones of the machine do no harm there.
 */
#ifndef PIER_OS_USER_H
#define PIER_OS_USER_H

#include <stdint.h>

/* The number of the user of that name. 0; -ENOENT: there is none; or -errno. */
int pier__user_id(uint32_t *uid, const char *name);

#endif
