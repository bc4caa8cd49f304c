/* SPDX-License-Identifier: MIT */
/*
 * Address text. What pier takes for an address it writes and reads again as
 * the same; on addresses without port and zone it agrees with inet_pton().
 */
#include <pier/addr.h>

#include "addr/addr.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <arpa/inet.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_round_trip(const struct pier_addr *addr)
{
	char text[PIER_ADDR_TEXT_MAX], again[PIER_ADDR_TEXT_MAX];
	struct pier_addr copy;
	int len = pier_addr_format(addr, text, sizeof(text));

	check(len > 0 && (size_t)len == strlen(text));
	check(pier_addr_parse(&copy, text) == 0);
	check(pier_addr_equal(addr, &copy));
	check(pier_addr_hash(addr, NULL) == pier_addr_hash(&copy, NULL));
	check(pier_addr_format(&copy, again, sizeof(again)) == len);
	check(strcmp(text, again) == 0);
	check(pier_addr_format(addr, again, (size_t)len) < 0);
}

static void
check_with_libc(const char *text, const struct pier_addr *addr, int rc)
{
	struct in6_addr ip6;
	struct in_addr ip4;

	if (inet_pton(AF_INET, text, &ip4) == 1) {
		check(rc == 0 && addr->u.sa.sa_family == AF_INET);
		check(memcmp(&ip4, &addr->u.in.sin_addr, sizeof(ip4)) == 0);
	} else if (inet_pton(AF_INET6, text, &ip6) == 1) {
		check(rc == 0 && addr->u.sa.sa_family == AF_INET6);
		check(memcmp(&ip6, &addr->u.in6.sin6_addr, sizeof(ip6)) == 0);
	} else if (rc == 0 && addr->u.sa.sa_family == AF_INET) {
		check(strchr(text, ':') != NULL);
	} else if (rc == 0 && addr->u.sa.sa_family == AF_INET6) {
		check(text[0] == '[' || strchr(text, '%') != NULL);
	}
}

/* Text that a form takes, it writes as text that it takes for the same; but for
   the classic one, which is written plainly, and forms without a zone. */
static void
check_form(const char *text, enum pier_addr_form form)
{
	char again[PIER_ADDR_TEXT_MAX];
	struct pier_addr addr, copy;
	struct in_addr ip4;

	if (pier_addr_parse_form(&addr, text, form) < 0)
		return;
	check(pier_addr_format_form(
		      &addr, PIER_ADDR_EXPLODED, again, sizeof(again)) > 0);
	check(pier_addr_parse_form(&copy, again, PIER_ADDR_EXPLODED) == 0);
	check(pier_addr_equal(&addr, &copy));
	if (form == PIER_ADDR_CLASSIC) {
		check(inet_aton(text, &ip4) == 1);
		check(memcmp(&ip4, &addr.u.in.sin_addr, sizeof(ip4)) == 0);
	}
	if (form == PIER_ADDR_PACKED || form == PIER_ADDR_POINTER) {
		check(pier_addr_format_form(&addr, form, again, sizeof(again)) >
			0);
		check(pier_addr_parse_form(&copy, again, form) == 0);
		check(pier_addr_equal(&addr, &copy));
	}
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	int form;

	char *text = malloc(size + 1);
	struct pier_addr addr;
	struct pier__why why;
	int rc;

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	rc = pier__addr_parse(&addr, text, &why);
	if (rc == 0)
		check_round_trip(&addr);
	else
		check(why.offset <= strlen(text) && why.text[0] != '\0');
	check_with_libc(text, &addr, rc);
	for (form = PIER_ADDR_PLAIN; form <= (int)PIER_ADDR_CLASSIC; form++)
		check_form(text, (enum pier_addr_form)form);
	free(text);
	return 0;
}
