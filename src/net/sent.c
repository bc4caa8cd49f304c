/* SPDX-License-Identifier: MIT */
/* net/sent.c - see sent.h. */
#include "net/sent.h"

#include <errno.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>
#include <linux/net_tstamp.h>

#include "net/came_back.h"

/* The moment alone, without the message that it is of. */
#define WISH                                                        \
	(SOF_TIMESTAMPING_TX_SOFTWARE | SOF_TIMESTAMPING_SOFTWARE | \
		SOF_TIMESTAMPING_OPT_TSONLY)

int
pier__sent_ask(struct pier_packet *packet)
{
	int wish = WISH, rc;

	if (packet->came_back == NULL)
		return -ENOPROTOOPT;
	rc = pier__calls()->setsockopt(packet->desc->fd, SOL_SOCKET,
		SO_TIMESTAMPING, &wish, sizeof(wish));
	packet->came_back->tells_sent = rc == 0;
	return rc;
}

int64_t
pier__sent_when(struct pier_packet *packet)
{
	struct pier__came_back *it = packet->came_back;

	if (it == NULL || !it->tells_sent)
		return 0;
	pier__came_back_put_by(packet);
	return it->sent_ns;
}

/* An error has moments, too: of when it came. */
static bool
is_of_sending(const struct cmsghdr *cmsg)
{
	struct sock_extended_err told;

	if (!pier__came_back_is_error(cmsg))
		return false;
	memcpy(&told, CMSG_DATA(cmsg), sizeof(told));
	return told.ee_origin == SO_EE_ORIGIN_TIMESTAMPING;
}

bool
pier__sent_read(struct pier__came_back *it, struct msghdr *header)
{
	/* By software, and by two kinds of hardware. */
	struct timespec stamp[3] = { { .tv_sec = 0 } };
	struct cmsghdr *cmsg;
	bool found = false;

	for (cmsg = CMSG_FIRSTHDR(header); cmsg != NULL && it->tells_sent;
		cmsg = CMSG_NXTHDR(header, cmsg)) {
		found = found || is_of_sending(cmsg);
		if (cmsg->cmsg_level == SOL_SOCKET &&
			cmsg->cmsg_type == SO_TIMESTAMPING &&
			cmsg->cmsg_len >= CMSG_LEN(sizeof(stamp)))
			memcpy(stamp, CMSG_DATA(cmsg), sizeof(stamp));
	}
	if (found)
		it->sent_ns = (int64_t)stamp[0].tv_sec * 1000000000 +
			      stamp[0].tv_nsec;
	return found;
}
