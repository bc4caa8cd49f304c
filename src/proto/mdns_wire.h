/* SPDX-License-Identifier: MIT */
/*
 * proto/mdns_wire.h - what records of DNS-SD mean (RFC 6763) and the numbers of
 * multicast DNS (RFC 6762), over dns_message.h. Pure.
 */
#ifndef PIER_PROTO_MDNS_WIRE_H
#define PIER_PROTO_MDNS_WIRE_H

#include "proto/dns_message.h"

#define PIER__MDNS_PORT   5353
#define PIER__MDNS_GROUP4 "224.0.0.251"
#define PIER__MDNS_GROUP6 "ff02::fb"

/* The largest message, heads of IP and UDP included, that is taken in (RFC 6762
   section 17). */
#define PIER__MDNS_MESSAGE_MAX 9000
/* Bytes of the heads of IPv6 and UDP: what an MTU has less for a message. */
#define PIER__MDNS_HEADS 48

/* TTL in seconds (section 10): records with a host's name in them or their
   data; others; at most in an answer to a legacy query (6.7). */
#define PIER__MDNS_TTL_HOST   120
#define PIER__MDNS_TTL_OTHER  4500
#define PIER__MDNS_TTL_LEGACY 10

/* The name under which every type is enumerated (RFC 6763 section 9). */
#define PIER__DNSSD_TYPES "_services._dns-sd._udp"

/* A service as it is asked for. */
struct pier__dnssd_type {
	struct pier__name name; /* of the PTR records, domain and all */
	struct pier__name type; /* the same without a subtype */
};

/*
 * pier__dnssd_type_parse(out, text, domain): "_ipp._tcp", "_printer._sub._http._tcp",
 * "_http._tcp,_printer", or PIER__DNSSD_TYPES; a domain may follow ("…._tcp.local").
 * A bare word such as "http" is "_http._tcp".
 *
 *   domain  NULL: "local"
 *
 * 0; or -EINVAL, and *why a constant sentence that says what was expected: a
 * service name has 1 to 15 letters, digits and hyphens (RFC 6335 section 5.1),
 * a protocol is _tcp or _udp, a subtype has 1 to 63 bytes.
 */
int pier__dnssd_type_parse(struct pier__dnssd_type *out, const char *text,
	const char *domain, const char **why);

/*
 * pier__dnssd_instance(out, instance, type): the name of an instance: its label,
 * any UTF-8 of 1 to 63 bytes, before the type's name. 0, or -EINVAL.
 */
int pier__dnssd_instance(struct pier__name *out, const char *instance,
	const struct pier__name *type);

/*
 * pier__dnssd_split(name, instance, type, domain): the parts of an instance's
 * name as texts: "My Printer", "_ipp._tcp", "local". Bytes of the instance that
 * are 0 become '?'. 0; -EINVAL: it is no instance's name.
 */
int pier__dnssd_split(const struct pier__name *name,
	char instance[PIER__LABEL_MAX + 1], char type[PIER__DNS_NAME_TEXT],
	char domain[PIER__DNS_NAME_TEXT]);

/* What an SRV record says. */
struct pier__dns_srv {
	uint16_t priority, weight, port;
	struct pier__name target;
};

/* Data of records; `data` of all but the A's and AAAA's has room for
   6 + PIER__NAME_MAX bytes. Each returns its length. */
size_t pier__dns_srv_put(unsigned char *data, const struct pier__dns_srv *srv);
size_t pier__dns_name_put(unsigned char *data, const struct pier__name *name);

/* 0, or -EBADMSG: the data has not that form. */
int pier__dns_srv_get(
	struct pier__dns_srv *out, const unsigned char *data, size_t len);
int pier__dns_name_get(
	struct pier__name *out, const unsigned char *data, size_t len);

/*
 * pier__nsec_put(data, name, types, count): NSEC data: name has records of these
 * types, each below 256, and of no others (RFC 6762 section 6.1). data has room
 * for PIER__NAME_MAX + 34 bytes. Its length.
 */
size_t pier__nsec_put(unsigned char *data, const struct pier__name *name,
	const uint16_t *types, size_t count);

/* pier__nsec_has(data, len, type): does it say that there are such records? */
bool pier__nsec_has(const unsigned char *data, size_t len, uint16_t type);

/* One string of TXT data: key, key= or key=value. */
struct pier__txt_item {
	const unsigned char *key; /* within the data */
	size_t key_len;
	const unsigned char *value; /* NULL: there is no '=' */
	size_t value_len;
};

/*
 * pier__txt_next(data, len, at, item): the next string with a key, from *at, 0 at
 * first; empty ones and those that begin with '=' are passed over (RFC 6763
 * section 6.4), as is a key that stood before, in either case. 1; 0: that were
 * all. What is cut off at the end of the data is passed over.
 */
int pier__txt_next(const unsigned char *data, size_t len, size_t *at,
	struct pier__txt_item *item);

/*
 * pier__txt_put(data, size, used, text, len): text is the next string. The new
 * length; -EINVAL: it has more than 255 bytes, no key, or one with bytes that are
 * not printable ASCII (section 6.4); -EMSGSIZE: it does not fit.
 */
int pier__txt_put(unsigned char *data, size_t size, size_t used,
	const char *text, size_t len);

/*
 * pier__dns_record_same(a, b): the same name, type, class and data, whatever the
 * TTL and the flush bit; names in the data are equal in either case.
 */
bool pier__dns_record_same(
	const struct pier__dns_record *a, const struct pier__dns_record *b);

/*
 * pier__dns_record_order(a, b): below 0, 0 or above: which comes first when
 * simultaneous probes are compared (RFC 6762 section 8.2): class without the
 * flush bit, type, then the bytes of the data.
 */
int pier__dns_record_order(
	const struct pier__dns_record *a, const struct pier__dns_record *b);

#endif
