/* SPDX-License-Identifier: MIT */
/*
 * inspect/filter_holds.c - does a condition hold for a socket? What the socket
 * has not is no number, no name and no address: then no condition holds but
 * one that says that it is not so.
 */
#include "inspect/filter.h"

#include <netinet/in.h>
#include <string.h>
#include <sys/un.h>

#define NS_PER_US 1000
#define NS_PER_MS 1000000

static bool
compares(const struct pier__filter_term *term, uint64_t value)
{
	switch (term->compare) {
	case PIER__BELOW:
		return value < term->low;
	case PIER__AT_MOST:
		return value <= term->low;
	case PIER__ABOVE:
		return value > term->low;
	case PIER__AT_LEAST:
		return value >= term->low;
	default: /* which of the two it is, the caller knows */
		return value == term->low;
	}
}

static bool
in_ports(const struct pier__filter_term *term, const struct pier_addr *addr)
{
	int port = pier_addr_port(addr);

	if (port < 0)
		return false;
	if (term->compare == PIER__IS || term->compare == PIER__IS_NOT)
		return (uint64_t)port >= term->low &&
		       (uint64_t)port <= term->high;
	return compares(term, (uint64_t)port);
}

/* The bytes of an address; a v4-mapped one has four. 0: it is none. */
static size_t
bytes_of(const struct pier_addr *addr, unsigned char bytes[16])
{
	const struct in6_addr *in6 = &addr->u.in6.sin6_addr;

	if (addr->len == 0)
		return 0;
	if (addr->u.sa.sa_family == AF_INET) {
		memcpy(bytes, &addr->u.in.sin_addr, 4);
		return 4;
	}
	if (addr->u.sa.sa_family != AF_INET6)
		return 0;
	if (IN6_IS_ADDR_V4MAPPED(in6)) {
		memcpy(bytes, in6->s6_addr + 12, 4);
		return 4;
	}
	memcpy(bytes, in6, 16);
	return 16;
}

bool
pier__filter_begins(
	const struct pier__filter_term *term, const struct pier_addr *addr)
{
	unsigned char ours[16] = { 0 }, wanted[16] = { 0 };
	size_t whole = term->prefix / 8, size = bytes_of(&term->addr, wanted);
	unsigned char mask = (unsigned char)(0xff00 >> term->prefix % 8);

	if (size == 0 || bytes_of(addr, ours) != size || whole > size)
		return false;
	if (memcmp(ours, wanted, whole) != 0)
		return false;
	return whole == size || ((ours[whole] ^ wanted[whole]) & mask) == 0;
}

static bool
either(const struct pier__filter_term *term, const struct pier_socket *socket,
	bool (*holds)(
		const struct pier__filter_term *, const struct pier_addr *))
{
	return (term->side != PIER__SIDE_PEER && holds(term, &socket->local)) ||
	       (term->side != PIER__SIDE_LOCAL && holds(term, &socket->peer));
}

static bool
has_owner(
	const struct pier__filter_term *term, const struct pier_socket *socket)
{
	for (size_t i = 0; i < socket->owner_count; i++) {
		const struct pier_socket_owner *owner = &socket->owners[i];

		if (term->number == PIER__NUMBER_PID
				? compares(term, (uint64_t)owner->pid)
				: strstr(owner->command, term->text) != NULL)
			return true;
	}
	return false;
}

static bool
has_path(const struct pier__filter_term *term, const struct pier_socket *socket)
{
	char text[PIER_ADDR_TEXT_MAX];

	return socket->family == AF_UNIX &&
	       pier_addr_format(&socket->local, text, sizeof(text)) >= 0 &&
	       strstr(text, term->text) != NULL;
}

static bool
has_cgroup(
	const struct pier__filter_term *term, const struct pier_socket *socket)
{
	return socket->cgroup_path != NULL &&
	       strstr(socket->cgroup_path, term->text) != NULL;
}

/* Where a number stands, and what says that it is filled; 0: always. */
struct place {
	uint16_t offset;
	uint8_t size;
	uint32_t have;
};

#define PLACE(member, flag)                                                  \
	{                                                                    \
		offsetof(struct pier_socket, member),                        \
			sizeof(((struct pier_socket *)NULL)->member), (flag) \
	}

static const struct place places[] = {
	[PIER__NUMBER_UID] = PLACE(uid, PIER_SOCKET_HAS_UID),
	[PIER__NUMBER_INODE] = PLACE(inode, 0),
	[PIER__NUMBER_COOKIE] = PLACE(cookie, 0),
	[PIER__NUMBER_CGROUP] = PLACE(cgroup, PIER_SOCKET_HAS_CGROUP),
	[PIER__NUMBER_MARK] = PLACE(mark, PIER_SOCKET_HAS_MARK),
	[PIER__NUMBER_DEVICE] = PLACE(interface, 0),
	[PIER__NUMBER_RECV_QUEUE] = PLACE(recv_queue, PIER_SOCKET_HAS_QUEUES),
	[PIER__NUMBER_SEND_QUEUE] = PLACE(send_queue, PIER_SOCKET_HAS_QUEUES),
	[PIER__NUMBER_RMEM] = PLACE(memory.rmem, PIER_SOCKET_HAS_MEMORY),
	[PIER__NUMBER_WMEM] = PLACE(memory.wmem, PIER_SOCKET_HAS_MEMORY),
	[PIER__NUMBER_RCVBUF] = PLACE(memory.rcvbuf, PIER_SOCKET_HAS_MEMORY),
	[PIER__NUMBER_SNDBUF] = PLACE(memory.sndbuf, PIER_SOCKET_HAS_MEMORY),
	[PIER__NUMBER_DROPS] = PLACE(memory.drops, PIER_SOCKET_HAS_MEMORY),
};

static bool
has_number(
	const struct pier__filter_term *term, const struct pier_socket *socket)
{
	const struct place *place = &places[term->number];
	const unsigned char *at = (const unsigned char *)socket + place->offset;
	uint64_t value;
	uint32_t four;

	if ((socket->have & place->have) != place->have)
		return false;
	memcpy(&four, at, sizeof(four));
	value = four;
	if (place->size == sizeof(value))
		memcpy(&value, at, sizeof(value));
	return compares(term, value);
}

static bool
has_field(
	const struct pier__filter_term *term, const struct pier_socket *socket)
{
	const struct pier_tcp_info *info = socket->info;
	uint64_t value, factor;

	if (info == NULL || (info->have & term->field->have) == 0)
		return false;
	value = pier_tcp_field_value(term->field, info);
	factor = term->unit == PIER_UNIT_US   ? NS_PER_US
		 : term->unit == PIER_UNIT_MS ? NS_PER_MS
					      : 1;
	if (__builtin_mul_overflow(value, factor, &value))
		value = UINT64_MAX;
	return compares(term, value);
}

/* Since the connection began. */
static bool
has_limit(
	const struct pier__filter_term *term, const struct pier_socket *socket)
{
	struct pier_tcp_flow flow;

	return socket->info != NULL &&
	       pier_tcp_flow(&flow, NULL, socket->info, 0) == 0 &&
	       flow.limit + 1U == term->low;
}

static bool
is_so(const struct pier__filter_term *term, const struct pier_socket *socket)
{
	switch (term->about) {
	case PIER__ABOUT_KIND:
		return (socket->kind & term->low) != 0;
	case PIER__ABOUT_STATE:
		return socket->state < 32 &&
		       (1U << socket->state & term->low) != 0;
	case PIER__ABOUT_FAMILY:
		return socket->family == term->low;
	case PIER__ABOUT_PORT:
		return either(term, socket, in_ports);
	case PIER__ABOUT_ADDRESS:
		return either(term, socket, pier__filter_begins);
	case PIER__ABOUT_PROCESS:
		return has_owner(term, socket);
	case PIER__ABOUT_PATH:
		return has_path(term, socket);
	case PIER__ABOUT_CGROUP:
		return has_cgroup(term, socket);
	case PIER__ABOUT_LIMIT:
		return has_limit(term, socket);
	case PIER__ABOUT_NUMBER:
		return has_number(term, socket);
	default:
		return has_field(term, socket);
	}
}

bool
pier__filter_holds(
	const struct pier__filter_term *term, const struct pier_socket *socket)
{
	return is_so(term, socket) != (term->compare == PIER__IS_NOT);
}
