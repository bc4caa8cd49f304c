/* SPDX-License-Identifier: MIT */
/*
 * net/packet_open.c - packet sockets opened: what every family shares of it.
 */
#include "net/packet.h"

#include <errno.h>
#include <string.h>

#include "net/bt.h"
#include "net/came_back.h"
#include "net/control.h"
#include "net/isotp.h"
#include "net/l2cap.h"
#include "net/listen_fds.h"
#include "net/raw.h"
#include "net/seqpacket.h"
#include "net/stream.h"
#include "net/tipc.h"
#include "net/udp.h"
#include "net/unixgram.h"
#include "net/wishes.h"
#include "task/failure.h"

int
pier__packet_new(struct pier_packet **out, int fd, int family,
	const struct pier__packet_plan *plan)
{
	bool tells = (plan->opts.ask & PIER_ASK_ERRORS) != 0;
	struct pier__came_back *came_back = NULL;
	int rc = 0;

	if (tells) {
		came_back = pier__alloc(sizeof(*came_back));
		rc = came_back == NULL ? -ENOMEM : 0;
	}
	if (rc == 0)
		rc = pier__packet_make(
			out, fd, family, plan->endpoint.scheme, plan->text);
	if (rc == 0)
		(*out)->came_back = came_back;
	else
		pier__free(came_back);
	return rc;
}

int
pier__packet_make(struct pier_packet **out, int fd, int family,
	const char *scheme, const char *text)
{
	size_t size = strlen(text) + 1;
	struct pier_packet *packet = pier__alloc(sizeof(*packet) + size);

	if (packet == NULL)
		return -ENOMEM;
	packet->desc = &packet->own_desc;
	pier__desc_init(packet->desc, fd, PIER__DESC_SOCKET);
	packet->timeout_ms = PIER__TIMEOUT_UNSET;
	packet->family = (int16_t)family;
	packet->scheme = scheme;
	memcpy(packet->text, text, size);
	*out = packet;
	return 0;
}

/* What a connection that was begun has come to. */
static int
await_connection(struct pier_packet *packet, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	int error = 0;
	socklen_t len = sizeof(error);
	int rc = self == NULL ? -ENOMEM : pier__desc_claim(packet->desc, self);

	PIER__NOTE(packet->desc->writable, false);
	if (rc == 0)
		rc = pier__desc_wait(
			packet->desc, PIER__OUT, "connect", deadline);
	if (rc == 0)
		rc = pier__calls()->getsockopt(
			packet->desc->fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return rc < 0 ? rc : -error;
}

int
pier__packet_connect(struct pier_packet *packet, const struct pier_addr *addr,
	pier_deadline deadline)
{
	int rc = pier__calls()->connect(
		packet->desc->fd, &addr->u.sa, addr->len);

	if (rc == -EINPROGRESS || rc == -EINTR)
		rc = await_connection(packet, deadline);
	packet->connected = rc == 0;
	packet->ends = true;
	return rc;
}

static bool
wants_udp(const struct pier__packet_plan *plan)
{
	return plan->opts.ask != 0 || plan->opts.broadcast;
}

static int
refuse_udp(const struct pier__packet_plan *plan)
{
	return pier__fail_step(-EINVAL, PIER_STEP_CREATE, plan->text,
		"ask and broadcast are of UDP");
}

static int
refuse_senders(const struct pier__packet_plan *plan)
{
	return pier__fail_step(-EINVAL, PIER_STEP_CREATE, plan->text,
		"senders is of Unix datagrams");
}

static int
get_int(int fd, int name, int *value)
{
	socklen_t len = sizeof(*value);

	return pier__calls()->getsockopt(fd, SOL_SOCKET, name, value, &len);
}

/* With each message, who sent it, on a socket that was there before. Noted. */
static int
ask_senders(int fd, int family, int type, const struct pier__packet_plan *plan)
{
	static const int on = 1;
	int rc;

	if (!plan->opts.senders)
		return 0;
	if (family != AF_UNIX || type != SOCK_DGRAM)
		return refuse_senders(plan);
	rc = pier__calls()->setsockopt(
		fd, SOL_SOCKET, SO_PASSCRED, &on, sizeof(on));
	return rc < 0 ? pier__fail_step(rc, PIER_STEP_OPTION, plan->text,
				"who sends each message")
		      : 0;
}

/* What a socket that was there before is to bring and may do. Noted. */
static int
ask_fd(int fd, int family, const struct pier__packet_plan *plan)
{
	static const int on = 1;
	const char *option = NULL;
	int rc = 0;

	if (!wants_udp(plan))
		return 0;
	if (family != AF_INET && family != AF_INET6)
		return refuse_udp(plan);
	rc = pier__control_ask(fd, family, plan->opts.ask, &option);
	if (rc == 0 && plan->opts.broadcast) {
		option = "SO_BROADCAST";
		rc = pier__calls()->setsockopt(
			fd, SOL_SOCKET, SO_BROADCAST, &on, sizeof(on));
	}
	return rc < 0 ? pier__fail_step(
				rc, PIER_STEP_OPTION, plan->text, option)
		      : 0;
}

/* The same of CAN, where ISO-TP is one of several: what is none stays as it was. */
static int
open_can(struct pier_packet **out, int fd, const struct pier__packet_plan *plan)
{
	struct pier_addr own = { .len = sizeof(own.u) };
	struct pier_packet *packet;
	int protocol = 0;
	int rc = get_int(fd, SO_PROTOCOL, &protocol);

	if (rc == 0 && protocol == PIER__ISOTP_PROTOCOL)
		rc = pier__calls()->getsockname(fd, &own.u.sa, &own.len);
	if (rc == 0 &&
		(protocol != PIER__ISOTP_PROTOCOL || !pier__isotp_is(&own)))
		return pier__fail_step(-EINVAL, PIER_STEP_CREATE, plan->text,
			"of sockets of CAN only those of ISO-TP have messages");
	if (rc == 0)
		rc = pier__packet_new(&packet, fd, AF_CAN, plan);
	if (rc != 0)
		return pier__fail_step(rc, PIER_STEP_CREATE, plan->text, NULL);
	packet->scheme = "isotp";
	rc = pier__isotp_attach(packet, &own);
	if (rc == 0) {
		*out = packet;
		return 0;
	}
	pier__free(packet->came_back);
	pier__free(packet);
	return pier__fail_step(rc, PIER_STEP_CREATE, plan->text, NULL);
}

static int
open_fd(struct pier_packet **out, const struct pier__packet_plan *plan)
{
	struct pier_addr peer;
	int fd = pier__endpoint_fd(
		&plan->endpoint, plan->text, PIER_STEP_CREATE);
	int family = AF_UNSPEC;
	int type = 0;
	struct pier__why why;
	int rc;

	if (fd < 0)
		return fd;
	rc = get_int(fd, SO_TYPE, &type);
	if (rc == 0)
		rc = get_int(fd, SO_DOMAIN, &family);
	if (rc == 0 && type != SOCK_DGRAM && type != SOCK_SEQPACKET &&
		type != SOCK_RDM)
		rc = -EINVAL;
	if (rc == 0) {
		rc = pier__wishes_set(&plan->endpoint.wishes, fd,
			&(struct pier__option_kind){
				.domain = family, .type = type },
			PIER__MOMENT_ANY, &why);
		if (rc < 0)
			return pier__fail_step(
				rc, PIER_STEP_OPTION, plan->text, why.text);
		rc = ask_senders(fd, family, type, plan);
		if (rc == 0)
			rc = ask_fd(fd, family, plan);
		if (rc < 0)
			return rc;
		if (family == AF_CAN)
			return open_can(out, fd, plan);
		rc = pier__packet_new(out, fd, family, plan);
	}
	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_CREATE, plan->text,
			rc == -EINVAL || rc == -ENOTSOCK ? pier__fd_is(fd)
							 : NULL);
	(*out)->scheme = family == AF_TIPC        ? "tipc"
			 : family == AF_BLUETOOTH ? "l2cap"
			 : type == SOCK_SEQPACKET ? "seqpacket"
			 : family == AF_UNIX      ? "unixgram"
						  : "udp";
	(*out)->ends = type == SOCK_SEQPACKET;
	(*out)->senders = plan->opts.senders;
	peer.len = sizeof(peer.u);
	(*out)->connected =
		pier__calls()->getpeername(fd, &peer.u.sa, &peer.len) == 0;
	return 0;
}

static int
open_one(struct pier_packet **out, const struct pier__packet_plan *plan)
{
	struct pier__why why;
	int rc;

	switch (plan->endpoint.kind) {
	case PIER__ENDPOINT_UNIXGRAM:
		return pier__unixgram_open(out, plan);
	case PIER__ENDPOINT_SEQPACKET:
		return pier__seqpacket_open(out, plan);
	case PIER__ENDPOINT_RAW:
		return pier__raw_open(out, plan);
	case PIER__ENDPOINT_TIPC:
		return pier__tipc_open(out, plan);
	case PIER__ENDPOINT_L2CAP:
		return pier__l2cap_open(out, plan);
	case PIER__ENDPOINT_ISOTP:
		return pier__isotp_open(out, plan);
	case PIER__ENDPOINT_FD:
		return open_fd(out, plan);
	default:
		rc = pier__why_set(&why, 0,
			"%s:// has no messages: udp, udp4, udp6, unixgram, "
			"seqpacket, raw, tipc, l2cap, isotp and fd have",
			plan->endpoint.scheme);
		return pier__fail_parse(rc, plan->text, &why);
	}
}

int
pier__packet_enter_open(struct pier__packet_plan *plan)
{
	struct pier__task *self = pier__self();
	const char *wrong = NULL;
	struct pier__why why;
	int rc = pier__endpoint_parse(&plan->endpoint, plan->text, &why);

	if (rc < 0)
		return pier__fail_parse(rc, plan->text, &why);
	plan->endpoint.wishes.list = plan->opts.options;
	rc = pier__wishes_check_list(
		plan->opts.options, &plan->endpoint, &wrong, &why);
	if (rc < 0)
		return pier__fail_parse(rc, wrong, &why);
	if (plan->deadline.ns < 0)
		plan->deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	rc = self == NULL ? -ENOMEM : pier__enter(self, plan->deadline);
	if (rc < 0)
		return pier__fail_step(rc, PIER_STEP_CREATE, plan->text, NULL);
	if ((plan->opts.ask & ~(unsigned int)PIER__ASK_ALL) != 0)
		return pier__fail_step(-EINVAL, PIER_STEP_CREATE, plan->text,
			"ask: no such bit");
	if (wants_udp(plan) && plan->endpoint.kind != PIER__ENDPOINT_UDP &&
		plan->endpoint.kind != PIER__ENDPOINT_FD)
		return refuse_udp(plan);
	/* Of others each says why not. */
	if (plan->opts.senders &&
		(plan->endpoint.kind == PIER__ENDPOINT_UDP ||
			plan->endpoint.kind == PIER__ENDPOINT_RAW))
		return refuse_senders(plan);
	return 0;
}

int
pier_packet_open_all_sized(struct pier_packet **out, size_t max,
	const char *text, const struct pier_packet_opts *opts, size_t opts_size,
	pier_deadline deadline)
{
	struct pier__packet_plan *plan;
	int rc;

	if (max == 0)
		return pier__fail_step(
			-EINVAL, PIER_STEP_CREATE, text, "max is 0");
	/* On the heap: a host's name would take much of a fiber's stack. */
	plan = pier__alloc(sizeof(*plan));
	if (plan == NULL)
		return pier__fail_step(-ENOMEM, PIER_STEP_CREATE, text, NULL);
	plan->text = text;
	plan->deadline = deadline;
	if (opts != NULL)
		memcpy(&plan->opts, opts,
			opts_size < sizeof(plan->opts) ? opts_size
						       : sizeof(plan->opts));
	rc = pier__packet_enter_open(plan);
	if (rc == 0 && plan->endpoint.kind == PIER__ENDPOINT_UDP) {
		rc = pier__udp_open(out, max, plan);
	} else if (rc == 0) {
		rc = open_one(out, plan);
		if (rc == 0)
			rc = 1;
	}
	pier__free(plan);
	return rc;
}

int
pier_packet_open_sized(struct pier_packet **out, const char *text,
	const struct pier_packet_opts *opts, size_t opts_size,
	pier_deadline deadline)
{
	int rc = pier_packet_open_all_sized(
		out, 1, text, opts, opts_size, deadline);

	return rc < 0 ? rc : 0;
}
