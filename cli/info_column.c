/* SPDX-License-Identifier: MIT */
/*
 * What can stand in a column of pier info, by its name: a cell of info_cells.c, or a
 * field of TCP_INFO.
 */
#include "info.h"

#include "base/near.h"
#include "info_cells.h"
#include "values.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <strings.h>

const char *
info_column_name(size_t i)
{
	const struct pier_tcp_field *field;

	if (i < info_cell_count)
		return info_cells[i].name;
	field = pier_tcp_field_at(i - info_cell_count);
	return field == NULL ? NULL : field->name;
}

/* As filters call the fields that are asked for most. */
static const char *
full_name(const char *name)
{
	static const char *const others[][2] = { { "cwnd", "snd_cwnd" },
		{ "ssthresh", "snd_ssthresh" }, { "mss", "snd_mss" },
		{ "minrtt", "min_rtt" }, { "retrans", "retransmits" },
		{ "notsent", "notsent_bytes" } };

	for (size_t i = 0; i < sizeof(others) / sizeof(others[0]); i++) {
		if (strcmp(name, others[i][0]) == 0)
			return others[i][1];
	}
	return name;
}

int
info_column_find(struct info_column *out, const char *name, size_t len,
	const char **near)
{
	const struct pier_tcp_field *field;
	struct pier__near nearest;
	char word[PIER__NEAR_MAX + 1];
	size_t i;

	*near = NULL;
	if (len >= sizeof(word))
		return -1;
	memcpy(word, name, len);
	word[len] = '\0';
	for (i = 0; i < info_cell_count; i++) {
		if (strcasecmp(info_cells[i].name, word) == 0) {
			*out = info_cells[i];
			return 0;
		}
	}
	for (i = 0; (field = pier_tcp_field_at(i)) != NULL; i++) {
		if (strcasecmp(field->name, full_name(word)) == 0) {
			*out = (struct info_column){ .name = field->name,
				.right = true,
				.field = field };
			return 0;
		}
	}
	pier__near_start(&nearest, word);
	for (i = 0; info_column_name(i) != NULL; i++)
		pier__near_try(&nearest, info_column_name(i));
	*near = nearest.best;
	return -1;
}

int
info_column_unknown(struct cli_complaint *why, const char *what,
	const char *name, size_t len, const char *near)
{
	snprintf(why->line, sizeof(why->line), "%s: there is no column '%.*s'",
		what, (int)(len < 64 ? len : 64), name);
	if (near != NULL)
		snprintf(why->hint, sizeof(why->hint), "did you mean '%s'?",
			near);
	else
		snprintf(why->hint, sizeof(why->hint),
			"pier-info(1) lists the columns");
	return -1;
}

int
info_column_unwatched(const struct info_column *column, const char *what,
	struct cli_complaint *why)
{
	if (!column->watched)
		return 0;
	snprintf(why->line, sizeof(why->line),
		"%s: '%s' is known of sockets that were watched", what,
		column->name);
	snprintf(why->hint, sizeof(why->hint),
		"with --closed: the kernel keeps no time at which a socket was "
		"made");
	return -1;
}

/* Is there a value, and not the largest number in its place? */
static bool
is_given(const struct pier_tcp_field *field, const struct pier_tcp_info *info,
	uint64_t *value)
{
	if (info == NULL || (info->have & field->have) == 0)
		return false;
	*value = pier_tcp_field_value(field, info);
	/* A threshold before the first loss, a rate without a limit, the least
	   of no round trips. */
	return !(field->size == 8 && *value == UINT64_MAX) &&
	       !(field->size == 4 && *value >= INT32_MAX);
}

static void
field_text(const struct pier_tcp_field *field, uint64_t value, char *text,
	size_t size)
{
	int64_t scale = field->unit == PIER_UNIT_MS ? INT64_C(1000000) : 1000;
	char bytes[CLI_VALUE_TEXT];

	/* No nine decimals of it: a listener that closed has no state of its
	   own any more, and its times are 0. */
	if (value == 0 &&
		(field->unit == PIER_UNIT_MS || field->unit == PIER_UNIT_US)) {
		info_put_number(text, size, 0);
	} else if (field->unit == PIER_UNIT_MS || field->unit == PIER_UNIT_US) {
		if (value > (uint64_t)(INT64_MAX / scale))
			value = (uint64_t)(INT64_MAX / scale);
		cli_format_limit((int64_t)value * scale, text, size);
	} else if (field->unit == PIER_UNIT_RATE) {
		cli_format_bytes(value, bytes, sizeof(bytes));
		snprintf(text, size, "%s/s", bytes);
	} else {
		info_put_number(text, size, value);
	}
}

void
info_column_text(const struct info_column *column,
	const struct pier_socket *socket, char *text, size_t size)
{
	uint64_t value;

	if (column->text != NULL)
		column->text(socket, text, size);
	else if (column->field == NULL)
		info_put_number(text, size, column->number(socket));
	else if (is_given(column->field, socket->info, &value) &&
		 socket->state != PIER_TCP_LISTEN)
		field_text(column->field, value, text, size);
	else
		info_put_none(text, size);
}

bool
info_column_number(const struct info_column *column,
	const struct pier_socket *socket, uint64_t *number)
{
	if (column->field != NULL) {
		if (!is_given(column->field, socket->info, number))
			*number = 0;
		return true;
	}
	if (column->number != NULL)
		*number = column->number(socket);
	return column->number != NULL;
}

bool
info_column_given(const struct info_column *column,
	const struct pier_socket *socket, uint64_t *number)
{
	if (column->field != NULL)
		return socket->state != PIER_TCP_LISTEN &&
		       is_given(column->field, socket->info, number);
	if (!column->adds)
		return false;
	*number = column->number(socket);
	return true;
}

void
info_column_value(const struct info_column *column, uint64_t number, char *text,
	size_t size)
{
	if (column->field != NULL)
		field_text(column->field, number, text, size);
	else
		info_put_number(text, size, number);
}

static size_t
mptcp_details(const struct pier_mptcp_info *info, char *text, size_t size)
{
	int len = snprintf(text, size,
		"token %08" PRIx32 ", subflows %u of %u%s%s, bytes_sent "
		"%" PRIu64 ", bytes_acked %" PRIu64 ", bytes_received %" PRIu64
		", bytes_retrans %" PRIu64 ", retransmits %u",
		info->token, info->subflows, info->subflows_max,
		info->fallback ? ", fallback to TCP" : "",
		info->checksums ? ", checksums" : "", info->bytes_sent,
		info->bytes_acked, info->bytes_received, info->bytes_retrans,
		info->retransmits);

	return len > 0 && (size_t)len < size ? (size_t)len : 0;
}

void
info_details(const struct pier_socket *socket, char *text, size_t size)
{
	const struct pier_tcp_field *field;
	char value_text[64], *end;
	uint64_t value;
	size_t i, len = 0;

	text[0] = '\0';
	/* The kernel keeps its queue where others have their packets. */
	if (socket->state == PIER_TCP_LISTEN) {
		snprintf(text, size, "accept queue %u of %u",
			socket->recv_queue, socket->send_queue);
		return;
	}
	if (socket->mptcp != NULL)
		len = mptcp_details(socket->mptcp, text, size);
	for (i = 1; (field = pier_tcp_field_at(i)) != NULL; i++) {
		if (!is_given(field, socket->info, &value) || value == 0 ||
			len + 96 > size)
			continue;
		field_text(field, value, value_text, sizeof(value_text));
		end = stpcpy(text + len, len > 0 ? ", " : "");
		end = stpcpy(stpcpy(end, field->name), " ");
		len = (size_t)(stpcpy(end, value_text) - text);
	}
}
