/* SPDX-License-Identifier: MIT */
/* Messages of rtnetlink: the first byte says where the list of interfaces ends
   and that of addresses begins. Whatever they are, nothing is read beyond them,
   and what comes out holds together. */
#include "inspect/can_link_wire.h"
#include "inspect/route_wire.h"

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
check_interface(const struct pier_interface *it)
{
	char text[PIER_ADDR_TEXT_MAX];
	size_t i;

	check(it->index > 0 && it->hardware_len <= PIER_HARDWARE_MAX);
	check(it->name[0] != '\0' &&
		strlen(it->name) < PIER_INTERFACE_NAME_MAX);
	for (i = 0; i < it->addr_count; i++)
		check(pier_addr_format(&it->addrs[i].addr, text, sizeof(text)) >
			0);
}

static void
check_can(const struct pier_can_link *it)
{
	check(it->index > 0);
	check(it->name[0] != '\0' &&
		strlen(it->name) < PIER_INTERFACE_NAME_MAX);
	check(strlen(it->kind) < PIER_CAN_KIND_MAX);
	check(strlen(it->controller) < PIER_CAN_KIND_MAX);
	check(it->has == 0 || strcmp(it->kind, "can") == 0);
}

/* Where words may be read, and of its own size, so that a read beyond its end is
   seen. */
static uint8_t *
copy_of(const uint8_t *data, size_t size)
{
	uint8_t *copy = malloc(size > 0 ? size : 1);

	check(copy != NULL);
	if (size > 0)
		memcpy(copy, data, size);
	return copy;
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pier__bytes links, addrs;
	struct pier_interfaces *all = NULL;
	struct pier_can_links *can = NULL;
	bool again = false;
	uint8_t *copies[2];
	size_t i, cut;

	if (size == 0)
		return 0;
	cut = 1 + (size_t)data[0] * 4 % size;
	if (cut > size)
		cut = size;
	copies[0] = copy_of(data + 1, cut - 1);
	copies[1] = copy_of(data + cut, size - cut);
	links = (struct pier__bytes){ copies[0], cut - 1 };
	addrs = (struct pier__bytes){ copies[1], size - cut };
	(void)pier__route_step(links, &again);
	if (pier__route_interfaces(&all, links, addrs) == 0)
		for (i = 0; i < all->count; i++)
			check_interface(&all->list[i]);
	pier_interfaces_free(all);
	if (pier__can_links_read(&can, links) == 0)
		for (i = 0; i < can->count; i++)
			check_can(can->list[i]);
	pier_can_links_free(can);
	free(copies[0]);
	free(copies[1]);
	return 0;
}
