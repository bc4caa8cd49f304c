/* SPDX-License-Identifier: MIT */
/* Networks as text: what is taken holds its own first address, and what is
   refused has a reason that points into the text. */
#include "addr/prefix.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_admission(const char *text, const struct pier__prefix *prefix)
{
	const char *const list[] = { text, NULL };
	struct pier_addr addr = { .len = sizeof(addr.u.in6) };
	struct pier__admission *it;
	struct pier__why why;
	const char *wrong;

	if (prefix->ip6) {
		addr.u.in6.sin6_family = AF_INET6;
		memcpy(&addr.u.in6.sin6_addr, prefix->bytes, 16);
	} else {
		addr.len = sizeof(addr.u.in);
		addr.u.in.sin_family = AF_INET;
		memcpy(&addr.u.in.sin_addr, prefix->bytes, 4);
	}
	check(pier__admission_open(&it, list, NULL, &wrong, &why) == 0);
	/* A v4-mapped address is IPv4, and in no shorter network of IPv6. */
	if (!prefix->ip6 ||
		memcmp(prefix->bytes, "\0\0\0\0\0\0\0\0\0\0\377\377", 12) != 0)
		check(pier__admission_lets_in(it, &addr));
	pier__admission_close(it);
	check(pier__admission_open(&it, NULL, list, &wrong, &why) == 0);
	if (!prefix->ip6 ||
		memcmp(prefix->bytes, "\0\0\0\0\0\0\0\0\0\0\377\377", 12) != 0)
		check(!pier__admission_lets_in(it, &addr));
	pier__admission_close(it);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pier__prefix prefix;
	struct pier__why why;
	char *text = malloc(size + 1);

	check(text != NULL);
	memcpy(text, data, size);
	text[size] = '\0';
	if (pier__prefix_parse(&prefix, pier__span_of(text), &why) == 0) {
		check(prefix.bits <= (prefix.ip6 ? 128 : 32));
		check_admission(text, &prefix);
	} else {
		check(why.offset <= strlen(text) && why.text[0] != '\0');
	}
	free(text);
	return 0;
}
