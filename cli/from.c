/* SPDX-License-Identifier: MIT */
/*
 * pier from nc|ncat|socat ARG...: the command of pier that does the same.
 */
#include "from.h"

#include "exit.h"
#include "json.h"
#include "report.h"
#include "verbs.h"

#include <errno.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum program {
	FROM_PROGRAM_NC,
	FROM_PROGRAM_NCAT,
	FROM_PROGRAM_SOCAT,
};

struct settings {
	struct cli_common common;
	int64_t program;
	struct cli_texts words;
};

/* A formatted text in from->text, or NULL when it is full. */
static const char *__attribute__((format(printf, 2, 0)))
keep(struct from *from, const char *format, va_list args)
{
	char *text = from->text + from->used;
	size_t room = sizeof(from->text) - from->used;
	int n = vsnprintf(text, room, format, args);

	if (n < 0 || (size_t)n >= room)
		return NULL;
	from->used += (size_t)n + 1;
	return text;
}

void
from_add(struct from *from, const char *format, ...)
{
	va_list args;

	if (from->n >= FROM_WORDS_MAX)
		return;
	va_start(args, format);
	from->words[from->n] = keep(from, format, args);
	va_end(args);
	/* finish() refuses a command with a word that did not fit. */
	from->n++;
}

void
from_note(struct from *from, const char *format, ...)
{
	const char *note;
	va_list args;

	if (from->note_count >= FROM_NOTES_MAX)
		return;
	va_start(args, format);
	note = keep(from, format, args);
	va_end(args);
	if (note != NULL)
		from->notes[from->note_count++] = note;
}

int
from_no_equal(struct from *from, const char *what, const char *format, ...)
{
	char reason[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	(void)snprintf(from->why.line, sizeof(from->why.line),
		"%s: '%.200s' has no equal: %s", from->argv[0], what, reason);
	return FROM_NO_EQUAL;
}

int
from_usage(struct from *from, const char *format, ...)
{
	char reason[256];
	va_list args;

	va_start(args, format);
	(void)vsnprintf(reason, sizeof(reason), format, args);
	va_end(args);
	(void)snprintf(from->why.line, sizeof(from->why.line), "%s: %s",
		from->argv[0], reason);
	return FROM_USAGE;
}

void
from_add_endpoint(struct from *from, const char *scheme, const char *host,
	const char *port)
{
	bool six = strchr(host, ':') != NULL && host[0] != '[';

	from_add(from, "%s://%s%s%s:%s", scheme, six ? "[" : "", host,
		six ? "]" : "", port);
}

void
from_add_path(struct from *from, const char *scheme, const char *path)
{
	char text[1024];
	size_t used = 0;

	/* A path with what an endpoint gives a meaning. */
	for (; *path != '\0' && used + 4 < sizeof(text); path++) {
		unsigned char c = (unsigned char)*path;

		if (c < 0x20 || c > 0x7e || strchr("%?#", c) != NULL)
			used += (size_t)sprintf(text + used, "%%%02X", c);
		else
			text[used++] = (char)c;
	}
	text[used] = '\0';
	from_add(from, "%s://%s%s", scheme,
		text[0] == '/' || text[0] == '@' ? "" : "./", text);
}

void
from_add_bind(struct from *from, const char *host, const char *port)
{
	bool six = host != NULL && strchr(host, ':') != NULL && host[0] != '[';

	if (host == NULL && port == NULL)
		return;
	from_add(from, "--bind");
	from_add(from, "%s%s%s%s%s", six ? "[" : "", host != NULL ? host : "",
		six ? "]" : "", port != NULL ? ":" : "",
		port != NULL ? port : "");
}

void
from_add_no_limits(struct from *from, const char *idle)
{
	from_add(from, "--first-byte-timeout");
	from_add(from, "off");
	from_add(from, "--idle-timeout");
	from_add(from, "%s", idle != NULL ? idle : "off");
}

bool
from_is_cat(const char *command)
{
	const char *base = strrchr(command, '/');

	return strcmp(base != NULL ? base + 1 : command, "cat") == 0;
}

int
from_add_program(
	struct from *from, const char *option, const char *command, bool shell)
{
	char words[1024], *word, *rest;

	if (shell) {
		from_add(from, "--shell");
		from_add(from, "%s", command);
		return 0;
	}
	if (strlen(command) >= sizeof(words))
		return from_no_equal(from, option, "the command is too long");
	memcpy(words, command, strlen(command) + 1);
	from_add(from, "--exec");
	for (word = strtok_r(words, " ", &rest); word != NULL;
		word = strtok_r(NULL, " ", &rest))
		from_add(from, "%s", word);
	return 0;
}

/* As a shell reads it: as it is, or in single quotes. */
static void
put_quoted(FILE *out, const char *word)
{
	static const char plain[] = "abcdefghijklmnopqrstuvwxyz"
				    "ABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789"
				    "-_./:,=@%+";

	if (*word != '\0' && word[strspn(word, plain)] == '\0') {
		fputs(word, out);
		return;
	}
	fputc('\'', out);
	for (; *word != '\0'; word++)
		if (*word == '\'')
			fputs("'\\''", out);
		else
			fputc(*word, out);
	fputc('\'', out);
}

/* The line, to be freed; NULL without memory. */
static char *
command_line(const struct from *from)
{
	char *line = NULL;
	size_t size, i;
	FILE *out = open_memstream(&line, &size);

	if (out == NULL)
		return NULL;
	for (i = 0; i < from->n; i++) {
		fputs(i > 0 ? " " : "", out);
		put_quoted(out, from->words[i]);
	}
	fputs(from->no_input ? " </dev/null" : "", out);
	fputs(from->no_output ? " >/dev/null" : "", out);
	if (fclose(out) == 0)
		return line;
	free(line);
	return NULL;
}

static int
tell(struct cli_tool *tool, struct from *from)
{
	char *line = command_line(from);
	json_t *event, *notes;
	size_t i;
	int rc = 0;

	if (line == NULL)
		return cli_own_failure(
			tool, PIER_STEP_CREATE, "command", -ENOMEM, "");
	if (tool->json) {
		event = cli_event("command");
		cli_event_text(event, "command", line);
		notes = json_array();
		for (i = 0; i < from->note_count; i++)
			(void)json_array_append_new(
				notes, json_string(from->notes[i]));
		(void)json_object_set_new(event, "notes", notes);
		rc = cli_event_print(event, PIER_FOREVER);
	} else {
		puts(line);
	}
	free(line);
	for (i = 0; i < from->note_count; i++)
		cli_say(tool, 0, "note: %s", from->notes[i]);
	return rc < 0 ? cli_output_failed(tool, rc) : CLI_EXIT_OK;
}

static bool
fits(const struct from *from)
{
	size_t i;

	for (i = 0; i < from->n; i++)
		if (from->words[i] == NULL)
			return false;
	return from->n < FROM_WORDS_MAX;
}

static int
refuse(struct cli_tool *tool, const struct from *from)
{
	json_t *event;

	if (tool->json) {
		event = cli_event("no-equal");
		cli_event_text(event, "reason", from->why.line);
		(void)cli_event_print(event, PIER_FOREVER);
	}
	cli_say(tool, 0, "from: %s", from->why.line);
	cli_say_hint(tool, "%s", from->why.hint);
	return CLI_EXIT_NO;
}

/* The command must not be one that pier refuses. What stands behind a program
   is its own. */
static int
check_endpoints(struct from *from)
{
	struct pier_endpoint_check check;
	size_t i;

	for (i = 0; i < from->n; i++) {
		const char *word = from->words[i];

		if (strcmp(word, "--exec") == 0 || strcmp(word, "--shell") == 0)
			break;
		if (strstr(word, "://") != NULL &&
			pier_endpoint_check(word, &check) < 0)
			return from_no_equal(from, word, "%s", check.text);
	}
	return FROM_DONE;
}

static int
finish(struct cli_tool *tool, struct from *from, int end)
{
	if (end == FROM_DONE && !fits(from))
		end = from_no_equal(
			from, from->argv[from->argc - 1], "it is too long");
	if (end == FROM_DONE)
		end = check_endpoints(from);
	if (end == FROM_USAGE)
		return cli_usage_error(tool, "from", &from->why);
	if (end == FROM_DONE)
		return tell(tool, from);
	return refuse(tool, from);
}

static int
run(struct cli_tool *tool, const void *given)
{
	static int (*const readers[])(struct from *) = {
		[FROM_PROGRAM_NC] = from_nc,
		[FROM_PROGRAM_NCAT] = from_ncat,
		[FROM_PROGRAM_SOCAT] = from_socat,
	};
	static const char *const names[] = { "nc", "ncat", "socat" };
	const struct settings *settings = given;
	/* getopt(3) changes the order of the words: ours to change. */
	char *argv[CLI_TEXTS_MAX + 2];
	struct from *from = calloc(1, sizeof(*from));
	size_t i;
	int code;

	if (from == NULL)
		return cli_own_failure(
			tool, PIER_STEP_CREATE, "command", -ENOMEM, "");
	argv[0] = (char *)(uintptr_t)names[settings->program];
	for (i = 0; i < settings->words.n; i++)
		argv[i + 1] = (char *)(uintptr_t)settings->words.item[i];
	argv[i + 1] = NULL;
	from->argv = argv;
	from->argc = (int)i + 1;
	from_add(from, "pier");
	code = finish(tool, from, readers[settings->program](from));
	free(from);
	return code;
}

static const struct cli_word program_words[] = {
	{ "nc", FROM_PROGRAM_NC, "netcat of OpenBSD, as Debian has it" },
	{ "ncat", FROM_PROGRAM_NCAT, "that of nmap" },
	{ "socat", FROM_PROGRAM_SOCAT, "version 1.7" },
	{ NULL, 0, NULL },
};

static const struct cli_option options[] = {
	{ .name = NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "PROGRAM",
		.kind = CLI_CHOICE,
		.help = "whose command it is",
		.words = program_words,
		.min = 1,
		.offset = offsetof(struct settings, program) },
	{ .metavar = "ARG",
		.kind = CLI_TEXTS,
		.help = "the command's words, as they would stand behind it",
		.min = 1,
		.offset = offsetof(struct settings, words) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier from nc -N localhost 7000",
		"a conversation with half-close: pier connect, and what it "
		"does at the peer's end" },
	{ "pier from ncat -l -k -e /bin/cat 7000",
		"an echo server, without the limits that pier sets unasked" },
	{ "pier from socat - UNIX-CONNECT:/run/x.sock",
		"what socat does at the end of input is a note on standard "
		"error" },
	{ NULL, NULL },
};

const struct cli_verb cli_verb_from = {
	.name = "from",
	.summary = "turn a command of nc, ncat or socat into pier's",
	.about = "Prints the command of pier that does the same, quoted for "
		 "the shell, and runs nothing. What differs a little is a note "
		 "on standard error. Where there is no equal, it says which "
		 "word has none and ends with 1.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.settings_size = sizeof(struct settings),
	.foreign = true,
	.run = run,
};
