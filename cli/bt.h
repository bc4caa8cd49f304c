/* SPDX-License-Identifier: MIT */
/*
 * pier bt: what its files share. bt.c has the options and the ping, bt_list.c
 * lists controllers, bt_scan.c looks for devices, bt_sdp.c asks one for its
 * services.
 */
#ifndef PIER_CLI_BT_H
#define PIER_CLI_BT_H

#include "json.h"
#include "report.h"

#include <pier.h>

enum bt_action {
	BT_LIST,
	BT_SCAN,
	BT_PING,
	BT_SDP,
};

struct bt_settings {
	struct cli_common common;
	int64_t action;         /* enum bt_action */
	struct cli_texts words; /* behind it */
	const char *controller; /* "hci0"; NULL: the first that is on */
	bool bredr, le;
	int64_t limit;   /* ns of a search; 0: one inquiry */
	int64_t timeout; /* ns; 0: none was given */
	int64_t count, interval, wait, size;
	int64_t max_loss;
	const char *bind;
};

/* A line for people. */
struct bt_line {
	size_t len;
	char bytes[4096];
};

void bt_put(struct bt_line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Two blanks, and 'a name' of any bytes; nothing for "". */
void bt_put_name(struct bt_line *line, const char *name);

/* 0, or as cli_output(). */
int bt_print(const struct cli_tool *tool, const struct bt_line *line);

/* A UUID for people: "serial-port", or its digits. */
const char *bt_uuid_text(
	const struct pier_bt_uuid *uuid, char text[PIER_BT_UUID_TEXT]);

/* An array of UUIDs, each in digits, under key. */
void bt_event_uuids(json_t *event, const char *key,
	const struct pier_bt_uuid *list, size_t count);

/* The device's bytes, without what kind they are. */
const char *bt_device_text(
	const struct pier_bt_addr *addr, char text[PIER_BT_ADDR_TEXT_MAX]);

/* A failure of the library; its exit code, and 0 for a task that was cancelled.
   What is missing or switched off on this machine is a resource of it. */
int bt_failure(const struct cli_tool *tool, int rc);

/* Standard output takes no more, by a negative error; 0 for a reader that has
   seen enough. */
int bt_output_code(const struct cli_tool *tool, int rc);

/* What words are missing or wrong; CLI_EXIT_USAGE. */
int bt_wrong_words(const struct cli_tool *tool, const char *line);

/* Each a whole run; its exit code. */
int bt_list(struct cli_tool *tool, const struct bt_settings *settings);
int bt_scan(struct cli_tool *tool, const struct bt_settings *settings);
int bt_sdp(struct cli_tool *tool, const struct bt_settings *settings);

#endif
