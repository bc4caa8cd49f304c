/* SPDX-License-Identifier: MIT */
/*
 * net/broadcast.c - one message by every link. Without a link that is named the
 * kernel sends what is for 255.255.255.255 by the default route alone, or
 * nowhere.
 */
#include <errno.h>
#include <string.h>

#include "net/many.h"

/* What a link has to be for it; 0: to is not for everybody. */
static unsigned int
flags_for(const struct pier_addr *to)
{
	if (pier__addr_is_broadcast(to))
		return IFF_UP | IFF_BROADCAST;
	return pier__addr_is_group(to) ? IFF_UP | IFF_MULTICAST : 0;
}

struct round {
	struct pier_packet *packet;
	struct pier_outgoing out;
	unsigned int flags;
	int went;
	int failure; /* the first */
};

static void
send_by(struct round *it, const struct pier__link *link, pier_deadline deadline)
{
	struct pier_addr local = { .len = 0 };
	int rc;

	if ((link->flags & it->flags) != it->flags)
		return;
	if (it->packet->family == AF_INET) {
		/* There is no address to send from. */
		if (link->ip4.s_addr == 0)
			return;
		local.len = sizeof(local.u.in);
		local.u.in.sin_family = AF_INET;
		local.u.in.sin_addr = link->ip4;
	}
	it->out.local = &local;
	it->out.interface = link->index;
	rc = pier__packet_send_out(it->packet, &it->out, deadline);
	it->out.local = NULL;
	if (rc == 0)
		it->went++;
	else if (it->failure == 0)
		it->failure = rc;
}

static int
fail(const struct pier_packet *packet, int rc, const char *detail)
{
	return pier__packet_fail(packet, rc, PIER_STEP_SEND, detail);
}

int
pier_broadcast_sized(struct pier_packet *packet,
	const struct pier_outgoing *given, size_t size, pier_deadline deadline)
{
	struct round it = { .packet = packet };
	struct pier__link *links;
	int count, i;

	memcpy(&it.out, given, size < sizeof(it.out) ? size : sizeof(it.out));
	if (it.out.to == NULL)
		it.out.to = &packet->to;
	it.flags = flags_for(it.out.to);
	if (it.flags == 0 || pier_addr_family(it.out.to) != packet->family)
		return fail(packet, -EINVAL,
			"to everybody is to 255.255.255.255 or a group of "
			"multicast, of the socket's family");
	count = pier__links_list(&links);
	if (count < 0)
		return fail(packet, count, "the links of this machine");
	for (i = 0; i < count; i++)
		send_by(&it, &links[i], deadline);
	pier__free(links);
	if (it.went > 0)
		return it.went;
	return it.failure < 0 ? pier__packet_fail_send(packet, it.failure)
			      : fail(packet, -ENETUNREACH,
					"no link is up that could take it");
}
