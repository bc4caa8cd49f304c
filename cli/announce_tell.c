/* SPDX-License-Identifier: MIT */
/* cli/announce_tell.c - the steps of an announcement; see announce.h. */
#include "announce.h"

#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

struct step {
	const char *type; /* of the JSON event */
	const char *text; /* what was done to "NAME", for people */
	int level;        /* how often -v is given for that */
};

static const struct step steps[] = {
	[PIER_ANNOUNCE_LINK_UP] = { "link_up", "will be told", 2 },
	[PIER_ANNOUNCE_LINK_DOWN] = { "link_down", "is told no more", 1 },
	[PIER_ANNOUNCE_PROBED] = { "probed", "asked whether the name is free",
		1 },
	[PIER_ANNOUNCE_RENAMED] = { "renamed", "has the name now", 0 },
	[PIER_ANNOUNCE_TOLD] = { "told", "told", 1 },
	[PIER_ANNOUNCE_ANSWERED] = { "answered", "answered", 2 },
	[PIER_ANNOUNCE_HOST_RENAMED] = { "host_renamed", "has another host",
		0 },
};

/* " to 192.0.2.7:5353", or "" for everybody. */
static const char *
to_text(const struct pier_announce_event *event, char *text, size_t size)
{
	char addr[PIER_ADDR_TEXT_MAX];

	text[0] = '\0';
	if (event->what == PIER_ANNOUNCE_ANSWERED && event->to.len != 0 &&
		pier_addr_format(&event->to, addr, sizeof(addr)) >= 0)
		(void)snprintf(text, size, " to %s", addr);
	return text;
}

static void
tell_text(const struct cli_tool *tool, const char *type,
	const struct pier_announce_event *event)
{
	const struct step *step = &steps[event->what];
	char name[LAN_TEXT], was[LAN_TEXT], interface[LAN_INTERFACE_TEXT];
	char to[PIER_ADDR_TEXT_MAX + 8];

	pier_bytes_show(
		name, sizeof(name), event->instance, strlen(event->instance));
	if (event->was != NULL) {
		pier_bytes_show(
			was, sizeof(was), event->was, strlen(event->was));
		cli_say(tool, 0,
			"%s\"%s\" is another's on this network: now \"%s\"",
			event->what == PIER_ANNOUNCE_HOST_RENAMED ? "the host "
								  : "",
			was,
			event->what == PIER_ANNOUNCE_HOST_RENAMED ? event->host
								  : name);
		return;
	}
	cli_say(tool, step->level, "\"%s\" %s: %s by %s%s%s on %s%s", name,
		type, step->text, event->by != 0 ? lan_by_text(event->by) : "",
		event->by != 0 ? ", " : "",
		event->family == AF_INET6 ? "IPv6" : "IPv4",
		lan_interface_text(event->interface, interface),
		to_text(event, to, sizeof(to)));
}

int
announce_tell(const struct cli_tool *tool, const char *type,
	const struct pier_announce_event *event, pier_deadline deadline)
{
	char addr[PIER_ADDR_TEXT_MAX];
	json_t *json;

	tell_text(tool, type, event);
	if (!tool->json)
		return 0;
	json = cli_event(steps[event->what].type);
	cli_event_text(json, "instance", event->instance);
	if (event->host != NULL)
		cli_event_text(json, "host", event->host);
	if (event->was != NULL)
		cli_event_text(json, "was", event->was);
	cli_event_text(json, "service", type);
	if (event->by != 0)
		lan_event_by(json, event->by);
	lan_event_interface(json, event->interface);
	if (event->family == AF_INET || event->family == AF_INET6)
		cli_event_text(json, "family",
			event->family == AF_INET6 ? "ipv6" : "ipv4");
	if (event->what == PIER_ANNOUNCE_ANSWERED && event->to.len != 0 &&
		pier_addr_format(&event->to, addr, sizeof(addr)) >= 0)
		cli_event_text(json, "to", addr);
	return cli_event_print(json, deadline);
}

int
announce_refused(const struct cli_tool *tool, const char *verb)
{
	const struct pier_error *error = pier_last_error();
	struct cli_complaint why = { "", "" };
	char shown[LAN_TEXT];

	if (error->code != -EINVAL && error->code != -EMSGSIZE)
		return cli_failure(tool, error);
	/* What it quotes is the user's own, and may be any bytes. */
	(void)cli_complain(&why, "'%s': %s",
		pier_bytes_show(shown, sizeof(shown) / 4, error->endpoint,
			strlen(error->endpoint)),
		error->detail);
	cli_advise(&why, "'pier %s --help' has examples", verb);
	return cli_usage_error(tool, verb, &why);
}
