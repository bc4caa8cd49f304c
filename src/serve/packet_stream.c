/* SPDX-License-Identifier: MIT */
/*
 * serve/packet_stream.c - a handler of streams on messages, by way of a pair:
 * one task carries what comes to the handler's end, another what it writes to
 * the peer. So the handler has a stream like any other, with both of its ends.
 *
 * Invariants:
 *   1. `far` is the handler's and the caller's; `near` is the two carriers', of
 *      which one only writes and one only reads;
 *   2. both carriers have ended before anything is closed but `far`.
 */
#include <pier/serve.h>

#include <errno.h>

#include "addr/bt.h"
#include "net/packet.h"
#include "net/stream.h"
#include "task/group.h"

/* Longest message that is carried in whole, and longest that leaves. */
#define IN_MAX 65536

struct bridge {
	struct pier_packet *packet;
	struct pier_stream *near, *far;
	struct pier_group *in, *out; /* a carrier each */
	int in_rc, out_rc;           /* how they ended */
	unsigned char in_buf[IN_MAX];
	unsigned char out_buf[PIER_STREAM_MESSAGE_MAX];
};

/* From the peer, until it has ended or the handler takes no more. */
static int
carry_in(void *arg)
{
	struct bridge *it = arg;
	struct pier_msg msg;
	int rc = 0;

	pier_task_name("messages in");
	while (rc == 0) {
		rc = pier_recv(it->packet, &msg, it->in_buf, sizeof(it->in_buf),
			PIER_DEFAULT);
		if (rc == 0 && msg.size > 0)
			rc = pier_write(
				it->near, it->in_buf, msg.size, PIER_FOREVER);
	}
	/* The other carrier has given up, and has the reason. */
	it->in_rc = rc == -ECONNABORTED ? 0 : rc;
	/* The handler reads on to the end; one that has gone needs none. */
	(void)pier_shutdown(it->near, PIER_WRITING, PIER_NOW);
	return 0;
}

/* A channel of L2CAP has a bound of its own. */
static size_t
longest_out(const struct pier_packet *packet)
{
	int mtu = packet->family == AF_BLUETOOTH
			  ? pier_bt_mtu_out(packet->desc->fd)
			  : 0;

	return mtu > 0 && mtu < PIER_STREAM_MESSAGE_MAX
		       ? (size_t)mtu
		       : PIER_STREAM_MESSAGE_MAX;
}

/* To the peer, until the handler has ended. */
static int
carry_out(void *arg)
{
	struct bridge *it = arg;
	size_t size = longest_out(it->packet);
	ssize_t n;
	int rc = 0;

	pier_task_name("messages out");
	while (rc == 0) {
		n = pier_read(it->near, it->out_buf, size, PIER_FOREVER);
		if (n <= 0) {
			rc = (int)n;
			break;
		}
		rc = pier_send(
			it->packet, NULL, it->out_buf, (size_t)n, PIER_DEFAULT);
	}
	it->out_rc = rc;
	if (rc < 0)
		/* Who writes into the void is told so. */
		pier_abort(it->near);
	return 0;
}

/* The peer's end, and a handler that has heard enough, are usual ends. */
static bool
is_usual(int rc)
{
	return rc >= 0 || rc == -PIER_EEND || rc == -ECANCELED ||
	       pier_is_reset(rc);
}

static int
begin(struct bridge *it)
{
	int rc = pier_group_open(&it->in);

	if (rc == 0)
		rc = pier_group_open(&it->out);
	if (rc == 0)
		rc = pier_go(it->out, carry_out, it);
	if (rc == 0)
		rc = pier_go(it->in, carry_in, it);
	return rc;
}

/* What the handler has said still leaves, unless this task is cancelled. Whatever
   fails, the carriers are not left with what is about to be freed. */
static void
finish(struct bridge *it)
{
	pier_close(it->far);
	if (it->in != NULL) {
		pier_group_cancel(it->in);
		pier__group_finish(it->in, "messages in");
	}
	if (it->out != NULL && pier_group_wait(it->out, PIER_FOREVER) < 0) {
		pier_group_cancel(it->out);
		pier__group_finish(it->out, "messages out");
	}
	pier_group_close(it->in);
	pier_group_close(it->out);
	pier_close(it->near);
}

int
pier_handler_on_packets(
	struct pier_packet *packet, pier_handler *handler, void *ctx)
{
	struct bridge *it = pier__alloc_lines(sizeof(*it));
	int rc;

	if (it == NULL)
		return pier__packet_fail(
			packet, -ENOMEM, PIER_STEP_HANDLER, NULL);
	it->packet = packet;
	it->in = it->out = NULL;
	it->in_rc = it->out_rc = 0;
	rc = pier_pair(&it->near, &it->far);
	if (rc < 0) {
		pier__free(it);
		return rc;
	}
	rc = begin(it);
	if (rc == 0)
		rc = handler(it->far, ctx);
	finish(it);
	/* Their stories ended with their tasks. */
	if (rc >= 0 && !is_usual(it->in_rc))
		rc = pier__packet_fail_receive(packet, it->in_rc);
	else if (rc >= 0 && !is_usual(it->out_rc))
		rc = pier__packet_fail_send(packet, it->out_rc);
	pier__free(it);
	return rc;
}
