/* SPDX-License-Identifier: MIT */
/*
 * inspect/netlink.h - messages of netlink(7): building a request, and walking
 * through what came.
 *
 * libmnl is not used: its socket calls go past the call table, wait, and could
 * not be failed by a test; what is left of it are the few loops below, here
 * with every bound checked and fuzzed.
 */
#ifndef PIER_INSPECT_NETLINK_H
#define PIER_INSPECT_NETLINK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes that are walked through. */
struct pier__bytes {
	const unsigned char *at;
	size_t len;
};

/* One message, or one attribute. */
struct pier__nl_item {
	uint16_t type;
	uint16_t flags; /* of a message */
	struct pier__bytes body;
};

/*
 * pier__nl_message(rest, item): take the next message off rest. 1; 0: rest is
 * used up; -EBADMSG: it is no message.
 */
int pier__nl_message(struct pier__bytes *rest, struct pier__nl_item *item);

/* The same of attributes. */
int pier__nl_attribute(struct pier__bytes *rest, struct pier__nl_item *item);

/*
 * pier__nl_status(item): what an NLMSG_ERROR or NLMSG_DONE says: 0 or -errno;
 * -EBADMSG: it is too short to say anything.
 */
int pier__nl_status(const struct pier__nl_item *item);

/* Numbers at an offset; bytes that are not there count as 0. */
uint32_t pier__nl_u32(struct pier__bytes bytes, size_t offset);
uint16_t pier__nl_u16(struct pier__bytes bytes, size_t offset);
uint8_t pier__nl_u8(struct pier__bytes bytes, size_t offset);
uint64_t pier__nl_u64(struct pier__bytes bytes, size_t offset);

/* A request under construction. */
#define PIER__NL_REQUEST_MAX 4096

struct pier__nl_request {
	size_t len;
	uint32_t bytes[PIER__NL_REQUEST_MAX / 4];
};

void pier__nl_begin(
	struct pier__nl_request *request, uint16_t type, uint16_t flags);
/* Append; what does not fit is an error of pier, and asserted. */
void pier__nl_put(
	struct pier__nl_request *request, const void *bytes, size_t len);
void pier__nl_put_attribute(struct pier__nl_request *request, uint16_t type,
	const void *bytes, size_t len);

#endif
