/* SPDX-License-Identifier: MIT */
/*
 * pier bt scan: devices in reach, each told when it is found and when more is known
 * of it; see bt.h. The search is stopped on every way out.
 */
#include "bt.h"

#include "conduct.h"
#include "output.h"

#include <inttypes.h>

#define SECOND INT64_C(1000000000)

/* To begin takes a controller milliseconds. */
#define BEGIN_NS (10 * SECOND)

struct scanning {
	struct cli_tool *tool;
	const struct bt_settings *settings;
	struct pier_bt_scan_stats stats;
	bool ran;
	int code;
};

static const char *const kinds[] = {
	[PIER_BT_ADDR_BREDR] = "br/edr",
	[PIER_BT_ADDR_PUBLIC] = "le-public",
	[PIER_BT_ADDR_RANDOM] = "le-random",
};

static int
tell_json(const struct cli_tool *tool, const struct pier_bt_scan_event *event)
{
	static const char *const whats[] = {
		[PIER_BT_SCAN_FOUND] = "found",
		[PIER_BT_SCAN_CHANGED] = "changed",
		[PIER_BT_SCAN_HEARD] = "heard",
	};
	const struct pier_bt_device *device = &event->device;
	char text[PIER_BT_ADDR_TEXT_MAX];
	json_t *json = cli_event("device");

	cli_event_text(json, "event", whats[event->what]);
	cli_event_text(json, "address", bt_device_text(&device->addr, text));
	cli_event_text(json, "kind", kinds[device->addr.type]);
	if (device->rssi != PIER_BT_RSSI_NONE)
		cli_event_number(json, "rssi_dbm", device->rssi);
	if (device->tx_power != PIER_BT_RSSI_NONE)
		cli_event_number(json, "tx_power_dbm", device->tx_power);
	cli_event_flag(json, "connectable", device->connectable);
	if (device->name[0] != '\0') {
		cli_event_text(json, "name", device->name);
		cli_event_flag(json, "name_is_short", device->name_is_short);
	}
	if (device->device_class != 0)
		cli_event_number(json, "class", device->device_class);
	if (device->appearance != 0)
		cli_event_number(json, "appearance", device->appearance);
	if (device->has_company)
		cli_event_number(json, "company", device->company);
	bt_event_uuids(json, "uuids", device->uuids, device->uuid_count);
	return cli_event_print(json, tool->until);
}

static int
tell(const struct cli_tool *tool, const struct pier_bt_scan_event *event)
{
	const struct pier_bt_device *device = &event->device;
	char addr[PIER_BT_ADDR_TEXT_MAX], uuid[PIER_BT_UUID_TEXT];
	struct bt_line line = { .len = 0 };
	size_t i;

	if (tool->json)
		return tell_json(tool, event);
	/* Many are heard ten times a second. */
	if (event->what == PIER_BT_SCAN_HEARD && tool->verbose < 1)
		return 0;
	bt_put(&line, "%s  %s", bt_device_text(&device->addr, addr),
		kinds[device->addr.type]);
	if (device->rssi != PIER_BT_RSSI_NONE)
		bt_put(&line, "  %d dBm", device->rssi);
	bt_put_name(&line, device->name);
	if (device->device_class != 0)
		bt_put(&line, "  class 0x%06" PRIx32, device->device_class);
	for (i = 0; i < device->uuid_count; i++)
		bt_put(&line, "%s%s", i == 0 ? "  " : " ",
			bt_uuid_text(&device->uuids[i], uuid));
	bt_put(&line, "\n");
	return bt_print(tool, &line);
}

static int
scan(struct scanning *scanning, struct pier_bt_scan *it, pier_deadline until)
{
	struct pier_bt_scan_event event;
	int rc, code = CLI_EXIT_OK;

	while ((rc = pier_bt_scan_next(it, &event, until)) > 0) {
		rc = tell(scanning->tool, &event);
		if (rc < 0)
			return bt_output_code(scanning->tool, rc);
	}
	/* The time that was asked for is a wanted end. */
	if (rc < 0 && !pier_is_deadline(rc))
		code = bt_failure(scanning->tool, rc);
	return code;
}

static int
run(struct pier_group *group, void *arg)
{
	struct scanning *scanning = arg;
	const struct bt_settings *settings = scanning->settings;
	const struct pier_bt_scan_opts opts = { .controller =
							settings->controller,
		.bredr = settings->bredr,
		.le = settings->le,
		.again = settings->limit > 0 };
	struct pier_bt_scan *it;
	pier_deadline until;
	int rc = pier_bt_scan_open(&it, &opts, pier_in_ns(BEGIN_NS));

	(void)group;
	if (rc < 0)
		return bt_failure(scanning->tool, rc);
	scanning->ran = true;
	cli_say(scanning->tool, 1, "hci%u searches",
		pier_bt_scan_controller(it));
	until = settings->limit > 0 ? pier_in_ns(settings->limit)
				    : PIER_FOREVER;
	scanning->code = scan(scanning, it, until);
	pier_bt_scan_stats(it, &scanning->stats);
	pier_bt_scan_close(it);
	return scanning->code;
}

static void
tell_end(const struct scanning *scanning)
{
	const struct pier_bt_scan_stats *stats = &scanning->stats;
	json_t *event;

	if (scanning->tool->json) {
		event = cli_event("end");
		cli_event_number(event, "devices", (int64_t)stats->devices);
		cli_event_number(event, "heard", (int64_t)stats->heard);
		cli_event_number(event, "refused", (int64_t)stats->refused);
		cli_event_number(event, "bad", (int64_t)stats->bad);
		cli_event_number(event, "inquiries", stats->inquiries);
		/* Standard error has it too. */
		(void)cli_event_print(event, cli_output_last_moment());
	}
	cli_say(scanning->tool, stats->refused > 0 ? 0 : 1,
		"%zu device%s, heard %" PRIu64 " times%s", stats->devices,
		stats->devices == 1 ? "" : "s", stats->heard,
		stats->refused > 0 ? ": there are more than can be kept apart"
				   : "");
}

int
bt_scan(struct cli_tool *tool, const struct bt_settings *settings)
{
	struct scanning scanning = { .tool = tool, .settings = settings };
	int code = cli_conduct(tool, run, &scanning);

	if (scanning.ran)
		tell_end(&scanning);
	if (code != CLI_EXIT_OK)
		return code;
	return scanning.stats.devices == 0 ? CLI_EXIT_NO : CLI_EXIT_OK;
}
