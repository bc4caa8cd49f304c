/* SPDX-License-Identifier: MIT */
/* Lines of hosts(5) and nsswitch.conf(5): whatever the text, nothing is read
   beyond it, and the list of sources has its bounds. */
#include "names/source.h"

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
	char sources[PIER__SOURCE_TEXT_MAX], left[PIER__SOURCE_TEXT_MAX];
	struct pier_addr addr;
	struct pier__answered answered = { "x.local", "", "x", &addr, 1 };
	/* Of its own size, so that a read beyond its end is seen. */
	char *text = malloc(size + (size == 0));

	check(text != NULL);
	memcpy(text, data, size);
	check(pier_addr_parse(&addr, "192.0.2.1") == 0);
	/* A name in the file is in it with any name. */
	if (pier__hosts_has(text, size, "one", &addr))
		check(pier__hosts_has(text, size, NULL, &addr));
	pier__hosts_sources(sources, text, size);
	check(sources[0] != '\0' && strlen(sources) < sizeof(sources));
	pier__sources_left(left, sources, &answered, true);
	check(strlen(left) <= strlen(sources));
	free(text);
	return 0;
}
