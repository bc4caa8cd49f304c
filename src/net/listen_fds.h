/* SPDX-License-Identifier: MIT */
/*
 * net/listen_fds.h - descriptors that a service manager handed down, from
 * inside. Reading what the environment says is pure.
 */
#ifndef PIER_NET_LISTEN_FDS_H
#define PIER_NET_LISTEN_FDS_H

#include <sys/types.h>

#include <pier/error.h>
#include <pier/service.h>

#include "net/endpoint.h"

struct pier__listen_fds {
	int count;
	const char *names; /* "a:b", as many as count; or NULL */
};

/*
 * The values of LISTEN_PID, LISTEN_FDS and LISTEN_FDNAMES, each of which may be
 * NULL, for the process `own`. 0; or -EINVAL with the explanation in why.
 */
int pier__listen_fds_read(struct pier__listen_fds *out, const char *pid,
	const char *fds, const char *names, pid_t own, struct pier__why *why);

/* The i-th name, not ended by NUL; its length in *len. */
const char *pier__listen_fds_name(
	const struct pier__listen_fds *fds, int i, size_t *len);

/* The number of a fd:// endpoint, which may have a name in its place; or an
   error of `step`, noted. */
int pier__endpoint_fd(const struct pier__endpoint *endpoint, const char *text,
	enum pier_step step);

/* What a descriptor is that is not what was expected: "it is a pipe". A
   constant string. */
const char *pier__fd_is(int fd);

#endif
