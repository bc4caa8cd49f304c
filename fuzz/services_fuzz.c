/* SPDX-License-Identifier: MIT */
/* Lines of services(5): whatever the text, each service that comes out has a
   name, a protocol and a port, is found by each of its names, and the list
   holds no more words than the text does. */
#include "names/services.h"

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
check_service(const struct pier_services *all,
	const struct pier_service *service, size_t *words)
{
	size_t i;

	check(service->port <= 65535);
	check(service->name[0] != '\0' && service->protocol[0] != '\0');
	check(pier_services_by_name(all, service->name, NULL) != NULL);
	check(pier_services_by_port(all, service->port, service->protocol) !=
		NULL);
	for (i = 0; i < service->alias_count; i++)
		check(pier_services_by_name(all, service->aliases[i],
			      service->protocol) != NULL);
	*words += 2 + service->alias_count;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pier_services *all = NULL;
	size_t i, words = 0;

	if (pier__services_parse(
		    &all, (const char *)data, size, PIER_SERVICES_FILE) < 0)
		return 0;
	for (i = 0; i < all->count && i < 64; i++)
		check_service(all, &all->list[i], &words);
	check(words <= size);
	pier_services_close(all);
	return 0;
}
