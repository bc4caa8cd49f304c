/* SPDX-License-Identifier: MIT */
/* option/option.h - options of sockets: what the library shares. */
#ifndef PIER_OPTION_OPTION_H
#define PIER_OPTION_OPTION_H

#include "option/table.h"
#include "option/text.h"

/* What kind of socket fd is. 0, or -EBADF or -ENOTSOCK, not noted. */
int pier__option_kind_of(struct pier__option_kind *out, int fd);

/*
 * pier__option_put(fd, value, why): set it. 0, or -errno with the reason in why,
 * "" for none; not noted.
 */
int pier__option_put(
	int fd, const struct pier_option_value *value, struct pier__why *why);

/* Reads it, no questions asked. 0 or -errno, not noted. */
int pier__option_load_value(int fd, const struct pier__option_name *name,
	struct pier_option_value *out);

/* Tells in change->why why the kernel did not keep what was asked for. */
void pier__option_explain_change(struct pier_option_change *change);

/* Reads a file of /proc/sys by the name of its sysctl, into text without its
   newline. The length, or -errno. */
int pier__sysctl(const char *name, char *text, size_t size);

#endif
