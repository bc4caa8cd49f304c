/* SPDX-License-Identifier: MIT */
/*
 * Lists of ports. The list is checked whole before the first port is given,
 * so a mistake at its end does not show up after half of the probes.
 */
#include "ports.h"

#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	PORT_MAX = 65535,
};

/* One item, "20" or "20-25"; the text behind it, or NULL when it is wrong. */
static const char *
read_item(const char *text, unsigned int *first, unsigned int *last)
{
	unsigned long number;
	char *end;

	number = strtoul(text, &end, 10);
	if (end == text || end - text > 5 || number < 1 || number > PORT_MAX)
		return NULL;
	*first = *last = (unsigned int)number;
	if (*end != '-')
		return end;
	text = end + 1;
	number = strtoul(text, &end, 10);
	if (end == text || end - text > 5 || number < 1 || number > PORT_MAX)
		return NULL;
	*last = (unsigned int)number;
	return *last < *first ? NULL : end;
}

static const char *
list_of(const char *endpoint)
{
	const char *colon = strrchr(endpoint, ':');

	/* Names of services are letters, so they are no list; nor is what
	   follows the last colon of a bare IPv6 address. */
	if (colon == NULL || colon[1] < '0' || colon[1] > '9' ||
		colon[1 + strspn(colon + 1, "0123456789,-")] != '\0' ||
		strpbrk(colon, ",-") == NULL)
		return NULL;
	return colon + 1;
}

int
cli_ports_start(struct cli_ports *ports, const char *endpoint, char *why,
	size_t why_size)
{
	const char *list = list_of(endpoint), *item = list;
	unsigned int first, last;

	*ports = (struct cli_ports){ .endpoint = endpoint };
	ports->port = 1;
	if (list == NULL)
		return 0;
	ports->stem = (size_t)(list - endpoint);
	ports->next = list;
	for (;;) {
		const char *behind = read_item(item, &first, &last);

		if (behind == NULL || (*behind != ',' && *behind != '\0')) {
			snprintf(why, why_size,
				"'%.*s' is no port or range of ports from 1 "
				"to %d",
				(int)strcspn(item, ","), item, PORT_MAX);
			return -1;
		}
		if (*behind == '\0')
			return 0;
		item = behind + 1;
	}
}

int
cli_ports_next(struct cli_ports *ports, char *text, size_t size)
{
	if (ports->stem == 0) {
		if (ports->port == 0)
			return 0;
		ports->port = 0;
		snprintf(text, size, "%s", ports->endpoint);
		return 1;
	}
	if (ports->port > ports->last) {
		if (*ports->next == '\0')
			return 0;
		ports->next =
			read_item(ports->next, &ports->port, &ports->last);
		if (*ports->next == ',')
			ports->next++;
	}
	snprintf(text, size, "%.*s%u", (int)ports->stem, ports->endpoint,
		ports->port++);
	return 1;
}
