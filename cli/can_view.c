/* SPDX-License-Identifier: MIT */
/* cli/can_view.c - see can_view.h. */
#include "can_view.h"

#include "output.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Of a terminal that does not say, and the most that is drawn of any. */
#define COLUMNS     80
#define ROWS        24
#define COLUMNS_MAX 400
#define ROWS_MAX    200

/* The lines above the identifiers, below them, and the one of the cursor. */
#define OTHER_ROWS 4

/* Bytes of data, each with colours around it, and the other columns. */
#define LINE_SIZE    (COLUMNS_MAX + PIER_CAN_DATA_MAX * 16)
#define PICTURE_SIZE ((size_t)ROWS_MAX * LINE_SIZE + 64)

#define MS     INT64_C(1000000)
#define SECOND INT64_C(1000000000)

struct can_view {
	const struct cli_tool *tool;
	struct cli_paint head, mark;
	int64_t hold_ns;
	int columns, rows;
	int drawn;  /* lines of the last picture */
	int column; /* of the line that is being put */
	size_t len;
	char text[PICTURE_SIZE];
};

bool
can_view_fits(const struct cli_tool *tool)
{
	const char *term = getenv("TERM");

	return !tool->json && !tool->quiet && isatty(STDOUT_FILENO) &&
	       term != NULL && strcmp(term, "dumb") != 0;
}

static int
put(const struct can_view *view, const char *text, size_t len)
{
	return cli_output(text, len, view->tool->until);
}

int
can_view_open(
	struct can_view **out, const struct cli_tool *tool, int64_t hold_ns)
{
	static const char hide[] = "\033[?25l";
	struct can_view *view = calloc(1, sizeof(*view));
	int rc;

	if (view == NULL)
		return -ENOMEM;
	view->tool = tool;
	view->head = tool->out;
	view->mark = can_mark(tool);
	view->hold_ns = hold_ns;
	rc = put(view, hide, sizeof(hide) - 1);
	if (rc < 0) {
		free(view);
		return rc;
	}
	*out = view;
	return 0;
}

void
can_view_close(struct can_view *view)
{
	static const char show[] = "\033[?25h";

	if (view == NULL)
		return;
	(void)put(view, show, sizeof(show) - 1);
	free(view);
}

static void
look_at_terminal(struct can_view *view)
{
	struct winsize size = { .ws_col = 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		size.ws_col = size.ws_row = 0;
	/* In the last column some terminals would wipe what was written
	   there. */
	view->columns = (size.ws_col > 0 ? size.ws_col : COLUMNS) - 1;
	view->rows = size.ws_row > 0 ? size.ws_row : ROWS;
	if (view->columns > COLUMNS_MAX)
		view->columns = COLUMNS_MAX;
	if (view->rows > ROWS_MAX)
		view->rows = ROWS_MAX;
}

/* What takes no column. There is room for it by the size of the picture. */
static void
put_code(struct can_view *view, const char *code)
{
	size_t len = strlen(code);

	if (len >= sizeof(view->text) - view->len)
		return;
	memcpy(view->text + view->len, code, len);
	view->len += len;
}

/* ASCII, cut off at the edge: a line takes one row of the terminal, so that the
   cursor can come back by as many. */
static void __attribute__((format(printf, 3, 4)))
put_text(struct can_view *view, const struct cli_paint *paint,
	const char *format, ...)
{
	char text[COLUMNS_MAX + 1];
	va_list list;
	int len;

	va_start(list, format);
	len = vsnprintf(text, sizeof(text), format, list);
	va_end(list);
	if (len > COLUMNS_MAX)
		len = COLUMNS_MAX;
	if (len > view->columns - view->column)
		len = view->columns - view->column;
	if (len <= 0)
		return;
	text[len] = '\0';
	view->column += len;
	if (paint != NULL)
		put_code(view, paint->strong);
	put_code(view, text);
	if (paint != NULL)
		put_code(view, paint->plain);
}

static void
end_line(struct can_view *view)
{
	put_code(view, "\033[K\n");
	view->column = 0;
	view->drawn++;
}

/* How often it comes; or, where it stays away, since when. */
static void
format_gap(char *buf, size_t size, const struct can_row *row, int64_t now)
{
	int64_t age = now - row->seen_ns, ns = row->gap_ns;
	bool is_late = age > SECOND && age > 2 * ns;

	if (row->silent) {
		snprintf(buf, size, "silent");
		return;
	}
	if (is_late)
		ns = age;
	if (ns < 0)
		ns = 0; /* the clock was set back */
	if (row->count < 2 && !is_late)
		snprintf(buf, size, "-");
	else if (ns < 10 * SECOND)
		snprintf(buf, size, "%s%" PRId64 ".%" PRId64 "ms",
			is_late ? ">" : "", ns / MS, ns % MS / (MS / 10));
	else
		snprintf(buf, size, "%s%" PRId64 "s", is_late ? ">" : "",
			ns / SECOND);
}

/* Without colour brackets stand around what changed. */
static const char *
between(const struct can_view *view, bool before, bool now)
{
	if (view->mark.strong[0] != '\0' || before == now)
		return " ";
	return now ? "[" : "]";
}

static void
put_data(struct can_view *view, const struct can_row *row, int64_t now)
{
	bool before = false, is_marked;
	size_t i;

	for (i = 0; i < row->last.size; i++) {
		is_marked = row->marked_ns[i] >= 0 &&
			    now - row->marked_ns[i] < view->hold_ns;
		put_text(view, NULL, "%s", between(view, before, is_marked));
		put_text(view, is_marked ? &view->mark : NULL, "%02X",
			row->last.data[i]);
		before = is_marked;
	}
	put_text(view, NULL, "%s", between(view, before, false));
}

static void
put_ascii(struct can_view *view, const struct pier_can_frame *frame)
{
	char text[PIER_CAN_DATA_MAX + 1];
	size_t i;

	for (i = 0; i < frame->size; i++)
		text[i] = frame->data[i] >= ' ' && frame->data[i] <= '~'
				  ? (char)frame->data[i]
				  : '.';
	text[i] = '\0';
	put_text(view, NULL, " '%s'", text);
}

static void
put_row(struct can_view *view, const struct can_row *row, int64_t now)
{
	bool is_long = row->key.extended || row->key.error;
	char gap[32];

	format_gap(gap, sizeof(gap), row, now);
	put_text(view, row->silent ? &view->mark : NULL, "%9s", gap);
	put_text(view, NULL, " %8" PRIu64 "  %-8s %*s%0*" PRIX32, row->count,
		row->key.interface, is_long ? 0 : 5, "", is_long ? 8 : 3,
		row->key.error ? row->key.id | 0x20000000u : row->key.id);
	if (row->count == 0) {
		end_line(view);
		return;
	}
	put_text(view, NULL, row->last.fd ? " [%02u] " : "  [%u] ",
		row->last.size);
	if (row->key.remote) {
		put_text(view, NULL, " remote request");
	} else {
		put_data(view, row, now);
		put_ascii(view, &row->last);
	}
	end_line(view);
}

static void
put_head(struct can_view *view, const struct can_table *table,
	const struct can_view_head *head)
{
	size_t count = can_table_count(table);

	put_text(view, &view->head, "%s: %zu identifier%s, %" PRId64 " frame%s",
		head->names, count, count == 1 ? "" : "s", head->frames,
		head->frames == 1 ? "" : "s");
	if (head->dropped > 0)
		put_text(view, &view->mark, ", %" PRId64 " dropped",
			head->dropped);
	if (can_table_missed(table) > 0)
		put_text(view, &view->mark,
			", %" PRIu64 " of identifiers beyond them",
			can_table_missed(table));
	end_line(view);
	put_text(view, &view->head, "%9s %8s  %-8s %8s %5s  data", "gap",
		"count", "from", "id", "size");
	end_line(view);
}

int
can_view_draw(struct can_view *view, const struct can_table *table,
	const struct can_view_head *head, int64_t now)
{
	size_t count = can_table_count(table), shown, i;

	view->len = 0;
	if (view->drawn > 0)
		view->len = (size_t)snprintf(view->text, sizeof(view->text),
			"\r\033[%dA", view->drawn);
	view->drawn = 0;
	look_at_terminal(view);
	shown = view->rows > OTHER_ROWS ? (size_t)(view->rows - OTHER_ROWS) : 1;
	if (shown > count)
		shown = count;
	put_head(view, table, head);
	for (i = 0; i < shown; i++)
		put_row(view, can_table_row(table, i), now);
	if (shown < count) {
		put_text(view, &view->head,
			"%zu more, for which there are no lines",
			count - shown);
		end_line(view);
	}
	/* A picture before may have had more. */
	put_code(view, "\033[J");
	return put(view, view->text, view->len);
}
