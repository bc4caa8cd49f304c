/* SPDX-License-Identifier: MIT */
/*
 * socat's options of broadcasts and of groups of multicast, as parameters of an
 * endpoint. See from_socat.h.
 */
#include "from_socat.h"

#include <pier.h>

#include <stdio.h>
#include <string.h>

/* The first of two names that was given, or NULL. */
static const char *
either(const struct side_address *address, const char *name, const char *alias)
{
	const char *value = from_socat_option(address, name);

	return value != NULL ? value : from_socat_option(address, alias);
}

static void
add(struct from_socat_many *out, const char *name, const char *value)
{
	size_t used = strlen(out->parameters);

	snprintf(out->parameters + used, sizeof(out->parameters) - used,
		"%s%s=%s", used == 0 ? "?" : "&", name, value);
}

/* The name of the interface that has the address; false: none here has. */
static bool
find_interface(const struct pier_addr *addr, char name[PIER_INTERFACE_NAME_MAX])
{
	struct pier_interfaces *all;
	bool found = false;
	size_t i, j;

	if (pier_interfaces(&all) < 0)
		return false;
	for (i = 0; i < all->count && !found; i++)
		for (j = 0; j < all->list[i].addr_count && !found; j++) {
			if (!pier_addr_equal(&all->list[i].addrs[j].addr, addr))
				continue;
			snprintf(name, PIER_INTERFACE_NAME_MAX, "%s",
				all->list[i].name);
			found = true;
		}
	pier_interfaces_free(all);
	return found;
}

/* "eth0", "2", "192.0.2.1"; 0.0.0.0 and nothing leave it to the routes. */
static int
add_interface(struct from *from, struct from_socat_many *out, const char *text,
	const char *option)
{
	char name[PIER_INTERFACE_NAME_MAX];
	struct pier_addr addr;

	if (text[0] == '\0' || strcmp(text, "0.0.0.0") == 0)
		return 0;
	if (pier_addr_parse_form(&addr, text, PIER_ADDR_PLAIN) < 0) {
		add(out, "join", text);
		return 0;
	}
	if (!find_interface(&addr, name))
		return from_no_equal(from, option,
			"no interface of this machine has the address %.60s: "
			"name the interface",
			text);
	add(out, "join", name);
	return 0;
}

/* GROUP[:INTERFACE[:NAME]], the last of which counts. */
static int
join(struct from *from, const struct side_address *address,
	struct from_socat_many *out)
{
	const char *group = either(
			   address, "ip-add-membership", "add-membership"),
		   *end, *link;

	if (group == NULL)
		group = from_socat_option(address, "ipv6-join-group");
	if (group == NULL)
		return 0;
	end = group[0] == '[' ? strchr(group, ']') : strchr(group, ':');
	if (end != NULL && *end == ']')
		end++;
	if (end == NULL)
		end = strchr(group, '\0');
	if ((size_t)(end - group) >= sizeof(out->group))
		return from_no_equal(from, group, "that is no group");
	snprintf(out->group, sizeof(out->group), "%.*s", (int)(end - group),
		group);
	link = strrchr(end, ':');
	return add_interface(from, out, link != NULL ? link + 1 : "", group);
}

int
from_socat_many(struct from *from, const struct side_address *address,
	struct from_socat_many *out)
{
	const char *broadcast = either(address, "broadcast", "so-broadcast");
	const char *link = either(address, "ip-multicast-if", "multicast-if");
	const char *ttl = either(address, "ip-multicast-ttl", "multicast-ttl");
	const char *loop =
		either(address, "ip-multicast-loop", "multicast-loop");
	int rc;

	*out = (struct from_socat_many){ .group = "" };
	rc = join(from, address, out);
	if (rc == 0 && link != NULL)
		rc = add_interface(from, out, link, link);
	if (broadcast != NULL && strcmp(broadcast, "0") != 0)
		add(out, "broadcast", "1");
	if (ttl != NULL)
		add(out, "ttl", ttl);
	if (loop != NULL)
		add(out, "loop", *loop == '\0' ? "1" : loop);
	return rc;
}
