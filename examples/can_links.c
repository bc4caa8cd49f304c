/* SPDX-License-Identifier: MIT */
/*
 * can_links: the CAN interfaces of this machine; of a controller its bit rate, and
 * how it fares on its bus.
 */
#include <pier.h>

#include <stdio.h>

static void
show(const struct pier_can_link *it)
{
	const char *state = pier_can_state_name(it->state);

	printf("%s %s %s", it->name, it->kind, it->up ? "up" : "down");
	if ((it->has & PIER_CAN_HAS_STATE) != 0 && state != NULL)
		printf(" %s", state);
	if ((it->has & PIER_CAN_HAS_TIMING) != 0)
		printf(" %u bit/s", it->timing.bitrate);
	putchar('\n');
}

int
main(void)
{
	struct pier_can_links *all;
	size_t i;

	if (pier_can_links(&all) < 0) {
		fprintf(stderr, "%s\n", pier_error_line());
		return 1;
	}
	for (i = 0; i < all->count; i++)
		show(all->list[i]);
	pier_can_links_free(all);
	return 0;
}
