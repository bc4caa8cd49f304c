/* SPDX-License-Identifier: MIT */
/*
 * net/can_wire.h - frames as the kernel has them: struct can_frame and struct
 * canfd_frame of <linux/can.h>, which not every machine that builds has. Pure.
 */
#ifndef PIER_NET_CAN_WIRE_H
#define PIER_NET_CAN_WIRE_H

#include <pier/can.h>

#include "base/text.h"

/* Bits of the identifier. */
#define PIER__CAN_EXTENDED 0x80000000u
#define PIER__CAN_REMOTE   0x40000000u
#define PIER__CAN_ERROR    0x20000000u

/* What tells the two kinds: their sizes. */
#define PIER__CAN_SIZE    16
#define PIER__CAN_FD_SIZE 72

/* The identifier with its bits. */
uint32_t pier__can_id(const struct pier_can_frame *frame);

/* The smallest size of an FD frame that has room for size bytes, up to 64. */
uint8_t pier__can_fd_size(size_t size);

/* A valid frame to bytes; how many: one of the two sizes. */
size_t pier__can_encode(unsigned char out[PIER__CAN_FD_SIZE],
	const struct pier_can_frame *frame);

/* 0, or -EBADMSG: they are no frame. */
int pier__can_decode(
	struct pier_can_frame *out, const unsigned char *bytes, size_t size);

/* Read the whole span. 0, or -EINVAL with the reason. */
int pier__can_frame_parse(struct pier_can_frame *out, struct pier__span span,
	struct pier__why *why);
int pier__can_log_parse(struct pier_can_message *out, struct pier__span line,
	struct pier__why *why);
int pier__can_filters_parse(struct pier_can_filters *out,
	struct pier__span span, struct pier__why *why);

#endif
