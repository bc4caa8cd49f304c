/* SPDX-License-Identifier: MIT */
/*
 * Address text. What pier takes for an address it writes and reads again as
 * the same; on addresses without port and zone it agrees with inet_pton().
 */
#include <pier/addr.h>

#include "net/addr.h"

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
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
	free(text);
	return 0;
}
