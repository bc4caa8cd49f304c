/* SPDX-License-Identifier: MIT */
/* addr/prefix.c - see prefix.h. */
#include "addr/prefix.h"

#include <pier/order.h>

#include <errno.h>
#include <stdlib.h>
#include <string.h>

#include "addr/addr.h"
#include "addr/ip.h"
#include "addr/ip4.h"
#include "addr/ip_math.h"
#include "os/calls.h"

static const unsigned char mapped[12] = { [10] = 0xff, [11] = 0xff };

static unsigned
bits_of(bool ip6)
{
	return ip6 ? 128 : 32;
}

/* 255.255.255.0, or 0.0.0.255 with the bits that are not the network's. */
static int
parse_mask(unsigned *bits, struct pier__span span, struct pier__why *why)
{
	unsigned char bytes[4];
	int rc = pier__ip4_parse(bytes, span, why);
	uint32_t mask;

	if (rc < 0)
		return rc;
	mask = pier_be32_get(bytes);
	/* 0.0.0.0 is a mask of no bits. */
	if (mask != 0 && mask >> 31 == 0)
		mask = ~mask;
	pier_be32_put(bytes, mask);
	*bits = 32 - pier__ip_trailing_zeros(bytes, 4);
	/* No 0 before the last 1: the mask is all that its length can have. */
	if (mask == (*bits == 0 ? 0 : UINT32_MAX << (32 - *bits)))
		return 0;
	return pier__why_set(why, span.begin,
		"'%.*s' is no mask of a network: its 1 bits have a gap",
		pier__span_quote(span), pier__span_at(span));
}

static int
parse_bits(unsigned *bits, unsigned max, struct pier__span span,
	struct pier__why *why)
{
	int64_t n = pier__span_number(span, max);

	if (max == 32 && pier__span_find(span, '.') < span.end)
		return parse_mask(bits, span, why);
	if (n < 0 || n > (int64_t)max)
		return pier__why_set(why, span.begin,
			"'%.*s' is no length of a network; expected 0 to %u",
			pier__span_quote(span), pier__span_at(span), max);
	*bits = (unsigned)n;
	return 0;
}

/* A v4-mapped network is the IPv4 one inside it. */
static void
unmap(struct pier__prefix *prefix)
{
	if (!prefix->ip6 || prefix->bits < 96 ||
		memcmp(prefix->bytes, mapped, sizeof(mapped)) != 0)
		return;
	memmove(prefix->bytes, prefix->bytes + 12, 4);
	memset(prefix->bytes + 4, 0, 12);
	prefix->bits = (unsigned char)(prefix->bits - 96);
	prefix->ip6 = false;
}

static int
refuse_host_bits(struct pier__span span, const struct pier__prefix *prefix,
	struct pier__why *why)
{
	char text[PIER__IP6_TEXT_MAX];

	if (prefix->ip6)
		(void)pier__ip6_text(text, prefix->bytes);
	else
		(void)pier__ip4_text(text, prefix->bytes);
	return pier__why_set(why, span.begin,
		"'%.*s' has bits behind its length; the network is %s/%u",
		pier__span_quote(span), pier__span_at(span), text,
		(unsigned)prefix->bits);
}

int
pier__prefix_parse(
	struct pier__prefix *out, struct pier__span span, struct pier__why *why)
{
	size_t slash = pier__span_find(span, '/');
	struct pier__span host = pier__span_cut(span, span.begin, slash);
	struct pier__prefix prefix = { .bits = 0 };
	unsigned bits;
	struct pier__ip ip;
	int rc = pier__ip_parse(&ip, host, why);

	if (rc == 0)
		return pier__why_set(why, host.begin,
			"'%.*s' is no IP address; expected a network such as "
			"192.0.2.0/24 or 2001:db8::/32, or an address",
			pier__span_quote(host), pier__span_at(host));
	if (rc < 0)
		return rc;
	if (ip.zone[0] != '\0')
		return pier__why_set(why, ip.zone_offset,
			"a network has no zone, '%s'", ip.zone);
	prefix.ip6 = ip.family == AF_INET6;
	bits = bits_of(prefix.ip6);
	if (slash < span.end)
		rc = parse_bits(&bits, bits,
			pier__span_cut(span, slash + 1, span.end), why);
	if (rc < 0)
		return rc;
	memcpy(prefix.bytes, ip.bytes, prefix.ip6 ? 16 : 4);
	pier__ip_zero_tail(prefix.bytes, 16, bits);
	prefix.bits = (unsigned char)bits;
	if (memcmp(prefix.bytes, ip.bytes, prefix.ip6 ? 16 : 4) != 0)
		return refuse_host_bits(span, &prefix, why);
	unmap(&prefix);
	*out = prefix;
	return 0;
}

/* Sorted by family, then the longest first, then by bytes, those that keep out
   before those that let in. */
struct pier__admission {
	bool only_named; /* there is a list of those to let in */
	size_t count;
	struct pier__prefix list[];
};

static int
compare(const void *a, const void *b)
{
	const struct pier__prefix *x = a, *y = b;
	int order;

	if (x->ip6 != y->ip6)
		return x->ip6 - y->ip6;
	if (x->bits != y->bits)
		return y->bits - x->bits;
	order = memcmp(x->bytes, y->bytes, sizeof(x->bytes));
	return order != 0 ? order : y->deny - x->deny;
}

static size_t
count_of(const char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

static int
add(struct pier__admission *it, const char *const *list, bool deny,
	const char **wrong, struct pier__why *why)
{
	size_t i;

	for (i = 0; list != NULL && list[i] != NULL; i++) {
		struct pier__prefix *prefix = &it->list[it->count];
		int rc =
			pier__prefix_parse(prefix, pier__span_of(list[i]), why);

		*wrong = list[i];
		if (rc < 0)
			return rc;
		prefix->deny = deny;
		it->count++;
	}
	return 0;
}

int
pier__admission_open(struct pier__admission **out, const char *const *allow,
	const char *const *deny, const char **wrong, struct pier__why *why)
{
	size_t count = count_of(allow) + count_of(deny);
	struct pier__admission *it;
	int rc;

	*out = NULL;
	if (allow == NULL && deny == NULL)
		return 0;
	it = pier__alloc(sizeof(*it) + count * sizeof(it->list[0]));
	if (it == NULL)
		return -ENOMEM;
	it->only_named = allow != NULL;
	rc = add(it, allow, false, wrong, why);
	if (rc == 0)
		rc = add(it, deny, true, wrong, why);
	if (rc < 0) {
		pier__free(it);
		return rc;
	}
	qsort(it->list, it->count, sizeof(it->list[0]), compare);
	*out = it;
	return 0;
}

/* The first in the list that is not before key; count when there is none. */
static size_t
lower_bound(const struct pier__admission *it, const struct pier__prefix *key)
{
	size_t low = 0, high = it->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (compare(&it->list[middle], key) < 0)
			low = middle + 1;
		else
			high = middle;
	}
	return low;
}

/* The longest network that holds ip, or NULL: one search for each length that
   occurs. */
static const struct pier__prefix *
find(const struct pier__admission *it, const struct pier__ip_view *ip)
{
	bool ip6 = ip->family == AF_INET6;
	struct pier__prefix key = { .ip6 = ip6, .deny = true };
	size_t at;

	key.bits = (unsigned char)bits_of(ip6);
	memcpy(key.bytes, ip->bytes, ip6 ? 16 : 4);
	for (;;) {
		const struct pier__prefix *found;

		at = lower_bound(it, &key);
		if (at == it->count || it->list[at].ip6 != ip6)
			return NULL;
		found = &it->list[at];
		if (found->bits == key.bits &&
			memcmp(found->bytes, key.bytes, sizeof(key.bytes)) == 0)
			return found;
		/* The next length there is: of this one, all that follow are
		   of other networks. */
		if (found->bits == key.bits) {
			if (key.bits == 0)
				return NULL;
			key.bits--;
		} else {
			key.bits = found->bits;
		}
		pier__ip_zero_tail(key.bytes, 16, key.bits);
	}
}

bool
pier__admission_lets_in(
	const struct pier__admission *it, const struct pier_addr *addr)
{
	const struct pier__prefix *found;
	struct pier__ip_view ip;

	if (it == NULL || !pier__addr_ip(&ip, addr))
		return true;
	found = find(it, &ip);
	return found != NULL ? !found->deny : !it->only_named;
}

bool
pier__admission_names(
	const struct pier__admission *it, const struct pier_addr *addr)
{
	const struct pier__prefix *found;
	struct pier__ip_view ip;

	if (it == NULL || !it->only_named || !pier__addr_ip(&ip, addr))
		return false;
	found = find(it, &ip);
	return found != NULL && !found->deny;
}

void
pier__admission_close(struct pier__admission *it)
{
	pier__free(it);
}
