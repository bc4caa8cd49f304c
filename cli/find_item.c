/* SPDX-License-Identifier: MIT */
/* cli/find_item.c - what is said of a service, as text and as JSON; find.h. */
#include "find.h"

#include "output.h"
#include "values.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* A service of PIER_FIND_ADDRS_MAX addresses and PIER_FIND_TEXT_MAX bytes of
   text, none of which can be shown as it is. */
#define LINE_BYTES (16 * 1024)

struct line {
	size_t len;
	char bytes[LINE_BYTES];
};

static void put(struct line *line, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

static void
put(struct line *line, const char *format, ...)
{
	size_t room = sizeof(line->bytes) - line->len;
	va_list args;
	int n;

	va_start(args, format);
	n = vsnprintf(line->bytes + line->len, room, format, args);
	va_end(args);
	line->len += (size_t)n < room ? (size_t)n : room - 1;
}

/* ---- Text --------------------------------------------------------------- */

static const char *
scheme_of(const struct pier_found *service)
{
	const char *dot = strrchr(service->type, '.');

	return dot != NULL && strcmp(dot, "._udp") == 0 ? "udp" : "tcp";
}

static void
put_text(struct line *line, const struct pier_text *text)
{
	char shown[4 * PIER_FIND_TEXT_MAX + 1];

	put(line, "  %s",
		pier_bytes_show(
			shown, sizeof(shown), text->key, strlen(text->key)));
	if (text->value != NULL)
		put(line, "=%s",
			pier_bytes_show(shown, sizeof(shown), text->value,
				text->value_len));
}

/* Where to connect, and the host. */
static void
put_place(struct line *line, const struct pier_found *service)
{
	char text[PIER_ENDPOINT_TEXT_MAX], shown[LAN_TEXT];
	size_t i;

	for (i = 0; i < service->addr_count; i++)
		if (pier_endpoint_format(scheme_of(service), &service->addrs[i],
			    text, sizeof(text)) >= 0)
			put(line, "%s%s", i == 0 ? "  " : " ", text);
	if (service->host[0] != '\0')
		put(line, "  %s",
			pier_bytes_show(shown, sizeof(shown), service->host,
				strlen(service->host)));
}

static void
put_service(struct line *line, const struct pier_found *service)
{
	char shown[LAN_TEXT];
	size_t i;

	if (service->instance[0] != '\0')
		put(line, "%s  ",
			pier_bytes_show(shown, sizeof(shown), service->instance,
				strlen(service->instance)));
	put(line, "%s",
		pier_bytes_show(shown, sizeof(shown), service->type,
			strlen(service->type)));
	if (service->instance[0] != '\0')
		put_place(line, service);
	put(line, "  (%s", lan_by_text(service->by));
	if (service->interface != 0)
		put(line, ", %s",
			lan_interface_text(service->interface, shown));
	put(line, ")");
	for (i = 0; service->instance[0] != '\0' && i < service->text_count;
		i++)
		put_text(line, &service->texts[i]);
}

/* ---- JSON --------------------------------------------------------------- */

static json_t *
texts_json(const struct pier_found *service)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < service->text_count; i++) {
		const struct pier_text *text = &service->texts[i];
		json_t *one = json_object();

		cli_event_text(one, "key", text->key);
		if (text->value != NULL)
			cli_event_bytes(
				one, "value", text->value, text->value_len);
		(void)json_array_append_new(list, one);
	}
	return list;
}

static json_t *
endpoints_json(const struct pier_found *service)
{
	char text[PIER_ENDPOINT_TEXT_MAX];
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < service->addr_count; i++)
		if (pier_endpoint_format(scheme_of(service), &service->addrs[i],
			    text, sizeof(text)) >= 0)
			(void)json_array_append_new(list, json_string(text));
	return list;
}

static json_t *
service_json(const struct pier_find_event *found, const char *what)
{
	static const char *const reasons[] = {
		[PIER_FIND_GOODBYE] = "goodbye",
		[PIER_FIND_EXPIRED] = "expired",
		[PIER_FIND_LINK] = "link",
	};
	const struct pier_found *service = &found->service;
	json_t *event = cli_event(what);

	if (service->instance[0] != '\0')
		cli_event_bytes(event, "instance", service->instance,
			strlen(service->instance));
	cli_event_text(event, "service", service->type);
	cli_event_text(event, "domain", service->domain);
	lan_event_by(event, service->by);
	lan_event_interface(event, service->interface);
	if (found->what == PIER_FIND_REMOVED) {
		cli_event_text(event, "reason", reasons[found->reason]);
		return event;
	}
	if (service->instance[0] == '\0')
		return event;
	cli_event_text(event, "host", service->host);
	cli_event_number(event, "port", service->port);
	cli_event_number(event, "priority", service->priority);
	cli_event_number(event, "weight", service->weight);
	(void)json_object_set_new(event, "endpoints", endpoints_json(service));
	(void)json_object_set_new(event, "texts", texts_json(service));
	return event;
}

static void
add_check(json_t *event, const struct find_item *item)
{
	if (item->unchecked)
		cli_event_text(event, "result", "unchecked");
	if (!item->checked)
		return;
	cli_event_flag(event, "open", item->rc == 0);
	cli_event_text(event, "result",
		item->rc == 0 ? "ok" : pier_error_name(item->rc));
	cli_event_seconds(event, "elapsed_s", item->took_ns);
}

/* ---- Items -------------------------------------------------------------- */

/* In the order of which they are told; NULL: no memory. */
static char *
new_key(const struct pier_found *service)
{
	char key[1024];

	/* Names of the DNS: shorter than that together. */
	(void)snprintf(key, sizeof(key), "%s\n%s\n%s", service->type,
		service->instance, service->domain);
	return strdup(key);
}

static int
copy_addresses(struct find_item *item, const struct pier_found *service)
{
	/* What cannot be connected to needs none. */
	if (service->addr_count == 0 || strcmp(scheme_of(service), "tcp") != 0)
		return 0;
	return pier_names_make(
		&item->where, service->addrs, service->addr_count, NULL);
}

struct find_item *
find_item_new(const struct pier_find_event *found)
{
	static const struct {
		const char *what, *mark;
	} words[] = {
		[PIER_FIND_ADDED] = { "added", "+ " },
		[PIER_FIND_CHANGED] = { "changed", "~ " },
		[PIER_FIND_REMOVED] = { "removed", "- " },
	};
	struct find_item *item = calloc(1, sizeof(*item));
	struct line *line = calloc(1, sizeof(*line));
	int rc = item == NULL || line == NULL ? -ENOMEM : 0;

	if (rc == 0) {
		put_service(line, &found->service);
		item->what = words[found->what].what;
		item->mark = words[found->what].mark;
		item->key = new_key(&found->service);
		item->line = strdup(line->bytes);
		item->event = service_json(found, item->what);
		rc = item->key == NULL || item->line == NULL
			     ? -ENOMEM
			     : copy_addresses(item, &found->service);
	}
	free(line);
	if (rc == 0)
		return item;
	find_item_free(item);
	return NULL;
}

void
find_item_free(struct find_item *item)
{
	if (item == NULL)
		return;
	free(item->key);
	free(item->line);
	pier_names_free(item->where);
	json_decref(item->event);
	free(item);
}

static int
print_text(const struct find_work *work, const struct find_item *item)
{
	struct line *line = calloc(1, sizeof(*line));
	char took[CLI_VALUE_TEXT];
	int rc;

	if (line == NULL)
		return -ENOMEM;
	cli_format_duration(item->took_ns, took, sizeof(took));
	/* Its end is what may be cut: the newline and the result are not. */
	put(line, "%s%.*s", item->mark, LINE_BYTES - 256, item->line);
	if (item->checked && item->rc == 0)
		put(line, "  open (%s)", took);
	else if (item->checked)
		put(line, "  closed: %s (%s) after %s", pier_strerror(item->rc),
			pier_error_name(item->rc), took);
	else if (item->unchecked)
		put(line, "  not checked: UDP has no handshake");
	put(line, "\n");
	rc = cli_output(line->bytes, line->len, work->until);
	free(line);
	return rc;
}

void
find_item_print(struct find_work *work, const struct find_item *item)
{
	int rc;

	if (work->tool->json) {
		add_check(item->event, item);
		cli_event_text(item->event, "type", item->what);
		rc = cli_event_print(json_incref(item->event), work->until);
	} else {
		rc = print_text(work, item);
	}
	if (rc == 0 || rc == -ECANCELED || work->output != 0)
		return;
	/* Nobody would see the others. */
	work->output = rc;
	pier_group_cancel(work->group);
}
