/* SPDX-License-Identifier: MIT */
/* proto/mdns_wire.c - records of DNS-SD; see mdns_wire.h. */
#include "proto/mdns_wire.h"

#include <pier/order.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SRV_HEAD     6
#define SERVICE_MAX  15
#define STRING_MAX   255
#define WINDOW_BYTES 32

/* Service names of a subtype stand behind this label (RFC 6763 section 7.1). */
static const unsigned char SUB[] = { 4, '_', 's', 'u', 'b' };

/* ---- Types of services -------------------------------------------------- */

static bool
is_alphanumeric(unsigned char c)
{
	return (c >= '0' && c <= '9') || (c >= 'a' && c <= 'z') ||
	       (c >= 'A' && c <= 'Z');
}

/* RFC 6335 section 5.1, but that names of more than 15 bytes and names of digits
   alone, which the registry does not have, are met in the field: length counts. */
static bool
is_service(const unsigned char *label)
{
	size_t len = label[0], i;

	if (len < 2 || len > SERVICE_MAX + 1 || label[1] != '_' ||
		label[2] == '-' || label[len] == '-')
		return false;
	for (i = 2; i <= len; i++)
		if (!is_alphanumeric(label[i]) && label[i] != '-' &&
			label[i] != '_')
			return false;
	return true;
}

static bool
label_is(const unsigned char *label, const char *text)
{
	size_t len = strlen(text), i;

	if (label[0] != len)
		return false;
	for (i = 0; i < len; i++)
		if ((label[i + 1] | 0x20) != (text[i] | 0x20))
			return false;
	return true;
}

static bool
is_protocol(const unsigned char *label)
{
	return label_is(label, "_tcp") || label_is(label, "_udp");
}

static const unsigned char *
label_behind(const unsigned char *label)
{
	return label[0] == 0 ? label : label + 1 + label[0];
}

/* How many labels of the name are the type, "_ipp._tcp"; 0: it begins with none. */
static size_t
type_labels(const unsigned char *bytes)
{
	const unsigned char *second = label_behind(bytes);

	if (bytes[0] == 0 || second[0] == 0)
		return 0;
	return is_service(bytes) && is_protocol(second) ? 2 : 0;
}

/* The first labels of `bytes`, and behind them `tail`. */
static int
join(struct pier__name *out, const unsigned char *bytes, size_t len,
	const struct pier__name *tail)
{
	if (len + tail->len > PIER__NAME_MAX)
		return -EINVAL;
	memmove(out->bytes + len, tail->bytes, tail->len);
	memcpy(out->bytes, bytes, len);
	out->len = (unsigned char)(len + tail->len);
	return 0;
}

/* The labels as far as the type goes become out; *domain what is behind. */
static const char *
split_type(const struct pier__name *name, size_t *sub, size_t *stop)
{
	const unsigned char *bytes = name->bytes, *at = bytes;

	*sub = 0;
	if (label_is(at, "_services") &&
		label_is(label_behind(at), "_dns-sd") &&
		is_protocol(label_behind(label_behind(at)))) {
		*stop = (size_t)(label_behind(label_behind(label_behind(at))) -
				 bytes);
		return NULL;
	}
	if (memcmp(label_behind(at), SUB, sizeof(SUB)) == 0) {
		at = label_behind(label_behind(at));
		*sub = (size_t)(at - bytes);
	}
	if (type_labels(at) == 0)
		return "a service type such as _http._tcp belongs here: the "
		       "service has 1 to 15 letters, digits and hyphens behind "
		       "its '_', the protocol is _tcp or _udp";
	*stop = (size_t)(label_behind(label_behind(at)) - bytes);
	return NULL;
}

/* "http" for "_http._tcp", and "_http._tcp,_printer" for
   "_printer._sub._http._tcp". */
static int
spell_out(char *out, size_t size, const char *text)
{
	const char *comma = strchr(text, ',');
	int n;

	if (comma != NULL)
		n = snprintf(out, size, "%s._sub.%.*s", comma + 1,
			(int)(comma - text), text);
	else if (text[0] != '_' && strchr(text, '.') == NULL)
		n = snprintf(out, size, "_%s._tcp", text);
	else
		n = snprintf(out, size, "%s", text);
	return n < 0 || (size_t)n >= size ? -EINVAL : 0;
}

int
pier__dnssd_type_parse(struct pier__dnssd_type *out, const char *text,
	const char *domain, const char **why)
{
	char full[PIER__DNS_NAME_TEXT];
	struct pier__dnssd_type it;
	struct pier__name name, zone;
	size_t sub, stop;

	*why = "a service type is _SERVICE._tcp or _SERVICE._udp, each part of "
	       "1 to 63 bytes, 255 in all";
	if (spell_out(full, sizeof(full), text) < 0 ||
		pier__name_parse(&name, full) < 0)
		return -EINVAL;
	*why = split_type(&name, &sub, &stop);
	if (*why != NULL)
		return -EINVAL;
	*why = "a domain has parts of 1 to 63 bytes, 255 in all";
	if (name.bytes[stop] != 0) {
		zone.len = (unsigned char)(name.len - stop);
		memcpy(zone.bytes, name.bytes + stop, zone.len);
	} else if (pier__name_parse(&zone, domain == NULL ? "local" : domain) <
		   0) {
		return -EINVAL;
	}
	if (join(&it.name, name.bytes, stop, &zone) < 0 ||
		join(&it.type, name.bytes + sub, stop - sub, &zone) < 0)
		return -EINVAL;
	*out = it;
	return 0;
}

int
pier__dnssd_instance(struct pier__name *out, const char *instance,
	const struct pier__name *type)
{
	struct pier__name name = *type;
	int rc = pier__name_prepend(&name, instance, strlen(instance));

	if (rc == 0)
		*out = name;
	return rc;
}

int
pier__dnssd_split(const struct pier__name *name,
	char instance[PIER__LABEL_MAX + 1], char type[PIER__DNS_NAME_TEXT],
	char domain[PIER__DNS_NAME_TEXT])
{
	struct pier__name rest = pier__name_rest(name), zone;
	size_t len = name->bytes[0], stop, i;

	if (len == 0 || type_labels(rest.bytes) == 0)
		return -EINVAL;
	for (i = 0; i < len; i++)
		instance[i] = name->bytes[i + 1] == 0
				      ? '?'
				      : (char)name->bytes[i + 1];
	instance[len] = '\0';
	stop = (size_t)(label_behind(label_behind(rest.bytes)) - rest.bytes);
	zone.len = (unsigned char)(rest.len - stop);
	memcpy(zone.bytes, rest.bytes + stop, zone.len);
	(void)pier__name_text(domain, &zone);
	rest.bytes[stop] = 0;
	rest.len = (unsigned char)(stop + 1);
	(void)pier__name_text(type, &rest);
	return 0;
}

/* ---- Data of records ---------------------------------------------------- */

size_t
pier__dns_srv_put(unsigned char *data, const struct pier__dns_srv *srv)
{
	pier_be16_put(data, srv->priority);
	pier_be16_put(data + 2, srv->weight);
	pier_be16_put(data + 4, srv->port);
	return SRV_HEAD + pier__dns_name_put(data + SRV_HEAD, &srv->target);
}

size_t
pier__dns_name_put(unsigned char *data, const struct pier__name *name)
{
	memcpy(data, name->bytes, name->len);
	return name->len;
}

int
pier__dns_name_get(
	struct pier__name *out, const unsigned char *data, size_t len)
{
	struct pier__name name;
	size_t at = 0;

	if (pier__name_read(&name, data, len, &at) < 0 || at != len)
		return -EBADMSG;
	*out = name;
	return 0;
}

int
pier__dns_srv_get(
	struct pier__dns_srv *out, const unsigned char *data, size_t len)
{
	struct pier__dns_srv srv;

	if (len < SRV_HEAD || pier__dns_name_get(&srv.target, data + SRV_HEAD,
				      len - SRV_HEAD) < 0)
		return -EBADMSG;
	srv.priority = pier_be16_get(data);
	srv.weight = pier_be16_get(data + 2);
	srv.port = pier_be16_get(data + 4);
	*out = srv;
	return 0;
}

size_t
pier__nsec_put(unsigned char *data, const struct pier__name *name,
	const uint16_t *types, size_t count)
{
	unsigned char bits[WINDOW_BYTES] = { 0 };
	size_t used = 0, len = pier__dns_name_put(data, name), i;

	for (i = 0; i < count; i++) {
		size_t byte = types[i] / 8;

		bits[byte] |= (unsigned char)(0x80 >> types[i] % 8);
		if (byte + 1 > used)
			used = byte + 1;
	}
	/* A window without a bit is left out (RFC 4034 section 4.1.2). */
	if (used == 0)
		return len;
	data[len++] = 0;
	data[len++] = (unsigned char)used;
	memcpy(data + len, bits, used);
	return len + used;
}

bool
pier__nsec_has(const unsigned char *data, size_t len, uint16_t type)
{
	struct pier__name name;
	size_t at = 0;

	if (pier__name_read(&name, data, len, &at) < 0)
		return false;
	while (at + 2 <= len && at + 2 + data[at + 1] <= len) {
		size_t byte = (type & 0xff) / 8;

		if (data[at] == type >> 8)
			return byte < data[at + 1] &&
			       (data[at + 2 + byte] & (0x80 >> type % 8)) != 0;
		at += 2U + data[at + 1];
	}
	return false;
}

/* ---- TXT ---------------------------------------------------------------- */

static void
cut_item(struct pier__txt_item *item, const unsigned char *text, size_t len)
{
	const unsigned char *equals = memchr(text, '=', len);

	item->key = text;
	item->key_len = equals == NULL ? len : (size_t)(equals - text);
	item->value = equals == NULL ? NULL : equals + 1;
	item->value_len = equals == NULL ? 0 : len - item->key_len - 1;
}

static bool
same_key(const struct pier__txt_item *a, const struct pier__txt_item *b)
{
	size_t i;

	if (a->key_len != b->key_len)
		return false;
	for (i = 0; i < a->key_len; i++) {
		unsigned char x = a->key[i], y = b->key[i];

		if (x >= 'A' && x <= 'Z')
			x |= 0x20;
		if (y >= 'A' && y <= 'Z')
			y |= 0x20;
		if (x != y)
			return false;
	}
	return true;
}

static bool
came_before(const unsigned char *data, size_t stop,
	const struct pier__txt_item *item)
{
	struct pier__txt_item earlier;
	size_t at;

	for (at = 0; at < stop; at += 1U + data[at]) {
		cut_item(&earlier, data + at + 1, data[at]);
		if (same_key(&earlier, item))
			return true;
	}
	return false;
}

int
pier__txt_next(const unsigned char *data, size_t len, size_t *at,
	struct pier__txt_item *item)
{
	struct pier__txt_item it;

	while (*at < len && *at + 1 + data[*at] <= len) {
		size_t begin = *at;

		*at += 1U + data[begin];
		cut_item(&it, data + begin + 1, data[begin]);
		if (it.key_len == 0 || came_before(data, begin, &it))
			continue;
		*item = it;
		return 1;
	}
	return 0;
}

int
pier__txt_put(unsigned char *data, size_t size, size_t used, const char *text,
	size_t len)
{
	size_t i;

	if (len > STRING_MAX || len == 0 || text[0] == '=')
		return -EINVAL;
	for (i = 0; i < len && text[i] != '='; i++)
		if (text[i] < ' ' || text[i] > '~')
			return -EINVAL;
	if (used + 1 + len > size)
		return -EMSGSIZE;
	data[used] = (unsigned char)len;
	memcpy(data + used + 1, text, len);
	return (int)(used + 1 + len);
}

/* ---- Comparing ---------------------------------------------------------- */

static bool
same_names(const struct pier__dns_record *a, const struct pier__dns_record *b,
	size_t head)
{
	struct pier__name x, y;

	return a->len >= head && b->len >= head &&
	       memcmp(a->data, b->data, head) == 0 &&
	       pier__dns_name_get(&x, a->data + head, a->len - head) == 0 &&
	       pier__dns_name_get(&y, b->data + head, b->len - head) == 0 &&
	       pier__name_equal(&x, &y);
}

bool
pier__dns_record_same(
	const struct pier__dns_record *a, const struct pier__dns_record *b)
{
	if (a->type != b->type || a->class != b->class ||
		!pier__name_equal(&a->name, &b->name))
		return false;
	if (a->len == b->len &&
		(a->len == 0 || memcmp(a->data, b->data, a->len) == 0))
		return true;
	if (a->type == PIER__DNS_PTR || a->type == PIER__DNS_CNAME)
		return same_names(a, b, 0);
	return a->type == PIER__DNS_SRV && same_names(a, b, SRV_HEAD);
}

int
pier__dns_record_order(
	const struct pier__dns_record *a, const struct pier__dns_record *b)
{
	size_t least = a->len < b->len ? a->len : b->len;
	int order = 0;

	if (a->class != b->class)
		return a->class < b->class ? -1 : 1;
	if (a->type != b->type)
		return a->type < b->type ? -1 : 1;
	if (least > 0)
		order = memcmp(a->data, b->data, least);
	if (order != 0 || a->len == b->len)
		return order;
	return a->len < b->len ? -1 : 1;
}
