/* SPDX-License-Identifier: MIT */
/*
 * net/packet_about.c - what a packet socket says of itself: its addresses,
 * endpoint, descriptor and timeout.
 */
#include "net/packet.h"

#include <errno.h>
#include <stdio.h>

#include "net/block.h"
#include "net/mailbox.h"
#include "net/stream.h"
#include "task/failure.h"

static int
fail(const struct pier_packet *packet, int rc, const char *detail)
{
	return pier__fail_step(rc, PIER_STEP_OPTION, packet->text, detail);
}

int
pier_packet_local(const struct pier_packet *packet, struct pier_addr *out)
{
	struct pier_addr addr = { .len = sizeof(addr.u) };
	int rc;

	if (packet->mailbox != NULL && packet->mailbox->local.len > 0) {
		*out = packet->mailbox->local;
		return 0;
	}
	rc = pier__calls()->getsockname(
		packet->desc->fd, &addr.u.sa, &addr.len);
	if (rc < 0)
		return fail(packet, rc, "its own address");
	*out = addr;
	return 0;
}

int
pier_packet_peer(const struct pier_packet *packet, struct pier_addr *out)
{
	struct pier_addr addr = { .len = sizeof(addr.u) };
	int rc;

	if (packet->mailbox != NULL) {
		*out = packet->to;
		return 0;
	}
	rc = pier__calls()->getpeername(
		packet->desc->fd, &addr.u.sa, &addr.len);
	/* Of a raw socket, whose peer has no port, and of ISO-TP the kernel does
	   not say. */
	if ((rc == -ENOTCONN || rc == -EOPNOTSUPP) && packet->connected &&
		packet->to.len > 0) {
		*out = packet->to;
		return 0;
	}
	if (rc < 0)
		return fail(packet, rc, "its peer's address");
	*out = addr;
	return 0;
}

int
pier_packet_endpoint(const struct pier_packet *packet, char *buf, size_t size)
{
	struct pier_addr own;
	int len;

	if (packet->named ||
		(packet->own_place.has_dir && packet->to.len == 0)) {
		len = snprintf(buf, size, "%s", packet->text);
		return (size_t)len < size ? len : -ENOSPC;
	}
	len = pier_packet_local(packet, &own);
	if (len == 0)
		len = pier_endpoint_format(packet->scheme, &own, buf, size);
	if (len != -EINVAL)
		return len;
	/* A Unix socket that was handed down may have no name. */
	len = snprintf(buf, size, "fd://%d", packet->desc->fd);
	return (size_t)len < size ? len : -ENOSPC;
}

int
pier_packet_fd(const struct pier_packet *packet)
{
	(void)pier__block_end(packet->desc);
	return packet->desc->fd;
}

int
pier_packet_set_timeout(struct pier_packet *packet, int64_t ms)
{
	packet->timeout_ms = ms < 0 ? PIER_NO_TIMEOUT : ms;
	return 0;
}

int64_t
pier_packet_timeout(const struct pier_packet *packet)
{
	return packet->timeout_ms == PIER__TIMEOUT_UNSET
		       ? pier_default_timeout()
		       : packet->timeout_ms;
}
