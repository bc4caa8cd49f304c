/* SPDX-License-Identifier: MIT */
/*
 * pier bt: what there is of Bluetooth here and around. Its pings are those of pier
 * ping.
 */
#include "bt.h"

#include "lan.h"
#include "output.h"
#include "ping.h"
#include "store.h"
#include "verbs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>

#define AT(field) offsetof(struct bt_settings, field)
#define MS        INT64_C(1000000)
#define SECOND    (1000 * MS)
#define DAY       (24 * 3600 * SECOND)

/* What options are of use for: a bit for each action. */
#define FOR(action) (1u << (action))

/* The most behind the header of an echo of L2CAP, and on their way. */
#define SIZE_MAX_L2CAP 668
#define WINDOW         50

/* ---- What all say -------------------------------------------------------- */

void
bt_put(struct bt_line *line, const char *format, ...)
{
	size_t room = sizeof(line->bytes) - line->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->bytes + line->len, room, format, args);
	va_end(args);
	line->len += (size_t)n < room ? (size_t)n : room - 1;
}

void
bt_put_name(struct bt_line *line, const char *name)
{
	char shown[4 * PIER_BT_NAME_MAX];

	if (name[0] != '\0')
		bt_put(line, "  '%s'",
			pier_bytes_show(
				shown, sizeof(shown), name, strlen(name)));
}

int
bt_print(const struct cli_tool *tool, const struct bt_line *line)
{
	return cli_output(line->bytes, line->len, tool->until);
}

const char *
bt_uuid_text(const struct pier_bt_uuid *uuid, char text[PIER_BT_UUID_TEXT])
{
	const char *name = pier_bt_uuid_name(uuid);

	if (name != NULL)
		return name;
	(void)pier_bt_uuid_format(uuid, text, PIER_BT_UUID_TEXT);
	return text;
}

void
bt_event_uuids(json_t *event, const char *key, const struct pier_bt_uuid *list,
	size_t count)
{
	json_t *array = json_array();
	char text[PIER_BT_UUID_TEXT];
	size_t i;

	for (i = 0; i < count; i++) {
		(void)pier_bt_uuid_format(&list[i], text, sizeof(text));
		(void)json_array_append_new(array, json_string(text));
	}
	(void)json_object_set_new(event, key, array);
}

const char *
bt_device_text(
	const struct pier_bt_addr *addr, char text[PIER_BT_ADDR_TEXT_MAX])
{
	struct pier_bt_addr bare = *addr;

	bare.type = PIER_BT_ADDR_BREDR;
	(void)pier_bt_addr_format(&bare, text, PIER_BT_ADDR_TEXT_MAX);
	return text;
}

int
bt_failure(const struct cli_tool *tool, int rc)
{
	if (pier_is_cancelled(rc))
		return 0;
	return rc == -ENETDOWN ? cli_failure_as(tool, pier_last_error(),
					 CLI_EXIT_RESOURCE)
			       : cli_failure(tool, pier_last_error());
}

int
bt_output_code(const struct cli_tool *tool, int rc)
{
	return rc == 0 || rc == -EPIPE || rc == -ECANCELED
		       ? 0
		       : cli_output_failed(tool, rc);
}

int
bt_wrong_words(const struct cli_tool *tool, const char *line)
{
	struct cli_complaint why;

	(void)cli_complain(&why, "%s", line);
	cli_advise(&why, "'pier bt --help' has examples");
	return cli_usage_error(tool, "bt", &why);
}

/* ---- Pings --------------------------------------------------------------- */

/* Those of pier ping, to l2cap://DEVICE. */
static int
bt_ping(struct cli_tool *tool, const struct bt_settings *settings)
{
	char places[CLI_TEXTS_MAX][PIER_BT_ADDR_TEXT_MAX + 16];
	struct ping_settings ping = { .common = settings->common,
		.count = settings->count,
		.interval_ns = settings->interval,
		.wait_ns = settings->wait,
		.timeout_ns = settings->timeout,
		.size = settings->size,
		.max_loss = settings->max_loss,
		.way = { .bind = settings->bind } };
	struct pier_bt_addr addr;
	size_t i;

	if (settings->words.n == 0)
		return bt_wrong_words(tool,
			"expected a device: pier bt ping 00:1B:DC:07:31:88");
	if (settings->wait / settings->interval > WINDOW)
		return bt_wrong_words(tool,
			"--wait is more than 50 times --interval: so many "
			"probes would be on their way");
	if (settings->bind != NULL &&
		pier_bt_addr_parse(&addr, settings->bind) < 0)
		return cli_failure(tool, pier_last_error());
	for (i = 0; i < settings->words.n; i++) {
		if (pier_bt_addr_parse(&addr, settings->words.item[i]) < 0)
			return cli_failure(tool, pier_last_error());
		if (addr.type != PIER_BT_ADDR_BREDR)
			return bt_wrong_words(tool,
				"devices of BR/EDR can be pinged, not those "
				"of LE");
		snprintf(places[i], sizeof(places[i]), "l2cap://%s",
			settings->words.item[i]);
		ping.hosts.item[i] = places[i];
	}
	ping.hosts.n = settings->words.n;
	return ping_run(tool, &ping);
}

/* ---- The tables ---------------------------------------------------------- */

static const struct cli_option options[] = {
	{ .name = "controller",
		.kind = CLI_TEXT,
		.metavar = "NAME",
		.group = "scan",
		.help = "search with this one: hci0, hci1, …",
		.otherwise = "the first that is switched on",
		.offset = AT(controller),
		.needs = FOR(BT_SCAN) },
	{ .name = "bredr",
		.kind = CLI_FLAG,
		.group = "scan",
		.help = "classic devices only",
		.otherwise = "all kinds that the controller hears",
		.offset = AT(bredr),
		.needs = FOR(BT_SCAN) },
	{ .name = "le",
		.kind = CLI_FLAG,
		.group = "scan",
		.help = "devices of Low Energy only",
		.otherwise = "all kinds that the controller hears",
		.offset = AT(le),
		.needs = FOR(BT_SCAN) },
	{ .name = "for",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "scan",
		.help = "search so long, anew whenever the controller ends",
		.otherwise = "one search, of some ten seconds",
		.min = MS,
		.max = DAY,
		.offset = AT(limit),
		.needs = FOR(BT_SCAN) },
	{ .name = "count",
		.letter = 'c',
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "ping",
		.help = "end after so many to each device",
		.otherwise = "none",
		.min = 1,
		.max = INT64_C(1000000000000),
		.offset = AT(count),
		.needs = FOR(BT_PING) },
	{ .name = "interval",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "ping",
		.help = "between two probes to one device",
		.otherwise = "1s",
		.min = PIER_PING_INTERVAL_MIN_NS,
		.max = DAY,
		.offset = AT(interval),
		.needs = FOR(BT_PING) },
	{ .name = "wait",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "ping",
		.help = "for the answer to one probe: after that it is lost",
		.otherwise = "1s",
		.min = MS,
		.max = DAY,
		.offset = AT(wait),
		.needs = FOR(BT_PING) },
	{ .name = "size",
		.kind = CLI_SIZE,
		.metavar = "SIZE",
		.group = "ping",
		.help = "bytes behind the header of each probe; a device may "
			"refuse long ones",
		.otherwise = "44, which every device takes",
		.min = 0,
		.max = SIZE_MAX_L2CAP,
		.offset = AT(size),
		.needs = FOR(BT_PING) },
	{ .name = "max-loss",
		.kind = CLI_COUNT,
		.metavar = "PERCENT",
		.group = "ping",
		.help = "exit with 1 when a device loses more than that",
		.otherwise = "one answer is enough",
		.min = 0,
		.max = 100,
		.offset = AT(max_loss),
		.needs = FOR(BT_PING) },
	{ .name = "bind",
		.kind = CLI_TEXT,
		.metavar = "ADDR",
		.group = "ping and sdp",
		.help = "go by the controller that has this address",
		.otherwise = "the kernel's choice",
		.offset = AT(bind),
		.needs = FOR(BT_PING) | FOR(BT_SDP) },
	{ .name = "timeout",
		.letter = 'w',
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "ping and sdp",
		.help = "end after that, whatever came",
		.otherwise = "ping: none; sdp: 30s",
		.min = MS,
		.max = DAY,
		.offset = AT(timeout),
		.needs = FOR(BT_PING) | FOR(BT_SDP) },
	{ .name = NULL },
};

static int
run(struct cli_tool *tool, const void *given)
{
	static int (*const actions[])(
		struct cli_tool *, const struct bt_settings *) = {
		[BT_LIST] = bt_list,
		[BT_SCAN] = bt_scan,
		[BT_PING] = bt_ping,
		[BT_SDP] = bt_sdp,
	};
	const struct bt_settings *settings = given;
	const struct cli_option *option = cli_given_in_vain(
		options, &settings->common, FOR(settings->action));
	struct cli_complaint why;

	tool->until = PIER_FOREVER;
	if (option != NULL) {
		cli_advise(
			&why, "'pier bt --help' says what each option is for");
		(void)cli_complain(
			&why, "--%s is of no use here", option->name);
		return cli_usage_error(tool, "bt", &why);
	}
	if (settings->words.n > 0 &&
		(settings->action == BT_LIST || settings->action == BT_SCAN))
		return bt_wrong_words(tool, "expected nothing behind list and "
					    "scan but options");
	return actions[settings->action](tool, settings);
}

static const struct cli_word action_words[] = {
	{ "list", BT_LIST, "show the controllers of this machine" },
	{ "scan", BT_SCAN, "look for devices in reach" },
	{ "ping", BT_PING, "is a device there, and how far away" },
	{ "sdp", BT_SDP, "which services a device has, and where" },
	{ NULL, 0, NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "ACTION",
		.kind = CLI_CHOICE,
		.help = "what to do",
		.words = action_words,
		.min = 1,
		.offset = AT(action) },
	{ .metavar = "WORD",
		.kind = CLI_TEXTS,
		.help = "of ping: addresses of devices; of sdp: an address, "
			"and what to look for: 1101, a whole UUID, or a name "
			"such as serial-port",
		.min = 0,
		.offset = AT(words) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier bt list", "the controllers, and what each can do" },
	{ "sudo pier bt scan --for 30s --json", "who is in reach" },
	{ "sudo pier bt ping 00:1B:DC:07:31:88 -c 5",
		"echoes of L2CAP, as l2ping sends them" },
	{ "pier bt sdp 00:1B:DC:07:31:88 serial-port",
		"where its serial port is, as an endpoint" },
	{ NULL, NULL },
};

static const struct bt_settings defaults = {
	.interval = SECOND,
	.wait = SECOND,
	.size = 44,
	.max_loss = 100,
};

const struct cli_verb cli_verb_bt = {
	.name = "bt",
	.summary = "Bluetooth: controllers, devices in reach, services",
	.about = "Bluetooth by the kernel's own interfaces: no bluetoothd and "
		 "no D-Bus take part.\n\n"
		 "list shows the controllers of this machine, and needs no "
		 "privilege. scan looks for devices, and shows each once, and "
		 "again when more is known of it; it needs CAP_NET_ADMIN. ping "
		 "needs CAP_NET_RAW. sdp asks a device for the services that "
		 "it offers, and shows each as the endpoint to connect to; it "
		 "needs no privilege.\n\n"
		 "A search is ended by whatever ends pier, but for SIGKILL, so "
		 "that the controller does not go on.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.defaults = &defaults,
	.settings_size = sizeof(struct bt_settings),
	.run = run,
};
