/* SPDX-License-Identifier: MIT */
/* net/can_wire.c - see can_wire.h. */
#include "net/can_wire.h"

#include <errno.h>
#include <string.h>

/* Behind the identifier, in the byte order of this machine. */
#define AT_SIZE  4
#define AT_FLAGS 5 /* of FD */
#define AT_CODE  7 /* of a classic frame: its length code above 8 */
#define AT_DATA  8

uint32_t
pier__can_id(const struct pier_can_frame *frame)
{
	return frame->id | (frame->extended ? PIER__CAN_EXTENDED : 0) |
	       (frame->remote ? PIER__CAN_REMOTE : 0) |
	       (frame->error ? PIER__CAN_ERROR : 0);
}

uint8_t
pier__can_fd_size(size_t size)
{
	static const uint8_t sizes[] = { 12, 16, 20, 24, 32, 48, 64 };
	size_t i;

	if (size <= PIER_CAN_CLASSIC_MAX)
		return (uint8_t)size;
	for (i = 0; sizes[i] < size; i++)
		;
	return sizes[i];
}

static const char *
check_fd(const struct pier_can_frame *frame)
{
	if (frame->remote || frame->error)
		return "FD has no remote frames and no error frames";
	if (frame->raw_code != 0)
		return "FD frames have no length codes of their own";
	if (frame->fd_flags > 15)
		return "the flags of an FD frame have four bits";
	if (frame->size > PIER_CAN_DATA_MAX ||
		pier__can_fd_size(frame->size) != frame->size)
		return "an FD frame has 0 to 8, 12, 16, 20, 24, 32, 48 or 64 "
		       "bytes";
	return NULL;
}

const char *
pier_can_frame_check(const struct pier_can_frame *frame)
{
	bool is_long = frame->extended || frame->error;

	if (frame->id > (is_long ? PIER_CAN_ID_EXTENDED_MAX : PIER_CAN_ID_MAX))
		return is_long ? "an identifier has 29 bits"
			       : "an identifier that is not extended has 11 "
				 "bits";
	if (frame->error && (frame->extended || frame->remote))
		return "an error frame is neither extended nor remote";
	if (frame->fd)
		return check_fd(frame);
	if (frame->fd_flags != 0)
		return "only FD frames have flags";
	if (frame->size > PIER_CAN_CLASSIC_MAX)
		return "a classic frame has 0 to 8 bytes";
	if (frame->raw_code != 0 &&
		(frame->raw_code < 9 || frame->raw_code > 15 ||
			frame->size != PIER_CAN_CLASSIC_MAX))
		return "a length code of 9 to 15 is of 8 bytes";
	return NULL;
}

size_t
pier__can_encode(unsigned char out[PIER__CAN_FD_SIZE],
	const struct pier_can_frame *frame)
{
	uint32_t id = pier__can_id(frame);

	memset(out, 0, PIER__CAN_FD_SIZE);
	memcpy(out, &id, sizeof(id));
	out[AT_SIZE] = frame->size;
	if (!frame->remote)
		memcpy(out + AT_DATA, frame->data, frame->size);
	if (frame->fd) {
		out[AT_FLAGS] = frame->fd_flags;
		return PIER__CAN_FD_SIZE;
	}
	out[AT_CODE] = frame->raw_code;
	return PIER__CAN_SIZE;
}

int
pier__can_decode(
	struct pier_can_frame *out, const unsigned char *bytes, size_t size)
{
	bool is_fd = size == PIER__CAN_FD_SIZE;
	uint32_t id;
	bool is_error;

	if ((!is_fd && size != PIER__CAN_SIZE) ||
		bytes[AT_SIZE] >
			(is_fd ? PIER_CAN_DATA_MAX : PIER_CAN_CLASSIC_MAX))
		return -EBADMSG;
	memcpy(&id, bytes, sizeof(id));
	is_error = (id & PIER__CAN_ERROR) != 0;
	*out = (struct pier_can_frame){
		.id = id & PIER_CAN_ID_EXTENDED_MAX,
		.extended = (id & PIER__CAN_EXTENDED) != 0 && !is_error,
		.remote = (id & PIER__CAN_REMOTE) != 0 && !is_error,
		.error = is_error,
		.fd = is_fd,
		.fd_flags = is_fd ? bytes[AT_FLAGS] & 15 : 0,
		.size = bytes[AT_SIZE],
	};
	/* Drivers leave all kinds of things where there is no code. */
	if (!is_fd && out->size == PIER_CAN_CLASSIC_MAX && bytes[AT_CODE] > 8 &&
		bytes[AT_CODE] <= 15)
		out->raw_code = bytes[AT_CODE];
	if (!out->remote)
		memcpy(out->data, bytes + AT_DATA, out->size);
	/* What another program has sent need not keep to the standard. */
	if (is_fd)
		out->size = pier__can_fd_size(out->size);
	return pier_can_frame_check(out) == NULL ? 0 : -EBADMSG;
}
