/* SPDX-License-Identifier: MIT */
/*
 * Networks as values. Everything is done on the bytes of first addresses; a
 * network of the value's own making has no 1 behind its length, one that the
 * caller filled in by hand may: each call masks what it compares.
 */
#include <pier/network.h>

#include "addr/addr.h"
#include "addr/ip.h"
#include "addr/ip_math.h"
#include "addr/prefix.h"
#include "task/failure.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The bytes of a network, with how many there are; size 0: no IP network. */
struct view {
	unsigned char bytes[16];
	size_t size;
	unsigned int bits;
};

static unsigned int
width(const struct view *view)
{
	return (unsigned int)(8 * view->size);
}

static struct view
view_addr(const struct pier_addr *addr)
{
	struct view view = { .size = 0 };
	struct pier__ip_view ip;

	if (!pier__addr_ip(&ip, addr))
		return view;
	view.size = ip.family == AF_INET ? 4 : 16;
	memcpy(view.bytes, ip.bytes, view.size);
	view.bits = width(&view);
	return view;
}

static struct view
view_network(const struct pier_network *network)
{
	struct view view = view_addr(&network->addr);

	/* Of a v4-mapped address the length counts from its beginning. */
	if (view.size == 4 && pier_addr_family(&network->addr) == AF_INET6)
		view.bits = network->bits > 96 ? network->bits - 96 : 0;
	else if (network->bits < view.bits)
		view.bits = network->bits;
	if (view.bits > width(&view))
		view.bits = width(&view);
	pier__ip_zero_tail(view.bytes, view.size, view.bits);
	return view;
}

static void
to_addr(struct pier_addr *out, const struct view *view)
{
	struct pier__ip ip = { .family = view->size == 4 ? AF_INET : AF_INET6 };
	struct pier__why why;

	memcpy(ip.bytes, view->bytes, view->size);
	/* Without a zone nothing of it can fail. */
	(void)pier__addr_from_ip(out, &ip, 0, &why);
}

static void
to_network(struct pier_network *out, const struct view *view)
{
	struct pier_addr addr;

	to_addr(&addr, view);
	out->addr = addr;
	out->bits = view->bits;
}

int
pier_network_parse(struct pier_network *out, const char *text)
{
	struct pier__prefix prefix;
	struct pier__why why;
	struct view view = { .size = 0 };
	int rc = pier__prefix_parse(&prefix, pier__span_of(text), &why);

	if (rc < 0)
		return pier__fail_parse(rc, text, &why);
	view.size = prefix.ip6 ? 16 : 4;
	view.bits = prefix.bits;
	memcpy(view.bytes, prefix.bytes, view.size);
	to_network(out, &view);
	return 0;
}

int
pier_network_of(struct pier_network *out, const struct pier_addr *addr,
	unsigned int bits)
{
	struct view view = view_addr(addr);

	if (view.size == 0)
		return -EAFNOSUPPORT;
	if (bits > width(&view))
		return -EINVAL;
	view.bits = bits;
	pier__ip_zero_tail(view.bytes, view.size, bits);
	to_network(out, &view);
	return 0;
}

int
pier_network_format(const struct pier_network *network, char *buf, size_t size)
{
	char text[PIER_NETWORK_TEXT_MAX], host[PIER__IP6_TEXT_MAX];
	struct view view = view_network(network);
	int len;

	if (view.size == 16)
		(void)pier__ip6_text(host, view.bytes);
	else
		(void)pier__ip4_text(host, view.bytes);
	len = snprintf(text, sizeof(text), "%s/%u",
		view.size == 0 ? "(none)" : host, view.bits);
	if ((size_t)len >= size)
		return -ENOSPC;
	memcpy(buf, text, (size_t)len + 1);
	return len;
}

/* Is b in a? */
static bool
holds(const struct view *a, struct view b)
{
	if (a->size != b.size || a->size == 0 || b.bits < a->bits)
		return false;
	pier__ip_zero_tail(b.bytes, b.size, a->bits);
	return memcmp(a->bytes, b.bytes, a->size) == 0;
}

bool
pier_network_contains(
	const struct pier_network *network, const struct pier_addr *addr)
{
	struct view outer = view_network(network);

	return holds(&outer, view_addr(addr));
}

bool
pier_network_within(
	const struct pier_network *inner, const struct pier_network *outer)
{
	struct view view = view_network(outer);

	return holds(&view, view_network(inner));
}

bool
pier_network_overlaps(
	const struct pier_network *a, const struct pier_network *b)
{
	return pier_network_within(a, b) || pier_network_within(b, a);
}

static int
compare(const struct view *a, const struct view *b)
{
	int order;

	if (a->size != b->size)
		return a->size < b->size ? -1 : 1;
	order = memcmp(a->bytes, b->bytes, a->size);
	if (order != 0)
		return order;
	return a->bits < b->bits ? -1 : a->bits > b->bits;
}

int
pier_network_compare(const struct pier_network *a, const struct pier_network *b)
{
	struct view x = view_network(a), y = view_network(b);

	return compare(&x, &y);
}

void
pier_network_last(struct pier_addr *out, const struct pier_network *network)
{
	struct view view = view_network(network);

	pier__ip_fill_tail(view.bytes, view.size, view.bits);
	to_addr(out, &view);
}

void
pier_network_mask(struct pier_addr *out, const struct pier_network *network)
{
	struct view view = view_network(network);

	memset(view.bytes, 0xff, view.size);
	pier__ip_zero_tail(view.bytes, view.size, view.bits);
	to_addr(out, &view);
}

/* Flips, of the bits from the network's to `bits`, those that index has; false
   when it has more. */
static bool
flip(struct view *view, unsigned int bits, uint64_t index)
{
	unsigned int i;

	for (i = bits; i > view->bits && index != 0; i--, index >>= 1)
		if ((index & 1) != 0)
			view->bytes[(i - 1) / 8] ^=
				(unsigned char)(0x80 >> (i - 1) % 8);
	return index == 0;
}

int
pier_network_subnet(struct pier_network *out,
	const struct pier_network *network, unsigned int bits, int64_t index)
{
	struct view view = view_network(network);

	if (bits < view.bits || bits > width(&view))
		return -EINVAL;
	/* From the end: -1 is all bits 1, and -n is n - 1 less than that. */
	if (index < 0)
		pier__ip_fill_tail(view.bytes, view.size, view.bits);
	if (!flip(&view, bits, index < 0 ? ~(uint64_t)index : (uint64_t)index))
		return -ERANGE;
	view.bits = bits;
	pier__ip_zero_tail(view.bytes, view.size, bits);
	to_network(out, &view);
	return 0;
}

int
pier_network_supernet(struct pier_network *out,
	const struct pier_network *network, unsigned int bits)
{
	struct view view = view_network(network);

	if (bits > view.bits)
		return -EINVAL;
	view.bits = bits;
	pier__ip_zero_tail(view.bytes, view.size, bits);
	to_network(out, &view);
	return 0;
}

/* The largest network that begins at first and does not go beyond last. */
static struct view
largest(const struct view *first, const struct view *last)
{
	struct view found = *first;
	unsigned int zeros = pier__ip_trailing_zeros(first->bytes, first->size);

	for (found.bits = width(first) - zeros;; found.bits++) {
		struct view end = found;

		pier__ip_fill_tail(end.bytes, end.size, found.bits);
		if (memcmp(end.bytes, last->bytes, end.size) <= 0)
			return found;
	}
}

int
pier_network_summarize(struct pier_network *out, size_t max,
	const struct pier_addr *first, const struct pier_addr *last)
{
	struct view at = view_addr(first), end = view_addr(last);
	int count = 0;

	if (at.size == 0 || end.size == 0)
		return -EAFNOSUPPORT;
	if (at.size != end.size || memcmp(at.bytes, end.bytes, at.size) > 0)
		return -EINVAL;
	for (;; count++) {
		struct view found = largest(&at, &end);

		if ((size_t)count < max)
			to_network(&out[count], &found);
		at = found;
		pier__ip_fill_tail(at.bytes, at.size, found.bits);
		/* Behind the last address there may be none. */
		if (memcmp(at.bytes, end.bytes, at.size) >= 0)
			return count + 1;
		(void)pier__ip_add(at.bytes, at.size, 1);
	}
}

static int
compare_items(const void *a, const void *b)
{
	return pier_network_compare(a, b);
}

/* Are a and b the two halves of one network? a is before b. */
static bool
are_halves(const struct view *a, const struct view *b)
{
	struct view whole = *a;

	if (a->size != b->size || a->bits != b->bits || a->bits == 0)
		return false;
	whole.bits--;
	pier__ip_zero_tail(whole.bytes, whole.size, whole.bits);
	return memcmp(whole.bytes, a->bytes, a->size) == 0 && holds(&whole, *b);
}

/*
 * Sorted, what is inside another follows it. So list[0…used) holds at all times
 * what is merged so far, in order and apart, and only its last one can take up
 * the next one; merged with it, it may be the second half of the one before.
 */
size_t
pier_network_collapse(struct pier_network *list, size_t count)
{
	size_t used = 0, i;

	qsort(list, count, sizeof(*list), compare_items);
	for (i = 0; i < count; i++) {
		struct view next = view_network(&list[i]), last;

		if (used > 0) {
			last = view_network(&list[used - 1]);
			if (holds(&last, next))
				continue;
		}
		while (used > 0) {
			last = view_network(&list[used - 1]);
			if (!are_halves(&last, &next))
				break;
			next = last;
			next.bits--;
			used--;
		}
		to_network(&list[used++], &next);
	}
	return used;
}
