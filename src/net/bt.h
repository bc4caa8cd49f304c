/* SPDX-License-Identifier: MIT */
/*
 * net/bt.h - what sockets of RFCOMM and L2CAP share: are there controllers that
 * are on, how a socket is made and bound, what an endpoint may ask of it, and
 * what went wrong in words.
 *
 * A connection over RFCOMM and a channel of L2CAP end as a whole: neither has
 * halves, though shutdown(2) takes them. The kernel tells of a peer's orderly end
 * as of a reset, once, to whoever asks first; see pier__bt_is_over().
 */
#ifndef PIER_NET_BT_H
#define PIER_NET_BT_H

#include <errno.h>

#include <pier/stream.h>

#include "addr/bt.h"
#include "net/endpoint.h"

/* One socket that is being opened. */
struct pier__bt_try {
	const struct pier__endpoint *endpoint;
	const char *bind; /* a controller, "hci0" or its address; or NULL */
	bool listens;
	struct pier_addr own; /* where it is bound; len 0: nowhere */
	enum pier_step step;  /* where it failed */
	struct pier__why why; /* and why, where no number says it */
};

/*
 * pier__bt_socket(it): a new socket with its options, bound where it listens, at
 * the controller that was asked for, or of Low Energy. Fails at once where
 * there is no way to reach anybody, for which the kernel would wait.
 *
 * The descriptor, or, not noted, it->step and perhaps it->why being set,
 *   -EAFNOSUPPORT, -EPROTONOSUPPORT  the kernel lacks what its module has
 *   -ENODEV         no controller
 *   -ENETDOWN       it is off, or all are
 *   -EADDRNOTAVAIL  no controller has that address
 *   -EINVAL         what was asked for is no controller
 */
int pier__bt_socket(struct pier__bt_try *it);

/* What failed, in words, or NULL. */
const char *pier__bt_explain(const struct pier__bt_try *it, int rc);

/* Notes that. Returns rc. */
int pier__bt_fail(const struct pier__bt_try *it, const char *text, int rc);

/* A listening socket; opts->backlog is above 0. The descriptor, or an error,
   noted with text. */
int pier__bt_listen(const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text);

/* What an endpoint may have behind '?' of its own. 0, or -EINVAL. */
extern const char *const pier__rfcomm_names[];
extern const char *const pier__l2cap_names[];
int pier__bt_take(struct pier__endpoint *out, const struct pier__own *own,
	struct pier__why *why);

/* Has the connection ended? Asked when nothing is there to receive: who took the
   error that told of it may have been a send. One more attempt after that finds
   what came in between. */
bool pier__bt_is_over(int fd);

/* What a send that failed means: that the peer has ended is -EPIPE. */
static inline int
pier__bt_sent(int rc)
{
	return rc == -ENOTCONN || rc == -ECONNRESET ? -EPIPE : rc;
}

/* Bytes or messages that this machine still holds, of fd; below 0: an error. */
int pier__bt_unsent(int fd);

#endif
