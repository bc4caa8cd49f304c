/* SPDX-License-Identifier: MIT */
/* inspect/netlink.c - see netlink.h. */
#include "inspect/netlink.h"

#include <assert.h>
#include <errno.h>
#include <linux/netlink.h>
#include <string.h>

/* Both kinds of items begin on a multiple of four. */
#define ALIGNED(len) (((len) + 3) & ~(size_t)3)

#define ATTRIBUTE_HEAD 4

/* The body of an item whose head and length are known, and rest behind it. */
static int
take(struct pier__bytes *rest, struct pier__nl_item *item, size_t head,
	size_t len)
{
	size_t whole = ALIGNED(len);

	if (len < head || len > rest->len)
		return -EBADMSG;
	item->body = (struct pier__bytes){ .at = rest->at + head,
		.len = len - head };
	/* The last one need not be filled up. */
	if (whole > rest->len)
		whole = rest->len;
	rest->at += whole;
	rest->len -= whole;
	return 1;
}

int
pier__nl_message(struct pier__bytes *rest, struct pier__nl_item *item)
{
	if (rest->len == 0)
		return 0;
	if (rest->len < sizeof(struct nlmsghdr))
		return -EBADMSG;
	item->type = pier__nl_u16(*rest, offsetof(struct nlmsghdr, nlmsg_type));
	item->flags =
		pier__nl_u16(*rest, offsetof(struct nlmsghdr, nlmsg_flags));
	return take(rest, item, sizeof(struct nlmsghdr),
		pier__nl_u32(*rest, offsetof(struct nlmsghdr, nlmsg_len)));
}

int
pier__nl_attribute(struct pier__bytes *rest, struct pier__nl_item *item)
{
	if (rest->len == 0)
		return 0;
	if (rest->len < ATTRIBUTE_HEAD)
		return -EBADMSG;
	item->type = pier__nl_u16(*rest, 2) & NLA_TYPE_MASK;
	item->flags = 0;
	return take(rest, item, ATTRIBUTE_HEAD, pier__nl_u16(*rest, 0));
}

int
pier__nl_status(const struct pier__nl_item *item)
{
	int32_t status;

	if (item->body.len < sizeof(status))
		return item->type == NLMSG_DONE ? 0 : -EBADMSG;
	memcpy(&status, item->body.at, sizeof(status));
	/* No errno is above that; anything else is no answer. */
	return status <= 0 && status > -4096 ? status : -EBADMSG;
}

static void
copy(void *to, struct pier__bytes bytes, size_t offset, size_t size)
{
	memset(to, 0, size);
	if (offset + size <= bytes.len)
		memcpy(to, bytes.at + offset, size);
}

uint64_t
pier__nl_u64(struct pier__bytes bytes, size_t offset)
{
	uint64_t value;

	copy(&value, bytes, offset, sizeof(value));
	return value;
}

uint32_t
pier__nl_u32(struct pier__bytes bytes, size_t offset)
{
	uint32_t value;

	copy(&value, bytes, offset, sizeof(value));
	return value;
}

uint16_t
pier__nl_u16(struct pier__bytes bytes, size_t offset)
{
	uint16_t value;

	copy(&value, bytes, offset, sizeof(value));
	return value;
}

uint8_t
pier__nl_u8(struct pier__bytes bytes, size_t offset)
{
	return offset < bytes.len ? bytes.at[offset] : 0;
}

static void
note_len(struct pier__nl_request *request)
{
	uint32_t len = (uint32_t)request->len;

	memcpy((unsigned char *)request->bytes +
			offsetof(struct nlmsghdr, nlmsg_len),
		&len, sizeof(len));
}

void
pier__nl_begin(struct pier__nl_request *request, uint16_t type, uint16_t flags)
{
	struct nlmsghdr head = { .nlmsg_type = type,
		.nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST) };

	memset(request, 0, sizeof(*request));
	pier__nl_put(request, &head, sizeof(head));
}

void
pier__nl_put(struct pier__nl_request *request, const void *bytes, size_t len)
{
	assert(request->len + ALIGNED(len) <= sizeof(request->bytes));
	if (len > 0)
		memcpy((unsigned char *)request->bytes + request->len, bytes,
			len);
	request->len += ALIGNED(len);
	note_len(request);
}

void
pier__nl_put_attribute(struct pier__nl_request *request, uint16_t type,
	const void *bytes, size_t len)
{
	const uint16_t head[2] = { (uint16_t)(ATTRIBUTE_HEAD + len), type };

	pier__nl_put(request, head, sizeof(head));
	pier__nl_put(request, bytes, len);
}
