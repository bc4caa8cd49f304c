/* SPDX-License-Identifier: MIT */
/* pier can: lines of files, through a stream: a pipe that is slow holds up neither a
   signal nor a time limit. */
#include "can.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* The longest line of a log is far below. */
#define LINE_SIZE 512

struct can_lines {
	const struct cli_tool *tool;
	const char *path;
	struct pier_stream *stream;
	uint64_t number;
	const char *what; /* that a line holds */
	size_t size;
	char line[];
};

static bool
is_standard(const char *path)
{
	return strcmp(path, "-") == 0;
}

static const char *
name_of(const struct can_lines *lines)
{
	return is_standard(lines->path) ? "standard input" : lines->path;
}

static int
open_file(struct can_lines *lines)
{
	int fd = is_standard(lines->path)
			 ? fcntl(STDIN_FILENO, F_DUPFD_CLOEXEC, 3)
			 : open(lines->path, O_RDONLY | O_CLOEXEC);

	lines->number = 0;
	if (fd < 0)
		return cli_own_failure(lines->tool, PIER_STEP_CREATE,
			name_of(lines), -errno, "");
	if (pier_adopt(&lines->stream, fd) < 0) {
		close(fd);
		return cli_failure(lines->tool, pier_last_error());
	}
	return 0;
}

int
can_lines_open(
	struct can_lines **out, const struct cli_tool *tool, const char *path)
{
	return can_lines_open_long(out, tool, path, LINE_SIZE, "frame");
}

int
can_lines_open_long(struct can_lines **out, const struct cli_tool *tool,
	const char *path, size_t size, const char *what)
{
	struct can_lines *lines = calloc(1, sizeof(*lines) + size);
	int code;

	if (lines == NULL)
		return cli_own_failure(
			tool, PIER_STEP_CREATE, path, -ENOMEM, "");
	lines->tool = tool;
	lines->path = path;
	lines->size = size;
	lines->what = what;
	code = open_file(lines);
	if (code != 0) {
		free(lines);
		return code;
	}
	*out = lines;
	return 0;
}

int
can_lines_again(struct can_lines *lines)
{
	if (is_standard(lines->path))
		return cli_own_failure(lines->tool, PIER_STEP_RECEIVE,
			name_of(lines), -ESPIPE,
			"it can be read once: --loops needs a file");
	pier_close(lines->stream);
	lines->stream = NULL;
	return open_file(lines);
}

static int
wrong(const struct can_lines *lines, int rc, const char *what)
{
	char text[256];

	snprintf(text, sizeof(text), "line %" PRIu64 ": %s", lines->number,
		what);
	return cli_own_failure(
		lines->tool, PIER_STEP_RECEIVE, name_of(lines), rc, text);
}

int
can_lines_wrong_as(const struct can_lines *lines, const char *what)
{
	return wrong(lines, -PIER_EFRAME, what);
}

int
can_lines_wrong(const struct can_lines *lines)
{
	const struct pier_error *error = pier_last_error();
	char text[224];

	snprintf(text, sizeof(text), "byte %d: %s", error->offset + 1,
		error->detail != NULL ? error->detail : "");
	return wrong(lines, -PIER_EFRAME, text);
}

int
can_lines_next(struct can_lines *lines, const char **line, int *code)
{
	ssize_t n = pier_read_line(
		lines->stream, lines->line, lines->size, PIER_FOREVER);
	char text[64];

	if (n == 0)
		return 0;
	lines->number++;
	if (n == -EMSGSIZE) {
		snprintf(text, sizeof(text), "it is too long for a %s",
			lines->what);
		*code = wrong(lines, -PIER_EFRAME, text);
		return -PIER_EFRAME;
	}
	if (n < 0) {
		if (!pier_is_cancelled((int)n))
			*code = wrong(lines, (int)n, "");
		return (int)n;
	}
	if (memchr(lines->line, '\0', (size_t)n) != NULL) {
		*code = wrong(lines, -PIER_EFRAME, "it has a byte of 0");
		return -PIER_EFRAME;
	}
	if (lines->line[n - 1] == '\n')
		n--;
	else if ((size_t)n == lines->size)
		n--; /* cut off by its end, and too long in any case */
	lines->line[n] = '\0';
	*line = lines->line;
	return 1;
}

void
can_lines_close(struct can_lines *lines)
{
	if (lines == NULL)
		return;
	pier_close(lines->stream);
	free(lines);
}
