/* SPDX-License-Identifier: MIT */
/* names/look.h - what a name helper does with a question. */
#ifndef PIER_NAMES_LOOK_H
#define PIER_NAMES_LOOK_H

#include "names/names.h"

/* Asks libc, however long that takes. 0, or as pier__names_ask(). */
int pier__names_look_up(
	struct pier_names **out, const struct pier__question *question);

#endif
