/* SPDX-License-Identifier: MIT */
/*
 * pier time --watch. On a terminal the picture is drawn over the last one: what
 * was there before stays above, and at the end the last picture stays. The
 * cursor is hidden meanwhile, and nothing else of the terminal is changed, so
 * that showing it again restores all. Elsewhere each answer is a line.
 */
#include "time_work.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/ioctl.h>
#include <unistd.h>

/* Of a terminal that does not say. */
#define COLUMNS 80
#define ROWS    24

/* Rows of the graph, where there is room for it. */
#define GRAPH_ROWS 11

/* Lines on servers at most; the others have only their part in the verdict. */
#define SERVER_LINES 8

struct picture {
	char text[TIME_GRAPH_TEXT + 16 * 1024];
	size_t len;
	int lines, columns;
};

static void
add_point(struct time_work *work, const struct time_point *point)
{
	if (work->points_count == TIME_POINTS_MAX) {
		memmove(work->points, work->points + 1,
			(TIME_POINTS_MAX - 1) * sizeof(work->points[0]));
		work->points_count--;
	}
	work->points[work->points_count++] = *point;
}

static void
get_size(int *columns, int *rows)
{
	struct winsize size = { .ws_col = 0 };

	if (ioctl(STDOUT_FILENO, TIOCGWINSZ, &size) < 0)
		size.ws_col = 0;
	*columns = size.ws_col > 0 ? size.ws_col : COLUMNS;
	*rows = size.ws_row > 0 ? size.ws_row : ROWS;
}

/* A line of the picture: cut off, so that it takes one row of the terminal and
   the cursor can come back by as many; what was there is wiped. */
static void
put_line(struct picture *picture, char *line)
{
	size_t room = sizeof(picture->text) - picture->len;
	int len;

	line[strcspn(line, "\n")] = '\0';
	(void)time_graph_fit(line, (size_t)picture->columns);
	len = snprintf(picture->text + picture->len, room, "%s\033[K\n", line);
	picture->len += (size_t)len < room ? (size_t)len : room - 1;
	picture->lines++;
}

static void
put_graph(struct picture *picture, const struct time_work *work, int rows)
{
	char graph[TIME_GRAPH_TEXT], *line = graph, *end;

	(void)time_graph_draw(graph, work->points, work->points_count,
		picture->columns, rows);
	while ((end = strchr(line, '\n')) != NULL) {
		*end = '\0';
		put_line(picture, line);
		line = end + 1;
	}
}

static void
put_servers(struct picture *picture, const struct time_work *work, size_t most)
{
	size_t count = pier_sntp_count(work->sntp), i;
	char line[1024];

	for (i = 0; i < count && i < most; i++) {
		(void)time_server_line(work, i, line, sizeof(line));
		put_line(picture, line);
	}
	if (work->verdict.usable > 1 && most > 0) {
		(void)time_verdict_line(work, line, sizeof(line));
		put_line(picture, line);
	}
}

static void
put_time(struct picture *picture, const struct time_work *work)
{
	struct pier_ntp_moment now = time_now(work->verdict.offset_ns);
	char line[TIME_TEXT];

	if (work->verdict.truechimers == 0)
		(void)snprintf(line, sizeof(line), "no time yet");
	else
		time_local_text(now, line, sizeof(line));
	put_line(picture, line);
}

static void
draw(struct time_work *work)
{
	struct picture picture = { .len = 0 };
	size_t servers = pier_sntp_count(work->sntp);
	int rows, graph;

	get_size(&picture.columns, &rows);
	if (servers > SERVER_LINES)
		servers = SERVER_LINES;
	/* All but the line of the cursor, the time, and the verdict. */
	if ((int)servers + TIME_GRAPH_ROWS_MIN + 3 > rows)
		servers = 1;
	graph = rows - (int)servers - 3;
	if (work->drawn > 0)
		picture.len = (size_t)snprintf(picture.text,
			sizeof(picture.text), "\r\033[%dA", work->drawn);
	put_time(&picture, work);
	put_servers(&picture, work, servers);
	put_graph(&picture, work, graph > GRAPH_ROWS ? GRAPH_ROWS : graph);
	time_print(work, picture.text, picture.len);
	work->drawn = picture.lines;
}

/* One answer, or one that did not come. */
static void
tell_line(struct time_work *work, const struct pier_sntp_event *event)
{
	const struct pier_sntp_sample *sample = &event->sample;
	char utc[TIME_TEXT], addr[PIER_ADDR_TEXT_MAX], line[1024];
	char offset[TIME_TEXT], bound[TIME_TEXT], delay[TIME_TEXT];
	struct pier_sntp_server server;
	int len;

	time_utc_text(time_now(0), 3, utc, sizeof(utc));
	(void)pier_sntp_server(work->sntp, event->server, &server);
	time_offset_text(sample->offset_ns, offset, sizeof(offset));
	time_offset_text(sample->bound_ns, bound, sizeof(bound));
	time_offset_text(sample->delay_ns, delay, sizeof(delay));
	if (event->what == PIER_SNTP_SAMPLE)
		len = snprintf(line, sizeof(line),
			"%s %s: offset %s \u00b1 %s, delay %s\n", utc,
			time_server_text(&server, addr), offset, bound + 1,
			delay + 1);
	else
		len = snprintf(line, sizeof(line), "%s %s: %s\n", utc,
			time_server_text(&server, addr), event->text);
	time_print(work, line,
		(size_t)len < sizeof(line) ? (size_t)len : sizeof(line) - 1);
}

void
time_watch_start(struct time_work *work)
{
	static const char hide[] = "\033[?25l";
	const char *term = getenv("TERM");

	work->on_terminal = !work->tool->json && !work->tool->quiet &&
			    isatty(STDOUT_FILENO) && term != NULL &&
			    strcmp(term, "dumb") != 0;
	if (work->on_terminal) {
		time_print(work, hide, sizeof(hide) - 1);
		draw(work);
	}
}

void
time_watch_event(struct time_work *work, const struct pier_sntp_event *event)
{
	struct time_point point = { .known = false };

	/* What is no answer says nothing of the time. */
	if (event != NULL && event->what != PIER_SNTP_IGNORED &&
		event->what != PIER_SNTP_LATE) {
		point.known = event->what == PIER_SNTP_SAMPLE;
		(void)pier_sntp_result(work->sntp, &work->verdict);
		point.offset_ns = event->sample.offset_ns;
		add_point(work, &point);
	}
	if (work->on_terminal)
		draw(work);
	else if (event != NULL && !work->tool->json)
		tell_line(work, event);
}

void
time_watch_end(struct time_work *work)
{
	static const char show[] = "\033[?25h";

	if (work->on_terminal)
		time_print(work, show, sizeof(show) - 1);
}
