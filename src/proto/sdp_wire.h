/* SPDX-License-Identifier: MIT */
/*
 * proto/sdp_wire.h - the Service Discovery Protocol of Bluetooth (Core, volume 3
 * part B) as bytes. Pure.
 *
 * One request is used, ServiceSearchAttribute, whose answer comes in parts: each but
 * the last one says how to ask for the next. Their bytes together are a sequence of
 * records. A record is taken apart as deep as what is wanted of it lies, four
 * sequences; nothing goes down as far as a peer nests.
 */
#ifndef PIER_PROTO_SDP_WIRE_H
#define PIER_PROTO_SDP_WIRE_H

#include <pier/bt_control.h>

#include <stddef.h>
#include <stdint.h>

#define PIER__SDP_PSM 1

/* Bytes of a request, of a part of an answer, and of all its parts. */
#define PIER__SDP_REQUEST_MAX 96
#define PIER__SDP_PART_MAX    4096
#define PIER__SDP_ANSWER_MAX  65536

/* What a peer wants to be told with the next request: section 4.3. */
#define PIER__SDP_CONTINUE_MAX 16

struct pier__sdp_continue {
	size_t size; /* 0: there is no more */
	unsigned char bytes[PIER__SDP_CONTINUE_MAX];
};

struct pier__sdp_part {
	const unsigned char *bytes; /* inside what was read */
	size_t size;
	struct pier__sdp_continue more;
};

/* The request for the records that have this UUID in them; its length. */
size_t pier__sdp_write(unsigned char out[PIER__SDP_REQUEST_MAX],
	uint16_t transaction, const struct pier_bt_uuid *uuid,
	const struct pier__sdp_continue *more);

/* 0; -ENOMSG: the answer to another request; or -PIER_EFRAME, and *why: it
   breaks the rules, or says that the request does. */
int pier__sdp_read(struct pier__sdp_part *out, const unsigned char *bytes,
	size_t len, uint16_t transaction, const char **why);

/*
 * pier__sdp_records(list, max, bytes, len, why): the records of a whole answer.
 * list may be NULL, to count them.
 *
 * How many; -PIER_EFRAME, and *why; or -PIER_ELIMIT: more than max.
 */
int pier__sdp_records(struct pier_bt_service *list, size_t max,
	const unsigned char *bytes, size_t len, const char **why);

#endif
