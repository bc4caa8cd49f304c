/* SPDX-License-Identifier: MIT */
/* serve/replace_wire.c - see replace_wire.h. */
#include "serve/replace_wire.h"

#include <errno.h>
#include <string.h>
#include <arpa/inet.h>

static const char magic[4] = { 'P', 'I', 'E', 'R' };

static void
put16(unsigned char *out, unsigned value)
{
	uint16_t net = htons((uint16_t)value);

	memcpy(out, &net, sizeof(net));
}

static uint16_t
get16(const unsigned char *bytes)
{
	uint16_t net;

	memcpy(&net, bytes, sizeof(net));
	return ntohs(net);
}

void
pier__replace_header_write(
	unsigned char out[PIER__REPLACE_HEADER], unsigned type, size_t length)
{
	uint32_t net = htonl((uint32_t)length);

	memcpy(out, magic, sizeof(magic));
	put16(out + 4, PIER__REPLACE_VERSION);
	put16(out + 6, type);
	memcpy(out + 8, &net, sizeof(net));
}

int
pier__replace_header_read(struct pier__replace_header *out,
	const unsigned char bytes[PIER__REPLACE_HEADER])
{
	uint32_t net;

	if (memcmp(bytes, magic, sizeof(magic)) != 0)
		return -EPROTO;
	memcpy(&net, bytes + 8, sizeof(net));
	out->version = get16(bytes + 4);
	out->type = get16(bytes + 6);
	out->length = ntohl(net);
	if (out->version != PIER__REPLACE_VERSION)
		return -EPROTONOSUPPORT;
	return out->length > PIER__REPLACE_PAYLOAD_MAX ? -EPROTO : 0;
}

static size_t
put_text(unsigned char *out, const char *text, size_t len)
{
	put16(out, (unsigned)len);
	memcpy(out + 2, text, len + 1);
	return 2 + len + 1;
}

int
pier__replace_socket_write(
	unsigned char *out, const struct pier__replace_socket *socket)
{
	size_t given = strlen(socket->given);
	size_t real = strlen(socket->real);
	size_t used = 2;

	if (given > PIER__REPLACE_TEXT_MAX || real > PIER__REPLACE_TEXT_MAX)
		return -ENAMETOOLONG;
	out[0] = socket->kind;
	out[1] = socket->flags;
	used += put_text(out + used, socket->given, given);
	used += put_text(out + used, socket->real, real);
	return (int)used;
}

/* The text at bytes; how many bytes it took, or -EPROTO. */
static int
get_text(const char **out, const unsigned char *bytes, size_t size)
{
	size_t len;

	if (size < 3)
		return -EPROTO;
	len = get16(bytes);
	if (len > PIER__REPLACE_TEXT_MAX || len > size - 3)
		return -EPROTO;
	/* Ended where it says, and not before. */
	if (memchr(bytes + 2, '\0', len + 1) != bytes + 2 + len)
		return -EPROTO;
	*out = (const char *)bytes + 2;
	return (int)len + 3;
}

int
pier__replace_socket_read(struct pier__replace_socket *out,
	const unsigned char *bytes, size_t size)
{
	size_t used = 2;
	int n;

	if (size < used || bytes[0] > PIER__REPLACE_CONTROL)
		return -EPROTO;
	out->kind = bytes[0];
	out->flags = bytes[1];
	n = get_text(&out->given, bytes + used, size - used);
	if (n < 0)
		return n;
	used += (size_t)n;
	n = get_text(&out->real, bytes + used, size - used);
	return n < 0 ? n : (int)used + n;
}
