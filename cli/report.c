/* SPDX-License-Identifier: MIT */
/*
 * Each line goes to standard error by one write, so that lines of several
 * threads, or of several processes on one terminal, do not mix.
 */
#include "report.h"

#include "hint.h"
#include "json.h"
#include "output.h"

#include <errno.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum {
	LINE_BYTES = 2048,
};

/* How libpier says that there is no option of a name. */
#define UNKNOWN "unknown option"

static bool
wants_color(int64_t wish, int fd)
{
	const char *no_color = getenv("NO_COLOR");
	const char *term = getenv("TERM");

	if (wish != CLI_COLOR_AUTO)
		return wish == CLI_COLOR_ALWAYS;
	return isatty(fd) && (no_color == NULL || no_color[0] == '\0') &&
	       term != NULL && strcmp(term, "dumb") != 0;
}

static struct cli_paint
paint(bool color, const char *strong)
{
	struct cli_paint result = { "", "" };

	if (color) {
		result.strong = strong;
		result.plain = "\033[0m";
	}
	return result;
}

void
cli_tool_setup(struct cli_tool *tool, const struct cli_common *common)
{
	bool out = wants_color(common->color, STDOUT_FILENO);
	bool err = wants_color(common->color, STDERR_FILENO);

	tool->json = common->json;
	tool->quiet = common->quiet;
	tool->verbose = common->verbose;
	tool->until = PIER_FOREVER;
	tool->out = paint(out, "\033[1m");
	tool->error = paint(err, "\033[1;31m");
	tool->hint = paint(err, "\033[36m");
}

/* Would a terminal do something else with it than show it? The bytes of such a
   character: one, or two of C1 in UTF-8. */
static size_t
control_bytes(const char *text)
{
	const unsigned char *byte = (const unsigned char *)text;

	if (byte[0] < ' ' || byte[0] == 0x7f)
		return 1;
	return byte[0] == 0xc2 && byte[1] >= 0x80 && byte[1] < 0xa0 ? 2 : 0;
}

/* The text, which may quote anything, on one line that can only be read: its
   length, cut to what there is room for. */
static size_t
show(const char *text, char *out, size_t size)
{
	size_t at = 0, left;

	while (*text != '\0' && at + sizeof("\\x00") <= size) {
		left = control_bytes(text);
		if (left == 0)
			out[at++] = *text++;
		for (; left > 0 && at + sizeof("\\x00") <= size; left--)
			at += (size_t)snprintf(out + at, size - at, "\\x%02x",
				(unsigned char)*text++);
	}
	out[at] = '\0';
	return at;
}

/* Write "LEAD text" and a newline. */
static void
put_line(const struct cli_tool *tool, const struct cli_paint *paint,
	const char *lead, const char *text)
{
	char line[LINE_BYTES], shown[LINE_BYTES];
	int len;

	(void)show(text, shown, sizeof(shown));
	len = snprintf(line, sizeof(line) - 1, "%s%s%s %s", paint->strong, lead,
		paint->plain, shown);
	if (len > (int)sizeof(line) - 2)
		len = (int)sizeof(line) - 2;
	line[len++] = '\n';
	/* There is nowhere left to say that standard error is gone. */
	if (!cli_output_stderr_has_room(tool->signal_fd) ||
		write(STDERR_FILENO, line, (size_t)len) < 0)
		return;
}

static void
put_error(const struct cli_tool *tool, const char *line, const char *hint)
{
	put_line(tool, &tool->error, "pier:", line);
	if (hint[0] != '\0')
		put_line(tool, &tool->hint, "hint:", hint);
}

static void
print_error_event(const struct cli_tool *tool, const struct pier_error *error,
	const char *line, const char *hint, int code)
{
	json_t *event;

	if (!tool->json)
		return;
	event = cli_event("error");
	cli_event_text(event, "step", pier_step_name(error->step));
	cli_event_text(event, "endpoint", error->endpoint);
	cli_event_text(event, "cause", pier_error_name(error->code));
	cli_event_text(event, "text", line);
	if (hint[0] != '\0')
		cli_event_text(event, "hint", hint);
	cli_event_seconds(event, "elapsed_s", error->elapsed_ns);
	cli_event_number(event, "exit", code);
	/* Standard error has it already; the exit code says the rest. */
	(void)cli_event_print(event, tool->until);
}

/* What is wrong with a command line is an event like any other failure. */
static int
print_usage_event(const struct cli_tool *tool, const char *where,
	const char *line, const char *hint)
{
	const struct pier_error error = {
		.code = -EINVAL, .step = PIER_STEP_PARSE, .endpoint = where
	};

	print_error_event(tool, &error, line, hint, CLI_EXIT_USAGE);
	return CLI_EXIT_USAGE;
}

int
cli_usage_error(const struct cli_tool *tool, const char *verb,
	const struct cli_complaint *why)
{
	char line[LINE_BYTES];

	snprintf(line, sizeof(line), "%s%s%s", verb,
		verb[0] != '\0' ? ": " : "", why->line);
	put_error(tool, line, why->hint);
	return print_usage_event(tool, "", line, why->hint);
}

int
cli_failure(const struct cli_tool *tool, const struct pier_error *error)
{
	return cli_failure_as(tool, error, cli_exit_for(error));
}

int
cli_filter_failure(
	const struct cli_tool *tool, const char *verb, const char *page)
{
	const struct pier_error *error = pier_last_error();
	struct cli_complaint why;

	if (error->step != PIER_STEP_PARSE)
		return cli_failure(tool, error);
	snprintf(why.line, sizeof(why.line), "%s", pier_error_line());
	snprintf(why.hint, sizeof(why.hint), "%s explains filters", page);
	return cli_usage_error(tool, verb, &why);
}

int
cli_failure_as(
	const struct cli_tool *tool, const struct pier_error *error, int code)
{
	char line[LINE_BYTES], hint[LINE_BYTES];

	snprintf(line, sizeof(line), "%s", pier_error_line());
	cli_hint_for(error, hint, sizeof(hint));
	put_error(tool, line, hint);
	print_error_event(tool, error, line, hint, code);
	return code;
}

/* A failure in the words of libpier, which has only the last one's line. */
static int
report(const struct cli_tool *tool, const struct pier_error *error,
	const char *hint, int exit_code)
{
	const char *detail = error->detail != NULL ? error->detail : "";
	char line[LINE_BYTES];

	snprintf(line, sizeof(line), "%s: %s: %s (%s)%s%s",
		pier_step_name(error->step), error->endpoint,
		pier_strerror(error->code), pier_error_name(error->code),
		detail[0] != '\0' ? ": " : "", detail);
	put_error(tool, line, hint);
	print_error_event(tool, error, line, hint, exit_code);
	return exit_code;
}

int
cli_failure_advised(const struct cli_tool *tool, const struct pier_error *error,
	const char *where, const char *hint)
{
	struct pier_error there = *error;

	there.endpoint = where;
	return report(tool, &there, hint, cli_exit_for(error));
}

int
cli_failure_here(const struct cli_tool *tool, const struct pier_error *error,
	const char *where, int code)
{
	struct pier_error there = *error;
	char hint[LINE_BYTES];

	there.endpoint = where;
	cli_hint_for(&there, hint, sizeof(hint));
	return report(tool, &there, hint, code);
}

int
cli_failure_at(const struct cli_tool *tool, const struct pier_error *error,
	const char *where)
{
	return cli_failure_here(tool, error, where, cli_exit_for(error));
}

int
cli_open_failure(const struct cli_tool *tool, const struct pier_error *error,
	const char *endpoint, const char *bind)
{
	static const struct {
		const char *of, *local;
	} schemes[] = { { "udp", "udp" }, { "raw", "raw" }, { "icmp", "icmp" },
		{ "unix", "unixgram" } };
	char where[PIER_ENDPOINT_TEXT_MAX];
	const char *scheme = "tcp";
	size_t i;

	if (bind != NULL && error->step == PIER_STEP_PARSE &&
		strcmp(error->endpoint, bind) == 0)
		return cli_failure_advised(tool, error, bind,
			"an address of this machine, alone or with a port: ip "
			"-brief address");
	if (bind == NULL || error->step != PIER_STEP_BIND)
		return cli_failure(tool, error);
	for (i = 0; i < sizeof(schemes) / sizeof(schemes[0]); i++)
		if (strncmp(endpoint, schemes[i].of, strlen(schemes[i].of)) ==
			0)
			scheme = schemes[i].local;
	snprintf(where, sizeof(where), "%s://%s", scheme, bind);
	return cli_failure_at(tool, error, where);
}

int
cli_own_failure(const struct cli_tool *tool, enum pier_step step,
	const char *where, int code, const char *detail)
{
	const struct pier_error error = {
		.code = code, .step = step, .endpoint = where, .detail = detail
	};

	return report(tool, &error, "", cli_exit_for(&error));
}

int
cli_output_failed(const struct cli_tool *tool, int code)
{
	return cli_own_failure(
		tool, PIER_STEP_WRITE, "standard output", code, "");
}

/* The characters shown of UTF-8 text before a byte of it: what a caret moves
   by. */
static int
characters_before(const char *text, size_t offset)
{
	char before[LINE_BYTES], shown[LINE_BYTES];
	size_t i, len;
	int count = 0;

	snprintf(before, sizeof(before), "%.*s", (int)offset, text);
	len = show(before, shown, sizeof(shown));
	for (i = 0; i < len; i++)
		count += ((unsigned char)shown[i] & 0xc0) != 0x80;
	return count;
}

int
cli_negative(const struct cli_tool *tool, const char *line, const char *hint)
{
	put_error(tool, line, hint);
	return CLI_EXIT_NO;
}

int
cli_marked_error(const struct cli_tool *tool, const char *verb,
	const char *text, const struct pier_endpoint_check *check,
	const char *hint)
{
	char line[LINE_BYTES], mark[LINE_BYTES];
	int before;

	before = snprintf(line, sizeof(line), "%s: ", verb);
	snprintf(line + before, sizeof(line) - (size_t)before, "%s: %s", text,
		check->text);
	/* The same distance on the line below, where "pier:" stood above. */
	snprintf(mark, sizeof(mark), "%*s^",
		before + characters_before(text, check->offset), "");
	put_line(tool, &tool->error, "pier:", line);
	put_line(tool, &(const struct cli_paint){ "", "" }, "     ", mark);
	put_line(tool, &tool->hint, "hint:", hint);
	return print_usage_event(tool, text, line, hint);
}

int
cli_endpoint_error(const struct cli_tool *tool, const char *verb,
	const char *endpoint, const struct pier_endpoint_check *check)
{
	char hint[256] = "'pier help endpoints' has the grammar";
	size_t options = strcspn(endpoint, "?"), begin = check->offset;

	/* Behind it stands "name=value", with '&' between. */
	if (begin > options) {
		char name[64];

		while (begin > options + 1 && endpoint[begin - 1] != '&')
			begin--;
		snprintf(name, sizeof(name), "%.*s",
			(int)strcspn(endpoint + begin, "=&"), endpoint + begin);
		if (pier_option_find(name) != NULL ||
			strncmp(check->text, UNKNOWN, strlen(UNKNOWN)) == 0)
			cli_hint_option(name, hint, sizeof(hint));
	}
	return cli_marked_error(tool, verb, endpoint, check, hint);
}

void
cli_say(const struct cli_tool *tool, int level, const char *format, ...)
{
	const struct cli_paint none = { "", "" };
	char text[LINE_BYTES];
	va_list args;

	if (tool->quiet || tool->verbose < level)
		return;
	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	put_line(tool, &none, "pier:", text);
}

void
cli_say_hint(const struct cli_tool *tool, const char *format, ...)
{
	char text[LINE_BYTES];
	va_list args;

	va_start(args, format);
	vsnprintf(text, sizeof(text), format, args);
	va_end(args);
	if (!tool->quiet && text[0] != '\0')
		put_line(tool, &tool->hint, "hint:", text);
}
