/* SPDX-License-Identifier: MIT */
/* What a dial did, told twice from the same report; see attempts.h. */
#include "attempts.h"

#include "json.h"
#include "values.h"

#include <errno.h>
#include <string.h>

static const char *
attempt_words(int rc)
{
	if (rc == 0)
		return "connected";
	return rc == -ECANCELED ? "given up, another was first"
				: pier_strerror(rc);
}

/* Was a name looked up? Not when the endpoint has the address itself. */
static bool
was_resolved(const struct pier_dial_report *report, const char *endpoint)
{
	char host[PIER_ADDR_TEXT_MAX];

	if (report->address_count == 0 || report->attempt_count == 0 ||
		pier_addr_port(&report->attempts[0].addr) < 0)
		return false;
	(void)pier_addr_format_host(
		&report->attempts[0].addr, host, sizeof(host));
	return strstr(endpoint, host) == NULL;
}

void
cli_attempts_say(const struct cli_tool *tool,
	const struct pier_dial_report *report, const char *endpoint)
{
	char where[PIER_ADDR_TEXT_MAX], took[CLI_VALUE_TEXT];
	size_t i;

	if (was_resolved(report, endpoint)) {
		cli_format_duration(report->resolve_ns, took, sizeof(took));
		cli_say(tool, 1, "resolved to %zu address%s in %s",
			report->address_count,
			report->address_count == 1 ? "" : "es", took);
	}
	for (i = 0; i < report->attempt_count; i++) {
		const struct pier_attempt *attempt = &report->attempts[i];

		(void)pier_addr_format(&attempt->addr, where, sizeof(where));
		cli_format_duration(attempt->elapsed_ns, took, sizeof(took));
		cli_say(tool, 1, "%s: %s after %s", where,
			attempt_words(attempt->rc), took);
	}
}

json_t *
cli_attempts_json(const struct pier_dial_report *report)
{
	char where[PIER_ADDR_TEXT_MAX];
	json_t *array = json_array();
	size_t i;

	for (i = 0; i < report->attempt_count; i++) {
		const struct pier_attempt *attempt = &report->attempts[i];
		json_t *entry = json_object();

		(void)pier_addr_format(&attempt->addr, where, sizeof(where));
		cli_event_text(entry, "address", where);
		cli_event_text(entry, "result",
			attempt->rc == 0 ? "ok" : pier_error_name(attempt->rc));
		cli_event_seconds(entry, "start_s", attempt->start_ns);
		cli_event_seconds(entry, "elapsed_s", attempt->elapsed_ns);
		(void)json_array_append_new(array, entry);
	}
	return array;
}
