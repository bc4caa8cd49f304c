/* SPDX-License-Identifier: MIT */
/* inspect/layers_test.c - packets taken apart: known ones field by field, broken
   ones by what is said of them, made-up ones by what must always hold. */
#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

#include <cmocka.h>

#include <pier/order.h>

#include "inspect/cbpf.h"
#include "inspect/layers.h"

static struct pier_layers *layers;

static int
set_up(void **state)
{
	(void)state;
	return pier_layers_new(&layers);
}

static int
tear_down(void **state)
{
	(void)state;
	pier_layers_free(layers);
	return 0;
}

/* Hexadecimal digits to bytes; spaces do not count. */
static size_t
bytes_of(unsigned char *out, const char *hex)
{
	size_t n = 0;
	char two[3] = "";

	for (; *hex != '\0'; hex++) {
		if (*hex == ' ')
			continue;
		two[0] = *hex++;
		two[1] = *hex;
		out[n++] = (unsigned char)strtoul(two, NULL, 16);
	}
	return n;
}

static unsigned char room[2048];

static void
decode(const char *hex, uint32_t link, size_t full_size)
{
	struct pier_captured packet = { .data = room, .link = link };

	packet.size = bytes_of(room, hex);
	packet.full_size = full_size > 0 ? full_size : packet.size;
	(void)pier_layers_decode(layers, &packet);
}

/* "ethernet ipv4 tcp data" */
static void
assert_layers(const char *expected)
{
	char text[256] = "";
	const struct pier_layer *layer;
	size_t i;

	for (i = 0; (layer = pier_layer_at(layers, i)) != NULL; i++) {
		if (i > 0)
			strcat(text, " ");
		strcat(text, layer->name);
	}
	assert_string_equal(text, expected);
}

/* The text of the nth field of that name, of the layer of that name. */
static const char *
field(const char *layer_name, const char *name, size_t nth)
{
	static char text[PIER_FIELD_TEXT_MAX];
	const struct pier_layer *layer;
	const struct pier_field *it;
	size_t i, j;

	for (i = 0; (layer = pier_layer_at(layers, i)) != NULL; i++) {
		if (strcmp(layer->name, layer_name) != 0)
			continue;
		for (j = 0; (it = pier_layer_field(layers, layer, j)) != NULL;
			j++) {
			if (strcmp(it->name, name) != 0 || nth-- > 0)
				continue;
			assert_true(pier_field_format(layers, it, text,
					    sizeof(text)) > 0);
			return text;
		}
	}
	return "(none)";
}

#define FIELD(layer, name, value) \
	assert_string_equal(field(layer, name, 0), value)

static void
assert_line(const char *expected)
{
	char line[PIER_LAYERS_TEXT_MAX];

	assert_int_equal(
		pier_layers_line(layers, line, sizeof(line)), strlen(expected));
	assert_string_equal(line, expected);
}

#define ETHERNET4 "020000000002 020000000001 0800 "

static void
test_tcp(void **state)
{
	(void)state;
	decode(ETHERNET4 "4500003c 1c464000 40062074 7f000001 7f000001"
			 "9c400050 00000001 00000000 a002faf0 b2170000"
			 "020405b4 0402080a 00000064 00000000 01030307",
		PIER_LINK_ETHERNET, 0);
	assert_layers("ethernet ipv4 tcp");
	FIELD("ethernet", "destination", "02:00:00:00:00:02");
	FIELD("ethernet", "type", "0x0800");
	FIELD("ipv4", "header_length", "20");
	FIELD("ipv4", "total_length", "60");
	FIELD("ipv4", "id", "0x1c46");
	FIELD("ipv4", "dont_fragment", "1");
	FIELD("ipv4", "checksum", "0x2074");
	FIELD("ipv4", "source", "127.0.0.1");
	FIELD("tcp", "source_port", "40000");
	FIELD("tcp", "destination_port", "80");
	FIELD("tcp", "header_length", "40");
	FIELD("tcp", "flags", "0x0002");
	FIELD("tcp", "mss", "1460");
	FIELD("tcp", "window_scale", "7");
	FIELD("tcp", "timestamp", "100");
	assert_string_equal(field("tcp", "option", 1), "4");
	assert_int_equal(
		pier_layer_at(layers, 1)->checksum, PIER_CHECKSUM_GOOD);
	assert_int_equal(
		pier_layer_at(layers, 2)->checksum, PIER_CHECKSUM_GOOD);
	assert_line("TCP 127.0.0.1:40000 > 127.0.0.1:80 [SYN] seq 1 win 64240 "
		    "mss 1460 wscale 7, 0 bytes");
}

static void
test_checksums(void **state)
{
	struct pier_captured packet = { .data = room,
		.link = PIER_LINK_ETHERNET };
	const char *udp =
		ETHERNET4 "4500001e 00000000 40117ccd 7f000001 7f000001"
			  "00350035 000a9904 6869";

	(void)state;
	decode(udp, PIER_LINK_ETHERNET, 0);
	assert_layers("ethernet ipv4 udp data");
	assert_int_equal(
		pier_layer_at(layers, 2)->checksum, PIER_CHECKSUM_GOOD);
	packet.size = bytes_of(room, udp);
	packet.full_size = packet.size;
	room[packet.size - 1] ^= 1;
	(void)pier_layers_decode(layers, &packet);
	assert_int_equal(pier_layer_at(layers, 2)->checksum, PIER_CHECKSUM_BAD);
	assert_line("UDP 127.0.0.1:53 > 127.0.0.1:53, 2 bytes; udp checksum "
		    "bad");
	packet.checksum_pending = true;
	(void)pier_layers_decode(layers, &packet);
	assert_int_equal(
		pier_layer_at(layers, 2)->checksum, PIER_CHECKSUM_PENDING);
	/* One byte was not captured. */
	packet.size--;
	(void)pier_layers_decode(layers, &packet);
	assert_int_equal(
		pier_layer_at(layers, 2)->checksum, PIER_CHECKSUM_UNCHECKED);
	/* None at all. */
	room[40] = 0;
	room[41] = 0;
	(void)pier_layers_decode(layers, &packet);
	assert_int_equal(
		pier_layer_at(layers, 2)->checksum, PIER_CHECKSUM_NONE);
}

static void
test_short_ones(void **state)
{
	const struct pier_layer *layer;

	(void)state;
	/* Cut off in TCP, of which there were 60 bytes. */
	decode(ETHERNET4 "4500003c 1c464000 40062074 7f000001 7f000001"
			 "9c400050 00000001 0000",
		PIER_LINK_ETHERNET, 74);
	assert_layers("ethernet ipv4 tcp");
	layer = pier_layer_at(layers, 2);
	assert_int_equal(layer->state, PIER_LAYER_CUT);
	assert_int_equal(layer->wrong_at, 44);
	FIELD("tcp", "sequence", "1");
	/* The same, and there were no more. */
	decode(ETHERNET4 "4500003c 1c464000 40062074 7f000001 7f000001"
			 "9c400050 00000001 0000",
		PIER_LINK_ETHERNET, 0);
	assert_int_equal(pier_layer_at(layers, 1)->state, PIER_LAYER_MALFORMED);
	assert_int_equal(pier_layer_at(layers, 1)->wrong_at, 16);
	assert_int_equal(pier_layer_at(layers, 2)->state, PIER_LAYER_MALFORMED);
	/* Nothing. */
	decode("", PIER_LINK_ETHERNET, 0);
	assert_layers("ethernet");
	assert_int_equal(pier_layer_at(layers, 0)->size, 0);
}

static void
test_what_is_wrong(void **state)
{
	static const struct {
		const char *hex;
		size_t layer, at;
		const char *why;
	} list[] = {
		{ "6500001400000000400100007f0000017f000001", 1, 14,
			"the version is not 4" },
		{ "4400001400000000400100007f0000017f000001", 1, 14,
			"its header has less than 20 bytes" },
		{ "4500001300000000400100007f0000017f000001", 1, 16,
			"its length is less than its header's" },
		{ "4500001c00000000401100007f0000017f000001"
		  "0035003500070000",
			2, 38, "its length is less than 8 bytes" },
		{ "4500001c00000000401100007f0000017f000001"
		  "0035003500090000",
			2, 38, "its length is more than there is" },
		{ "4600001800000000400100007f0000017f000001 07000000", 1, 34,
			"an option's length does not fit" },
		{ "4500002800000000400600007f0000017f000001"
		  "00500050 00000000 00000000 40000000 00000000",
			2, 46, "its header has less than 20 bytes" },
		{ "4500002c00000000400600007f0000017f000001"
		  "00500050 00000000 00000000 60000000 00000000 02050000",
			2, 54, "an option's length does not fit" },
	};
	char hex[512];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		const struct pier_layer *layer;

		strcpy(hex, ETHERNET4);
		strcat(hex, list[i].hex);
		decode(hex, PIER_LINK_ETHERNET, 0);
		layer = pier_layer_at(layers, list[i].layer);
		assert_non_null(layer);
		assert_int_equal(layer->state, PIER_LAYER_MALFORMED);
		assert_string_equal(layer->wrong, list[i].why);
		assert_int_equal(layer->wrong_at, list[i].at);
	}
}

static void
test_quoted(void **state)
{
	(void)state;
	decode(ETHERNET4 "45c00038 00000000 40010000 0a000002 0a000001"
			 "03030000 00000000"
			 "45000400 00004000 40110000 0a000001 0a000002"
			 "9c400035 03ec0000",
		PIER_LINK_ETHERNET, 0);
	assert_layers("ethernet ipv4 icmp ipv4 udp");
	assert_line("ICMP 10.0.0.2 > 10.0.0.1 unreachable, port unreachable: "
		    "UDP 10.0.0.1:40000 > 10.0.0.2:53, 0 bytes; ipv4 checksum "
		    "bad; icmp checksum bad");
}

static void
test_vlan_and_trailer(void **state)
{
	(void)state;
	decode("ffffffffffff 020000000001 8100 6005 0806"
	       "0001 0800 06 04 0001 020000000001 0a000001 000000000000"
	       "0a000002 000000000000",
		PIER_LINK_ETHERNET, 0);
	assert_layers("ethernet vlan arp trailer");
	FIELD("vlan", "id", "5");
	FIELD("vlan", "priority", "3");
	assert_int_equal(pier_layer_at(layers, 3)->size, 6);
	assert_line("VLAN 5 ARP who has 10.0.0.2, tell 10.0.0.1, 0 bytes");
}

static void
test_ip6(void **state)
{
	(void)state;
	/* Hop-by-hop options, the first fragment of UDP. */
	decode("60000000 00200040 20010db8000000000000000000000001"
	       "20010db8000000000000000000000002"
	       "2c00050200000000 1100000100000007 0035003500640000"
	       "6161616161616161",
		PIER_LINK_RAW, 0);
	assert_layers("ipv6 hop_options fragment udp data");
	FIELD("ipv6", "source", "2001:db8::1");
	FIELD("hop_options", "option", "5");
	FIELD("fragment", "more_fragments", "1");
	FIELD("fragment", "id", "0x00000007");
	assert_line("UDP [2001:db8::1]:53 > [2001:db8::2]:53, 8 bytes");
}

static void
test_neighbor(void **state)
{
	(void)state;
	decode("6000000000203aff fe800000000000000000000000000001"
	       "ff0200000000000000000001ff000002"
	       "8700000000000000 fe800000000000000000000000000002"
	       "0101020000000001",
		PIER_LINK_IP6, 0);
	assert_layers("ipv6 icmpv6");
	FIELD("icmpv6", "target", "fe80::2");
	FIELD("icmpv6", "link_address", "02:00:00:00:00:01");
	assert_line("ICMPv6 fe80::1 > ff02::1:ff00:2 neighbor solicitation "
		    "target fe80::2, 0 bytes; icmpv6 checksum bad");
}

static void
test_cooked(void **state)
{
	(void)state;
	decode("0000 0001 0006 0200000000010000 0800 45000014 00000000 "
	       "403b0000"
	       "7f000001 7f000001",
		PIER_LINK_COOKED, 0);
	assert_layers("cooked ipv4");
	FIELD("cooked", "source", "02:00:00:00:00:01");
	decode("0800 0000 00000003 0001 04 06 0200000000010000 45000014"
	       "00000000 403b0000 7f000001 7f000001",
		PIER_LINK_COOKED2, 0);
	assert_layers("cooked2 ipv4");
	FIELD("cooked2", "interface", "3");
	FIELD("cooked2", "packet_type", "4");
	decode("02000000 45000014 00000000 403b0000 7f000001 7f000001",
		PIER_LINK_NULL, 0);
	assert_layers("loopback ipv4");
	decode("0000001e 6000000000003b40 00000000000000000000000000000001"
	       "00000000000000000000000000000001",
		PIER_LINK_LOOP, 0);
	assert_layers("loopback ipv6");
	/* A link that nobody knows is data. */
	decode("0102", 147, 0);
	assert_layers("data");
}

/* Sums that tshark says are right. */
static void
test_sctp(void **state)
{
	(void)state;
	decode("45000034 00000000 40840000 7f000001 7f000001"
	       "13881389deadbeef206b2d2f010000140000000100001000"
	       "0001000100000001",
		PIER_LINK_IP4, 0);
	assert_layers("ipv4 sctp");
	assert_int_equal(
		pier_layer_at(layers, 1)->checksum, PIER_CHECKSUM_GOOD);
	assert_int_equal(pier_layer_at(layers, 1)->size, 32);
	FIELD("sctp", "verification_tag", "0xdeadbeef");
	assert_line("SCTP 127.0.0.1:5000 > 127.0.0.1:5001 INIT, 0 bytes; ipv4 "
		    "checksum bad");
	/* Cut off inside its chunk; and one bit of its sum is another. */
	decode("45000034 00000000 40840000 7f000001 7f000001"
	       "13881389deadbeee 0000000001000014",
		PIER_LINK_IP4, 52);
	assert_int_equal(
		pier_layer_at(layers, 1)->checksum, PIER_CHECKSUM_UNCHECKED);
	assert_string_equal(field("sctp", "chunk", 0), "1");
	decode("45000020 00000000 40840000 7f000001 7f000001"
	       "13881389 00000001 00000000",
		PIER_LINK_IP4, 0);
	assert_int_equal(pier_layer_at(layers, 1)->checksum, PIER_CHECKSUM_BAD);
}

/* Packets in packets end somewhere. */
static void
test_bounds(void **state)
{
	struct pier_captured packet = { .data = room,
		.size = 1400,
		.full_size = 1400,
		.link = PIER_LINK_IP4 };
	size_t i, count;

	(void)state;
	for (i = 0; i < packet.size; i += 20) {
		memset(room + i, 0, 20);
		room[i] = 0x45;
		pier_be16_put(room + i + 2, (uint16_t)(packet.size - i));
		room[i + 9] = 4;
	}
	count = pier_layers_decode(layers, &packet);
	assert_int_equal(count, PIER_LAYERS_MAX);
	assert_non_null(pier_layer_at(layers, count - 1)->wrong);
	assert_null(pier_layer_at(layers, count));
	/* Tags are four bytes each. */
	memset(room, 0x81, 14);
	packet.link = PIER_LINK_ETHERNET;
	for (i = 12; i < packet.size; i += 2)
		pier_be16_put(room + i, 0x8100);
	assert_int_equal(pier_layers_decode(layers, &packet), PIER_LAYERS_MAX);
}

static void
test_room_for_text(void **state)
{
	char line[PIER_LAYERS_TEXT_MAX];
	int len;

	(void)state;
	decode(ETHERNET4 "4500001e 00000000 40117ccd 7f000001 7f000001"
			 "00350035 000a9904 6869",
		PIER_LINK_ETHERNET, 0);
	len = pier_layers_line(layers, line, sizeof(line));
	assert_true(len > 0);
	assert_int_equal(pier_layers_line(layers, line, (size_t)len), -ENOSPC);
	assert_int_equal(pier_layers_line(layers, line, (size_t)len + 1), len);
	assert_int_equal(pier_layers_line(layers, line, 0), -ENOSPC);
	assert_int_equal(
		pier_field_format(layers,
			pier_layer_field(layers, pier_layer_at(layers, 0), 0),
			line, 17),
		-ENOSPC);
}

/* Layers lie one behind the other, inside what was captured. */
static void
check_whole(const struct pier_captured *packet)
{
	const struct pier_layer *layer;
	const struct pier_field *it;
	size_t i, j, at = 0;

	for (i = 0; (layer = pier_layer_at(layers, i)) != NULL; i++) {
		assert_true(layer->offset >= at);
		assert_true(layer->offset + layer->size <= packet->size);
		assert_true(layer->state == PIER_LAYER_WHOLE ||
			    layer->wrong != NULL ||
			    layer->kind == PIER_LAYER_DATA);
		at = layer->offset + layer->size;
		for (j = 0; (it = pier_layer_field(layers, layer, j)) != NULL;
			j++)
			assert_true(it->offset >= layer->offset &&
				    it->offset + it->size <= at);
	}
	assert_true(i > 0);
}

static void
test_made_up(void **state)
{
	unsigned seed;

	(void)state;
	for (seed = 1; seed <= 20000; seed++) {
		size_t size = pier__cbpf_packet(room, 512, seed);
		/* Of its own, so that a sanitizer sees what is read too far. */
		unsigned char *copy = malloc(size + (size == 0));
		struct pier_captured packet = { .data = copy,
			.size = size,
			.full_size = size + seed % 3 * 7,
			.link = PIER_LINK_ETHERNET };

		assert_non_null(copy);
		memcpy(copy, room, size);
		(void)pier_layers_decode(layers, &packet);
		check_whole(&packet);
		free(copy);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_tcp),
		cmocka_unit_test(test_checksums),
		cmocka_unit_test(test_short_ones),
		cmocka_unit_test(test_what_is_wrong),
		cmocka_unit_test(test_quoted),
		cmocka_unit_test(test_vlan_and_trailer),
		cmocka_unit_test(test_ip6),
		cmocka_unit_test(test_neighbor),
		cmocka_unit_test(test_cooked),
		cmocka_unit_test(test_sctp),
		cmocka_unit_test(test_bounds),
		cmocka_unit_test(test_room_for_text),
		cmocka_unit_test(test_made_up),
	};

	return cmocka_run_group_tests(tests, set_up, tear_down);
}
