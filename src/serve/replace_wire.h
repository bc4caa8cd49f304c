/* SPDX-License-Identifier: MIT */
/*
 * serve/replace_wire.h - what two servers say to each other when one takes the
 * other's place, as bytes. Pure.
 *
 * Over a Unix stream, the new one first:
 *
 *   new: ASK                 it wants the sockets
 *   old: SOCKETS             what they are, with a descriptor of each
 *   new: READY               which it took; it serves them from now on
 *   old: GO                  it has stopped to accept on these
 *   old or new: OFF          in place of any of these: it is called off, and
 *                            why; the old one goes on as before
 *
 * A message is a header of 12 bytes, "PIER", then in network byte order the
 * version (16 bits), its type (16) and the length of what follows (32).
 * SOCKETS has for each socket its kind and flags (8 bits each) and two texts,
 * the endpoint as it was given and as it really is: each a length (16) and as
 * many bytes and a NUL. READY has a byte for each socket, 1: taken. OFF is text.
 */
#ifndef PIER_SERVE_REPLACE_WIRE_H
#define PIER_SERVE_REPLACE_WIRE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/unix.h>

#define PIER__REPLACE_VERSION     1
#define PIER__REPLACE_HEADER      12
#define PIER__REPLACE_SOCKETS_MAX PIER_FDS_MAX
#define PIER__REPLACE_TEXT_MAX    512
#define PIER__REPLACE_SOCKET_MAX  (2 + 2 * (PIER__REPLACE_TEXT_MAX + 3))
#define PIER__REPLACE_PAYLOAD_MAX \
	(PIER__REPLACE_SOCKETS_MAX * PIER__REPLACE_SOCKET_MAX)

enum pier__replace_type {
	PIER__REPLACE_ASK = 1,
	PIER__REPLACE_SOCKETS,
	PIER__REPLACE_READY,
	PIER__REPLACE_GO,
	PIER__REPLACE_OFF
};

enum pier__replace_kind {
	PIER__REPLACE_LISTENER, /* accepted from */
	PIER__REPLACE_DATAGRAMS,
	PIER__REPLACE_CONTROL
};

/* Its file goes with it: who has it removes it at the end. */
#define PIER__REPLACE_OWNS_FILE 1u

struct pier__replace_header {
	uint16_t version;
	uint16_t type;
	uint32_t length;
};

struct pier__replace_socket {
	uint8_t kind;
	uint8_t flags;
	const char *given; /* borrowed from what was read */
	const char *real;
};

void pier__replace_header_write(
	unsigned char out[PIER__REPLACE_HEADER], unsigned type, size_t length);

/* 0; -EPROTO: this is none, or too long; -EPROTONOSUPPORT: of another version,
   which is in out->version. */
int pier__replace_header_read(struct pier__replace_header *out,
	const unsigned char bytes[PIER__REPLACE_HEADER]);

/* Its length in out, which has room for PIER__REPLACE_SOCKET_MAX bytes; or
   -ENAMETOOLONG. */
int pier__replace_socket_write(
	unsigned char *out, const struct pier__replace_socket *socket);

/* The first socket of size bytes: how many bytes it took, or -EPROTO. */
int pier__replace_socket_read(struct pier__replace_socket *out,
	const unsigned char *bytes, size_t size);

#endif
