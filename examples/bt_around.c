/* SPDX-License-Identifier: MIT */
/*
 * bt_around [SERVICE [SECONDS]]: the controllers of this machine, the devices that
 * one hears in so long, and at which channels of RFCOMM each has the service.
 * serial-port and 10 unless others are given. The search needs CAP_NET_ADMIN.
 */
#include <pier.h>

#include <stdio.h>
#include <stdlib.h>

static int
show_controllers(void)
{
	struct pier_bt_controllers *all;
	int rc = pier_bt_controllers(&all, pier_in_s(10));
	size_t i;

	if (rc < 0)
		return rc;
	for (i = 0; i < all->count; i++)
		printf("hci%u %s %s\n", all->list[i].index,
			(all->list[i].settings & PIER_BT_SETTING_POWERED) != 0
				? "on"
				: "off",
			all->list[i].name);
	pier_bt_controllers_free(all);
	return 0;
}

/* A device that does not tell is no reason to end. */
static void
show_services(
	const struct pier_bt_addr *device, const struct pier_bt_uuid *uuid)
{
	struct pier_bt_services *all;
	size_t i;

	if (pier_bt_services(&all, device, uuid, NULL, pier_in_s(10)) < 0) {
		fprintf(stderr, "%s\n", pier_error_line());
		return;
	}
	for (i = 0; i < all->count; i++)
		printf("  channel %u %s\n", all->list[i].channel,
			all->list[i].name);
	pier_bt_services_free(all);
}

/* An inquiry comes first: a controller that searches hardly connects. */
static int
show_devices(const struct pier_bt_uuid *uuid, pier_deadline end)
{
	struct pier_bt_scan_opts opts = { .bredr = true };
	struct pier_bt_addr found[16];
	struct pier_bt_scan_event event;
	char text[PIER_BT_ADDR_TEXT_MAX];
	struct pier_bt_scan *scan;
	size_t i, count = 0;
	int rc = pier_bt_scan_open(&scan, &opts, end);

	if (rc < 0)
		return rc;
	while (count < 16 && (rc = pier_bt_scan_next(scan, &event, end)) > 0)
		if (event.what == PIER_BT_SCAN_FOUND)
			found[count++] = event.device.addr;
	pier_bt_scan_close(scan);
	for (i = 0; i < count; i++) {
		(void)pier_bt_addr_format(&found[i], text, sizeof(text));
		printf("%s\n", text);
		show_services(&found[i], uuid);
	}
	return rc < 0 && !pier_is_deadline(rc) ? rc : 0;
}

int
main(int argc, char **argv)
{
	const char *service = argc > 1 ? argv[1] : "serial-port";
	int seconds = argc > 2 ? atoi(argv[2]) : 10;
	struct pier_bt_uuid uuid;
	int rc = pier_bt_uuid_parse(&uuid, service);

	if (rc == 0)
		rc = show_controllers();
	if (rc == 0)
		rc = show_devices(&uuid, pier_in_s(seconds));
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
