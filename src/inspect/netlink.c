/* SPDX-License-Identifier: MIT */
/* inspect/netlink.c - see netlink.h. */
#include "inspect/netlink.h"

#include <assert.h>
#include <errno.h>
#include <limits.h>
#include <string.h>

/* How much is left, as libmnl counts it. */
static int
left(const struct pier__bytes *rest)
{
	return rest->len < INT_MAX ? (int)rest->len : INT_MAX;
}

/* Behind an item of that length; the last one need not be filled up. */
static void
go_on(struct pier__bytes *rest, size_t len)
{
	size_t whole = MNL_ALIGN(len);

	if (whole > rest->len)
		whole = rest->len;
	rest->at += whole;
	rest->len -= whole;
}

int
pier__nl_message(struct pier__bytes *rest, const struct nlmsghdr **message)
{
	const struct nlmsghdr *head = (const void *)rest->at;

	if (rest->len == 0)
		return 0;
	/* The length once more, without a sign. */
	if (!mnl_nlmsg_ok(head, left(rest)) || head->nlmsg_len > rest->len)
		return -EBADMSG;
	*message = head;
	go_on(rest, head->nlmsg_len);
	return 1;
}

int
pier__nl_attribute(struct pier__bytes *rest, const struct nlattr **attribute)
{
	const struct nlattr *head = (const void *)rest->at;

	if (rest->len == 0)
		return 0;
	if (!mnl_attr_ok(head, left(rest)))
		return -EBADMSG;
	*attribute = head;
	go_on(rest, mnl_attr_get_len(head));
	return 1;
}

struct pier__bytes
pier__nl_body(const struct nlmsghdr *message)
{
	return (struct pier__bytes){ .at = mnl_nlmsg_get_payload(message),
		.len = mnl_nlmsg_get_payload_len(message) };
}

struct pier__bytes
pier__nl_value(const struct nlattr *attribute)
{
	return (struct pier__bytes){ .at = mnl_attr_get_payload(attribute),
		.len = mnl_attr_get_payload_len(attribute) };
}

struct pier__bytes
pier__nl_behind(struct pier__bytes body, size_t len)
{
	go_on(&body, len);
	return body;
}

int
pier__nl_status(const struct nlmsghdr *message)
{
	struct pier__bytes body = pier__nl_body(message);
	int32_t status;

	if (body.len < sizeof(status))
		return message->nlmsg_type == NLMSG_DONE ? 0 : -EBADMSG;
	memcpy(&status, body.at, sizeof(status));
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

void
pier__nl_begin(union pier__nl_request *request, uint16_t type, uint16_t flags)
{
	struct nlmsghdr *head = mnl_nlmsg_put_header(request);

	head->nlmsg_type = type;
	head->nlmsg_flags = (uint16_t)(flags | NLM_F_REQUEST);
}

void
pier__nl_put(union pier__nl_request *request, const void *bytes, size_t len)
{
	assert(request->head.nlmsg_len + MNL_ALIGN(len) <= sizeof(*request));
	memcpy(mnl_nlmsg_put_extra_header(&request->head, len), bytes, len);
}

void
pier__nl_put_attribute(union pier__nl_request *request, uint16_t type,
	const void *bytes, size_t len)
{
	bool fits = mnl_attr_put_check(
		&request->head, sizeof(*request), type, len, bytes);

	assert(fits);
	(void)fits;
}
