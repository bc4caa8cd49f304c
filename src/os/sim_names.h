/* SPDX-License-Identifier: MIT */
/*
 * os/sim_names.h - names of unix sockets: the host's file system, as far as
 * sockets need one. A path stays when its socket goes (a stale file), an
 * abstract name does not.
 */
#ifndef PIER_OS_SIM_NAMES_H
#define PIER_OS_SIM_NAMES_H

#include <sys/un.h>

#include "os/sim_inner.h"

struct pier__sim_name {
	struct pier__list node;         /* on host->names */
	struct pier__sim_socket *owner; /* NULL: stale */
	mode_t mode;
	ino_t ino;
	socklen_t len; /* of text: sun_path as given to bind */
	char text[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
};

bool pier__sim_name_is_abstract(const struct pier__sim_name *name);
struct pier__sim_name *pier__sim_name_find(
	struct pier__sim_host *host, const char *text, socklen_t len);
/* The name inside an address, which ends at its NUL when it is a path. */
int pier__sim_name_read(const struct sockaddr *sa, socklen_t len,
	const char **text, socklen_t *text_len);
struct pier__sim_name *pier__sim_name_make(struct pier__sim_socket *owner,
	const char *text, socklen_t len, mode_t mode);
void pier__sim_name_drop(struct pier__sim_name *name);
/* Its owner goes. */
void pier__sim_name_leave(struct pier__sim_name *name);

#endif
