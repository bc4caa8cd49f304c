/* SPDX-License-Identifier: MIT */
/*
 * net/isotp_wire.c - what a frame says by ISO 15765-2:2016 9: the upper half of its
 * first byte tells the kind. Pure.
 */
#include <pier/isotp.h>

#include <errno.h>
#include <string.h>

#define MS INT64_C(1000000)
#define US INT64_C(1000)

/* A frame, from behind the byte of extended addressing. */
struct bytes {
	const uint8_t *at;
	uint8_t size;
};

static int
give(struct pier_isotp_frame *out, struct bytes bytes, uint8_t from,
	uint32_t size)
{
	if (from > bytes.size)
		return -EBADMSG;
	out->data_size = (uint8_t)(bytes.size - from);
	if (out->data_size > size)
		out->data_size = (uint8_t)size;
	memcpy(out->data, bytes.at + from, out->data_size);
	return 0;
}

/* Frames of more than 8 bytes have the size in a byte of its own. */
static int
read_single(struct pier_isotp_frame *out, struct bytes bytes, bool is_long)
{
	uint8_t from = is_long ? 2 : 1;

	out->kind = PIER_ISOTP_SINGLE;
	out->size = bytes.at[0] & 15;
	if (is_long && out->size == 0 && bytes.size > 1)
		out->size = bytes.at[1];
	else if (is_long)
		return -EBADMSG;
	if (out->size == 0 || out->size + from > bytes.size)
		return -EBADMSG;
	return give(out, bytes, from, out->size);
}

/* Messages of more than 4095 bytes have their size in 32 bits. */
static int
read_first(struct pier_isotp_frame *out, struct bytes bytes)
{
	uint8_t from = 2;

	if (bytes.size < 2)
		return -EBADMSG;
	out->kind = PIER_ISOTP_FIRST;
	out->size = (bytes.at[0] & 15u) << 8 | bytes.at[1];
	if (out->size == 0) {
		if (bytes.size < 6)
			return -EBADMSG;
		out->size = (uint32_t)bytes.at[2] << 24 |
			    (uint32_t)bytes.at[3] << 16 |
			    (uint32_t)bytes.at[4] << 8 | bytes.at[5];
		from = 6;
	}
	return out->size == 0 ? -EBADMSG : give(out, bytes, from, out->size);
}

static int64_t
decode_stmin(uint8_t byte)
{
	if (byte >= 0xf1 && byte <= 0xf9)
		return (byte - 0xf0) * 100 * US;
	return (byte > 0x7f ? 0x7f : byte) * MS;
}

static int
read_flow(struct pier_isotp_frame *out, struct bytes bytes)
{
	uint8_t flow = bytes.at[0] & 15;

	if (bytes.size < 3 || flow > PIER_ISOTP_OVERFLOW)
		return -EBADMSG;
	out->kind = PIER_ISOTP_FLOW_CONTROL;
	out->flow = (enum pier_isotp_flow)flow;
	out->block_size = bytes.at[1];
	out->stmin_ns = decode_stmin(bytes.at[2]);
	return 0;
}

static int
read_frame(struct pier_isotp_frame *out, const struct pier_can_frame *frame,
	bool addressed)
{
	struct bytes bytes = { .at = frame->data, .size = frame->size };

	if (frame->remote || frame->error || frame->size > PIER_CAN_DATA_MAX ||
		frame->size <= (addressed ? 1 : 0))
		return -EBADMSG;
	if (addressed) {
		out->address = bytes.at[0];
		bytes.at++;
		bytes.size--;
	}
	switch (bytes.at[0] >> 4) {
	case 0:
		return read_single(
			out, bytes, frame->size > PIER_CAN_CLASSIC_MAX);
	case 1:
		return read_first(out, bytes);
	case 2:
		out->kind = PIER_ISOTP_FOLLOWING;
		out->sequence = bytes.at[0] & 15;
		return give(out, bytes, 1, PIER_CAN_DATA_MAX);
	case 3:
		return read_flow(out, bytes);
	default:
		return -EBADMSG;
	}
}

int
pier_isotp_frame_read_sized(struct pier_isotp_frame *out, size_t out_size,
	const struct pier_can_frame *frame, bool addressed)
{
	struct pier_isotp_frame all = { .size = 0 };
	int rc = read_frame(&all, frame, addressed);

	if (rc == 0)
		memcpy(out, &all,
			out_size < sizeof(all) ? out_size : sizeof(all));
	return rc;
}
