/* SPDX-License-Identifier: MIT */
/* pier ping: which hosts; see ping.h. */
#include "ping.h"

#include "store.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Enough for PING_HOSTS_MAX of the longest names. */
#define FILE_MAX ((size_t)2 * 1024 * 1024)

/* Where one was written: file NULL on the command line. */
struct place {
	const char *file;
	unsigned line;
};

/* A bare host is pinged by ICMP, IPv6 needs no brackets there; what has a port
   is tcp, as everywhere. */
static char *
endpoint_of(const char *text)
{
	const char *colon = strchr(text, ':');
	const char *before = "icmp://", *behind = "";
	size_t room = strlen(text) + sizeof("icmp://[]");
	char *out = malloc(room);

	if (out == NULL)
		return NULL;
	if (strstr(text, "://") != NULL || text[0] == '/' || text[0] == '.') {
		before = "";
	} else if (colon != NULL && text[0] != '[' &&
		   strchr(colon + 1, ':') != NULL) {
		before = "icmp://[";
		behind = "]";
	} else if (colon != NULL && text[strlen(text) - 1] != ']') {
		before = "";
	}
	snprintf(out, room, "%s%s%s", before, text, behind);
	return out;
}

static bool
can_be_pinged(const char *scheme)
{
	return strncmp(scheme, "icmp", 4) == 0 ||
	       strncmp(scheme, "tcp", 3) == 0 || strncmp(scheme, "udp", 3) == 0;
}

static int
complain(const struct place *place, const char *text, const char *what,
	struct cli_complaint *why)
{
	cli_advise(why, "a host is a name, an address, tcp://HOST:PORT or "
			"udp://HOST:PORT; @FILE has one a line");
	if (place->file == NULL)
		(void)cli_complain(why, "%s: %s", text, what);
	else
		(void)cli_complain(why, "%s, line %u: %s: %s", place->file,
			place->line, text, what);
	return CLI_EXIT_USAGE;
}

static int
add(struct ping_work *work, const char *text, const struct place *place,
	struct cli_complaint *why)
{
	struct ping_host *host = &work->hosts[work->count];
	struct pier_endpoint_check check;
	int rc;

	if (work->count == PING_HOSTS_MAX)
		return complain(place, text, "more than 4096 hosts", why);
	host->endpoint = endpoint_of(text);
	if (host->endpoint == NULL)
		return cli_own_failure(
			work->tool, PIER_STEP_CREATE, text, -ENOMEM, "");
	work->count++;
	host->text = text;
	host->work = work;
	/* Without the PSM that an endpoint has, it is read when it is opened. */
	if (strncmp(host->endpoint, "l2cap://", 8) == 0)
		return CLI_EXIT_OK;
	rc = pier_endpoint_check(host->endpoint, &check);
	/* Of another kind, it is no help to know how it is written. */
	if (check.scheme[0] != '\0' && !can_be_pinged(check.scheme))
		return complain(place, text,
			"icmp, tcp and udp can be pinged, and "
			"l2cap://DEVICE",
			why);
	if (rc < 0)
		return complain(place, text, check.text, why);
	return CLI_EXIT_OK;
}

/* One host a line, or several; what follows '#' is a comment. */
static int
add_lines(struct ping_work *work, const char *file, char *text,
	struct cli_complaint *why)
{
	struct place place = { .file = file };
	int code = CLI_EXIT_OK;
	char *line;

	while (code == CLI_EXIT_OK && (line = strsep(&text, "\n")) != NULL) {
		char *more = NULL, *word;

		place.line++;
		line[strcspn(line, "#")] = '\0';
		for (word = strtok_r(line, " \t\r", &more);
			word != NULL && code == CLI_EXIT_OK;
			word = strtok_r(NULL, " \t\r", &more))
			code = add(work, word, &place, why);
	}
	return code;
}

/* The whole file, ended by a NUL. 0 or -errno. */
static int
read_whole(char **out, const char *path)
{
	bool standard = strcmp(path, "-") == 0;
	FILE *file = standard ? stdin : fopen(path, "re");
	char *text;
	size_t n;
	int rc = 0;

	if (file == NULL)
		return -errno;
	text = malloc(FILE_MAX + 1);
	if (text == NULL) {
		rc = -ENOMEM;
		goto close_file;
	}
	n = fread(text, 1, FILE_MAX + 1, file);
	if (ferror(file))
		rc = -errno;
	else if (n > FILE_MAX)
		rc = -E2BIG;
	if (rc < 0) {
		free(text);
	} else {
		text[n] = '\0';
		*out = text;
	}

close_file:
	if (!standard)
		fclose(file);
	return rc;
}

static int
add_file(struct ping_work *work, size_t number, const char *text,
	struct cli_complaint *why)
{
	int rc = read_whole(&work->files[number], text + 1);

	if (rc < 0)
		return cli_own_failure(
			work->tool, PIER_STEP_RECEIVE, text, rc, "");
	return add_lines(work, text, work->files[number], why);
}

int
ping_hosts_read(struct ping_work *work, struct cli_complaint *why)
{
	static const struct place here = { NULL, 0 };
	const struct cli_texts *texts = &work->settings->hosts;
	size_t i, files = 0;
	int code = CLI_EXIT_OK;

	work->hosts = calloc(PING_HOSTS_MAX, sizeof(work->hosts[0]));
	work->files = calloc(texts->n + 1, sizeof(work->files[0]));
	if (work->hosts == NULL || work->files == NULL)
		return cli_own_failure(
			work->tool, PIER_STEP_CREATE, "hosts", -ENOMEM, "");
	for (i = 0; code == CLI_EXIT_OK && i < texts->n; i++) {
		const char *text = texts->item[i];

		code = *text == '@' ? add_file(work, files++, text, why)
				    : add(work, text, &here, why);
	}
	if (code == CLI_EXIT_OK && work->count == 0)
		return complain(&here, texts->item[0], "no host in it", why);
	return code;
}

void
ping_hosts_free(struct ping_work *work)
{
	size_t i;

	for (i = 0; i < work->count; i++)
		free(work->hosts[i].endpoint);
	for (i = 0; work->files != NULL && work->files[i] != NULL; i++)
		free(work->files[i]);
	free(work->files);
	free(work->hosts);
}
