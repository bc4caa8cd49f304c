/* SPDX-License-Identifier: MIT */
/*
 * Rows of sockets: what is shown of each is kept as text, one cell behind the
 * other, until all are there, and then sorted and set in columns.
 */
#include "info.h"

#include "output.h"
#include "values.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define USUAL \
	"proto,state,recv-queue,send-queue,local,peer,rtt,retransmits,limit"

/* All fields of TCP_INFO. */
#define DETAILS_MAX 4096

struct row {
	size_t at; /* of its first cell */
	uint64_t key;
	size_t key_at; /* the cell to sort by, when it has no number */
	bool full;
};

struct info_table {
	struct info_column columns[INFO_COLUMNS_MAX];
	size_t column_count;
	size_t widths[INFO_COLUMNS_MAX];
	bool details;
	bool sorted, descending, by_text;
	struct info_column key;
	struct info_seen seen;
	char *cells;
	size_t cells_len, cells_size;
	struct row *rows;
	size_t row_count, row_size;
	size_t full;
};

static int
read_columns(struct info_table *table, const char *list, bool watched,
	struct cli_complaint *why)
{
	struct info_column *column;
	const char *near;

	while (*list != '\0') {
		size_t len = strcspn(list, ",");

		if (table->column_count == INFO_COLUMNS_MAX) {
			snprintf(why->line, sizeof(why->line),
				"--columns: more than %d columns",
				INFO_COLUMNS_MAX);
			snprintf(why->hint, sizeof(why->hint),
				"--json has them all");
			return -1;
		}
		column = &table->columns[table->column_count];
		if (info_column_find(column, list, len, &near) < 0)
			return info_column_unknown(
				why, "--columns", list, len, near);
		if (!watched &&
			info_column_unwatched(column, "--columns", why) < 0)
			return -1;
		table->column_count++;
		list += len;
		list += *list == ',';
	}
	return 0;
}

static int
read_settings(struct info_table *table, const struct info_settings *settings,
	struct cli_complaint *why)
{
	const char *list = settings->columns, *sort = settings->sort, *near;

	if (read_columns(table, list == NULL ? USUAL : list, settings->closed,
		    why) < 0)
		return -1;
	if (settings->processes && list == NULL)
		(void)read_columns(table,
			settings->closed ? "seen,process" : "process",
			settings->closed, why);
	table->details = settings->details;
	if (sort == NULL)
		return 0;
	table->sorted = true;
	table->descending = sort[0] == '-';
	sort += table->descending;
	if (info_column_find(&table->key, sort, strlen(sort), &near) < 0)
		return info_column_unknown(
			why, "--sort", sort, strlen(sort), near);
	if (info_column_unwatched(&table->key, "--sort", why) < 0)
		return -1;
	table->by_text = table->key.field == NULL && table->key.number == NULL;
	return 0;
}

struct info_table *
info_table_new(const struct info_settings *settings, struct cli_complaint *why)
{
	struct info_table *table = calloc(1, sizeof(*table));
	size_t i;

	if (table == NULL) {
		snprintf(why->line, sizeof(why->line), "no memory for a table");
		why->hint[0] = '\0';
		return NULL;
	}
	if (read_settings(table, settings, why) < 0) {
		info_table_free(table);
		return NULL;
	}
	for (i = 0; i < table->column_count; i++)
		table->widths[i] = strlen(table->columns[i].name);
	return table;
}

void
info_table_free(struct info_table *table)
{
	if (table != NULL) {
		free(table->cells);
		free(table->rows);
		free(table);
	}
}

size_t
info_table_full(const struct info_table *table)
{
	return table->full;
}

/* Room for one more row. */
static int
grow(struct info_table *table)
{
	size_t need = table->column_count * INFO_CELL_MAX + INFO_CELL_MAX +
		      DETAILS_MAX;
	void *more;

	if (table->row_count == table->row_size) {
		size_t size = table->row_size == 0 ? 64 : table->row_size * 2;

		more = realloc(table->rows, size * sizeof(*table->rows));
		if (more == NULL)
			return -ENOMEM;
		table->rows = more;
		table->row_size = size;
	}
	if (table->cells_size - table->cells_len < need) {
		size_t size = table->cells_size * 2 + need;

		more = realloc(table->cells, size);
		if (more == NULL)
			return -ENOMEM;
		table->cells = more;
		table->cells_size = size;
	}
	return 0;
}

void
info_table_seen(struct info_table *table, const struct info_seen *seen)
{
	table->seen = *seen;
}

/* "> 3 min 5 s": that, and how long before pier came nobody knows. */
static void
put_seen(const struct info_seen *seen, char *text, size_t size)
{
	char took[CLI_VALUE_TEXT];

	if (seen->ns < 0) {
		snprintf(text, size, "-");
		return;
	}
	cli_format_duration(seen->ns, took, sizeof(took));
	snprintf(text, size, "%s%s", seen->older ? "> " : "", took);
}

static size_t
put_cell(struct info_table *table, const struct info_column *column,
	const struct pier_socket *socket)
{
	char *text = table->cells + table->cells_len;
	size_t len;

	if (column->watched)
		put_seen(&table->seen, text, INFO_CELL_MAX);
	else
		info_column_text(column, socket, text, INFO_CELL_MAX);
	len = strlen(text);
	table->cells_len += len + 1;
	return len;
}

int
info_table_add(struct info_table *table, const struct pier_socket *socket)
{
	struct row *row;
	size_t i, len;

	if (grow(table) < 0)
		return -ENOMEM;
	row = &table->rows[table->row_count++];
	*row = (struct row){ .at = table->cells_len };
	for (i = 0; i < table->column_count; i++) {
		len = put_cell(table, &table->columns[i], socket);
		if (table->widths[i] < len)
			table->widths[i] = len;
	}
	if (table->details) {
		info_details(
			socket, table->cells + table->cells_len, DETAILS_MAX);
		table->cells_len += strlen(table->cells + table->cells_len) + 1;
	}
	if (table->sorted &&
		!info_column_number(&table->key, socket, &row->key)) {
		row->key_at = table->cells_len;
		(void)put_cell(table, &table->key, socket);
	}
	row->full = socket->state == PIER_TCP_LISTEN &&
		    (socket->have & PIER_SOCKET_HAS_QUEUES) != 0 &&
		    socket->recv_queue > socket->send_queue;
	table->full += row->full;
	return 0;
}

/* Rows of one key stay in the order in which the kernel gave them. */
static int
compare(const void *a, const void *b, void *ctx)
{
	const struct info_table *table = ctx;
	const struct row *one = a, *other = b;
	int order;

	if (table->by_text)
		order = strcmp(table->cells + one->key_at,
			table->cells + other->key_at);
	else
		order = (one->key > other->key) - (one->key < other->key);
	if (table->descending)
		order = -order;
	if (order == 0)
		order = one->at < other->at ? -1 : 1;
	return order;
}

/* Cells of a line, one behind the other, in their widths; the last one is not
   filled up. */
static size_t
set_line(const struct info_table *table, char *line, size_t size,
	const char *cell, const char *const *heads)
{
	size_t i, len = 0;

	for (i = 0; i < table->column_count; i++) {
		const char *text = heads != NULL ? heads[i] : cell;
		int width = (int)table->widths[i];
		bool last = i + 1 == table->column_count;
		int n = snprintf(line + len, size - len, "%*s%s",
			table->columns[i].right ? width
			: last                  ? 0
						: -width,
			text, last ? "" : "  ");

		if (n < 0 || (size_t)n >= size - len)
			break;
		len += (size_t)n;
		if (heads == NULL)
			cell += strlen(cell) + 1;
	}
	return len;
}

/* The longest line, with what goes around it. */
#define LINE_SIZE (INFO_COLUMNS_MAX * (INFO_CELL_MAX + 2) + DETAILS_MAX + 64)

/* Lines go out together, so many bytes at a time: one write for each would
   cost more than all else. */
#define PAGE_SIZE 65536

struct page {
	char *text; /* PAGE_SIZE and a line */
	size_t len;
	const struct cli_tool *tool;
};

static int
turn(struct page *page)
{
	int rc = page->len == 0
			 ? 0
			 : cli_output(page->text, page->len, page->tool->until);

	page->len = 0;
	return rc;
}

/* A line of len bytes stands at the end of the page. */
static int
add_line(struct page *page, size_t len)
{
	page->len += len;
	return page->len < PAGE_SIZE ? 0 : turn(page);
}

static int
print_row(const struct info_table *table, struct page *page,
	const struct row *row)
{
	const struct cli_tool *tool = page->tool;
	const char *cell = table->cells + row->at;
	char *line = page->text + page->len;
	size_t len = 0, i;

	if (row->full)
		len = (size_t)sprintf(line, "%s", tool->out.strong);
	len += set_line(table, line + len, LINE_SIZE - len - 64, cell, NULL);
	if (row->full)
		len += (size_t)sprintf(line + len, "%s", tool->out.plain);
	line[len++] = '\n';
	for (i = 0; i < table->column_count; i++)
		cell += strlen(cell) + 1;
	if (table->details && cell[0] != '\0')
		len += (size_t)snprintf(
			line + len, LINE_SIZE - len, "        %s\n", cell);
	return add_line(page, len);
}

static int
print_heads(const struct info_table *table, struct page *page)
{
	char upper[INFO_COLUMNS_MAX][64];
	const char *heads[INFO_COLUMNS_MAX];
	char *line = page->text + page->len;
	size_t i, j, len;

	for (i = 0; i < table->column_count; i++) {
		const char *name = table->columns[i].name;

		for (j = 0; j < sizeof(upper[i]) - 1 && name[j] != '\0'; j++)
			upper[i][j] = name[j] >= 'a' && name[j] <= 'z'
					      ? (char)(name[j] - ('a' - 'A'))
					      : name[j];
		upper[i][j] = '\0';
		heads[i] = upper[i];
	}
	len = set_line(table, line, LINE_SIZE - 1, NULL, heads);
	line[len++] = '\n';
	return add_line(page, len);
}

static int
print_rows(struct info_table *table, const struct cli_tool *tool, bool heads)
{
	struct page page = { .text = malloc(PAGE_SIZE + LINE_SIZE),
		.tool = tool };
	size_t i;
	int rc = 0;

	if (page.text == NULL)
		return -ENOMEM;
	if (heads && table->row_count > 0)
		rc = print_heads(table, &page);
	for (i = 0; rc == 0 && i < table->row_count; i++)
		rc = print_row(table, &page, &table->rows[i]);
	if (rc == 0)
		rc = turn(&page);
	free(page.text);
	return rc < 0 ? rc : (int)table->row_count;
}

int
info_table_print(struct info_table *table, const struct cli_tool *tool)
{
	if (table->sorted && table->row_count > 0)
		qsort_r(table->rows, table->row_count, sizeof(*table->rows),
			compare, table);
	return print_rows(table, tool, true);
}

int
info_table_flush(struct info_table *table, const struct cli_tool *tool)
{
	int rc = print_rows(table, tool, false);

	table->row_count = 0;
	table->cells_len = 0;
	return rc;
}
