/* SPDX-License-Identifier: MIT */
/*
 * Addresses as values.
 *
 * Comparing and hashing work on a canonical form, never on the sockaddr: that
 * has padding and a flow label, and writes one IPv4 address in two ways. Two
 * addresses are equal exactly if their canonical forms are the same bytes.
 */
#include <pier/addr.h>

#include "addr/addr.h"
#include "addr/bt.h"
#include "addr/isotp.h"
#include "addr/tipc.h"
#include "base/siphash.h"

#include <errno.h>
#include <string.h>

#define UNIX_HEAD offsetof(struct sockaddr_un, sun_path)

#define UNIX_PATH sizeof(((struct sockaddr_un *)0)->sun_path)

/*
 * getsockname() of a path that fills sun_path counts a NUL that the struct
 * has no room for (unix(7), "Pathname sockets").
 */
#define UNIX_LEN_MAX (sizeof(struct sockaddr_un) + 1)

/* Family, address, zone, port, each at a fixed place, most weight first. */
struct canonical {
	size_t len;
	unsigned char bytes[2 + sizeof(struct sockaddr_storage)];
};

static void
add(struct canonical *to, const void *data, size_t len)
{
	memcpy(to->bytes + to->len, data, len);
	to->len += len;
}

static void
add_number(struct canonical *to, uint32_t number)
{
	uint32_t big = htonl(number);

	add(to, &big, sizeof(big));
}

/* What the scope of a service was, or an old address has left behind, is no part
   of what it names. */
static void
add_tipc(struct canonical *to, const struct pier_sockaddr_tipc *addr)
{
	add_number(to, addr->kind);
	add_number(to, addr->type);
	add_number(to, addr->lower);
	add_number(to, addr->kind == PIER_TIPC_RANGE ? addr->upper : 0);
}

/* Padding is none of it, nor in which order the kernel has the bytes. */
static void
add_bt(struct canonical *to, const struct pier_addr *addr)
{
	struct pier_bt_addr device = { .type = PIER_BT_ADDR_BREDR };
	int channel = pier_bt_channel(addr);

	(void)pier_bt_device(&device, addr);
	add_number(to, channel < 0);
	add_number(to, device.type);
	add(to, device.bytes, sizeof(device.bytes));
	add_number(to, (uint32_t)(channel < 0 ? pier_bt_psm(addr) : channel));
	if (channel < 0)
		add_number(to, ntohs(addr->u.l2.cid));
}

static void
canonical(struct canonical *to, const struct pier_addr *addr)
{
	struct pier__ip_view ip;
	unsigned char family[2];
	int number = pier_addr_family(addr);
	size_t len = addr->len;

	to->len = 0;
	/* The value may have been filled in by hand, and wrongly. */
	if (len > sizeof(addr->u))
		len = sizeof(addr->u);
	if (pier__addr_ip(&ip, addr))
		number = ip.family;
	family[0] = (unsigned char)(number >> 8);
	family[1] = (unsigned char)(number & 255);
	add(to, family, sizeof(family));
	if (number == AF_INET || number == AF_INET6) {
		add(to, ip.bytes, number == AF_INET ? 4 : 16);
		add_number(to, ip.zone);
		add_number(to, ip.port);
	} else if (number == AF_VSOCK) {
		add_number(to, addr->u.vm.cid);
		add_number(to, addr->u.vm.port);
	} else if (number == AF_TIPC && len >= sizeof(addr->u.tipc)) {
		add_tipc(to, &addr->u.tipc);
	} else if (pier__is_rfcomm(addr) || pier__is_l2cap(addr)) {
		add_bt(to, addr);
	} else if (pier__isotp_is(addr)) {
		add_number(to, (uint32_t)addr->u.can.interface);
		add_number(to, addr->u.can.rx_id);
		add_number(to, addr->u.can.tx_id);
	} else if (len > sizeof(sa_family_t)) {
		add(to, (const char *)&addr->u + sizeof(sa_family_t),
			len - sizeof(sa_family_t));
	}
}

bool
pier__addr_ip(struct pier__ip_view *out, const struct pier_addr *addr)
{
	const struct in6_addr *ip6 = &addr->u.in6.sin6_addr;

	switch (pier_addr_family(addr)) {
	case AF_INET:
		out->family = AF_INET;
		out->bytes = (const unsigned char *)&addr->u.in.sin_addr;
		out->port = ntohs(addr->u.in.sin_port);
		out->zone = 0;
		return true;
	case AF_INET6:
		out->port = ntohs(addr->u.in6.sin6_port);
		out->zone = addr->u.in6.sin6_scope_id;
		out->family = AF_INET6;
		out->bytes = ip6->s6_addr;
		if (!IN6_IS_ADDR_V4MAPPED(ip6))
			return true;
		out->family = AF_INET;
		out->bytes = ip6->s6_addr + 12;
		out->zone = 0;
		return true;
	default:
		return false;
	}
}

int
pier__addr_unix(struct pier_addr *out, const char *name, size_t len)
{
	bool abstract = len > 0 && name[0] == '\0';

	if (len > PIER_UNIX_PATH_MAX + (abstract ? 1 : 0))
		return -ENAMETOOLONG;
	memset(out, 0, sizeof(*out));
	out->u.un.sun_family = AF_UNIX;
	memcpy(out->u.un.sun_path, name, len);
	/* A path counts its NUL; an abstract name has none that ends it. */
	out->len = (socklen_t)(UNIX_HEAD + len + (abstract ? 0 : 1));
	return 0;
}

static int
from_unix(struct pier_addr *out, const struct sockaddr *sa, socklen_t len)
{
	const char *path = (const char *)sa + UNIX_HEAD;
	size_t size = len - UNIX_HEAD;

	if (len > UNIX_LEN_MAX)
		return -EINVAL;
	memset(out, 0, sizeof(*out));
	if (size > 0 && path[0] != '\0')
		size = strnlen(path, size < UNIX_PATH ? size : UNIX_PATH) + 1;
	out->u.sa.sa_family = AF_UNIX;
	out->len = (socklen_t)(UNIX_HEAD + size);
	/* storage is longer than sun_path: 108 bytes and a NUL do fit. */
	if (size > len - UNIX_HEAD)
		size = len - UNIX_HEAD;
	memcpy((char *)&out->u.storage + UNIX_HEAD, path, size);
	return 0;
}

int
pier_addr_from_sockaddr(
	struct pier_addr *out, const struct sockaddr *sa, socklen_t len)
{
	if (len < sizeof(sa_family_t) || len > sizeof(out->u.storage))
		return -EINVAL;
	if (sa->sa_family == AF_UNIX)
		return from_unix(out, sa, len);
	if (sa->sa_family == AF_INET) {
		if (len < sizeof(struct sockaddr_in))
			return -EINVAL;
		len = sizeof(struct sockaddr_in);
	}
	if (sa->sa_family == AF_INET6) {
		if (len < sizeof(struct sockaddr_in6))
			return -EINVAL;
		len = sizeof(struct sockaddr_in6);
	}
	if (sa->sa_family == AF_VSOCK) {
		if (len < sizeof(struct pier_sockaddr_vm))
			return -EINVAL;
		len = sizeof(struct pier_sockaddr_vm);
	}
	if (sa->sa_family == AF_TIPC) {
		if (len < sizeof(struct pier_sockaddr_tipc))
			return -EINVAL;
		len = sizeof(struct pier_sockaddr_tipc);
	}
	memset(out, 0, sizeof(*out));
	memcpy(&out->u, sa, len);
	out->len = len;
	return 0;
}

int
pier_addr_family(const struct pier_addr *addr)
{
	return addr->len < sizeof(sa_family_t) ? AF_UNSPEC
					       : addr->u.sa.sa_family;
}

int
pier_addr_port(const struct pier_addr *addr)
{
	struct pier__ip_view ip;

	return pier__addr_ip(&ip, addr) ? (int)ip.port : -1;
}

int
pier_addr_set_port(struct pier_addr *addr, unsigned int port)
{
	if (port > 65535)
		return -EINVAL;
	switch (pier_addr_family(addr)) {
	case AF_INET:
		addr->u.in.sin_port = htons((uint16_t)port);
		return 0;
	case AF_INET6:
		addr->u.in6.sin6_port = htons((uint16_t)port);
		return 0;
	default:
		return -EAFNOSUPPORT;
	}
}

int
pier_addr_compare(const struct pier_addr *a, const struct pier_addr *b)
{
	struct canonical x, y;
	int order;

	canonical(&x, a);
	canonical(&y, b);
	order = memcmp(x.bytes, y.bytes, x.len < y.len ? x.len : y.len);
	if (order != 0)
		return order;
	return x.len < y.len ? -1 : x.len > y.len;
}

bool
pier_addr_equal(const struct pier_addr *a, const struct pier_addr *b)
{
	return pier_addr_compare(a, b) == 0;
}

uint64_t
pier_addr_hash(const struct pier_addr *addr, const uint64_t *key)
{
	static const uint64_t known[2];
	struct canonical form;

	canonical(&form, addr);
	return pier__siphash(key == NULL ? known : key, form.bytes, form.len);
}
