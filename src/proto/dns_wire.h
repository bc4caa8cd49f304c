/* SPDX-License-Identifier: MIT */
/*
 * proto/dns_wire.h - messages of the DNS (RFC 1035 section 4), from bytes and to
 * bytes. Pure but for memory.
 */
#ifndef PIER_PROTO_DNS_WIRE_H
#define PIER_PROTO_DNS_WIRE_H

#include <pier/dns.h>

#include "proto/dns_name.h"

/* A header, the longest name, type and class. */
#define PIER__DNS_QUERY_MAX (12 + 255 + 4)

struct pier__dns_question {
	const char *name;
	unsigned int type;
	uint16_t id;
};

/*
 * pier__dns_write(out, question, recurse): the message that asks. Its length,
 * or -EINVAL: the name is none, as pier__name_parse() says.
 */
int pier__dns_write(unsigned char out[PIER__DNS_QUERY_MAX],
	const struct pier__dns_question *question, bool recurse);

/*
 * pier__dns_read(out, bytes, len, question): the answer to question.
 *
 * 0; 1: it was cut off, ask by TCP; -ENOMSG: it is none, or one to another
 * question; -EBADMSG: it breaks the rules; -ENOMEM.
 */
int pier__dns_read(struct pier_dns_answer **out, const unsigned char *bytes,
	size_t len, const struct pier__dns_question *question);

/*
 * pier__dns_servers(out, text, len): the first servers of resolv.conf(5), each
 * with port 53. How many, at most PIER_DNS_SERVERS_MAX.
 */
size_t pier__dns_servers(struct pier_addr out[PIER_DNS_SERVERS_MAX],
	const char *text, size_t len);

#endif
