/* SPDX-License-Identifier: MIT */
/*
 * frame/broker.c - the handler by which everybody hears everybody.
 */
#include "frame/hub.h"

/* All that comes, to all others. */
static int
pass_on(struct pier_hub *hub, struct pier_member *member,
	struct pier_stream *stream)
{
	size_t most = hub->opts.queue_bytes;
	const void *data;
	ssize_t n;
	int rc = 0;

	while (rc >= 0 && (n = pier_peek(stream, &data, 1, PIER_DEFAULT)) > 0) {
		size_t size = (size_t)n < most ? (size_t)n : most;

		rc = pier_hub_post(hub, data, size, member);
		(void)pier_take(stream, size);
	}
	return rc < 0 ? rc : (int)n;
}

int
pier_handler_broker(struct pier_stream *stream, void *ctx)
{
	struct pier_member *member;
	int rc = pier_hub_join(&member, ctx, stream);
	int left;

	if (rc < 0)
		return rc;
	rc = pass_on(ctx, member, stream);
	left = pier_hub_leave(member, rc < 0 ? PIER_NOW : PIER_DEFAULT);
	/* Why it was aborted says more than that it was. */
	return left == -PIER_ELIMIT || rc >= 0 ? left : rc;
}
