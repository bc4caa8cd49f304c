/* SPDX-License-Identifier: MIT */
/* inspect/made.h - messages of rtnetlink(7) made by hand, for tests. */
#ifndef PIER_INSPECT_MADE_H
#define PIER_INSPECT_MADE_H

#include <linux/rtnetlink.h>
#include <stdbool.h>
#include <string.h>

#include "inspect/netlink.h"

/* Messages, one behind the other. */
struct made {
	_Alignas(struct nlmsghdr) unsigned char bytes[1024];
	size_t len, message; /* where the last message begins */
	bool has_message;    /* else they are attributes alone */
};

static inline void
add(struct made *made, const void *data, size_t len)
{
	uint32_t whole;

	memcpy(made->bytes + made->len, data, len);
	made->len += (len + 3) & ~(size_t)3;
	whole = (uint32_t)(made->len - made->message);
	if (made->has_message)
		memcpy(made->bytes + made->message, &whole, sizeof(whole));
}

static inline void
begin(struct made *made, uint16_t type, uint16_t flags)
{
	struct nlmsghdr head = { .nlmsg_type = type, .nlmsg_flags = flags };

	made->message = made->len;
	made->has_message = true;
	add(made, &head, sizeof(head));
}

static inline void
attribute(struct made *made, uint16_t type, const void *data, size_t len)
{
	struct rtattr head = { .rta_type = type,
		.rta_len = (uint16_t)(sizeof(head) + len) };

	add(made, &head, sizeof(head));
	add(made, data, len);
}

static inline struct pier__bytes
bytes_of(const struct made *made)
{
	return (struct pier__bytes){ made->bytes, made->len };
}

#endif
