/* SPDX-License-Identifier: MIT */
/*
 * inspect/packet_filter_term.c - the conditions of filters of packets:
 *
 *   [ "src" | "dst" ] [ "host" | "net" ] ADDRESS [ "/" BITS ]
 *   [ "src" | "dst" ] ( "port" | "portrange" ) PORT [ "-" PORT ]
 *   "proto" ( NAME | NUMBER ) | NAME
 *   "vlan" [ ID ] | "fragment"
 */
#include "inspect/packet_filter.h"

#include <errno.h>
#include <string.h>

#include <pier/layers.h>
#include <pier/port.h>

#include "addr/prefix.h"

/* The longest network, or name of a service, that is looked at. */
#define VALUE_MAX 64

static const struct {
	const char *name;
	uint8_t about, kind;
	uint16_t value;
} names[] = {
	{ "ip", PIER__PACKET_ETHERTYPE, 0, 0x0800 },
	{ "ip4", PIER__PACKET_ETHERTYPE, 0, 0x0800 },
	{ "ip6", PIER__PACKET_ETHERTYPE, 0, 0x86dd },
	{ "arp", PIER__PACKET_ETHERTYPE, 0, 0x0806 },
	{ "rarp", PIER__PACKET_ETHERTYPE, 0, 0x8035 },
	{ "lldp", PIER__PACKET_ETHERTYPE, 0, 0x88cc },
	{ "tcp", PIER__PACKET_PROTOCOL, 0, 6 },
	{ "udp", PIER__PACKET_PROTOCOL, 0, 17 },
	{ "sctp", PIER__PACKET_PROTOCOL, 0, 132 },
	{ "icmp", PIER__PACKET_PROTOCOL, PIER_LAYER_IP4, 1 },
	{ "icmp6", PIER__PACKET_PROTOCOL, PIER_LAYER_IP6, 58 },
	{ "igmp", PIER__PACKET_PROTOCOL, PIER_LAYER_IP4, 2 },
	{ "gre", PIER__PACKET_PROTOCOL, 0, 47 },
	{ "esp", PIER__PACKET_PROTOCOL, 0, 50 },
	{ "ah", PIER__PACKET_PROTOCOL, 0, 51 },
	{ "ospf", PIER__PACKET_PROTOCOL, 0, 89 },
	{ "pim", PIER__PACKET_PROTOCOL, 0, 103 },
	{ "vrrp", PIER__PACKET_PROTOCOL, 0, 112 },
	{ "fragment", PIER__PACKET_FRAGMENT, 0, 0 },
};

/* A word that is a condition by itself, or what "proto" asks for. */
static bool
read_name(struct pier__packet_term *term, struct pier__span word)
{
	size_t i;

	for (i = 0; i < sizeof(names) / sizeof(names[0]); i++) {
		if (!pier__span_is(word, names[i].name))
			continue;
		term->about = names[i].about;
		term->kind = names[i].kind;
		term->low = names[i].value;
		return true;
	}
	return false;
}

static int
missing(struct pier__why *why, struct pier__span at, const char *what)
{
	return pier__why_set(why, at.begin, "%s is missing", what);
}

static int
read_protocol(struct pier__packet_term *term, struct pier__span word,
	struct pier__why *why)
{
	int64_t number;

	if (pier__span_len(word) == 0)
		return missing(why, word, "a protocol");
	if (read_name(term, word) && term->about != PIER__PACKET_FRAGMENT)
		return 0;
	number = pier__span_number(word, 255);
	if (number < 0 || number > 255)
		return pier__why_set(why, word.begin,
			"'%.*s' is no protocol; expected tcp, udp, icmp, "
			"icmp6, arp or the like, or a number up to 255",
			pier__span_quote(word), pier__span_at(word));
	term->about = PIER__PACKET_PROTOCOL;
	term->low = (uint16_t)number;
	return 0;
}

/* The word as a text that ends in NUL. */
static bool
copy(char text[VALUE_MAX], struct pier__span word)
{
	size_t len = pier__span_len(word);

	if (len == 0 || len >= VALUE_MAX)
		return false;
	memcpy(text, pier__span_at(word), len);
	text[len] = '\0';
	return true;
}

/*
 * A network may be written in short, as 10/8 or 192.168: what is missing is 0,
 * and without a length those parts count that are there. Into out, in full.
 */
static bool
write_out(char out[VALUE_MAX], struct pier__span word)
{
	size_t slash = pier__span_find(word, '/');
	struct pier__span head = pier__span_cut(word, word.begin, slash);
	char text[VALUE_MAX];
	size_t i, len, parts = 1;

	if (!copy(text, head) || strspn(text, "0123456789.") != strlen(text))
		return false;
	for (i = 0; text[i] != '\0'; i++)
		parts += text[i] == '.';
	len = strlen(text);
	if (parts >= 4 || len + 16 + (word.end - slash) >= VALUE_MAX)
		return false;
	memcpy(out, text, len);
	for (i = parts; i < 4; i++, len += 2)
		memcpy(out + len, ".0", 2);
	if (slash < word.end) {
		memcpy(out + len, word.text + slash, word.end - slash);
		out[len + (word.end - slash)] = '\0';
		return true;
	}
	memcpy(out + len,
		parts == 1   ? "/8"
		: parts == 2 ? "/16"
			     : "/24",
		4 - (parts == 1));
	return true;
}

static int
read_network(struct pier__packet_term *term, struct pier__span word,
	bool is_host, struct pier__why *why)
{
	struct pier__prefix prefix;
	struct pier__span text = word;
	char whole[VALUE_MAX];
	int rc;

	if (pier__span_len(word) == 0)
		return missing(why, word, "an address");
	if (is_host && pier__span_find(word, '/') != word.end)
		return pier__why_set(why, word.begin,
			"'%.*s' is a network: expected an address, or net "
			"before it",
			pier__span_quote(word), pier__span_at(word));
	if (!is_host && write_out(whole, word))
		text = pier__span_of(whole);
	rc = pier__prefix_parse(&prefix, text, why);
	if (rc < 0) {
		/* Where it stands is in what was typed. */
		if (text.text != word.text)
			why->offset = word.begin;
		return rc;
	}
	term->about = PIER__PACKET_NETWORK;
	term->kind = prefix.ip6 ? PIER_LAYER_IP6 : PIER_LAYER_IP4;
	term->bits = prefix.bits;
	memcpy(term->bytes, prefix.bytes, prefix.ip6 ? 16 : 4);
	return 0;
}

/* A number, or the name of a service. -1: it is none. */
static int64_t
read_port(struct pier__span word)
{
	char text[VALUE_MAX];
	int64_t port = pier__span_number(word, 65535);

	if (port >= 0)
		return port > 65535 ? -1 : port;
	if (!copy(text, word))
		return -1;
	return pier_service_port(text, NULL);
}

static int
read_ports(struct pier__packet_term *term, struct pier__span word,
	struct pier__why *why)
{
	int64_t low = -1, high = -1;
	size_t dash = pier__span_find(word, '-');

	if (pier__span_len(word) == 0)
		return missing(why, word, "a port");
	/* Names of services may have a dash too. */
	if (dash < word.end && word.text[word.begin] >= '0' &&
		word.text[word.begin] <= '9') {
		low = read_port(pier__span_cut(word, word.begin, dash));
		high = read_port(pier__span_cut(word, dash + 1, word.end));
	} else {
		low = read_port(word);
		high = low;
	}
	if (low < 0 || high < low)
		return pier__why_set(why, word.begin,
			"'%.*s' is no port; expected a number up to 65535, "
			"two with a dash between, or a service's name",
			pier__span_quote(word), pier__span_at(word));
	term->about = PIER__PACKET_PORTS;
	term->low = (uint16_t)low;
	term->high = (uint16_t)high;
	return 0;
}

/* The number may be missing: then it is any tag. */
static int
read_vlan(struct pier__packet_term *term, struct pier__span *words,
	struct pier__why *why)
{
	struct pier__span word = pier__packet_word(words);
	int64_t id = pier__span_number(word, 4095);

	term->about = PIER__PACKET_VLAN;
	if (id < 0)
		return 0;
	if (id > 4095)
		return pier__why_set(why, word.begin,
			"'%.*s' is no VLAN; expected a number up to 4095",
			pier__span_quote(word), pier__span_at(word));
	term->about = PIER__PACKET_VLAN_ID;
	term->low = (uint16_t)id;
	words->begin = word.end;
	return 0;
}

static struct pier__span
take_word(struct pier__span *words)
{
	struct pier__span word = pier__packet_word(words);

	words->begin = word.end;
	return word;
}

/* What is said of an end, or of both; word is behind "src" or "dst". */
static int
read_end(struct pier__packet_term *term, struct pier__span word,
	struct pier__span *words, struct pier__why *why)
{
	if (pier__span_is(word, "port") || pier__span_is(word, "portrange"))
		return read_ports(term, take_word(words), why);
	if (pier__span_is(word, "host"))
		return read_network(term, take_word(words), true, why);
	if (pier__span_is(word, "net"))
		return read_network(term, take_word(words), false, why);
	return read_network(term, word, false, why);
}

/* Can it only be an address? */
static bool
is_address(struct pier__span word)
{
	char c = word.text[word.begin];

	return (c >= '0' && c <= '9') || pier__span_find(word, ':') < word.end;
}

static int
no_condition(
	struct pier__span word, struct pier__span rest, struct pier__why *why)
{
	if (pier__span_len(word) > 0)
		return pier__why_set(why, word.begin,
			"'%.*s' begins no condition; expected host, net, "
			"port, proto, src, dst, vlan or a protocol",
			pier__span_quote(word), pier__span_at(word));
	if (rest.begin < rest.end)
		return pier__why_set(why, rest.begin,
			"a condition is missing before '%c'",
			rest.text[rest.begin]);
	return missing(why, rest, "a condition");
}

int
pier__packet_term_parse(struct pier__packet_term *term,
	struct pier__span *words, struct pier__why *why)
{
	struct pier__span word = pier__packet_word(words);

	if (pier__span_len(word) == 0)
		return no_condition(word, *words, why);
	words->begin = word.end;
	if (pier__span_is(word, "proto"))
		return read_protocol(term, take_word(words), why);
	if (pier__span_is(word, "vlan"))
		return read_vlan(term, words, why);
	if (pier__span_is(word, "src") || pier__span_is(word, "dst")) {
		term->side = pier__span_is(word, "src") ? PIER__PACKET_SOURCE
							: PIER__PACKET_TARGET;
		word = take_word(words);
		return read_end(term, word, words, why);
	}
	if (pier__span_is(word, "host") || pier__span_is(word, "net") ||
		pier__span_is(word, "port") ||
		pier__span_is(word, "portrange") || is_address(word))
		return read_end(term, word, words, why);
	if (read_name(term, word))
		return 0;
	return no_condition(word, *words, why);
}
