/* SPDX-License-Identifier: MIT */
/*
 * proto/announce_open.c - what is to be announced: checked, so that what is wrong
 * can be quoted, and given to the engines; see announce.h.
 */
#include "proto/announce.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

#include <pier/resolve.h>

#include "os/calls.h"
#include "proto/lan_open.h"
#include "proto/service_name.h"

static int
fail_text(struct pier__announce_wrong *wrong, const char *text,
	const char *expected)
{
	wrong->text = text != NULL ? text : "";
	(void)snprintf(wrong->detail, sizeof(wrong->detail), "%s", expected);
	return -EINVAL;
}

/* Has it that key already? Whoever reads would take the first one alone (RFC 6763
   section 6.4). */
static bool
has_key(const struct pier_announce *it, const char *text)
{
	struct pier__txt_item item;
	size_t len = strcspn(text, "="), at = 0;

	while (pier__txt_next(it->text, it->text_len, &at, &item) == 1)
		if (item.key_len == len &&
			strncasecmp((const char *)item.key, text, len) == 0)
			return true;
	return false;
}

static int
take_texts(struct pier_announce *it, const char *const *texts,
	struct pier__announce_wrong *wrong)
{
	for (; texts != NULL && *texts != NULL; texts++) {
		int len = pier__txt_put(it->text, sizeof(it->text),
			it->text_len, *texts, strlen(*texts));

		if (len == -EMSGSIZE) {
			(void)fail_text(wrong, *texts,
				"all texts together have at most 1024 bytes, "
				"with one more for each");
			return len;
		}
		if (len < 0)
			return fail_text(wrong, *texts,
				"a text is key=value, of at most 255 bytes; "
				"a key is printable ASCII without =");
		if (has_key(it, *texts))
			return fail_text(wrong, *texts,
				"each key is given once, in either case");
		it->text_len = (size_t)len;
	}
	return 0;
}

/* "_http._tcp" of what was given as a type. 0 or -EINVAL. */
static int
take_type(char plain[PIER__DNS_NAME_TEXT], const char *type,
	struct pier__announce_wrong *wrong)
{
	char instance[PIER__LABEL_MAX + 1], zone[PIER__DNS_NAME_TEXT];
	struct pier__dnssd_type parsed;
	struct pier__name name;
	const char *why = "a type is needed, as \"_http._tcp\"";

	if (type == NULL ||
		pier__dnssd_type_parse(&parsed, type, NULL, &why) < 0)
		return fail_text(wrong, type, why);
	if (!pier__name_equal(&parsed.name, &parsed.type))
		return fail_text(wrong, type,
			"an announced type is _SERVICE._tcp or "
			"_SERVICE._udp: its subtypes come beside it");
	if (pier__dnssd_instance(&name, "x", &parsed.type) < 0 ||
		pier__dnssd_split(&name, instance, plain, zone) < 0 ||
		!pier__service_type_is_plain(plain, strlen(plain)))
		return fail_text(wrong, type,
			"a service has a name of 1 to 15 letters, digits and "
			"hyphens, behind \"_\" and before \"._tcp\" or "
			"\"._udp\"");
	return 0;
}

/* Without a wish, the first label of this machine's name. */
static void
take_host(char out[PIER__LABEL_MAX + 1], const char *host)
{
	char name[PIER_HOSTNAME_MAX + 1];
	size_t len;

	if (host == NULL && pier_hostname(name, sizeof(name)) > 0)
		host = name;
	len = host == NULL ? 0 : strcspn(host, ".");
	if (!pier__service_label_is_right(host, len)) {
		host = "pier";
		len = strlen(host);
	}
	memcpy(out, host, len);
	out[len] = '\0';
}

static int
open_beacon(struct pier_announce *it, const struct pier_announce_opts *opts,
	const char *type, const char *host, uint64_t seed,
	struct pier__announce_wrong *wrong)
{
	const struct pier__beacon what = { .type = type,
		.type_len = strlen(type),
		.instance = it->instance,
		.instance_len = strlen(it->instance),
		.host = host,
		.host_len = strlen(host),
		.port = opts->port,
		.priority = opts->priority,
		.weight = opts->weight,
		.text = it->text,
		.text_len = it->text_len };
	const struct pier__lan_wish wish = { opts->family, opts->interfaces };
	struct pier__lan_side *side = &it->lan.sides[it->lan.count];
	int rc = pier__beacon_offer_open(&it->beacon, &what, seed);

	if (rc == 0)
		rc = pier__lan_open_beacon(&side->links, &wish);
	if (rc == -EADDRINUSE)
		(void)fail_text(wrong, it->instance, PIER__LAN_BUSY_BEACON);
	if (rc < 0)
		return rc;
	side->ops = &pier__announce_by_beacon;
	side->engine = it;
	it->lan.count++;
	return 0;
}

/* The names that the host begins with: others are told. */
static void
begin_hosts(struct pier_announce *it)
{
	size_t i;

	(void)pier__announce_take_hosts(it);
	for (i = 0; i < PIER__ANNOUNCE_HOSTS; i++)
		memcpy(it->hosts[i].told, it->hosts[i].now,
			sizeof(it->hosts[i].told));
}

static int
open_mdns(struct pier_announce *it, const struct pier_announce_opts *opts,
	const char *host, uint64_t seed, struct pier__announce_wrong *wrong)
{
	const struct pier__mdns_offer_opts offer = { .instance = it->instance,
		.type = opts->type,
		.subtypes = opts->subtypes,
		.host = host,
		.aliases = opts->aliases,
		.port = opts->port,
		.priority = opts->priority,
		.weight = opts->weight,
		.txt = it->text,
		.txt_len = it->text_len,
		.seed = seed };
	const struct pier__lan_wish wish = { opts->family, opts->interfaces };
	struct pier__lan_side *side = &it->lan.sides[it->lan.count];
	const char *why = "";
	int rc = pier__mdns_offer_open(&it->mdns, &offer, &why);

	if (rc == -EINVAL)
		return fail_text(wrong, opts->type, why);
	if (rc == 0)
		rc = pier__lan_open_mdns(&side->links, &wish);
	if (rc == -EADDRINUSE)
		(void)fail_text(wrong, it->instance, PIER__LAN_BUSY_MDNS);
	if (rc < 0)
		return rc;
	begin_hosts(it);
	side->ops = &pier__announce_by_mdns;
	side->engine = it;
	it->lan.count++;
	return 0;
}

static int
check(const struct pier_announce_opts *opts, struct pier__announce_wrong *wrong)
{
	const char *instance = opts->instance != NULL ? opts->instance : "";

	if (!pier__service_instance_is_right(instance, strlen(instance)))
		return fail_text(wrong, instance,
			"an instance has a name of 1 to 63 bytes of UTF-8, "
			"without control characters");
	if (opts->port == 0)
		return fail_text(wrong, instance, "a port is 1 to 65535");
	if (opts->host != NULL &&
		!pier__service_label_is_right(opts->host, strlen(opts->host)))
		return fail_text(wrong, opts->host,
			"a host has a name of 1 to 63 letters, digits and "
			"hyphens, none of these at an end: \"lab2\" is "
			"lab2.local");
	return 0;
}

static int
check_subtypes(const struct pier_announce_opts *opts,
	struct pier__announce_wrong *wrong)
{
	const char *const *list = opts->subtypes;
	size_t i;

	for (i = 0; list != NULL && list[i] != NULL; i++) {
		size_t len = strlen(list[i]);

		if ((opts->by & PIER_BY_MDNS) == 0)
			return fail_text(
				wrong, list[i], "beacons know no subtypes");
		if (len == 0 || len > PIER__LABEL_MAX ||
			strstr(list[i], "._sub.") != NULL)
			return fail_text(wrong, list[i],
				"a subtype has a name of 1 to 63 bytes, such "
				"as \"_printer\", without its type");
		if (i == PIER__MDNS_SUBTYPES_MAX)
			return fail_text(wrong, list[i],
				"a service has at most 16 subtypes");
	}
	return 0;
}

static int
check_aliases(const struct pier_announce_opts *opts,
	struct pier__announce_wrong *wrong)
{
	const char *const *list = opts->aliases;
	size_t i;

	for (i = 0; list != NULL && list[i] != NULL; i++) {
		if ((opts->by & PIER_BY_MDNS) == 0)
			return fail_text(
				wrong, list[i], "beacons know no aliases");
		if (!pier__service_label_is_right(list[i], strlen(list[i])))
			return fail_text(wrong, list[i],
				"an alias has a name of 1 to 63 letters, "
				"digits and hyphens, none of these at an end: "
				"\"www\" is www.local");
		if (i == PIER__MDNS_ALIASES_MAX)
			return fail_text(
				wrong, list[i], "a host has at most 8 aliases");
	}
	return 0;
}

/* A name that leads to itself, or two of them, would be none. */
static int
check_names_differ(const struct pier_announce_opts *opts, const char *host,
	struct pier__announce_wrong *wrong)
{
	const char *const *alias = opts->aliases, *const * other;

	for (; alias != NULL && *alias != NULL; alias++) {
		if (strcasecmp(*alias, host) == 0)
			return fail_text(wrong, *alias,
				"an alias is another name than the host's");
		for (other = opts->aliases; other != alias; other++)
			if (strcasecmp(*alias, *other) == 0)
				return fail_text(wrong, *alias,
					"each alias is given once");
	}
	return 0;
}

int
pier__announce_start(struct pier_announce *it, struct pier_announce_opts *opts,
	struct pier__announce_wrong *wrong)
{
	const struct pier__lan_wish wish = { opts->family, opts->interfaces };
	char type[PIER__DNS_NAME_TEXT] = "";
	char host[PIER__LABEL_MAX + 1] = "";
	uint64_t seeds[2] = { 0, 0 };
	int rc = check(opts, wrong);

	if (rc == 0)
		rc = pier__lan_check(&opts->by, &wish, wrong->detail);
	if (rc == 0)
		rc = take_type(type, opts->type, wrong);
	if (rc == 0)
		rc = take_texts(it, opts->texts, wrong);
	if (rc == 0)
		rc = check_subtypes(opts, wrong);
	if (rc == 0)
		rc = check_aliases(opts, wrong);
	if (rc == 0)
		rc = pier__calls()->random(seeds, sizeof(seeds));
	if (rc < 0)
		return rc;
	(void)snprintf(
		it->instance, sizeof(it->instance), "%s", opts->instance);
	memcpy(it->told, it->instance, sizeof(it->told));
	take_host(host, opts->host);
	rc = check_names_differ(opts, host, wrong);
	if (rc < 0)
		return rc;
	if ((opts->by & PIER_BY_MDNS) != 0)
		rc = open_mdns(it, opts, host, seeds[0], wrong);
	if (rc == 0 && (opts->by & PIER_BY_BEACON) != 0)
		rc = open_beacon(it, opts, type, host, seeds[1], wrong);
	return rc;
}
