/* SPDX-License-Identifier: MIT */
/* cli/lan.c - see lan.h. */
#include "lan.h"

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>
#include <sys/socket.h>

const struct cli_word lan_by_words[] = {
	{ "all", 0, "both" },
	{ "mdns", PIER_BY_MDNS, "multicast DNS and DNS-SD, RFC 6762 and 6763" },
	{ "beacon", PIER_BY_BEACON, "beacons, pier-beacon(7)" },
	{ NULL, 0, NULL },
};

const char *
lan_by_text(unsigned int by)
{
	return by == PIER_BY_MDNS     ? "mdns"
	       : by == PIER_BY_BEACON ? "beacon"
				      : "mdns, beacon";
}

void
lan_event_by(json_t *event, unsigned int by)
{
	json_t *list = json_array();

	if ((by & PIER_BY_MDNS) != 0)
		(void)json_array_append_new(list, json_string("mdns"));
	if ((by & PIER_BY_BEACON) != 0)
		(void)json_array_append_new(list, json_string("beacon"));
	(void)json_object_set_new(event, "by", list);
}

const char *
lan_interface_text(unsigned int interface, char text[LAN_INTERFACE_TEXT])
{
	char name[IF_NAMESIZE];

	/* It may have gone since. */
	if (if_indextoname(interface, name) != NULL)
		(void)snprintf(text, LAN_INTERFACE_TEXT, "%s", name);
	else
		(void)snprintf(
			text, LAN_INTERFACE_TEXT, "interface %u", interface);
	return text;
}

void
lan_event_interface(json_t *event, unsigned int interface)
{
	char text[LAN_INTERFACE_TEXT];

	if (interface != 0)
		cli_event_text(event, "interface",
			lan_interface_text(interface, text));
}

pier_lookup_fn *
lan_lookup(const char *endpoint)
{
	return strncasecmp(endpoint, "svc://", 6) == 0 ? pier_find_lookup
						       : NULL;
}

const char *const *
lan_list(const char *list[CLI_TEXTS_MAX + 1], const struct cli_texts *texts)
{
	size_t i;

	for (i = 0; i < texts->n; i++)
		list[i] = texts->item[i];
	list[i] = NULL;
	return i > 0 ? list : NULL;
}

int
lan_family(bool four, bool six)
{
	return four == six ? AF_UNSPEC : four ? AF_INET : AF_INET6;
}

/* ---- Text --------------------------------------------------------------- */

/* Bytes of the character there; 0: it is none in its shortest form, or one that
   a terminal would act on. */
static size_t
harmless(const unsigned char *at, size_t len)
{
	static const unsigned long least[] = { 0, 0, 0x80, 0x800, 0x10000 };
	size_t size = at[0] < 0x80                     ? 1
		      : at[0] >= 0xc2 && at[0] <= 0xdf ? 2
		      : at[0] >= 0xe0 && at[0] <= 0xef ? 3
		      : at[0] >= 0xf0 && at[0] <= 0xf4 ? 4
						       : 0;
	unsigned long code;
	size_t i;

	if (size == 0 || size > len || at[0] == '\\')
		return 0;
	code = size == 1 ? at[0] : at[0] & (0xffUL >> (size + 1));
	for (i = 1; i < size; i++) {
		if ((at[i] & 0xc0) != 0x80)
			return 0;
		code = code << 6 | (at[i] & 0x3fUL);
	}
	if (code < least[size] || code > 0x10ffff ||
		(code >= 0xd800 && code <= 0xdfff))
		return 0;
	/* What turns the direction of a line would hide what stands there. */
	if (code < 0x20 || (code >= 0x7f && code < 0xa0) ||
		(code >= 0x2028 && code <= 0x202e) ||
		(code >= 0x2066 && code <= 0x2069))
		return 0;
	return size;
}

const char *
lan_text(char *out, size_t size, const void *bytes, size_t len)
{
	const unsigned char *at = bytes;
	size_t used = 0;

	while (len > 0) {
		size_t n = harmless(at, len);
		char piece[8];
		size_t piece_len = n;

		if (n > 0)
			memcpy(piece, at, n);
		else if (at[0] == '\\')
			piece_len =
				(size_t)snprintf(piece, sizeof(piece), "\\\\");
		else
			piece_len = (size_t)snprintf(
				piece, sizeof(piece), "\\x%02x", at[0]);
		if (used + piece_len >= size)
			break;
		memcpy(out + used, piece, piece_len);
		used += piece_len;
		at += n > 0 ? n : 1;
		len -= n > 0 ? n : 1;
	}
	out[used] = '\0';
	return out;
}
