/* SPDX-License-Identifier: MIT */
/*
 * proto/ping_l2cap.c - probes of a Bluetooth device, as l2ping(1) sends them: echo
 * requests of L2CAP's signals, on a raw socket that is connected to it, which
 * brings up the link. The probes themselves are those of ping_datagram.c.
 */
#include "proto/ping.h"

#include <errno.h>
#include <string.h>

#include "addr/bt.h"
#include "net/control.h"
#include "task/failure.h"

#define SCHEME         "l2cap://"
#define PROTOCOL_L2CAP 0 /* BTPROTO_L2CAP */

/* Probes on their way, each with an identifier that no other has; a few are left
   for those that came to their end just now. */
#define WINDOW 50

bool
pier__ping_is_l2cap(const char *text)
{
	return strncmp(text, SCHEME, sizeof(SCHEME) - 1) == 0;
}

static const char *
check(const struct pier_ping_opts *opts)
{
	if (opts->size > PIER__PING_L2CAP_MAX)
		return "over L2CAP the size is 0 to 668 bytes";
	if (opts->wait_ns / opts->interval_ns > WINDOW)
		return "over L2CAP at most 50 probes are on their way: a "
		       "shorter wait, or a longer interval";
	if (opts->ttl != 0 || opts->tos != 0 || opts->dont_fragment ||
		opts->interface != NULL || opts->family != AF_UNSPEC ||
		(opts->options != NULL && opts->options[0] != NULL))
		return "over L2CAP there are a count, times, a size and a "
		       "local address only";
	return NULL;
}

int
pier__ping_l2cap_prepare(struct pier_ping *ping)
{
	struct pier__span device = pier__span_of(ping->text);
	struct pier_bt_addr addr;
	int rc;

	ping->way = PIER__PING_L2CAP;
	ping->form.l2cap = true;
	ping->detail = check(&ping->opts);
	if (ping->detail != NULL)
		return pier__fail_step(
			-EINVAL, ping->step, ping->text, ping->detail);
	device.begin += sizeof(SCHEME) - 1;
	rc = pier__bt_parse_device(&addr, device, &ping->why);
	if (rc < 0)
		return pier__fail_parse(rc, ping->text, &ping->why);
	rc = pier_bt_l2cap(&ping->to, &addr, 0);
	if (rc < 0 || ping->opts.bind == NULL)
		return rc;
	return pier_bt_addr_parse(&addr, ping->opts.bind);
}

static const char *
explain(int rc)
{
	switch (rc) {
	case -EPERM:
	case -EACCES:
		return "needs CAP_NET_RAW";
	case -EAFNOSUPPORT:
		return "the kernel has no Bluetooth: modprobe bluetooth";
	case -EHOSTUNREACH:
		return "no Bluetooth controller is powered";
	case -EHOSTDOWN:
		return "the device does not answer";
	case -EADDRNOTAVAIL:
		return "no powered controller has that address";
	default:
		return NULL;
	}
}

static int
fail(struct pier_ping *ping, int rc, enum pier_step step)
{
	ping->step = step;
	ping->detail = explain(rc);
	return rc;
}

static int
bind_to(struct pier_ping *ping)
{
	struct pier_bt_addr addr;
	struct pier_addr own;
	int rc;

	if (ping->opts.bind == NULL)
		return 0;
	rc = pier_bt_addr_parse(&addr, ping->opts.bind);
	if (rc == 0)
		rc = pier_bt_l2cap(&own, &addr, 0);
	if (rc == 0)
		rc = pier__calls()->bind(
			pier__bare_fd(&ping->socket), &own.u.sa, own.len);
	return rc < 0 ? fail(ping, rc, PIER_STEP_BIND) : 0;
}

/* The link comes up, which may take seconds: then the socket can be written to. */
static int
await(struct pier_ping *ping, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	socklen_t len = sizeof(int);
	int error = 0, rc = self == NULL ? -ENOMEM : 0;

	pier__bare_drained(&ping->socket, PIER_WRITING);
	while (rc == 0 && !pier__bare_is_ready(&ping->socket, PIER_WRITING)) {
		rc = pier__enter(self, deadline);
		if (rc == 0)
			rc = pier__bare_wait(&ping->socket, PIER_WRITING,
				"connect", deadline);
	}
	if (rc == 0)
		rc = pier__calls()->getsockopt(pier__bare_fd(&ping->socket),
			SOL_SOCKET, SO_ERROR, &error, &len);
	return rc < 0 ? rc : -error;
}

int
pier__ping_l2cap_open(struct pier_ping *ping, pier_deadline deadline)
{
	const char *option;
	int fd = pier__calls()->socket(AF_BLUETOOTH, SOCK_RAW, PROTOCOL_L2CAP);
	int rc;

	if (fd < 0)
		return fail(ping, fd, PIER_STEP_CREATE);
	pier__bare_init(&ping->socket, fd, AF_BLUETOOTH, SOCK_RAW);
	ping->connected = true;
	/* Without it times are those at which this process came to see it. */
	(void)pier__control_ask(fd, AF_BLUETOOTH, PIER_ASK_TIME, &option);
	rc = bind_to(ping);
	if (rc < 0)
		return rc;
	rc = pier__calls()->connect(fd, &ping->to.u.sa, ping->to.len);
	/* Interrupted, it goes on all the same. */
	if (rc == -EINPROGRESS || rc == -EINTR)
		rc = await(ping, deadline);
	return rc < 0 ? fail(ping, rc, PIER_STEP_CONNECT) : 0;
}

int
pier__ping_l2cap_refused(struct pier_ping *ping, struct pier_ping_event *event,
	struct pier__ping_probe *probe, unsigned int mtu)
{
	struct pier_packet_error error = { .rc = mtu > 0 ? -EMSGSIZE
							 : -EOPNOTSUPP,
		.type = -1,
		.code = -1,
		.mtu = mtu,
		.from = ping->to,
		.meaning = mtu > 0 ? "the signal is too long for the device"
				   : "the device answers no echoes" };

	if (probe->state != PIER__PING_WAITS)
		return -EINTR;
	pier__ping_lose(ping, event, probe, &error);
	return 1;
}

struct pier__ping_probe *
pier__ping_l2cap_probe(const struct pier__ping_book *book, unsigned int ident)
{
	unsigned int place = ident - PIER__PING_IDENT_MIN, since;

	if (book->last == 0 || place >= PIER__PING_IDENT_COUNT)
		return NULL;
	since = (unsigned int)((book->last - 1 + PIER__PING_IDENT_COUNT -
				       place) %
			       PIER__PING_IDENT_COUNT);
	return since < book->last ? pier__ping_book_find(book,
					    (uint16_t)(book->last - since))
				  : NULL;
}
