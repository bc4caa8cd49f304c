/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_browse_bed.h - for tests of the browse engine: virtual time, links
 * that are said to be there, and messages of hosts that are not.
 */
#ifndef PIER_PROTO_MDNS_BROWSE_BED_H
#define PIER_PROTO_MDNS_BROWSE_BED_H

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#include "proto/mdns_browse.h"

#define BED_MS     INT64_C(1000000)
#define BED_SECOND INT64_C(1000000000)
#define BED_LINK   7U
#define BED_TYPE   "_s._tcp.local"

struct bed {
	struct pier__mdns_browse *browse;
	int64_t now_ns;
	struct pier__dns_reader reader; /* of the packet that left last */
	struct pier__sending sending;
	/* A message that is put together */
	struct pier__dns_writer writer;
	unsigned char bytes[PIER__MDNS_MESSAGE_MAX];
};

static inline struct pier__name
bed_name(const char *text)
{
	struct pier__name name;

	assert_int_equal(pier__name_parse(&name, text), 0);
	return name;
}

static inline void
bed_link(struct bed *bed, unsigned int interface, int family, bool up)
{
	static struct pier__link_state link;

	link.id = (struct pier__link_id){ interface, family };
	link.up = up;
	link.mtu = 1500;
	assert_int_equal(
		pier__mdns_browse_link(bed->browse, bed->now_ns, &link), 0);
}

/* An engine, and IPv4 at BED_LINK. */
static inline void
bed_open(struct bed *bed, const char *type)
{
	const struct pier__mdns_browse_opts opts = { .type = type, .seed = 42 };
	const char *why;

	bed->now_ns = 1000 * BED_SECOND;
	assert_int_equal(pier__mdns_browse_open(&bed->browse, &opts, &why), 0);
	bed_link(bed, BED_LINK, AF_INET, true);
}

static inline void
bed_close(struct bed *bed)
{
	pier__mdns_browse_close(bed->browse);
}

/* Lets time pass until a packet leaves, up to that moment. */
static inline bool
bed_sent(struct bed *bed, int64_t until_ns)
{
	for (;;) {
		int64_t due;

		if (pier__mdns_browse_output(
			    bed->browse, bed->now_ns, &bed->sending)) {
			assert_int_equal(
				pier__dns_check(&bed->reader,
					bed->sending.bytes, bed->sending.len),
				0);
			return true;
		}
		due = pier__mdns_browse_due(bed->browse);
		if (due > until_ns) {
			bed->now_ns = until_ns;
			return false;
		}
		assert_true(due > bed->now_ns);
		bed->now_ns = due;
	}
}

/* Lets time pass, whatever leaves. */
static inline void
bed_pass(struct bed *bed, int64_t ns)
{
	int64_t until = bed->now_ns + ns;

	while (bed_sent(bed, until))
		;
}

/* Does the packet that left ask this? */
static inline bool
bed_asks(struct bed *bed, const char *text, uint16_t type)
{
	struct pier__dns_reader reader = bed->reader;
	struct pier__name name = bed_name(text);
	struct pier__dns_ask ask;

	while (pier__dns_next_ask(&reader, &ask) > 0)
		if (ask.type == type && pier__name_equal(&ask.name, &name))
			return true;
	return false;
}

static inline void
bed_begin(struct bed *bed, uint16_t flags)
{
	pier__dns_write_begin(
		&bed->writer, bed->bytes, sizeof(bed->bytes), 0, flags);
}

static inline void
bed_answer(struct bed *bed)
{
	bed_begin(bed, PIER__DNS_RESPONSE | PIER__DNS_AUTHORITATIVE);
}

static inline void
bed_put(struct bed *bed, const char *name, uint16_t type, uint32_t ttl_s,
	const void *data, size_t len)
{
	const struct pier__dns_record record = { .name = bed_name(name),
		.type = type,
		.class = PIER__DNS_CLASS_IN,
		.flush = type != PIER__DNS_PTR,
		.ttl_s = ttl_s,
		.data = data,
		.len = len };

	assert_int_equal(
		pier__dns_write_record(&bed->writer, PIER__DNS_ANSWER, &record),
		0);
}

static inline void
bed_ask(struct bed *bed, const char *name, uint16_t type, bool unicast)
{
	const struct pier__dns_ask ask = { bed_name(name), type,
		PIER__DNS_CLASS_IN, unicast };

	assert_int_equal(pier__dns_write_ask(&bed->writer, &ask), 0);
}

static inline void
bed_ptr(struct bed *bed, const char *name, uint32_t ttl_s, const char *target)
{
	struct pier__name to = bed_name(target);

	bed_put(bed, name, PIER__DNS_PTR, ttl_s, to.bytes, to.len);
}

static inline void
bed_srv(struct bed *bed, const char *name, uint16_t port, const char *host)
{
	const struct pier__dns_srv srv = { 0, 0, port, bed_name(host) };
	unsigned char data[6 + PIER__NAME_MAX];

	bed_put(bed, name, PIER__DNS_SRV, 120, data,
		pier__dns_srv_put(data, &srv));
}

static inline void
bed_txt(struct bed *bed, const char *name, const char *text)
{
	unsigned char data[256];
	int len = pier__txt_put(data, sizeof(data), 0, text, strlen(text));

	bed_put(bed, name, PIER__DNS_TXT, 4500, data, (size_t)len);
}

static inline void
bed_ip4(struct bed *bed, const char *name, const char *four)
{
	bed_put(bed, name, PIER__DNS_A, 120, four, 4);
}

/* What is put together comes from the group, of a neighbour. */
static inline struct pier__datagram
bed_datagram(struct bed *bed)
{
	struct pier__datagram it = { .link = { BED_LINK, AF_INET },
		.ttl = 255,
		.to_many = true,
		.on_link = true,
		.bytes = bed->bytes,
		.len = pier__dns_write_end(&bed->writer) };

	assert_int_equal(pier_addr_parse(&it.from, "192.0.2.9"), 0);
	(void)pier_addr_set_port(&it.from, PIER__MDNS_PORT);
	return it;
}

static inline void
bed_input(struct bed *bed)
{
	const struct pier__datagram it = bed_datagram(bed);

	assert_int_equal(
		pier__mdns_browse_input(bed->browse, bed->now_ns, &it), 0);
}

/* All of "One", in one message. */
static inline void
bed_one(struct bed *bed)
{
	bed_answer(bed);
	bed_ptr(bed, BED_TYPE, 4500, "One." BED_TYPE);
	bed_srv(bed, "One." BED_TYPE, 80, "h.local");
	bed_txt(bed, "One." BED_TYPE, "a=b");
	bed_ip4(bed, "h.local", "\xc0\0\2\1");
	bed_input(bed);
}

static inline bool
bed_event(struct bed *bed, struct pier__sighting *it)
{
	return pier__mdns_browse_event(bed->browse, bed->now_ns, it) == 1;
}

#endif
