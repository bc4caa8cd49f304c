/* SPDX-License-Identifier: MIT */
/*
 * The list is one piece of memory: the record, the interfaces, the addresses,
 * the names. The messages are gone through twice, to count and to fill.
 */
#include "inspect/route_wire.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <stdlib.h>
#include <string.h>

#include "os/calls.h"

int
pier__route_step(struct pier__bytes datagram, bool *again)
{
	const struct nlmsghdr *message;
	int rc;

	while ((rc = pier__nl_message(&datagram, &message)) > 0) {
		if ((message->nlmsg_flags & NLM_F_DUMP_INTR) != 0)
			*again = true;
		if (message->nlmsg_type == NLMSG_DONE ||
			message->nlmsg_type == NLMSG_ERROR)
			return pier__nl_status(message);
	}
	return rc < 0 ? rc : 1;
}

/* The first bytes of a value, at most max. */
static size_t
take(void *to, struct pier__bytes value, size_t max)
{
	size_t kept = value.len < max ? value.len : max;

	memcpy(to, value.at, kept);
	return kept;
}

static uint32_t
number(const struct nlattr *attribute, uint32_t otherwise)
{
	return mnl_attr_validate(attribute, MNL_TYPE_U32) < 0
		       ? otherwise
		       : mnl_attr_get_u32(attribute);
}

static void
read_link_attribute(
	struct pier_interface *link, char *name, const struct nlattr *attribute)
{
	struct pier__bytes value = pier__nl_value(attribute);

	switch (mnl_attr_get_type(attribute)) {
	case IFLA_IFNAME:
		name[take(name, value, PIER_INTERFACE_NAME_MAX - 1)] = '\0';
		break;
	case IFLA_MTU:
		link->mtu = number(attribute, 0);
		break;
	case IFLA_OPERSTATE:
		link->state = pier__nl_u8(value, 0);
		break;
	case IFLA_ADDRESS:
		link->hardware_len = (unsigned int)take(
			link->hardware, value, PIER_HARDWARE_MAX);
		break;
	case IFLA_BROADCAST:
		(void)take(link->hardware_broadcast, value, PIER_HARDWARE_MAX);
		break;
	default:
		break;
	}
}

/* False: the message is about no interface. */
static bool
read_link(struct pier_interface *link, char *name, const struct nlmsghdr *from)
{
	struct pier__bytes rest = pier__nl_body(from);
	const struct nlattr *attribute;
	struct ifinfomsg head;

	if (from->nlmsg_type != RTM_NEWLINK || rest.len < sizeof(head))
		return false;
	memcpy(&head, rest.at, sizeof(head));
	if (head.ifi_index <= 0)
		return false;
	memset(link, 0, sizeof(*link));
	name[0] = '\0';
	link->index = (unsigned int)head.ifi_index;
	link->flags = head.ifi_flags;
	link->type = head.ifi_type;
	rest = pier__nl_behind(rest, sizeof(head));
	while (pier__nl_attribute(&rest, &attribute) > 0)
		read_link_attribute(link, name, attribute);
	return name[0] != '\0';
}

/* An address of that family, when it has the right length. */
static void
read_ip(struct pier_addr *out, const struct ifaddrmsg *head,
	const struct nlattr *attribute)
{
	int family = head->ifa_family;
	struct pier__bytes value = pier__nl_value(attribute);

	if (value.len != (family == AF_INET ? 4 : 16))
		return;
	memset(out, 0, sizeof(*out));
	out->u.sa.sa_family = (sa_family_t)family;
	if (family == AF_INET) {
		out->len = sizeof(out->u.in);
		memcpy(&out->u.in.sin_addr, value.at, value.len);
		return;
	}
	out->len = sizeof(out->u.in6);
	memcpy(&out->u.in6.sin6_addr, value.at, value.len);
	if (IN6_IS_ADDR_LINKLOCAL(&out->u.in6.sin6_addr))
		out->u.in6.sin6_scope_id = head->ifa_index;
}

static void
read_addr_attributes(struct pier_interface_addr *addr,
	const struct ifaddrmsg *head, struct pier__bytes rest)
{
	struct pier_addr local = { .len = 0 }, far = { .len = 0 };
	const struct nlattr *attribute;

	while (pier__nl_attribute(&rest, &attribute) > 0) {
		uint16_t type = mnl_attr_get_type(attribute);

		if (type == IFA_LOCAL)
			read_ip(&local, head, attribute);
		else if (type == IFA_ADDRESS)
			read_ip(&far, head, attribute);
		else if (type == IFA_BROADCAST)
			read_ip(&addr->broadcast, head, attribute);
		else if (type == IFA_FLAGS)
			addr->flags = number(attribute, addr->flags);
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
read_addr(struct pier_interface_addr *addr, const struct nlmsghdr *from)
{
	struct pier__bytes body = pier__nl_body(from);
	struct ifaddrmsg head;

	if (from->nlmsg_type != RTM_NEWADDR || body.len < sizeof(head))
		return 0;
	memcpy(&head, body.at, sizeof(head));
	if (head.ifa_family != AF_INET && head.ifa_family != AF_INET6)
		return 0;
	memset(addr, 0, sizeof(*addr));
	addr->bits = head.ifa_prefixlen;
	addr->flags = head.ifa_flags;
	addr->scope = head.ifa_scope;
	read_addr_attributes(addr, &head, pier__nl_behind(body, sizeof(head)));
	return addr->addr.len == 0 ? 0 : head.ifa_index;
}

/* How many are in the messages; -EBADMSG. */
static ptrdiff_t
count_links(struct pier__bytes rest)
{
	char name[PIER_INTERFACE_NAME_MAX];
	struct pier_interface link;
	const struct nlmsghdr *message;
	ptrdiff_t count = 0;
	int rc;

	while ((rc = pier__nl_message(&rest, &message)) > 0)
		count += read_link(&link, name, message);
	return rc < 0 ? rc : count;
}

static ptrdiff_t
count_addrs(struct pier__bytes rest)
{
	struct pier_interface_addr addr;
	const struct nlmsghdr *message;
	ptrdiff_t count = 0;
	int rc;

	while ((rc = pier__nl_message(&rest, &message)) > 0)
		count += read_addr(&addr, message) > 0;
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
	struct pier__bytes rest, size_t count)
{
	const struct nlmsghdr *message;
	size_t n = 0;

	while (n < count && pier__nl_message(&rest, &message) > 0) {
		if (!read_link(&list[n], names[n], message))
			continue;
		list[n].name = names[n];
		n++;
	}
	qsort(list, count, sizeof(*list), by_index);
}

/* The addresses of one interface, the rest of them left alone. */
static size_t
fill_addrs(struct pier_interface *link, struct pier_interface_addr *to,
	struct pier__bytes rest)
{
	struct pier_interface_addr addr;
	const struct nlmsghdr *message;

	link->addrs = to;
	while (pier__nl_message(&rest, &message) > 0)
		if (read_addr(&addr, message) == link->index)
			to[link->addr_count++] = addr;
	return link->addr_count;
}

int
pier__route_interfaces(struct pier_interfaces **out, struct pier__bytes links,
	struct pier__bytes addrs)
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
