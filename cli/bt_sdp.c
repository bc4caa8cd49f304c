/* SPDX-License-Identifier: MIT */
/* pier bt sdp: the services of a device, as endpoints; see bt.h. */
#include "bt.h"

#include "conduct.h"

#include <inttypes.h>

#define SECOND INT64_C(1000000000)

/* The link comes up within 5 s, or not at all; then an answer may take some. */
#define TIMEOUT_NS (30 * SECOND)

#define PLACE_MAX (PIER_BT_ADDR_TEXT_MAX + 24)

struct asking {
	struct cli_tool *tool;
	const struct bt_settings *settings;
	struct pier_bt_addr device, own;
	struct pier_bt_uuid uuid;
	bool has_uuid;
	size_t found;
};

/* The endpoint to connect to, or "": it has none that pier knows. */
static const char *
place_of(const struct asking *asking, const struct pier_bt_service *service,
	char place[PLACE_MAX])
{
	char addr[PIER_BT_ADDR_TEXT_MAX];

	bt_device_text(&asking->device, addr);
	place[0] = '\0';
	if (service->channel != 0)
		snprintf(place, PLACE_MAX, "rfcomm://%s/%u", addr,
			service->channel);
	else if (service->psm != 0)
		snprintf(place, PLACE_MAX, "l2cap://%s/0x%x", addr,
			service->psm);
	return place;
}

static int
tell_json(const struct asking *asking, const struct pier_bt_service *service)
{
	char addr[PIER_BT_ADDR_TEXT_MAX], place[PLACE_MAX];
	char uuid[PIER_BT_UUID_TEXT], version[24];
	json_t *event = cli_event("service");

	cli_event_text(event, "address", bt_device_text(&asking->device, addr));
	cli_event_number(event, "handle", service->handle);
	cli_event_text(event, "name", service->name);
	if (service->description[0] != '\0')
		cli_event_text(event, "description", service->description);
	if (service->provider[0] != '\0')
		cli_event_text(event, "provider", service->provider);
	bt_event_uuids(
		event, "classes", service->classes, service->class_count);
	bt_event_uuids(event, "protocols", service->protocols,
		service->protocol_count);
	if (service->channel != 0)
		cli_event_number(event, "channel", service->channel);
	if (service->psm != 0)
		cli_event_number(event, "psm", service->psm);
	if (place_of(asking, service, place)[0] != '\0')
		cli_event_text(event, "endpoint", place);
	if (service->has_profile) {
		(void)pier_bt_uuid_format(
			&service->profile, uuid, sizeof(uuid));
		cli_event_text(event, "profile", uuid);
		snprintf(version, sizeof(version), "%u.%u",
			service->profile_version >> 8,
			service->profile_version & 0xff);
		cli_event_text(event, "profile_version", version);
	}
	return cli_event_print(event, asking->tool->until);
}

static int
tell(const struct asking *asking, const struct pier_bt_service *service)
{
	char place[PLACE_MAX], uuid[PIER_BT_UUID_TEXT];
	struct bt_line line = { .len = 0 };
	const char *where = place_of(asking, service, place);
	size_t i;

	if (asking->tool->json)
		return tell_json(asking, service);
	bt_put(&line, "%s", where[0] != '\0' ? where : "-");
	for (i = 0; i < service->class_count; i++)
		bt_put(&line, "%s%s", i == 0 ? "  " : " ",
			bt_uuid_text(&service->classes[i], uuid));
	bt_put_name(&line, service->name);
	if (service->provider[0] != '\0')
		bt_put(&line, "  by");
	bt_put_name(&line, service->provider);
	bt_put(&line, "\n");
	return bt_print(asking->tool, &line);
}

static int
run(struct pier_group *group, void *arg)
{
	struct asking *asking = arg;
	const struct bt_settings *settings = asking->settings;
	const struct pier_bt_services_opts opts = {
		.bind = settings->bind != NULL ? &asking->own : NULL
	};
	int64_t limit = settings->timeout > 0 ? settings->timeout : TIMEOUT_NS;
	struct pier_bt_services *services;
	size_t i;
	int rc;

	(void)group;
	asking->tool->until = pier_in_ns(limit);
	rc = pier_bt_services(&services, &asking->device,
		asking->has_uuid ? &asking->uuid : NULL, &opts,
		asking->tool->until);
	if (rc < 0)
		return bt_failure(asking->tool, rc);
	asking->found = services->count;
	for (i = 0; rc == 0 && i < services->count; i++)
		rc = tell(asking, &services->list[i]);
	pier_bt_services_free(services);
	return bt_output_code(asking->tool, rc);
}

static int
read_words(struct asking *asking)
{
	const struct bt_settings *settings = asking->settings;
	const struct cli_texts *words = &settings->words;

	if (words->n < 1 || words->n > 2)
		return bt_wrong_words(asking->tool,
			"expected a device, and perhaps a service: pier bt "
			"sdp 00:1B:DC:07:31:88 serial-port");
	asking->has_uuid = words->n == 2;
	if (pier_bt_addr_parse(&asking->device, words->item[0]) < 0 ||
		(settings->bind != NULL &&
			pier_bt_addr_parse(&asking->own, settings->bind) < 0) ||
		(asking->has_uuid &&
			pier_bt_uuid_parse(&asking->uuid, words->item[1]) < 0))
		return cli_failure(asking->tool, pier_last_error());
	return CLI_EXIT_OK;
}

int
bt_sdp(struct cli_tool *tool, const struct bt_settings *settings)
{
	struct asking asking = { .tool = tool, .settings = settings };
	char addr[PIER_BT_ADDR_TEXT_MAX], line[96];
	int code = read_words(&asking);

	if (code == CLI_EXIT_OK)
		code = cli_conduct(tool, run, &asking);
	if (code != CLI_EXIT_OK || asking.found > 0)
		return code;
	snprintf(line, sizeof(line), "%s has no such service",
		bt_device_text(&asking.device, addr));
	return cli_negative(tool, line,
		asking.has_uuid ? "all that it has: leave out the service"
				: "");
}
