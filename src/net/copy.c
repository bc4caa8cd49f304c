/* SPDX-License-Identifier: MIT */
/* net/copy.c - from one stream to another until the end. */
#include "net/stream.h"

ssize_t
pier_copy(struct pier_stream *to, struct pier_stream *from, int64_t max,
	pier_deadline deadline)
{
	uint64_t done = 0;

	/* One moment for all of it, however often it reads and writes. */
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(from->timeout_ms);
	while (max < 0 || done < (uint64_t)max) {
		const void *data;
		size_t size, went;
		ssize_t n = pier_peek(from, &data, 1, deadline);
		int rc;

		if (n == 0)
			break;
		if (n < 0)
			return pier__stream_fail_done(
				from, (int)n, PIER_STEP_RECEIVE, (size_t)done);
		size = (size_t)n;
		if (max >= 0 && size > (uint64_t)max - done)
			size = (size_t)((uint64_t)max - done);
		went = 0;
		rc = pier__stream_write(to, data, size, &went, deadline);
		(void)pier_take(from, went);
		done += went;
		/* What did not go stays in `from`. */
		if (rc < 0)
			return pier__stream_fail_done(
				to, rc, PIER_STEP_SEND, (size_t)done);
	}
	return (ssize_t)done;
}
