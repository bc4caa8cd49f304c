/* SPDX-License-Identifier: MIT */
/* serve/options.h - a server's options with every default in its place. Pure. */
#ifndef PIER_SERVE_OPTIONS_H
#define PIER_SERVE_OPTIONS_H

#include <pier/serve.h>

/* Descriptors that a server leaves to its handlers, of `all`. */
int pier__descriptor_reserve(int all);

/*
 * pier__options_fill(opts, descriptors, cores, detail): check, and replace
 * every 0 by its default. Afterwards times are in milliseconds or PIER_OFF,
 * everything else is a number to go by.
 *
 *   detail  set to what is wrong with which field
 *
 * 0 or -EINVAL.
 */
int pier__options_fill(struct pier_server_opts *opts, int descriptors,
	int cores, const char **detail);

/* Milliseconds, or PIER_OFF, as nanoseconds; INT64_MAX for none. */
int64_t pier__options_ns(int64_t ms);

#endif
