/* SPDX-License-Identifier: MIT */
/* frame/encode.c - one message to its wire form, without a stream. */
#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "frame/wire.h"
#include "task/failure.h"

static int
fail(int rc, const char *detail)
{
	return pier__fail_step(rc, PIER_STEP_FRAME, NULL, detail);
}

/* The length of the encoded data; nothing is kept of it. */
static size_t
measure(const struct pier__wire *wire, const unsigned char *data, size_t size)
{
	unsigned char room[PIER__ENCODE_ROOM];
	struct pier__encoding state = { 0 };
	size_t length = 0, some;

	if (wire->ops->encode == NULL)
		return size;
	while ((some = wire->ops->encode(
			wire, &state, data, size, room, sizeof(room))) > 0)
		length += some;
	return length;
}

/* To out, which has room for all of it. */
static void
put(const struct pier__wire *wire, unsigned char *out,
	const struct pier__ends *ends, const unsigned char *data, size_t size)
{
	unsigned char room[PIER__ENCODE_ROOM];
	struct pier__encoding state = { 0 };
	size_t some;

	memcpy(out, ends->head, ends->head_size);
	out += ends->head_size;
	if (wire->ops->encode == NULL) {
		if (size > 0)
			memcpy(out, data, size);
		out += size;
	} else {
		while ((some = wire->ops->encode(wire, &state, data, size, room,
				sizeof(room))) > 0) {
			memcpy(out, room, some);
			out += some;
		}
	}
	memcpy(out, ends->tail, ends->tail_size);
}

ssize_t
pier_frame_encode_sized(const struct pier_framing *framing, size_t framing_size,
	void *out, size_t room, const void *data, size_t size)
{
	struct pier__ends ends = { 0 };
	struct pier__wire wire;
	struct pier__why why;
	char detail[64];
	size_t length;
	int rc = pier__wire_of(&wire, framing, framing_size, &why);

	if (rc == 0)
		rc = pier__wire_check(&wire, data, size, &why);
	if (rc < 0)
		return fail(rc, why.text);
	wire.ops->ends(&wire, data, size, &ends);
	length = ends.head_size + measure(&wire, data, size) + ends.tail_size;
	if (length > room) {
		(void)snprintf(detail, sizeof(detail),
			"a message of %zu bytes on the wire", length);
		return fail(-ENOSPC, detail);
	}
	put(&wire, out, &ends, data, size);
	return (ssize_t)length;
}
