/* SPDX-License-Identifier: MIT */
/*
 * See from_sockopts.h. Short names are of IPv6 too where both families have
 * such an option, so that a name need not be looked up to tell which it is.
 */
#include "from_sockopts.h"

#include <stdio.h>
#include <string.h>
#include <strings.h>

enum unit {
	UNIT_FLAG,   /* 1, unless a value says otherwise */
	UNIT_NUMBER, /* decimal, or hexadecimal behind 0x */
	UNIT_SECONDS,
	UNIT_WORD,
};

static bool
is_number(const char *text)
{
	if (strncasecmp(text, "0x", 2) == 0)
		return text[2] != '\0' &&
		       text[2 + strspn(text + 2, "0123456789abcdefABCDEF")] ==
			       '\0';
	return *text != '\0' && text[strspn(text, "0123456789")] == '\0';
}

/* ---- nc ---- */

static const struct {
	int letter;
	enum unit unit;
	const char *name;
} of_nc[] = {
	{ 'b', UNIT_FLAG, "broadcast" },
	{ 'D', UNIT_FLAG, "debug" },
	{ 'I', UNIT_NUMBER, "rcvbuf" },
	{ 'M', UNIT_NUMBER, "ttl" },
	{ 'm', UNIT_NUMBER, "minttl" },
	{ 'O', UNIT_NUMBER, "sndbuf" },
	{ 'T', UNIT_WORD, "tos" },
};

/* What -T has words for: RFC 2474, RFC 2597, RFC 3246, RFC 1349, RFC 791. */
static const struct {
	const char *word;
	const char *value;
} services[] = {
	{ "af11", "0x28" },
	{ "af12", "0x30" },
	{ "af13", "0x38" },
	{ "af21", "0x48" },
	{ "af22", "0x50" },
	{ "af23", "0x58" },
	{ "af31", "0x68" },
	{ "af32", "0x70" },
	{ "af33", "0x78" },
	{ "af41", "0x88" },
	{ "af42", "0x90" },
	{ "af43", "0x98" },
	{ "critical", "0xa0" },
	{ "cs0", "0x0" },
	{ "cs1", "0x20" },
	{ "cs2", "0x40" },
	{ "cs3", "0x60" },
	{ "cs4", "0x80" },
	{ "cs5", "0xa0" },
	{ "cs6", "0xc0" },
	{ "cs7", "0xe0" },
	{ "ef", "0xb8" },
	{ "inetcontrol", "0xc0" },
	{ "lowdelay", "0x10" },
	{ "netcontrol", "0xe0" },
	{ "reliability", "0x4" },
	{ "throughput", "0x8" },
};

static const char *
service_of(const char *text)
{
	size_t i;

	for (i = 0; i < sizeof(services) / sizeof(services[0]); i++)
		if (strcmp(services[i].word, text) == 0)
			return services[i].value;
	return text;
}

const char *
from_sockopts_nc(struct from *from, int letter, const char **value, int *why)
{
	size_t i = 0;

	while (i < sizeof(of_nc) / sizeof(of_nc[0]) &&
		of_nc[i].letter != letter)
		i++;
	if (i == sizeof(of_nc) / sizeof(of_nc[0]))
		return NULL;
	if (of_nc[i].unit == UNIT_FLAG)
		*value = "1";
	if (of_nc[i].unit == UNIT_WORD)
		*value = service_of(*value);
	*why = is_number(*value) ? 0
				 : from_usage(from, "'-%c' does not take '%s'",
					   letter, *value);
	return of_nc[i].name;
}

/* ---- socat ---- */

static const struct row {
	const char *socat, *alias;
	enum unit unit;
	const char *name;
} of_socat[] = {
	{ "keepalive", "so-keepalive", UNIT_FLAG, "keepalive" },
	{ "keepidle", "tcp-keepidle", UNIT_SECONDS, "keepidle" },
	{ "keepintvl", "tcp-keepintvl", UNIT_SECONDS, "keepintvl" },
	{ "keepcnt", "tcp-keepcnt", UNIT_NUMBER, "keepcnt" },
	{ "rcvbuf", "so-rcvbuf", UNIT_NUMBER, "rcvbuf" },
	{ "sndbuf", "so-sndbuf", UNIT_NUMBER, "sndbuf" },
	{ "rcvlowat", "so-rcvlowat", UNIT_NUMBER, "rcvlowat" },
	{ "priority", "so-priority", UNIT_NUMBER, "priority" },
	{ "mark", "so-mark", UNIT_NUMBER, "mark" },
	{ "linger", "so-linger", UNIT_SECONDS, "linger" },
	{ "bindtodevice", "so-bindtodevice", UNIT_WORD, "device" },
	{ "interface", "if", UNIT_WORD, "device" },
	{ "debug", "so-debug", UNIT_FLAG, "debug" },
	{ "dontroute", "so-dontroute", UNIT_FLAG, "dontroute" },
	{ "oobinline", "so-oobinline", UNIT_FLAG, "oobinline" },
	{ "tos", "ip-tos", UNIT_NUMBER, "tos" },
	{ "ttl", "ip-ttl", UNIT_NUMBER, "ttl" },
	{ "freebind", "ip-freebind", UNIT_FLAG, "freebind" },
	{ "transparent", "ip-transparent", UNIT_FLAG, "transparent" },
	{ "ipv6-tclass", "tclass", UNIT_NUMBER, "tclass" },
	{ "unicast-hops", "ipv6-unicast-hops", UNIT_NUMBER, "unicast_hops" },
	{ "nodelay", "tcp-nodelay", UNIT_FLAG, "nodelay" },
	{ "cork", "tcp-cork", UNIT_FLAG, "cork" },
	{ "mss", "tcp-maxseg", UNIT_NUMBER, "maxseg" },
	{ "syncnt", "tcp-syncnt", UNIT_NUMBER, "syncnt" },
	{ "linger2", "tcp-linger2", UNIT_SECONDS, "linger2" },
	{ "defer-accept", "tcp-defer-accept", UNIT_SECONDS, "defer_accept" },
	{ "window-clamp", "tcp-window-clamp", UNIT_NUMBER, "window_clamp" },
};

static bool
is_called(const char *option, size_t len, const char *name)
{
	return strlen(name) == len && strncasecmp(option, name, len) == 0;
}

static const struct row *
find(const char *option)
{
	size_t i, len = strcspn(option, "=");

	for (i = 0; i < sizeof(of_socat) / sizeof(of_socat[0]); i++)
		if (is_called(option, len, of_socat[i].socat) ||
			is_called(option, len, of_socat[i].alias))
			return &of_socat[i];
	return NULL;
}

bool
from_sockopts_is_socat(const char *option)
{
	return find(option) != NULL;
}

static int
add(struct from *from, const struct row *row, const char *option)
{
	const char *value = option + strcspn(option, "=");

	if (*value == '=')
		value++;
	else if (row->unit == UNIT_FLAG)
		value = "1";
	if (*value == '\0' || (row->unit != UNIT_WORD && !is_number(value)))
		return from_usage(
			from, "'%s': '%s' is no value of it", option, value);
	/* As pier has it unasked. */
	if (strcmp(row->name, "nodelay") == 0 && strcmp(value, "1") == 0)
		return 0;
	from_add(from, "-S");
	from_add(from, "%s=%s%s", row->name, value,
		row->unit == UNIT_SECONDS ? "s" : "");
	return 0;
}

int
from_sockopts_socat(struct from *from, const char *const *options, size_t count)
{
	int rc = 0;
	size_t i;

	for (i = 0; i < count && rc == 0; i++) {
		const struct row *row = find(options[i]);

		if (row != NULL)
			rc = add(from, row, options[i]);
	}
	return rc;
}
