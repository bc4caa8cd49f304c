/* SPDX-License-Identifier: MIT */
/* pier time --convert; see time_work.h. */
#include "time_work.h"

#include "json.h"
#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <time.h>

/* A moment in all forms. */
struct forms {
	char local[TIME_TEXT], zone[TIME_TEXT], utc[TIME_TEXT];
	char unix_seconds[TIME_TEXT], stamp[TIME_TEXT];
	int64_t era;
	uint32_t in_era;
};

static void
write_forms(struct forms *out, const struct time_value *value)
{
	time_local_text(value->moment, out->local, sizeof(out->local));
	time_zone_text(value->moment, out->zone, sizeof(out->zone));
	time_utc_text(value->moment, 0, out->utc, sizeof(out->utc));
	time_unix_text(
		value->moment, out->unix_seconds, sizeof(out->unix_seconds));
	(void)snprintf(out->stamp, sizeof(out->stamp), "0x%016" PRIx64,
		value->timestamp);
	out->era = pier_ntp_era(value->moment.seconds, &out->in_era);
}

static int
tell_text(const char *given, const struct time_value *value)
{
	struct forms forms;
	char text[512];
	int len;

	write_forms(&forms, value);
	len = snprintf(text, sizeof(text),
		"%.100s as %s:\n"
		"  local  %s (%s)\n"
		"  utc    %s\n"
		"  unix   %s\n"
		"  ntp    %" PRIu32 ", era %" PRId64 "\n"
		"  ntp64  %s\n",
		given, time_form_text(value->form), forms.local, forms.zone,
		forms.utc, forms.unix_seconds, forms.in_era, forms.era,
		forms.stamp);
	return cli_output(text, (size_t)len, PIER_FOREVER);
}

static int
tell_json(const char *given, const struct time_value *value)
{
	json_t *event = cli_event("convert");
	struct forms forms;

	write_forms(&forms, value);
	cli_event_text(event, "value", given);
	cli_event_text(event, "read_as", time_form_name(value->form));
	cli_event_text(event, "local", forms.local);
	cli_event_text(event, "zone", forms.zone);
	cli_event_text(event, "utc", forms.utc);
	cli_event_text(event, "unix", forms.unix_seconds);
	cli_event_number(event, "unix_s", value->moment.seconds);
	cli_event_number(event, "nanoseconds", value->moment.nanoseconds);
	cli_event_number(event, "ntp_s", forms.in_era);
	cli_event_number(event, "ntp_era", forms.era);
	cli_event_text(event, "ntp64", forms.stamp);
	return cli_event_print(event, PIER_FOREVER);
}

int
time_convert(struct cli_tool *tool, const struct time_settings *settings)
{
	struct time_value values[TIME_VALUES_MAX];
	struct pier_ntp_moment now = time_now(0);
	struct cli_complaint why = { "", "" };
	size_t i;
	int n, j, rc = 0;

	tzset();
	/* One that is wrong: nothing is shown of the others either. */
	for (i = 0; i < settings->convert.n; i++)
		if (time_value_read(
			    values, settings->convert.item[i], now, &why) < 0)
			return cli_usage_error(tool, "time", &why);
	for (i = 0; i < settings->convert.n; i++) {
		const char *text = settings->convert.item[i];

		n = time_value_read(values, text, now, &why);
		for (j = 0; rc == 0 && j < n; j++)
			rc = tool->json ? tell_json(text, &values[j])
					: tell_text(text, &values[j]);
	}
	if (rc == 0 || rc == -EPIPE)
		return CLI_EXIT_OK;
	return cli_own_failure(tool, PIER_STEP_SEND, "standard output", rc, "");
}
