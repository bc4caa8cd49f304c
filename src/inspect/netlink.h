/* SPDX-License-Identifier: MIT */
/*
 * inspect/netlink.h - messages of netlink(7), by libmnl: those of its functions
 * that look at memory or write to it. Its sockets are not used: their calls
 * would go past the call table, wait, and could not be failed by a test.
 *
 * What is walked through here begins on a multiple of four, as libmnl reads
 * whole words. Its own loops end where something is wrong as if all had been
 * read, and 1.0.4 takes a message whose length has the highest bit; the two
 * steps below say -EBADMSG.
 */
#ifndef PIER_INSPECT_NETLINK_H
#define PIER_INSPECT_NETLINK_H

#include <stddef.h>
#include <stdint.h>

#include <libmnl/libmnl.h>

/* Bytes that are walked through. */
struct pier__bytes {
	const unsigned char *at;
	size_t len;
};

/*
 * pier__nl_message(rest, message): take the next message off rest; it lies whole
 * in there. 1; 0: rest is used up; -EBADMSG: it is no message.
 */
int pier__nl_message(struct pier__bytes *rest, const struct nlmsghdr **message);

/* The same of attributes. */
int pier__nl_attribute(
	struct pier__bytes *rest, const struct nlattr **attribute);

/* What such a message or attribute has behind its head. */
struct pier__bytes pier__nl_body(const struct nlmsghdr *message);
struct pier__bytes pier__nl_value(const struct nlattr *attribute);

/* What is behind the first len bytes of a body, filled up to a multiple of
   four: attributes. */
struct pier__bytes pier__nl_behind(struct pier__bytes body, size_t len);

/*
 * pier__nl_status(message): what an NLMSG_ERROR or NLMSG_DONE says: 0 or -errno;
 * -EBADMSG: it is too short to say anything.
 */
int pier__nl_status(const struct nlmsghdr *message);

/* Numbers at an offset; bytes that are not there count as 0. */
uint32_t pier__nl_u32(struct pier__bytes bytes, size_t offset);
uint16_t pier__nl_u16(struct pier__bytes bytes, size_t offset);
uint8_t pier__nl_u8(struct pier__bytes bytes, size_t offset);
uint64_t pier__nl_u64(struct pier__bytes bytes, size_t offset);

/* A request under construction, one message. */
#define PIER__NL_REQUEST_MAX 4096

union pier__nl_request {
	struct nlmsghdr head;
	unsigned char bytes[PIER__NL_REQUEST_MAX];
};

void pier__nl_begin(
	union pier__nl_request *request, uint16_t type, uint16_t flags);
/* Append; what does not fit is an error of pier, and asserted. */
void pier__nl_put(
	union pier__nl_request *request, const void *bytes, size_t len);
void pier__nl_put_attribute(union pier__nl_request *request, uint16_t type,
	const void *bytes, size_t len);

#endif
