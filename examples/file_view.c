/* SPDX-License-Identifier: MIT */
/* file_view serve PORT | ask PORT NAME…: a stream as two FILEs of stdio, as
   Python's makefile() and StreamRequestHandler have them: a greeting for each
   line, read by getline() and written by fprintf(). */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pier.h>

/* The file-like part of a conversation. */
typedef int talk_fn(FILE *in, FILE *out, char **names);

static int
greet(FILE *in, FILE *out, char **names)
{
	char *line = NULL;
	size_t room = 0;
	ssize_t n;

	(void)names;
	while ((n = getline(&line, &room, in)) > 0)
		fprintf(out, "hello %.*s of %zd bytes\n",
			(int)strcspn(line, "\r\n"), line, n);
	free(line);
	return ferror(in) || fflush(out) != 0 ? -1 : 0;
}

static int
ask(FILE *in, FILE *out, char **names)
{
	char answer[256];

	for (; *names != NULL; names++) {
		fprintf(out, "%s\n", *names);
		if (fgets(answer, sizeof(answer), in) == NULL)
			return -1;
		(void)fputs(answer, stdout);
	}
	return 0;
}

/* Lines go as they are written; the stream outlives both views. */
static int
in_views(struct pier_stream *stream, talk_fn *talk, char **names)
{
	FILE *in = NULL, *out = NULL;
	int rc = pier_file(&in, stream, "r");

	if (rc == 0)
		rc = pier_file(&out, stream, "w");
	if (rc == 0)
		(void)setvbuf(out, NULL, _IOLBF, BUFSIZ);
	if (rc == 0 && talk(in, out, names) < 0)
		rc = pier_last_error()->code;
	if (out != NULL && fclose(out) != 0 && rc == 0)
		rc = pier_last_error()->code;
	if (in != NULL)
		(void)fclose(in);
	return rc;
}

static int
handler(struct pier_stream *stream, void *ctx)
{
	(void)ctx;
	return in_views(stream, greet, NULL);
}

int
main(int argc, char **argv)
{
	struct pier_stream *peer = NULL;
	char endpoint[64];
	int rc = 0;

	if (argc < 3 || (strcmp(argv[1], "serve") != 0 &&
				strcmp(argv[1], "ask") != 0)) {
		fprintf(stderr,
			"usage: file_view serve PORT | ask PORT NAME...\n");
		return 2;
	}
	pier_set_default_timeout(10000);
	(void)snprintf(
		endpoint, sizeof(endpoint), "tcp://localhost:%s", argv[2]);
	if (strcmp(argv[1], "serve") == 0) {
		rc = pier_serve(&(struct pier_server_opts){
			.endpoint = endpoint, .handler = handler });
	} else {
		rc = pier_dial(&peer, endpoint, NULL, PIER_DEFAULT);
		if (rc == 0)
			rc = in_views(peer, ask, argv + 3);
	}
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	pier_close(peer);
	return rc < 0;
}
