/* SPDX-License-Identifier: MIT */
/*
 * inspect/tcp_info.h - decoding TCP_INFO, for the other files of this folder.
 */
#ifndef PIER_INSPECT_TCP_INFO_H
#define PIER_INSPECT_TCP_INFO_H

#include <pier/info.h>

/* One field: where the kernel has it, and what is told of it. */
struct pier__tcp_field {
	struct pier_tcp_field told;
	uint16_t from; /* offset in the kernel's struct */
	uint8_t shift; /* of a field of bits: its lowest one, and how many */
	uint8_t bits;  /* 0: the field is told.size whole bytes */
};

extern const struct pier__tcp_field pier__tcp_fields[];
extern const size_t pier__tcp_field_count;

/* All of it into *info, of the library's own size. Pure. */
void pier__tcp_info_decode(
	struct pier_tcp_info *info, const unsigned char *bytes, size_t len);

#endif
