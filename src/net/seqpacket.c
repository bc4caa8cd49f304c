/* SPDX-License-Identifier: MIT */
/*
 * net/seqpacket.c - see seqpacket.h.
 *
 * The kernel gives no bytes for an empty message and for the peer's end alike.
 * With SO_PASSCRED each message brings a control message about its sender, and
 * the end does not: so sockets that pier makes have it on, and tell the two
 * apart. Programs that do not (Python, socat) take an empty message for the end.
 */
#include "net/seqpacket.h"

#include <errno.h>

#include "net/l2cap.h"
#include "net/listen.h"
#include "net/stream.h"
#include "task/failure.h"

static int
mark(struct pier_packet *packet)
{
	static const int on = 1;
	int rc;

	packet->ends = true;
	packet->connected = true;
	if (packet->family == AF_BLUETOOTH)
		return pier__l2cap_mark(packet->desc->fd);
	if (packet->family != AF_UNIX)
		return 0;
	rc = pier__calls()->setsockopt(
		packet->desc->fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	packet->marks = rc == 0;
	return rc;
}

static const char *
explain(int rc)
{
	switch (rc) {
	case -ECONNREFUSED:
		return "its server is gone, or the file is no socket";
	case -EPROTOTYPE:
		return "it is not a seqpacket socket";
	default:
		return NULL;
	}
}

/* -EINVAL for what this kind does not have. */
static int
check(const struct pier__packet_plan *plan)
{
	const char *detail = NULL;

	if (plan->opts.listen)
		detail =
			"packets with a connection are accepted: pier_listen() "
			"and pier_packet_accept()";
	else if (plan->opts.unconnected || plan->opts.bind != NULL)
		detail = "a seqpacket client is connected and has no name";
	else if (plan->opts.senders)
		detail = "the peer of a connection is one: "
			 "pier_packet_peer_cred()";
	return detail == NULL ? 0
			      : pier__fail_step(-EINVAL, PIER_STEP_CREATE,
					plan->text, detail);
}

int
pier__seqpacket_open(
	struct pier_packet **out, const struct pier__packet_plan *plan)
{
	struct pier_packet *packet;
	struct pier__unix_place place;
	struct pier__unix_try one = { .type = SOCK_SEQPACKET,
		.wishes = &plan->endpoint.wishes,
		.step = PIER_STEP_CONNECT };
	int rc = check(plan);
	int fd;

	if (rc < 0)
		return rc;
	fd = pier__unix_place_open(&place, &plan->endpoint);
	if (fd == 0) {
		one.addr = &place.addr;
		fd = pier__unix_connect(&one, plan->deadline);
		pier__unix_place_close(&place);
	}
	if (fd < 0)
		return pier__fail_step(fd, one.step, plan->text,
			one.step == PIER_STEP_OPTION ? one.why.text
						     : explain(fd));
	rc = pier__packet_new(&packet, fd, AF_UNIX, plan);
	if (rc < 0) {
		pier__close(fd);
		return pier__fail_step(rc, PIER_STEP_CREATE, plan->text, NULL);
	}
	rc = mark(packet);
	if (rc < 0) {
		pier_packet_close(packet);
		return pier__fail_step(rc, PIER_STEP_OPTION, plan->text, NULL);
	}
	*out = packet;
	return 0;
}

int
pier_packet_accept(struct pier_packet **out, struct pier_listener *listener,
	pier_deadline deadline)
{
	char text[PIER_ENDPOINT_TEXT_MAX] = "";
	struct pier_packet *packet;
	int fd, rc;

	if (!listener->packets)
		return pier__listener_fail(listener, -EINVAL);
	fd = pier__listener_accept_wait(listener, deadline);
	if (fd < 0)
		return fd;
	(void)pier_listener_endpoint(listener, text, sizeof(text));
	rc = pier__packet_make(
		&packet, fd, listener->family, listener->streams, text);
	if (rc < 0) {
		pier__close(fd);
		return pier__listener_fail(listener, rc);
	}
	rc = mark(packet);
	if (rc < 0) {
		pier_packet_close(packet);
		return pier__listener_fail(listener, rc);
	}
	*out = packet;
	return 0;
}

int
pier__packet_over(
	struct pier_packet **out, struct pier_stream *carrier, const char *text)
{
	struct pier_packet *packet;
	int rc = pier__packet_make(&packet, carrier->desc.fd, carrier->family,
		carrier->scheme, text);

	if (rc < 0)
		return rc;
	packet->carrier = carrier;
	packet->desc = &carrier->desc;
	rc = mark(packet);
	if (rc < 0)
		pier_packet_close(packet);
	else
		*out = packet;
	return rc;
}

int
pier_packet_shutdown(struct pier_packet *packet, enum pier_half half)
{
	int how = half == PIER_BOTH      ? SHUT_RDWR
		  : half == PIER_READING ? SHUT_RD
					 : SHUT_WR;
	int rc = -ENOTCONN;

	/* A channel is closed as a whole. */
	if (packet->family == AF_BLUETOOTH && half != PIER_BOTH)
		rc = -ENOTSUP;
	else if (packet->ends)
		rc = pier__calls()->shutdown(packet->desc->fd, how);
	return rc < 0 ? pier__fail_step(
				rc, PIER_STEP_SHUTDOWN, packet->text, NULL)
		      : 0;
}
