/* SPDX-License-Identifier: MIT */
/* proto/ping_wire.c - see ping_wire.h. */
#include "proto/ping_wire.h"

#include <pier/order.h>

#include <errno.h>
#include <string.h>

enum {
	ECHO_REPLY = 0,
	ECHO_REQUEST = 8,
	ECHO_REQUEST_6 = 128,
	ECHO_REPLY_6 = 129,

	/* Core, volume 3 part A sections 4.1, 4.8 and 4.9. */
	L2CAP_REJECT = 1,
	L2CAP_TOO_LONG = 1, /* as the reason of a reject */
	L2CAP_REQUEST = 8,
	L2CAP_REPLY = 9,
	L2CAP_HEAD = 4,

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

static size_t
head_of(const struct pier__ping_form *form)
{
	return form->bare ? 0 : form->l2cap ? L2CAP_HEAD : PIER__PING_HEAD;
}

size_t
pier__ping_write(unsigned char *out, const struct pier__ping_form *form,
	uint64_t sequence)
{
	size_t head = head_of(form), i;

	for (i = 0; i < form->size; i++)
		out[head + i] = byte_of(form, sequence, i);
	if (form->bare)
		return form->size;
	memset(out, 0, head);
	if (form->l2cap) {
		out[0] = L2CAP_REQUEST;
		out[1] = (unsigned char)(PIER__PING_IDENT_MIN +
					 (sequence - 1) %
						 PIER__PING_IDENT_COUNT);
		pier_le16_put(out + 2, (uint16_t)form->size);
		return head + form->size;
	}
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

/* Every socket of signals hears what comes to any of them. A device may send back
   less than it got: then the identifier alone tells which probe it was. */
static int
read_l2cap(struct pier__ping_found *out, const unsigned char *bytes, size_t len,
	const struct pier__ping_form *form)
{
	if (len < L2CAP_HEAD ||
		(bytes[0] != L2CAP_REPLY && bytes[0] != L2CAP_REJECT) ||
		pier_le16_get(bytes + 2) != len - L2CAP_HEAD ||
		bytes[1] < PIER__PING_IDENT_MIN ||
		bytes[1] >= PIER__PING_IDENT_MIN + PIER__PING_IDENT_COUNT)
		return -ENOMSG;
	out->ident = bytes[1];
	out->bytes = bytes + L2CAP_HEAD;
	if (bytes[0] == L2CAP_REJECT) {
		out->is_refusal = true;
		if (len >= L2CAP_HEAD + 4 &&
			pier_le16_get(bytes + L2CAP_HEAD) == L2CAP_TOO_LONG)
			out->mtu = pier_le16_get(bytes + L2CAP_HEAD + 2);
		return 0;
	}
	(void)read_bare(out, bytes + L2CAP_HEAD, len - L2CAP_HEAD, form);
	return has_cookie(out, form) ? 0 : -ENOMSG;
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
	if (form->l2cap)
		return read_l2cap(out, bytes, len, form);
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
