/* SPDX-License-Identifier: MIT */
/*
 * Messages and their attributes, read by copying: nothing about their alignment
 * is taken for granted. The list is one piece of memory: the record, the
 * interfaces, the addresses, the names. The messages are gone through twice, to
 * count and to fill.
 */
#include "inspect/route_wire.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "os/calls.h"

#define ALIGNED(len) (((len) + 3U) & ~3U)

struct message {
	struct nlmsghdr head;
	const unsigned char *body;
	size_t len;
};

/* The next message: 1, 0 there is none, or -EBADMSG. */
static int
next_message(struct pier__route_bytes *rest, struct message *out)
{
	size_t whole;

	if (rest->len < sizeof(out->head))
		return rest->len == 0 ? 0 : -EBADMSG;
	memcpy(&out->head, rest->bytes, sizeof(out->head));
	whole = out->head.nlmsg_len;
	if (whole < sizeof(out->head) || whole > rest->len)
		return -EBADMSG;
	out->body = rest->bytes + sizeof(out->head);
	out->len = whole - sizeof(out->head);
	whole = ALIGNED(whole) > rest->len ? rest->len : ALIGNED(whole);
	rest->bytes += whole;
	rest->len -= whole;
	return 1;
}

int
pier__route_step(struct pier__route_bytes datagram, bool *again)
{
	struct message message;
	int rc, error = 0;

	while ((rc = next_message(&datagram, &message)) > 0) {
		if ((message.head.nlmsg_flags & NLM_F_DUMP_INTR) != 0)
			*again = true;
		if (message.head.nlmsg_type != NLMSG_DONE &&
			message.head.nlmsg_type != NLMSG_ERROR)
			continue;
		if (message.len >= sizeof(error))
			memcpy(&error, message.body, sizeof(error));
		return error < 0 ? error : 0;
	}
	return rc < 0 ? rc : 1;
}

/* What a message has behind its fixed part. */
struct attributes {
	const unsigned char *at;
	size_t left;
};

static bool
next_attribute(struct attributes *rest, struct rtattr *head,
	const unsigned char **data, size_t *len)
{
	size_t whole;

	if (rest->left < sizeof(*head))
		return false;
	memcpy(head, rest->at, sizeof(*head));
	whole = head->rta_len;
	if (whole < sizeof(*head) || whole > rest->left)
		return false;
	*data = rest->at + sizeof(*head);
	*len = whole - sizeof(*head);
	whole = ALIGNED(whole) > rest->left ? rest->left : ALIGNED(whole);
	rest->at += whole;
	rest->left -= whole;
	return true;
}

static uint32_t
number(const unsigned char *data, size_t len)
{
	uint32_t value = 0;

	if (len >= sizeof(value))
		memcpy(&value, data, sizeof(value));
	return value;
}

static void
read_link_attribute(struct pier_interface *link, char *name,
	const struct rtattr *head, const unsigned char *data, size_t len)
{
	size_t kept = len < PIER_HARDWARE_MAX ? len : PIER_HARDWARE_MAX;

	switch (head->rta_type & NLA_TYPE_MASK) {
	case IFLA_IFNAME:
		kept = len < PIER_INTERFACE_NAME_MAX - 1
			       ? len
			       : PIER_INTERFACE_NAME_MAX - 1;
		memcpy(name, data, kept);
		name[kept] = '\0';
		break;
	case IFLA_MTU:
		link->mtu = number(data, len);
		break;
	case IFLA_OPERSTATE:
		link->state = len > 0 ? data[0] : 0;
		break;
	case IFLA_ADDRESS:
		memcpy(link->hardware, data, kept);
		link->hardware_len = (unsigned int)kept;
		break;
	case IFLA_BROADCAST:
		memcpy(link->hardware_broadcast, data, kept);
		break;
	default:
		break;
	}
}

/* False: the message is about no interface. */
static bool
read_link(struct pier_interface *link, char *name, const struct message *from)
{
	struct attributes rest;
	const unsigned char *data;
	struct ifinfomsg head;
	struct rtattr attribute;
	size_t len;

	if (from->head.nlmsg_type != RTM_NEWLINK || from->len < sizeof(head))
		return false;
	memcpy(&head, from->body, sizeof(head));
	if (head.ifi_index <= 0)
		return false;
	memset(link, 0, sizeof(*link));
	name[0] = '\0';
	link->index = (unsigned int)head.ifi_index;
	link->flags = head.ifi_flags;
	link->type = head.ifi_type;
	rest.at = from->body + ALIGNED(sizeof(head));
	rest.left = from->len - ALIGNED(sizeof(head));
	while (next_attribute(&rest, &attribute, &data, &len))
		read_link_attribute(link, name, &attribute, data, len);
	return name[0] != '\0';
}

/* An address of that family, when it has the right length. */
static void
read_ip(struct pier_addr *out, int family, const unsigned char *data,
	size_t len, unsigned int index)
{
	if (len != (family == AF_INET ? 4 : 16))
		return;
	memset(out, 0, sizeof(*out));
	out->u.sa.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		out->len = sizeof(out->u.in);
		memcpy(&out->u.in.sin_addr, data, len);
		return;
	}
	out->len = sizeof(out->u.in6);
	memcpy(&out->u.in6.sin6_addr, data, len);
	if (IN6_IS_ADDR_LINKLOCAL(&out->u.in6.sin6_addr))
		out->u.in6.sin6_scope_id = index;
}

static void
read_addr_attributes(struct pier_interface_addr *addr, struct attributes rest,
	int family, unsigned int index)
{
	struct pier_addr local = { .len = 0 }, far = { .len = 0 };
	const unsigned char *data;
	struct rtattr attribute;
	size_t len;

	while (next_attribute(&rest, &attribute, &data, &len)) {
		if (attribute.rta_type == IFA_LOCAL)
			read_ip(&local, family, data, len, index);
		else if (attribute.rta_type == IFA_ADDRESS)
			read_ip(&far, family, data, len, index);
		else if (attribute.rta_type == IFA_BROADCAST)
			read_ip(&addr->broadcast, family, data, len, index);
		else if (attribute.rta_type == IFA_FLAGS)
			addr->flags = number(data, len);
	}
	/* Only IPv4, and lines with two ends, say which one is ours. */
	if (local.len == 0) {
		addr->addr = far;
		return;
	}
	addr->addr = local;
	if (far.len != 0 && !pier_addr_equal(&local, &far))
		addr->peer = far;
}

/* The index of its interface, 0: the message is about no address. */
static unsigned int
read_addr(struct pier_interface_addr *addr, const struct message *from)
{
	struct attributes rest;
	struct ifaddrmsg head;

	if (from->head.nlmsg_type != RTM_NEWADDR || from->len < sizeof(head))
		return 0;
	memcpy(&head, from->body, sizeof(head));
	if (head.ifa_family != AF_INET && head.ifa_family != AF_INET6)
		return 0;
	memset(addr, 0, sizeof(*addr));
	addr->bits = head.ifa_prefixlen;
	addr->flags = head.ifa_flags;
	addr->scope = head.ifa_scope;
	rest.at = from->body + ALIGNED(sizeof(head));
	rest.left = from->len - ALIGNED(sizeof(head));
	read_addr_attributes(addr, rest, head.ifa_family, head.ifa_index);
	return addr->addr.len == 0 ? 0 : head.ifa_index;
}

/* How many are in the messages; -EBADMSG. */
static ptrdiff_t
count_links(struct pier__route_bytes rest)
{
	char name[PIER_INTERFACE_NAME_MAX];
	struct pier_interface link;
	struct message message;
	ptrdiff_t count = 0;
	int rc;

	while ((rc = next_message(&rest, &message)) > 0)
		count += read_link(&link, name, &message);
	return rc < 0 ? rc : count;
}

static ptrdiff_t
count_addrs(struct pier__route_bytes rest)
{
	struct pier_interface_addr addr;
	struct message message;
	ptrdiff_t count = 0;
	int rc;

	while ((rc = next_message(&rest, &message)) > 0)
		count += read_addr(&addr, &message) > 0;
	return rc < 0 ? rc : count;
}

static int
by_index(const void *a, const void *b)
{
	const struct pier_interface *x = a, *y = b;

	return (x->index > y->index) - (x->index < y->index);
}

static void
fill_links(struct pier_interface *list, char (*names)[PIER_INTERFACE_NAME_MAX],
	struct pier__route_bytes rest, size_t count)
{
	struct message message;
	size_t n = 0;

	while (n < count && next_message(&rest, &message) > 0) {
		if (!read_link(&list[n], names[n], &message))
			continue;
		list[n].name = names[n];
		n++;
	}
	qsort(list, count, sizeof(*list), by_index);
}

/* The addresses of one interface, the rest of them left alone. */
static size_t
fill_addrs(struct pier_interface *link, struct pier_interface_addr *to,
	struct pier__route_bytes rest)
{
	struct pier_interface_addr addr;
	struct message message;

	link->addrs = to;
	while (next_message(&rest, &message) > 0)
		if (read_addr(&addr, &message) == link->index)
			to[link->addr_count++] = addr;
	return link->addr_count;
}

int
pier__route_interfaces(struct pier_interfaces **out,
	struct pier__route_bytes links, struct pier__route_bytes addrs)
{
	ptrdiff_t link_count = count_links(links);
	ptrdiff_t addr_count = count_addrs(addrs);
	struct pier_interfaces *all;
	struct pier_interface *list;
	struct pier_interface_addr *to;
	size_t i, size = sizeof(*all);

	if (link_count < 0 || addr_count < 0)
		return -EBADMSG;
	size += (size_t)link_count * (sizeof(*list) + PIER_INTERFACE_NAME_MAX);
	size += (size_t)addr_count * sizeof(*to);
	all = pier__alloc(size);
	if (all == NULL)
		return -ENOMEM;
	list = (struct pier_interface *)(all + 1);
	to = (struct pier_interface_addr *)(list + link_count);
	fill_links(list, (char(*)[PIER_INTERFACE_NAME_MAX])(to + addr_count),
		links, (size_t)link_count);
	for (i = 0; i < (size_t)link_count; i++) {
		/* The same one twice gets no more than there is room for. */
		if (i > 0 && list[i].index == list[i - 1].index)
			continue;
		to += fill_addrs(&list[i], to, addrs);
	}
	all->count = (size_t)link_count;
	all->list = list;
	*out = all;
	return 0;
}
