/* SPDX-License-Identifier: MIT */
/*
 * proto/dns_name.h - names of the DNS as values: labels of 1 to 63 bytes, each
 * behind its length, then the root's 0; at most 255 bytes in all (RFC 1035
 * section 3.1). Any byte may stand in a label, dots and spaces too (RFC 6763
 * section 4.1.1), which is why names are kept so and not as text. Letters of
 * ASCII are equal in either case, and keep the one that they have. Pure.
 */
#ifndef PIER_PROTO_DNS_NAME_H
#define PIER_PROTO_DNS_NAME_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#define PIER__NAME_MAX  255
#define PIER__LABEL_MAX 63

/* The longest name as text, each byte as "\ddd"; and a NUL. */
#define PIER__DNS_NAME_TEXT 1021

struct pier__name {
	unsigned char len; /* the root's 0 included; 0: no name at all */
	unsigned char bytes[PIER__NAME_MAX];
};

/*
 * pier__name_parse(out, text): the name that is written so: labels with dots
 * between them, one after the last or not. Behind a backslash stands a byte as
 * it is, or as three decimal digits. 0, or -EINVAL: an empty label, one of more
 * than 63 bytes, more than 255 in all, or a backslash with nothing behind it.
 */
int pier__name_parse(struct pier__name *out, const char *text);

/*
 * pier__name_prepend(name, label, len): label goes before the first one. 0, or
 * -EINVAL: the label has not 1 to 63 bytes, or the name becomes too long.
 */
int pier__name_prepend(struct pier__name *name, const void *label, size_t len);

/*
 * pier__name_read(out, bytes, len, at): the name at *at of the message, which
 * goes behind it. It may end in a pointer to an earlier one; each has to point
 * further back than the last, so that no message makes a loop. 0 or -EBADMSG.
 */
int pier__name_read(struct pier__name *out, const unsigned char *bytes,
	size_t len, size_t *at);

/*
 * pier__name_text(text, name): as pier__name_parse() reads it, without the last
 * dot; what is not printable ASCII, a space, a dot or a backslash in a label is
 * "\ddd". The root is "". The length.
 */
size_t pier__name_text(
	char text[PIER__DNS_NAME_TEXT], const struct pier__name *name);

/* What is left behind the first label; the root of the root. */
struct pier__name pier__name_rest(const struct pier__name *name);

/* The same name, in either case. */
bool pier__name_equal(const struct pier__name *a, const struct pier__name *b);

/* Equal names have equal hashes. */
uint32_t pier__name_hash(const struct pier__name *name);

#endif
