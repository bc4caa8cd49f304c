/* SPDX-License-Identifier: MIT */
/*
 * pier/network.h - IP networks as values: an address and how many of its bits
 * are the network's (RFC 4632, RFC 4291 section 2.3).
 *
 * A network of v4-mapped addresses is the IPv4 network that it stands for. None
 * has a zone. No call waits.
 */
#ifndef PIER_NETWORK_H
#define PIER_NETWORK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Enough for the text of any network, the final NUL included. */
#define PIER_NETWORK_TEXT_MAX 48

/* The most networks that a range of addresses is made of. */
#define PIER_NETWORK_SUMMARY_MAX 254

struct pier_network {
	struct pier_addr addr; /* the first one; port 0 */
	unsigned int bits;     /* 0 to 32 or 128 */
};

/*
 * pier_network_parse(out, text): read 192.0.2.0/24, 2001:db8::/32, IPv4 with a
 * mask (192.0.2.0/255.255.255.0, or 0.0.0.255 as access lists have it), or an
 * address alone, which is a network of one.
 *
 *   out  written on success only
 *
 * Returns 0, or
 *   -EINVAL  no network; the error's text says why and where. An address with
 *            bits behind the length is refused: pier_network_of() takes it
 */
int pier_network_parse(struct pier_network *out, const char *text);

/*
 * pier_network_of(out, addr, bits): the network of that many bits that holds
 * addr, its zone and port left out.
 *
 * Returns 0, or
 *   -EINVAL        bits is above 32 of IPv4, 128 of IPv6
 *   -EAFNOSUPPORT  no IP address
 */
int pier_network_of(struct pier_network *out, const struct pier_addr *addr,
	unsigned int bits);

/*
 * pier_network_format(network, buf, size): write it as pier_network_parse()
 * reads it, always with its length.
 *
 *   buf  ends in NUL on success; PIER_NETWORK_TEXT_MAX bytes are always enough
 *
 * Returns the length without the NUL, or -ENOSPC: buf is too short.
 */
int pier_network_format(
	const struct pier_network *network, char *buf, size_t size);

/*
 * pier_network_contains(network, addr): is the address in it? Zone and port do
 * not count. Always false of the other family.
 */
bool pier_network_contains(
	const struct pier_network *network, const struct pier_addr *addr);

/*
 * pier_network_within(inner, outer), pier_network_overlaps(a, b): is all of
 * inner in outer; have the two an address in common? Always false of the other
 * family.
 */
bool pier_network_within(
	const struct pier_network *inner, const struct pier_network *outer);
bool pier_network_overlaps(
	const struct pier_network *a, const struct pier_network *b);

/*
 * pier_network_compare(a, b): a total order by family, first address, length.
 * Returns less than, equal to or greater than 0.
 */
int pier_network_compare(
	const struct pier_network *a, const struct pier_network *b);

/*
 * pier_network_last(out, network), pier_network_mask(out, network): its last
 * address, which is the broadcast address of an IPv4 network that hosts share;
 * and its mask as an address.
 */
void pier_network_last(
	struct pier_addr *out, const struct pier_network *network);
void pier_network_mask(
	struct pier_addr *out, const struct pier_network *network);

/*
 * pier_network_subnet(out, network, bits, index): cut into networks of that
 * many bits, the one with that index from 0 on. A negative index counts from
 * the end: -1 is the last one.
 *
 * Returns 0, or
 *   -EINVAL  bits is less than the network's, or more than addresses have
 *   -ERANGE  it has fewer
 */
int pier_network_subnet(struct pier_network *out,
	const struct pier_network *network, unsigned int bits, int64_t index);

/*
 * pier_network_supernet(out, network, bits): the larger one of that many bits
 * around it. Returns 0, or -EINVAL: bits is more than the network's.
 */
int pier_network_supernet(struct pier_network *out,
	const struct pier_network *network, unsigned int bits);

/*
 * pier_network_summarize(out, max, first, last): the fewest networks that hold
 * all addresses from first to last and no other, in order.
 *
 *   out  room for max networks; the first max of them are written.
 *        PIER_NETWORK_SUMMARY_MAX are always enough
 *
 * Returns how many there are, at least 1, or
 *   -EINVAL        last is before first, or of the other family
 *   -EAFNOSUPPORT  no IP address
 */
int pier_network_summarize(struct pier_network *out, size_t max,
	const struct pier_addr *first, const struct pier_addr *last);

/*
 * pier_network_collapse(list, count): sort the list and merge what lies in or
 * beside another, so that the fewest networks hold the same addresses. Returns
 * how many are left, at the beginning of list.
 */
size_t pier_network_collapse(struct pier_network *list, size_t count);

#ifdef __cplusplus
}
#endif

#endif
