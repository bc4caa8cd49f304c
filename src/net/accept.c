/* SPDX-License-Identifier: MIT */
/*
 * net/accept.c - the connections of a listener: which errors of accept(2) are no
 * failure of it, and what is asked of the kernel for the next one.
 */
#include "net/listen.h"

#include <errno.h>
#include <poll.h>

#include "net/stream.h"
#include "task/failure.h"

/* Errors of the network that one accept skips before the caller gets a word
   in: connections that were lost while they queued come in storms. */
#define SKIPS_MAX 64

/* accept(2) hands on what became of a connection while it queued: that one is
   lost, the next one is not concerned. */
static bool
is_passing(int rc)
{
	switch (rc) {
	case -ECONNABORTED:
	case -EPROTO:
	case -ENOPROTOOPT:
	case -EHOSTDOWN:
	case -ENONET:
	case -EHOSTUNREACH:
	case -EOPNOTSUPP:
	case -ENETUNREACH:
	case -ENETDOWN:
	case -EINTR:
		return true;
	default:
		return false;
	}
}

/* An accept() in vain costs the kernel a socket, made and thrown away: nine times
   a poll, or a tenth of all that a short connection takes. So whoever has taken
   one looks whether there is another, until so many in a row were there that it
   is no question. The first is there: an event or a poll has told. */
#define ROW_MAX 8

PIER__HOT static bool
looks_first(const struct pier_listener *listener)
{
	uint8_t row = PIER__LOOK(listener->row);

	return listener->may_block || (row > 0 && row < ROW_MAX);
}

PIER__HOT static int
accept_once(struct pier_listener *listener, struct pier_addr *peer, bool stands)
{
	const struct pier__calls *calls = pier__calls();
	struct pollfd one = { .fd = listener->desc.fd, .events = POLLIN };

	if (!stands && looks_first(listener) && calls->poll(&one, 1, 0) == 0)
		return -EAGAIN;
	if (peer == NULL)
		return calls->accept(
			listener->desc.fd, NULL, NULL, listener->blocking);
	peer->len = sizeof(peer->u);
	return calls->accept(
		listener->desc.fd, &peer->u.sa, &peer->len, listener->blocking);
}

/* fd, or it is closed: -EPROTO, which passes, when its peer has gone. */
static int
set_late(struct pier_listener *listener, int fd)
{
	const struct pier__option_kind kind = { .domain = listener->family,
		.type = listener->packets ? SOCK_SEQPACKET : SOCK_STREAM };
	char text[PIER_ENDPOINT_TEXT_MAX] = "";
	struct pier__why why;
	int rc = pier__kept_wishes_set(listener->after, fd, &kind, &why);

	if (rc == 0)
		return fd;
	pier__close(fd);
	if (rc == -ENOTCONN || rc == -ECONNRESET)
		return -EPROTO;
	listener->refused = true;
	(void)pier_listener_endpoint(listener, text, sizeof(text));
	return pier__fail_step(rc, PIER_STEP_OPTION, text, why.text);
}

/* What an attempt that gave fd shows of the queue. */
static inline void
note(struct pier_listener *listener, int fd)
{
	uint8_t row = PIER__LOOK(listener->row);

	if (fd == -EAGAIN) {
		PIER__NOTE(listener->desc.readable, false);
		PIER__NOTE(listener->row, 0);
	} else if (fd >= 0 && row < ROW_MAX) {
		PIER__NOTE(listener->row, row + 1);
	}
}

static inline __attribute__((always_inline)) int
accept_next(struct pier_listener *listener, struct pier_addr *peer, bool stands)
{
	int skips;
	int fd;

	listener->refused = false;
	for (skips = 0; skips < SKIPS_MAX; skips++) {
		fd = accept_once(listener, peer, stands);
		if (stands && (fd == -EINTR || fd == -EAGAIN))
			return -EAGAIN;
		note(listener, fd);
		if (fd >= 0 && peer != NULL &&
			peer->len <= sizeof(peer->u.sa.sa_family))
			peer->len = 0;
		if (fd >= 0 && listener->after != NULL)
			fd = set_late(listener, fd);
		if (listener->refused || !is_passing(fd))
			return fd;
	}
	return -EAGAIN;
}

PIER__HOT int
pier__listener_accept(struct pier_listener *listener, struct pier_addr *peer)
{
	return accept_next(listener, peer, false);
}

PIER__HOT int
pier__listener_accept_standing(
	struct pier_listener *listener, struct pier_addr *peer)
{
	return accept_next(listener, peer, true);
}

int
pier__listener_fail(const struct pier_listener *listener, int rc)
{
	char text[PIER_ENDPOINT_TEXT_MAX] = "";

	(void)pier_listener_endpoint(listener, text, sizeof(text));
	return pier__fail_step(rc, PIER_STEP_ACCEPT, text, NULL);
}

int
pier__listener_accept_wait(
	struct pier_listener *listener, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	bool noted = false;
	int rc;

	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	if (self == NULL)
		return -ENOMEM;
	rc = pier__desc_claim(&listener->desc, self);
	/* The next connection is for the task that waits for it. */
	if (rc == 0 && pier__desc_busy(&listener->desc, PIER__IN))
		rc = -EBUSY;
	if (rc == 0 && deadline.ns == 0)
		pier__desc_look_again(&listener->desc, PIER__IN);
	while (rc == 0) {
		rc = pier__enter(self, deadline);
		if (rc < 0)
			break;
		rc = pier__listener_accept(listener, NULL);
		noted = listener->refused;
		if (rc == -EAGAIN && !noted)
			rc = pier__desc_wait(
				&listener->desc, PIER__IN, "accept", deadline);
		else
			break;
	}
	return rc < 0 && !noted ? pier__listener_fail(listener, rc) : rc;
}

int
pier_accept(struct pier_stream **out, struct pier_listener *listener,
	pier_deadline deadline)
{
	int fd, rc;

	if (listener->packets)
		return pier__listener_fail(listener, -EINVAL);
	fd = pier__listener_accept_wait(listener, deadline);
	if (fd < 0)
		return fd;
	rc = pier__stream_new(out, fd, listener->family, listener->streams);
	if (rc < 0) {
		pier__close(fd);
		return pier__listener_fail(listener, rc);
	}
	return 0;
}
