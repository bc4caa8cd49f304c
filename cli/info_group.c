/* SPDX-License-Identifier: MIT */
/*
 * pier info --group-by: sockets that have the same in a column are one row, with
 * how many they are and what their numbers come to. Counts and bytes are added
 * up; of times the mean is told.
 *
 * What is needed of each socket is kept until all are there; then they are
 * sorted by what they are grouped by, and equal ones stand side by side.
 */
#include "info.h"

#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USUAL "recv-queue,send-queue,bytes_acked,bytes_received,retransmits"
#define COUNT "sockets"

/* Numbers of a row, one for each column, and how many sockets gave one. */
struct sum {
	uint64_t value, given;
};

/* A socket, and then a group. */
struct row {
	size_t name_at;
	uint64_t sockets;
	size_t sums_at;
};

struct info_groups {
	struct info_column by;
	struct info_column columns[INFO_COLUMNS_MAX];
	size_t column_count;
	size_t sort;  /* a column, or column_count: by the sockets */
	bool by_name; /* sort by what they are grouped by */
	bool descending;
	char *names;
	size_t names_len, names_size;
	struct row *rows;
	size_t row_count, row_size;
	struct sum *sums;
};

static int
read_columns(
	struct info_groups *groups, const char *list, struct cli_complaint *why)
{
	const char *near;

	while (*list != '\0') {
		struct info_column *column =
			&groups->columns[groups->column_count];
		size_t len = strcspn(list, ",");

		if (groups->column_count == INFO_COLUMNS_MAX) {
			snprintf(why->line, sizeof(why->line),
				"--columns: more than %d columns",
				INFO_COLUMNS_MAX);
			return -1;
		}
		if (info_column_find(column, list, len, &near) < 0)
			return info_column_unknown(
				why, "--columns", list, len, near);
		if (!column->adds && column->field == NULL) {
			snprintf(why->line, sizeof(why->line),
				"--group-by adds up numbers: '%s' is none",
				column->name);
			snprintf(why->hint, sizeof(why->hint),
				"--columns recv-queue,bytes_acked,rtt");
			return -1;
		}
		groups->column_count++;
		list += len;
		list += *list == ',';
	}
	return 0;
}

static int
read_sort(
	struct info_groups *groups, const char *sort, struct cli_complaint *why)
{
	size_t i;

	/* Most first, where nothing is said. */
	groups->descending = sort == NULL || sort[0] == '-';
	groups->sort = groups->column_count;
	if (sort == NULL)
		return 0;
	sort += groups->descending;
	groups->by_name = strcmp(sort, groups->by.name) == 0;
	if (groups->by_name || strcmp(sort, COUNT) == 0)
		return 0;
	for (i = 0; i < groups->column_count; i++) {
		if (strcmp(sort, groups->columns[i].name) != 0)
			continue;
		groups->sort = i;
		return 0;
	}
	snprintf(why->line, sizeof(why->line),
		"--sort: '%.64s' is no column of what is shown", sort);
	snprintf(why->hint, sizeof(why->hint), "--sort -%s, or one of %s",
		COUNT, "--columns");
	return -1;
}

struct info_groups *
info_groups_new(const struct info_settings *settings, struct cli_complaint *why)
{
	struct info_groups *groups = calloc(1, sizeof(*groups));
	const char *by = settings->group_by, *near;
	int rc = 0;

	if (groups == NULL) {
		snprintf(why->line, sizeof(why->line), "no memory for a table");
		why->hint[0] = '\0';
		return NULL;
	}
	if (info_column_find(&groups->by, by, strlen(by), &near) < 0)
		rc = info_column_unknown(
			why, "--group-by", by, strlen(by), near);
	if (rc == 0)
		rc = info_column_unwatched(&groups->by, "--group-by", why);
	if (rc == 0)
		rc = read_columns(groups,
			settings->columns == NULL ? USUAL : settings->columns,
			why);
	if (rc == 0)
		rc = read_sort(groups, settings->sort, why);
	if (rc == 0)
		return groups;
	info_groups_free(groups);
	return NULL;
}

void
info_groups_free(struct info_groups *groups)
{
	if (groups == NULL)
		return;
	free(groups->names);
	free(groups->rows);
	free(groups->sums);
	free(groups);
}

/* Room for one more row. */
static int
grow(struct info_groups *groups)
{
	size_t size = groups->row_size * 2 + 64;
	size_t names_size = groups->names_size * 2 + INFO_CELL_MAX;
	void *more;

	if (groups->row_count == groups->row_size) {
		more = realloc(groups->rows, size * sizeof(*groups->rows));
		if (more == NULL)
			return -ENOMEM;
		groups->rows = more;
		more = realloc(groups->sums, (size * groups->column_count + 1) *
						     sizeof(*groups->sums));
		if (more == NULL)
			return -ENOMEM;
		groups->sums = more;
		groups->row_size = size;
	}
	if (groups->names_size - groups->names_len < INFO_CELL_MAX) {
		more = realloc(groups->names, names_size);
		if (more == NULL)
			return -ENOMEM;
		groups->names = more;
		groups->names_size = names_size;
	}
	return 0;
}

int
info_groups_add(struct info_groups *groups, const struct pier_socket *socket)
{
	struct sum *sums;
	struct row *row;
	char *name;
	size_t i;

	if (grow(groups) < 0)
		return -ENOMEM;
	row = &groups->rows[groups->row_count];
	*row = (struct row){ .name_at = groups->names_len,
		.sockets = 1,
		.sums_at = groups->row_count * groups->column_count };
	groups->row_count++;
	name = groups->names + groups->names_len;
	info_column_text(&groups->by, socket, name, INFO_CELL_MAX);
	groups->names_len += strlen(name) + 1;
	sums = groups->sums + row->sums_at;
	for (i = 0; i < groups->column_count; i++) {
		sums[i].given = info_column_given(
			&groups->columns[i], socket, &sums[i].value);
		if (sums[i].given == 0)
			sums[i].value = 0;
	}
	return 0;
}

static int
by_name(const void *a, const void *b, void *ctx)
{
	const struct info_groups *groups = ctx;
	const struct row *one = a, *other = b;

	return strcmp(
		groups->names + one->name_at, groups->names + other->name_at);
}

/* Equal ones stand side by side: the first takes the others in. */
static void
merge(struct info_groups *groups)
{
	size_t i, k, last = 0;

	for (i = 1; i < groups->row_count; i++) {
		struct row *into = &groups->rows[last];
		const struct row *from = &groups->rows[i];

		if (by_name(into, from, groups) != 0) {
			groups->rows[++last] = *from;
			continue;
		}
		into->sockets += from->sockets;
		for (k = 0; k < groups->column_count; k++) {
			struct sum *sum = &groups->sums[into->sums_at + k];

			sum->value += groups->sums[from->sums_at + k].value;
			sum->given += groups->sums[from->sums_at + k].given;
		}
	}
	if (groups->row_count > 0)
		groups->row_count = last + 1;
}

/* What is told of a column: its sum, or its mean. */
static uint64_t
result(const struct info_groups *groups, const struct row *row, size_t i)
{
	const struct sum *sum = &groups->sums[row->sums_at + i];
	const struct pier_tcp_field *field = groups->columns[i].field;
	bool is_time = field != NULL && (field->unit == PIER_UNIT_US ||
						field->unit == PIER_UNIT_MS);

	return is_time && sum->given > 0 ? sum->value / sum->given : sum->value;
}

static uint64_t
key_of(const struct info_groups *groups, const struct row *row)
{
	return groups->sort == groups->column_count
		       ? row->sockets
		       : result(groups, row, groups->sort);
}

static int
in_order(const void *a, const void *b, void *ctx)
{
	const struct info_groups *groups = ctx;
	uint64_t one = key_of(groups, a), other = key_of(groups, b);
	int order = groups->by_name ? by_name(a, b, ctx)
				    : (one > other) - (one < other);

	if (groups->descending)
		order = -order;
	return order != 0 ? order : by_name(a, b, ctx);
}

static void
cell(const struct info_groups *groups, const struct row *row, size_t i,
	char *text, size_t size)
{
	if (i == groups->column_count)
		snprintf(text, size, "%" PRIu64, row->sockets);
	else if (groups->sums[row->sums_at + i].given == 0)
		snprintf(text, size, "-");
	else
		info_column_value(&groups->columns[i], result(groups, row, i),
			text, size);
}

static void
group_event(struct cli_lines *event, const struct info_groups *groups,
	const struct row *row)
{
	const char *name = groups->names + row->name_at;
	size_t i;

	cli_lines_event(event, "group");
	cli_lines_text(event, "by", groups->by.name);
	cli_lines_bytes(event, "value", name, strlen(name));
	cli_lines_number(event, COUNT, (int64_t)row->sockets);
	for (i = 0; i < groups->column_count; i++)
		if (groups->sums[row->sums_at + i].given > 0)
			info_column_event(event, &groups->columns[i],
				result(groups, row, i));
}

/* The name, the sockets, then the columns; widths are filled for all rows. */
static void
measure(const struct info_groups *groups, size_t *widths)
{
	char text[INFO_CELL_MAX];
	size_t i, k;

	widths[0] = strlen(groups->by.name);
	widths[1] = strlen(COUNT);
	for (k = 0; k < groups->column_count; k++)
		widths[k + 2] = strlen(groups->columns[k].name);
	for (i = 0; i < groups->row_count; i++) {
		const struct row *row = &groups->rows[i];
		size_t len = strlen(groups->names + row->name_at);

		widths[0] = widths[0] < len ? len : widths[0];
		for (k = 0; k < groups->column_count; k++) {
			cell(groups, row, k, text, sizeof(text));
			len = strlen(text);
			widths[k + 2] =
				widths[k + 2] < len ? len : widths[k + 2];
		}
	}
}

static void
put_upper(char *out, size_t size, const char *name)
{
	size_t i;

	for (i = 0; i < size - 1 && name[i] != '\0'; i++)
		out[i] = name[i] >= 'a' && name[i] <= 'z'
				 ? (char)(name[i] - ('a' - 'A'))
				 : name[i];
	out[i] = '\0';
}

static void
put_heads(const struct info_groups *groups, const size_t *widths, FILE *out)
{
	char upper[64];
	size_t k;

	for (k = 0; k < groups->column_count + 2; k++) {
		const char *name = k == 0   ? groups->by.name
				   : k == 1 ? COUNT
					    : groups->columns[k - 2].name;

		put_upper(upper, sizeof(upper), name);
		fprintf(out, "%s%*s", k == 0 ? "" : "  ",
			(int)widths[k] * (k == 0 ? -1 : 1), upper);
	}
	fputc('\n', out);
}

static void
put_row(const struct info_groups *groups, const size_t *widths,
	const struct row *row, FILE *out)
{
	char text[INFO_CELL_MAX];
	size_t k;

	cell(groups, row, groups->column_count, text, sizeof(text));
	fprintf(out, "%-*s  %*s", (int)widths[0], groups->names + row->name_at,
		(int)widths[1], text);
	for (k = 0; k < groups->column_count; k++) {
		cell(groups, row, k, text, sizeof(text));
		fprintf(out, "  %*s", (int)widths[k + 2], text);
	}
	fputc('\n', out);
}

static int
print_text(const struct info_groups *groups, const struct cli_tool *tool)
{
	size_t widths[INFO_COLUMNS_MAX + 2] = { 0 };
	char *text = NULL;
	size_t len = 0, i;
	FILE *out = open_memstream(&text, &len);
	int rc;

	if (out == NULL)
		return -ENOMEM;
	measure(groups, widths);
	if (groups->row_count > 0)
		put_heads(groups, widths, out);
	for (i = 0; i < groups->row_count; i++)
		put_row(groups, widths, &groups->rows[i], out);
	rc = fclose(out) == 0 ? cli_output(text, len, tool->until) : -ENOMEM;
	free(text);
	return rc;
}

static int
print_events(const struct info_groups *groups, const struct cli_tool *tool)
{
	struct cli_lines events = { .text = NULL };
	size_t i;
	int rc = 0;

	for (i = 0; i < groups->row_count && rc >= 0; i++) {
		group_event(&events, groups, &groups->rows[i]);
		rc = cli_lines_end(&events, tool->until);
	}
	if (rc == 0)
		rc = cli_lines_flush(&events, tool->until);
	cli_lines_free(&events);
	return rc;
}

int
info_groups_print(struct info_groups *groups, const struct cli_tool *tool)
{
	if (groups->row_count > 0)
		qsort_r(groups->rows, groups->row_count, sizeof(*groups->rows),
			by_name, groups);
	merge(groups);
	if (groups->row_count > 0)
		qsort_r(groups->rows, groups->row_count, sizeof(*groups->rows),
			in_order, groups);
	return tool->json ? print_events(groups, tool)
			  : print_text(groups, tool);
}
