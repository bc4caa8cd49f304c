/* SPDX-License-Identifier: MIT */
/* PROXY headers. What is taken is taken the same whatever follows, no beginning
   of it is taken or refused, and no more is asked for than it has. */
#include "net/proxy_wire.h"

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

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pier__proxy proxy, again;
	const char *why = NULL;
	size_t want, i;
	int rc = pier__proxy_decode(&proxy, data, size, &want, &why);

	if (rc < 0) {
		check(why != NULL);
		return 0;
	}
	if (rc == 0) {
		check(want > size && want <= PIER__PROXY_MAX);
		return 0;
	}
	check((size_t)rc <= size && rc <= PIER__PROXY_MAX);
	for (i = rc > 300 ? (size_t)rc - 300 : 0; i < (size_t)rc; i++) {
		check(pier__proxy_decode(&again, data, i, &want, &why) == 0);
		check(want > i && want <= (size_t)rc);
	}
	check(pier__proxy_decode(&again, data, (size_t)rc, &want, &why) == rc);
	check(memcmp(&proxy, &again, sizeof(proxy)) == 0);
	return 0;
}
