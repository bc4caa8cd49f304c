/* SPDX-License-Identifier: MIT */
/* See networks.h. */
#include "networks.h"

#include "store.h"

#include <errno.h>
#include <pier.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough for CLI_NETWORKS_MAX lines. */
#define FILE_MAX ((size_t)8 * 1024 * 1024)

/* Room for one more and the NULL behind it, doubled when it is full. */
static int
make_room(struct cli_networks *it)
{
	struct cli_network_place *places;
	const char **list;
	size_t room = 2 * it->n + 2;

	if ((it->n & (it->n + 1)) != 0)
		return 0;
	list = realloc(it->list, room * sizeof(list[0]));
	if (list == NULL)
		return -ENOMEM;
	it->list = list;
	places = realloc(it->places, room * sizeof(places[0]));
	if (places == NULL)
		return -ENOMEM;
	it->places = places;
	return 0;
}

static int
add(struct cli_networks *it, const char *text, const char *file, unsigned line)
{
	int rc = make_room(it);

	if (rc < 0)
		return rc;
	it->places[it->n] = (struct cli_network_place){ file, line };
	it->list[it->n++] = text;
	it->list[it->n] = NULL;
	return it->n <= CLI_NETWORKS_MAX ? 0 : -E2BIG;
}

/* Each line is cut at its comment, and every word before that counts: one that
   was passed over would be a hole in a list of who is kept out. */
static int
add_lines(struct cli_networks *it, const char *file, char *text)
{
	unsigned number = 0;
	char *line;
	int rc = 0;

	while (rc == 0 && (line = strsep(&text, "\n")) != NULL) {
		char *more = NULL, *word;

		number++;
		line[strcspn(line, "#")] = '\0';
		for (word = strtok_r(line, " \t\r", &more);
			word != NULL && rc == 0;
			word = strtok_r(NULL, " \t\r", &more))
			rc = add(it, word, file, number);
	}
	return rc;
}

/* The whole file, ended by a NUL; kept in it->files. */
static int
read_whole(char **out, const char *path)
{
	FILE *file = fopen(path, "re");
	char *text;
	size_t n;
	int rc = 0;

	if (file == NULL)
		return -errno;
	text = malloc(FILE_MAX + 1);
	if (text == NULL) {
		fclose(file);
		return -ENOMEM;
	}
	n = fread(text, 1, FILE_MAX + 1, file);
	if (ferror(file))
		rc = -errno;
	else if (n > FILE_MAX)
		rc = -E2BIG;
	fclose(file);
	if (rc < 0) {
		free(text);
		return rc;
	}
	text[n] = '\0';
	*out = text;
	return 0;
}

static const char form_of_file[] =
	"a file has one network a line; what follows '#' is a comment";

static int
add_file(struct cli_networks *it, size_t number, const char *file)
{
	int rc = read_whole(&it->files[number], file + 1);

	return rc < 0 ? rc : add_lines(it, file, it->files[number]);
}

int
cli_networks_read(struct cli_networks *out, const struct cli_texts *texts,
	const char *option, struct cli_complaint *why)
{
	size_t i, files = 0;
	int rc = 0;

	memset(out, 0, sizeof(*out));
	out->option = option;
	if (texts->n == 0)
		return 0;
	out->files = calloc(texts->n + 1, sizeof(out->files[0]));
	out->list = calloc(1, sizeof(out->list[0]));
	if (out->files == NULL || out->list == NULL)
		rc = -ENOMEM;
	for (i = 0; rc == 0 && i < texts->n; i++) {
		const char *text = texts->item[i];

		rc = *text == '@' ? add_file(out, files++, text)
				  : add(out, text, NULL, 0);
		if (rc < 0)
			(void)cli_complain(why, "--%s: %s: %s (%s)", option,
				text, pier_strerror(rc), pier_error_name(rc));
	}
	if (rc == 0)
		return 0;
	cli_advise(why, "%s", form_of_file);
	cli_networks_free(out);
	return -1;
}

bool
cli_networks_blame(const struct cli_networks *it, const char *text,
	const char *reason, struct cli_complaint *why)
{
	size_t i = 0;

	while (i < it->n && strcmp(it->list[i], text) != 0)
		i++;
	if (i == it->n)
		return false;
	if (it->places[i].file == NULL) {
		(void)cli_complain(
			why, "--%s: %s: %s", it->option, text, reason);
		cli_advise(why, "@FILE names a file of networks");
		return true;
	}
	(void)cli_complain(why, "--%s: %s, line %u: %s", it->option,
		it->places[i].file, it->places[i].line, reason);
	cli_advise(why, "%s", form_of_file);
	return true;
}

void
cli_networks_free(struct cli_networks *it)
{
	size_t i;

	for (i = 0; it->files != NULL && it->files[i] != NULL; i++)
		free(it->files[i]);
	free(it->files);
	free(it->list);
	free(it->places);
	memset(it, 0, sizeof(*it));
}
