/* SPDX-License-Identifier: MIT */
/* net/copy.c - from one stream to another until the end. */
#include "net/stream.h"

ssize_t
pier_copy(struct pier_stream *to, struct pier_stream *from, int64_t max,
	pier_deadline deadline)
{
	uint64_t done = 0;

	while (max < 0 || done < (uint64_t)max) {
		const void *data;
		size_t size;
		ssize_t n = pier_peek(from, &data, 1, deadline);
		int rc;

		if (n == 0)
			break;
		if (n < 0)
			return pier__stream_fail(from, (int)n,
				PIER_STEP_RECEIVE, (size_t)done, 0);
		size = (size_t)n;
		if (max >= 0 && size > (uint64_t)max - done)
			size = (size_t)((uint64_t)max - done);
		rc = pier_write(to, data, size, deadline);
		if (rc < 0) {
			/* What did not go stays in `from`. */
			size = pier_last_error()->done;
			(void)pier_take(from, size);
			return pier__stream_fail(
				to, rc, PIER_STEP_SEND, (size_t)done + size, 0);
		}
		(void)pier_take(from, size);
		done += size;
	}
	return (ssize_t)done;
}
