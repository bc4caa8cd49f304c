/* SPDX-License-Identifier: MIT */
/*
 * What the tool reads from its command line by parsers of its own: durations,
 * sizes, counts, lists of ports. A duration that is taken is written as text
 * that gives it back; a list of ports gives ports, each behind the same stem.
 */
#include "../cli/ports.h"
#include "../cli/values.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

enum {
	TEXT_MAX = 256,
	STEPS_MAX = 100000, /* "1-65535" may stand there many times */
};

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_values(const char *text)
{
	char again[CLI_VALUE_TEXT];
	int64_t value = 0, back = -1;

	if (cli_parse_duration(&value, text) == 0) {
		check(value >= 0);
		cli_format_limit(value, again, sizeof(again));
		check(cli_parse_duration(&back, again) == 0);
		check(back == value);
		cli_format_duration(value, again, sizeof(again));
	}
	if (cli_parse_size(&value, text) == 0) {
		check(value >= 0);
		cli_format_bytes((uint64_t)value, again, sizeof(again));
	}
	/* A count is a size too, and the same one. */
	if (cli_parse_count(&value, text) == 0) {
		check(cli_parse_size(&back, text) == 0);
		check(back == value);
	}
}

static void
check_ports(const char *text)
{
	char one[TEXT_MAX + 8], why[128];
	struct cli_ports ports;
	unsigned long port;
	size_t steps;

	if (cli_ports_start(&ports, text, why, sizeof(why)) < 0) {
		check(why[0] != '\0');
		return;
	}
	for (steps = 0; steps < STEPS_MAX; steps++) {
		if (cli_ports_next(&ports, one, sizeof(one)) == 0)
			break;
		check(strncmp(one, text, ports.stem) == 0);
		if (ports.stem == 0)
			continue;
		port = strtoul(one + ports.stem, NULL, 10);
		check(port >= 1 && port <= 65535);
	}
	check(steps > 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	char text[TEXT_MAX + 1];

	if (size > TEXT_MAX)
		return 0;
	if (size > 0)
		memcpy(text, data, size);
	text[size] = '\0';
	check_values(text);
	check_ports(text);
	return 0;
}
