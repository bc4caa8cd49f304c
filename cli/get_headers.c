/* SPDX-License-Identifier: MIT */
/*
 * The headers that pier get is to send: as they were given, or a file of them,
 * which keeps a secret out of the list of processes.
 */
#include "get.h"

#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define FILE_MAX 65536

/* The text of a file, owned by the caller; NULL, and errno. */
static char *
read_file(const char *name)
{
	FILE *in = fopen(name, "re");
	char *text;
	size_t len;

	if (in == NULL)
		return NULL;
	text = calloc(1, FILE_MAX + 1);
	if (text != NULL) {
		len = fread(text, 1, FILE_MAX + 1, in);
		if (ferror(in) || len > FILE_MAX || strlen(text) < len) {
			errno = ferror(in) ? EIO : EFBIG;
			free(text);
			text = NULL;
		}
	}
	/* Only read from. */
	(void)fclose(in);
	return text;
}

static int
too_many(const struct cli_tool *tool)
{
	struct cli_complaint why = { "", "" };

	(void)cli_complain(&why, "--header: more than %d", GET_HEADERS_MAX);
	return cli_usage_error(tool, "get", &why);
}

static bool
add(struct get_headers *headers, const char *text)
{
	if (headers->count == GET_HEADERS_MAX)
		return false;
	headers->item[headers->count++] = text;
	return true;
}

/* A header in each line; empty ones are none. */
static int
add_file(struct get *get, const char *name)
{
	struct get_headers *headers = &get->headers;
	char *line = read_file(name), *next;

	if (line == NULL)
		return cli_own_failure(get->tool, PIER_STEP_RECEIVE, name,
			-errno, "the file of --header");
	headers->files[headers->file_count++] = line;
	for (; line != NULL; line = next) {
		next = strchr(line, '\n');
		if (next != NULL)
			*next++ = '\0';
		if (line[0] != '\0' && line[strlen(line) - 1] == '\r')
			line[strlen(line) - 1] = '\0';
		if (line[0] != '\0' && !add(headers, line))
			return too_many(get->tool);
	}
	return CLI_EXIT_OK;
}

int
get_headers_read(struct get *get)
{
	const struct cli_texts *given = &get->settings->headers;
	int code = CLI_EXIT_OK;
	size_t i;

	for (i = 0; code == CLI_EXIT_OK && i < given->n; i++) {
		if (given->item[i][0] == '@')
			code = add_file(get, given->item[i] + 1);
		else if (!add(&get->headers, given->item[i]))
			code = too_many(get->tool);
	}
	return code;
}

void
get_headers_free(struct get_headers *headers)
{
	size_t i;

	for (i = 0; i < headers->file_count; i++)
		free(headers->files[i]);
}
