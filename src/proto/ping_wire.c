/* SPDX-License-Identifier: MIT */
/* proto/ping_wire.c - see ping_wire.h. */
#include "proto/ping_wire.h"

#include <pier/error.h>
#include <pier/order.h>

#include <errno.h>
#include <netinet/in.h>
#include <string.h>
#include <time.h>

#include <linux/errqueue.h>

enum {
	ECHO_REPLY = 0,
	UNREACHABLE = 3,
	REDIRECT = 5,
	ECHO_REQUEST = 8,
	ECHO_REQUEST_6 = 128,
	ECHO_REPLY_6 = 129,
	REDIRECT_6 = 137,
	TOO_BIG_6 = 2,
	FRAGMENTATION_NEEDED = 4,

	IP4_HEADER = 20,
	COOKIE = 8, /* bytes of each */
	NUMBER = 8,
};

uint16_t
pier__checksum(const void *data, size_t len)
{
	const unsigned char *bytes = data;
	uint64_t sum = 0;
	size_t i;

	for (i = 0; i + 1 < len; i += 2)
		sum += pier_be16_get(bytes + i);
	if (i < len)
		sum += (uint64_t)bytes[i] << 8;
	while (sum >> 16 != 0)
		sum = (sum & 0xffff) + (sum >> 16);
	return (uint16_t)~sum;
}

static unsigned char
byte_of(const struct pier__ping_form *form, uint64_t sequence, size_t at)
{
	if (at < COOKIE)
		return (unsigned char)(form->cookie >> (56 - 8 * at));
	if (at < COOKIE + NUMBER)
		return (unsigned char)(sequence >> (56 - 8 * (at - COOKIE)));
	return (unsigned char)at;
}

size_t
pier__ping_write(unsigned char *out, const struct pier__ping_form *form,
	uint64_t sequence)
{
	size_t head = form->bare ? 0 : PIER__PING_HEAD, i;

	for (i = 0; i < form->size; i++)
		out[head + i] = byte_of(form, sequence, i);
	if (form->bare)
		return form->size;
	memset(out, 0, head);
	out[0] = form->v6 ? ECHO_REQUEST_6 : ECHO_REQUEST;
	pier_be16_put(out + 4, form->id);
	pier_be16_put(out + 6, (uint16_t)sequence);
	/* Of ICMPv6 it covers addresses too, and is the kernel's to fill. */
	if (!form->v6)
		pier_be16_put(out + 2, pier__checksum(out, head + form->size));
	return head + form->size;
}

/* Does it begin with our cookie, as far as both go? */
static bool
has_cookie(const struct pier__ping_found *found,
	const struct pier__ping_form *form)
{
	size_t i, n = found->size < form->size ? found->size : form->size;

	for (i = 0; i < n && i < COOKIE; i++)
		if (found->bytes[i] != byte_of(form, 0, i))
			return false;
	return true;
}

/* A datagram of UDP: anything is an answer, and which probe it answers is told
   by an echo alone. */
static int
read_bare(struct pier__ping_found *out, const unsigned char *bytes, size_t len,
	const struct pier__ping_form *form)
{
	out->bytes = bytes;
	out->size = len;
	out->named = len >= COOKIE + NUMBER && form->size >= COOKIE + NUMBER &&
		     has_cookie(out, form);
	if (out->named)
		out->sequence = pier_be16_get(bytes + COOKIE + NUMBER - 2);
	return 0;
}

/* A header of ICMP of that type with our identifier, and what is behind it. */
static int
read_echo(struct pier__ping_found *out, const unsigned char *bytes, size_t len,
	const struct pier__ping_form *form, unsigned int type)
{
	if (len < PIER__PING_HEAD || bytes[0] != type || bytes[1] != 0 ||
		pier_be16_get(bytes + 4) != form->id)
		return -ENOMSG;
	out->named = true;
	out->sequence = pier_be16_get(bytes + 6);
	out->bytes = bytes + PIER__PING_HEAD;
	out->size = len - PIER__PING_HEAD;
	/* Two pings may have drawn the same identifier. */
	return form->raw && !has_cookie(out, form) ? -ENOMSG : 0;
}

int
pier__ping_read(struct pier__ping_found *out, const unsigned char *bytes,
	size_t len, const struct pier__ping_form *form)
{
	size_t head = 0;

	*out = (struct pier__ping_found){ .ttl = -1 };
	if (form->bare)
		return read_bare(out, bytes, len, form);
	if (form->raw && !form->v6) {
		if (len < IP4_HEADER || bytes[0] >> 4 != 4)
			return -ENOMSG;
		head = (size_t)(bytes[0] & 15) * 4;
		if (head < IP4_HEADER || head > len)
			return -ENOMSG;
		out->ttl = bytes[8];
	}
	return read_echo(out, bytes + head, len - head, form,
		form->v6 ? ECHO_REPLY_6 : ECHO_REPLY);
}

int
pier__ping_read_quoted(struct pier__ping_found *out, const unsigned char *bytes,
	size_t len, const struct pier__ping_form *form)
{
	*out = (struct pier__ping_found){ .ttl = -1 };
	if (form->bare)
		return read_bare(out, bytes, len, form);
	return read_echo(out, bytes, len, form,
		form->v6 ? ECHO_REQUEST_6 : ECHO_REQUEST);
}

bool
pier__ping_is_intact(const struct pier__ping_found *found,
	const struct pier__ping_form *form, uint64_t sequence)
{
	size_t i;

	if (found->size > form->size)
		return false;
	for (i = 0; i < found->size; i++)
		if (found->bytes[i] != byte_of(form, sequence, i))
			return false;
	return true;
}

/* ---- What comes along with a message ------------------------------------ */

/* CMSG_NXTHDR takes a header that is not const, and changes nothing of it. */
static struct cmsghdr *
next_of(const struct msghdr *header, struct cmsghdr *cmsg)
{
	union {
		const struct msghdr *in;
		struct msghdr *out;
	} same = { header };

	return cmsg == NULL ? CMSG_FIRSTHDR(header)
			    : CMSG_NXTHDR(same.out, cmsg);
}

static bool
is_of(const struct cmsghdr *cmsg, int level, int type, size_t size)
{
	return cmsg->cmsg_level == level && cmsg->cmsg_type == type &&
	       cmsg->cmsg_len >= CMSG_LEN(size);
}

void
pier__ping_along_read(struct pier__ping_along *out, const struct msghdr *header)
{
	struct cmsghdr *cmsg = NULL;
	struct timespec stamp;
	int hops;

	*out = (struct pier__ping_along){ .ttl = -1 };
	while ((cmsg = next_of(header, cmsg)) != NULL) {
		if (is_of(cmsg, IPPROTO_IP, IP_TTL, sizeof(hops)) ||
			is_of(cmsg, IPPROTO_IPV6, IPV6_HOPLIMIT,
				sizeof(hops))) {
			memcpy(&hops, CMSG_DATA(cmsg), sizeof(hops));
			out->ttl = hops;
		} else if (is_of(cmsg, SOL_SOCKET, SCM_TIMESTAMPNS,
				   sizeof(stamp))) {
			memcpy(&stamp, CMSG_DATA(cmsg), sizeof(stamp));
			out->stamp_ns = (int64_t)stamp.tv_sec * 1000000000 +
					stamp.tv_nsec;
		}
	}
}

/* Who sent it; the kernel puts that behind its record. */
static void
read_sender(struct pier_addr *out, const struct cmsghdr *cmsg)
{
	const size_t head = sizeof(struct sock_extended_err);
	size_t room = cmsg->cmsg_len - CMSG_LEN(0) - head;
	struct sockaddr_storage from = { .ss_family = AF_UNSPEC };
	socklen_t len = cmsg->cmsg_level == IPPROTO_IP
				? sizeof(struct sockaddr_in)
				: sizeof(struct sockaddr_in6);

	if (room < len)
		return;
	memcpy(&from, CMSG_DATA(cmsg) + head, len);
	if (from.ss_family == AF_INET || from.ss_family == AF_INET6)
		(void)pier_addr_from_sockaddr(
			out, (const struct sockaddr *)&from, len);
	/* There is no port, and what stands in its place says nothing. */
	(void)pier_addr_set_port(out, 0);
}

static int
read_record(struct pier__ping_error *out, const struct cmsghdr *cmsg)
{
	struct sock_extended_err record;

	memcpy(&record, CMSG_DATA(cmsg), sizeof(record));
	*out = (struct pier__ping_error){ .error = -(int)record.ee_errno,
		.v6 = record.ee_origin == SO_EE_ORIGIN_ICMP6,
		.type = -1,
		.code = -1 };
	if (record.ee_origin == SO_EE_ORIGIN_LOCAL) {
		out->mtu = record.ee_errno == EMSGSIZE ? record.ee_info : 0;
		return 0;
	}
	if (!out->v6 && record.ee_origin != SO_EE_ORIGIN_ICMP)
		return -ENOMSG;
	if (record.ee_type == (out->v6 ? REDIRECT_6 : REDIRECT))
		return -ENOMSG;
	out->type = record.ee_type;
	out->code = record.ee_code;
	if (out->v6 ? record.ee_type == TOO_BIG_6
		    : record.ee_type == UNREACHABLE &&
				record.ee_code == FRAGMENTATION_NEEDED)
		out->mtu = record.ee_info;
	read_sender(&out->from, cmsg);
	return 0;
}

int
pier__ping_error_read(struct pier__ping_error *out, const struct msghdr *header)
{
	const size_t size = sizeof(struct sock_extended_err);
	struct cmsghdr *cmsg = NULL;

	while ((cmsg = next_of(header, cmsg)) != NULL)
		if (is_of(cmsg, IPPROTO_IP, IP_RECVERR, size) ||
			is_of(cmsg, IPPROTO_IPV6, IPV6_RECVERR, size))
			return read_record(out, cmsg);
	return -ENOMSG;
}

/* ---- In words ----------------------------------------------------------- */

static const struct meaning {
	bool v6;
	int type, code; /* code -1: any */
	const char *text;
} meanings[] = {
	{ false, 3, 0, "network unreachable" },
	{ false, 3, 1, "host unreachable" },
	{ false, 3, 2, "protocol unreachable" },
	{ false, 3, 3, "port unreachable" },
	{ false, 3, 4, "too large for the path, and not to be cut up" },
	{ false, 3, 5, "source route failed" },
	{ false, 3, 6, "network unknown" },
	{ false, 3, 7, "host unknown" },
	{ false, 3, 9, "network administratively prohibited" },
	{ false, 3, 10, "host administratively prohibited" },
	{ false, 3, 11, "network unreachable for this type of service" },
	{ false, 3, 12, "host unreachable for this type of service" },
	{ false, 3, 13, "administratively prohibited" },
	{ false, 3, -1, "unreachable" },
	{ false, 4, -1, "source quench" },
	{ false, 11, 0, "time to live exceeded" },
	{ false, 11, -1, "reassembly time exceeded" },
	{ false, 12, -1, "parameter problem" },
	{ true, 1, 0, "no route" },
	{ true, 1, 1, "administratively prohibited" },
	{ true, 1, 2, "beyond the scope of the source address" },
	{ true, 1, 3, "address unreachable" },
	{ true, 1, 4, "port unreachable" },
	{ true, 1, 5, "source address failed the policy" },
	{ true, 1, 6, "route rejected" },
	{ true, 1, -1, "unreachable" },
	{ true, 2, -1, "too large for the path" },
	{ true, 3, 0, "hop limit exceeded" },
	{ true, 3, -1, "reassembly time exceeded" },
	{ true, 4, -1, "parameter problem" },
};

const char *
pier__ping_meaning(const struct pier__ping_error *error)
{
	size_t i;

	for (i = 0;
		error->type >= 0 && i < sizeof(meanings) / sizeof(*meanings);
		i++)
		if (meanings[i].v6 == error->v6 &&
			meanings[i].type == error->type &&
			(meanings[i].code == error->code ||
				meanings[i].code < 0))
			return meanings[i].text;
	return pier_strerror(error->error);
}
