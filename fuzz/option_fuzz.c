/* SPDX-License-Identifier: MIT */
/* "name=value" as text: what is taken is told as text that gives the same bytes
   again, and what is refused has a reason; as an option of an endpoint too. */
#include "option/option.h"

#include <pier/error.h>

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "net/endpoint.h"

int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size);

static void
check(int holds)
{
	if (!holds)
		abort();
}

static void
check_value(const char *name, const struct pier_option_value *value)
{
	static char text[PIER_OPTION_TEXT_MAX];
	struct pier_option_value again;

	check(value->len <= sizeof(value->u.bytes));
	check(pier_option_format(value, text, sizeof(text)) >= 0);
	/* Bytes of what the table does not have are told in hexadecimal; text
	   that a terminal must not see, as '?'. */
	if (*value->option->name == '\0' || strchr(text, '?') != NULL)
		return;
	check(pier_option_parse(&again, name, text) == 0);
	check(again.len == value->len);
	check(memcmp(again.u.bytes, value->u.bytes, value->len) == 0);
}

int
LLVMFuzzerTestOneInput(const uint8_t *data, size_t size)
{
	struct pier_endpoint_check endpoint;
	struct pier_option_value value;
	char *text = malloc(size + sizeof("tcp://h:1?"));
	char *name, *equals;

	check(text != NULL);
	(void)sprintf(text, "tcp://h:1?");
	name = text + strlen(text);
	memcpy(name, data, size);
	name[size] = '\0';
	if (pier_endpoint_check(text, &endpoint) < 0)
		check(endpoint.offset <= strlen(text) &&
			endpoint.text[0] != '\0');
	(void)pier_option_find(name);
	equals = strchr(name, '=');
	if (equals != NULL) {
		*equals = '\0';
		if (pier_option_parse(&value, name, equals + 1) == 0)
			check_value(name, &value);
		else
			check(pier_last_error()->detail[0] != '\0');
	}
	free(text);
	return 0;
}
