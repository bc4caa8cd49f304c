/* SPDX-License-Identifier: MIT */
/* proto/sntp_inside.h - what opening servers of NTP and asking them share. */
#ifndef PIER_PROTO_SNTP_INSIDE_H
#define PIER_PROTO_SNTP_INSIDE_H

#include <errno.h>

#include "proto/sntp_server.h"

struct pier_sntp {
	struct pier_sntp_opts opts;
	size_t count;
	size_t turn; /* whose message is looked for first */
	struct pier__sntp_server server[PIER_SNTP_SERVERS_MAX];
	struct pier_waitable waiting[PIER_SNTP_SERVERS_MAX];
	size_t waiting_for[PIER_SNTP_SERVERS_MAX];
	unsigned char buf[PIER__SNTP_MESSAGE_MAX + 1];
	char hosts[]; /* each with its end */
};

/* No fault of a server or of the way to it: the call itself cannot go on. */
static inline bool
pier__sntp_is_passing(int rc)
{
	return rc == -ECANCELED || rc == -EAGAIN || rc == -ENOMEM ||
	       rc == -EMFILE || rc == -ENFILE;
}

#endif
