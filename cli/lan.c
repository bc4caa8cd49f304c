/* SPDX-License-Identifier: MIT */
/* cli/lan.c - see lan.h. */
#include "lan.h"

#include <net/if.h>
#include <stdio.h>
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
