/* SPDX-License-Identifier: MIT */
/* pier bt list: the controllers of this machine; see bt.h. */
#include "bt.h"

#include "conduct.h"

#include <errno.h>

/* What is told of the settings, and whether a controller that lacks it is shown
   so. */
static const struct {
	uint32_t bit;
	const char *word; /* in a line */
	const char *key;  /* of an event */
} told[] = {
	{ PIER_BT_SETTING_POWERED, NULL, "powered" },
	{ PIER_BT_SETTING_CONNECTABLE, "connectable", "connectable" },
	{ PIER_BT_SETTING_DISCOVERABLE, "discoverable", "discoverable" },
	{ PIER_BT_SETTING_BONDABLE, "bondable", "bondable" },
	{ PIER_BT_SETTING_BREDR, "br/edr", "bredr" },
	{ PIER_BT_SETTING_LE, "le", "le" },
	{ PIER_BT_SETTING_ADVERTISING, "advertising", "advertising" },
	{ PIER_BT_SETTING_LINK_SECURITY, NULL, "link_security" },
	{ PIER_BT_SETTING_SIMPLE_PAIRING, NULL, "simple_pairing" },
	{ PIER_BT_SETTING_SECURE_CONNECTIONS, NULL, "secure_connections" },
	{ PIER_BT_SETTING_PRIVACY, NULL, "privacy" },
};

#define TOLD (sizeof(told) / sizeof(told[0]))

static int
tell_json(const struct cli_tool *tool,
	const struct pier_bt_controller *controller)
{
	json_t *event = cli_event("controller"), *supported = json_array();
	char text[PIER_BT_ADDR_TEXT_MAX], name[16];
	size_t i;

	snprintf(name, sizeof(name), "hci%u", controller->index);
	cli_event_text(event, "controller", name);
	cli_event_text(
		event, "address", bt_device_text(&controller->addr, text));
	cli_event_text(event, "name", controller->name);
	for (i = 0; i < TOLD; i++) {
		cli_event_flag(event, told[i].key,
			(controller->settings & told[i].bit) != 0);
		if ((controller->supported & told[i].bit) != 0)
			(void)json_array_append_new(
				supported, json_string(told[i].key));
	}
	(void)json_object_set_new(event, "supported", supported);
	cli_event_text(
		event, "version", pier_bt_version_text(controller->version));
	cli_event_number(event, "manufacturer", controller->manufacturer);
	cli_event_number(event, "class", controller->device_class);
	return cli_event_print(event, tool->until);
}

static int
tell(const struct cli_tool *tool, const struct pier_bt_controller *controller)
{
	bool on = (controller->settings & PIER_BT_SETTING_POWERED) != 0;
	struct bt_line line = { .len = 0 };
	char text[PIER_BT_ADDR_TEXT_MAX];
	const char *before = "  ";
	size_t i;

	if (tool->json)
		return tell_json(tool, controller);
	bt_put(&line, "hci%u  %s  %s", controller->index,
		bt_device_text(&controller->addr, text), on ? "on" : "off");
	for (i = 0; i < TOLD; i++) {
		if (told[i].word == NULL ||
			(controller->settings & told[i].bit) == 0)
			continue;
		bt_put(&line, "%s%s", before, told[i].word);
		before = " ";
	}
	bt_put(&line, "  Bluetooth %s  manufacturer %u",
		pier_bt_version_text(controller->version),
		controller->manufacturer);
	bt_put_name(&line, controller->name);
	bt_put(&line, "\n");
	return bt_print(tool, &line);
}

static int
run(struct pier_group *group, void *arg)
{
	struct cli_tool *tool = arg;
	struct pier_bt_controllers *all;
	int rc = pier_bt_controllers(&all, PIER_FOREVER), code = CLI_EXIT_OK;
	size_t i;

	(void)group;
	if (rc < 0)
		return bt_failure(tool, rc);
	if (all->count == 0)
		code = cli_own_failure(tool, PIER_STEP_CREATE, "hci", -ENODEV,
			"this machine has no Bluetooth controller");
	for (i = 0; rc == 0 && i < all->count; i++)
		rc = tell(tool, &all->list[i]);
	if (rc < 0)
		code = bt_output_code(tool, rc);
	pier_bt_controllers_free(all);
	return code;
}

int
bt_list(struct cli_tool *tool, const struct bt_settings *settings)
{
	(void)settings;
	return cli_conduct(tool, run, tool);
}
