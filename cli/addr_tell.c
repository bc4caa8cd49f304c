/* SPDX-License-Identifier: MIT */
/* What pier addr says of an address, a network, or a range. */
#include "addr.h"

#include <endian.h>
#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>

const char *const addr_kind_names[] = { "unspecified", "loopback", "link-local",
	"site-local", "multicast", "broadcast", "private", "shared", "global",
	"reserved", "documentation", NULL };

/* struct sockaddr_can: the number stands behind the family and a gap. */
unsigned int
addr_can_interface(const struct pier_addr *addr)
{
	int index;

	memcpy(&index, (const char *)&addr->u + 4, sizeof(index));
	return (unsigned int)index;
}

/* One line for people, or one key of the event: never both. */
struct sheet {
	json_t *event; /* NULL: for people */
};

static void
put(struct sheet *sheet, const char *key, const char *text)
{
	if (sheet->event != NULL)
		cli_event_text(sheet->event, key, text);
	else
		printf("  %-10s %s\n", key, text);
}

static void
put_number(struct sheet *sheet, const char *key, int64_t number)
{
	if (sheet->event != NULL)
		cli_event_number(sheet->event, key, number);
	else
		printf("  %-10s %" PRId64 "\n", key, number);
}

static void
start(struct sheet *sheet, const struct cli_tool *tool, const char *type,
	const char *given)
{
	sheet->event = tool->json ? cli_event(type) : NULL;
	if (tool->json)
		cli_event_text(sheet->event, "given", given);
	else
		printf("%s\n", given);
}

static int
finish(struct sheet *sheet)
{
	return sheet->event != NULL
		       ? cli_event_print(sheet->event, PIER_FOREVER)
		       : 0;
}

static const char *
family_name(const struct pier_addr *addr)
{
	switch (pier_addr_family(addr)) {
	case AF_INET:
		return "IPv4";
	case AF_INET6:
		return "IPv6";
	case AF_UNIX:
		return "Unix";
	case AF_VSOCK:
		return "vsock";
	case AF_CAN:
		return "CAN";
	case 30: /* AF_TIPC, which not every libc names */
		return "TIPC";
	case 31: /* AF_BLUETOOTH */
		return "Bluetooth";
	default:
		return "other";
	}
}

static void
put_kinds(struct sheet *sheet, unsigned int kinds)
{
	json_t *list = sheet->event != NULL ? json_array() : NULL;
	size_t i;

	if (list == NULL)
		printf("  %-10s", "kinds");
	for (i = 0; addr_kind_names[i] != NULL; i++) {
		if ((kinds >> i & 1) == 0)
			continue;
		if (list != NULL)
			(void)json_array_append_new(
				list, json_string(addr_kind_names[i]));
		else
			printf(" %s", addr_kind_names[i]);
	}
	if (list != NULL)
		(void)json_object_set_new(sheet->event, "kinds", list);
	else
		putchar('\n');
}

static void
put_form(struct sheet *sheet, const char *key, const struct pier_addr *addr,
	enum pier_addr_form form)
{
	char text[PIER_ADDR_TEXT_MAX];

	if (pier_addr_format_form(addr, form, text, sizeof(text)) > 0)
		put(sheet, key, text);
}

/* The bytes that a system call takes. */
static void
put_sockaddr(struct sheet *sheet, const struct pier_addr *addr)
{
	char text[3 * sizeof(addr->u) + 1];
	const unsigned char *bytes = (const unsigned char *)&addr->u;
	const char *between = sheet->event != NULL ? "" : " ";
	size_t i, used = 0;

	for (i = 0; i < addr->len; i++)
		used += (size_t)sprintf(
			text + used, "%s%02x", i > 0 ? between : "", bytes[i]);
	put(sheet, "sockaddr", text);
}

static void
put_ip(struct sheet *sheet, const struct pier_addr *addr)
{
	char hex[PIER_ADDR_TEXT_MAX] = "0x";

	put_kinds(sheet, pier_addr_kinds(addr));
	if (pier_addr_port(addr) != 0)
		put_number(sheet, "port", pier_addr_port(addr));
	put_form(sheet, "exploded", addr, PIER_ADDR_EXPLODED);
	put_form(sheet, "packed", addr, PIER_ADDR_PACKED);
	put_form(sheet, "integer", addr, PIER_ADDR_INTEGER);
	if (pier_addr_format_form(
		    addr, PIER_ADDR_PACKED, hex + 2, sizeof(hex) - 2) > 0)
		put(sheet, "hex", hex);
	put_form(sheet, "mapped", addr, PIER_ADDR_MAPPED);
	put_form(sheet, "pointer", addr, PIER_ADDR_POINTER);
}

/* What other families have in the place of a port; 0 is any, as there. */
static void
put_place(struct sheet *sheet, const struct pier_addr *addr)
{
	switch (pier_addr_family(addr)) {
	case AF_VSOCK:
		if (addr->u.vm.port != 0)
			put_number(sheet, "port", addr->u.vm.port);
		break;
	case AF_CAN:
		put_number(sheet, "interface", addr_can_interface(addr));
		break;
	case 31:
		if (addr->len == sizeof(addr->u.rc))
			put_number(sheet, "channel", addr->u.rc.channel);
		else
			put_number(sheet, "psm", le16toh(addr->u.l2.psm));
		break;
	default:
		break;
	}
}

static void
put_host(struct sheet *sheet, const struct pier_addr *addr)
{
	char text[PIER_ADDR_TEXT_MAX] = "can:";

	/* That of ISO-TP has identifiers, and a form of its own. */
	if (pier_addr_family(addr) == AF_CAN &&
		(addr->u.can.rx_id | addr->u.can.tx_id) == 0)
		(void)pier_interface_name(
			addr_can_interface(addr), text + 4, sizeof(text) - 4);
	else
		(void)pier_addr_format_host(addr, text, sizeof(text));
	put(sheet, "address", text);
}

int
addr_tell_address(const struct cli_tool *tool, const char *given,
	const struct pier_addr *addr)
{
	struct sheet sheet;

	start(&sheet, tool, "address", given);
	put(&sheet, "family", family_name(addr));
	put_host(&sheet, addr);
	if (pier_addr_port(addr) >= 0)
		put_ip(&sheet, addr);
	else
		put_place(&sheet, addr);
	put_sockaddr(&sheet, addr);
	return finish(&sheet);
}

/* 2 to the n, up to 128, in decimal digits. */
static void
power_of_two(char out[48], unsigned int n)
{
	size_t len = 1, i;

	/* The last digit first, while it grows. */
	out[0] = '1';
	for (; n > 0; n--) {
		int carry = 0;

		for (i = 0; i < len; i++) {
			int twice = 2 * (out[i] - '0') + carry;

			out[i] = (char)('0' + twice % 10);
			carry = twice / 10;
		}
		if (carry > 0)
			out[len++] = (char)('0' + carry);
	}
	for (i = 0; i < len / 2; i++) {
		char c = out[i];

		out[i] = out[len - 1 - i];
		out[len - 1 - i] = c;
	}
	out[len] = '\0';
}

static unsigned int
width_of(const struct pier_network *network)
{
	return pier_addr_family(&network->addr) == AF_INET ? 32 : 128;
}

int
addr_tell_network(const struct cli_tool *tool, const char *given,
	const struct pier_network *network)
{
	char text[PIER_ADDR_TEXT_MAX];
	unsigned int width = width_of(network);
	struct pier_addr last, mask;
	struct sheet sheet;

	start(&sheet, tool, "network", given);
	put(&sheet, "family", family_name(&network->addr));
	(void)pier_network_format(network, text, sizeof(text));
	put(&sheet, "network", text);
	put_number(&sheet, "bits", network->bits);
	pier_network_mask(&mask, network);
	(void)pier_addr_format(&mask, text, sizeof(text));
	put(&sheet, "mask", text);
	(void)pier_addr_format(&network->addr, text, sizeof(text));
	put(&sheet, "first", text);
	pier_network_last(&last, network);
	(void)pier_addr_format(&last, text, sizeof(text));
	put(&sheet, "last", text);
	/* Two ends of a line, and one host, share no broadcast (RFC 3021). */
	if (width == 32 && network->bits < 31)
		put(&sheet, "broadcast", text);
	power_of_two(text, width - network->bits);
	put(&sheet, "addresses", text);
	put_kinds(&sheet,
		pier_addr_kinds(&network->addr) & pier_addr_kinds(&last));
	return finish(&sheet);
}

static int
tell_line(const struct cli_tool *tool, const struct pier_network *network)
{
	char text[PIER_NETWORK_TEXT_MAX];
	json_t *event;

	(void)pier_network_format(network, text, sizeof(text));
	if (!tool->json)
		return puts(text) < 0 ? -EIO : 0;
	event = cli_event("part");
	cli_event_text(event, "network", text);
	return cli_event_print(event, PIER_FOREVER);
}

int
addr_tell_range(const struct cli_tool *tool, const char *given,
	const struct pier_addr *first, const struct pier_addr *last)
{
	struct pier_network list[PIER_NETWORK_SUMMARY_MAX];
	char text[PIER_NETWORK_TEXT_MAX];
	int i, count = pier_network_summarize(
		       list, PIER_NETWORK_SUMMARY_MAX, first, last);
	json_t *event, *networks;
	int rc = 0;

	if (!tool->json) {
		for (i = 0; rc == 0 && i < count; i++)
			rc = tell_line(tool, &list[i]);
		return rc;
	}
	event = cli_event("range");
	networks = json_array();
	cli_event_text(event, "given", given);
	for (i = 0; i < count; i++) {
		(void)pier_network_format(&list[i], text, sizeof(text));
		(void)json_array_append_new(networks, json_string(text));
	}
	(void)json_object_set_new(event, "networks", networks);
	return cli_event_print(event, PIER_FOREVER);
}

int
addr_tell_parts(const struct cli_tool *tool, const struct pier_network *network,
	unsigned int bits)
{
	struct pier_network part;
	int64_t i;
	int rc = 0;

	for (i = 0; rc == 0 && i < ADDR_PARTS_MAX; i++) {
		if (pier_network_subnet(&part, network, bits, i) < 0)
			break;
		rc = tell_line(tool, &part);
	}
	return rc;
}

int
addr_tell_contains(const struct cli_tool *tool, const char *inner,
	const char *outer, bool answer)
{
	json_t *event;

	if (!tool->json) {
		printf("%s is %sin %s\n", inner, answer ? "" : "not ", outer);
		return 0;
	}
	event = cli_event("contains");
	cli_event_text(event, "given", inner);
	cli_event_text(event, "network", outer);
	cli_event_flag(event, "answer", answer);
	return cli_event_print(event, PIER_FOREVER);
}
