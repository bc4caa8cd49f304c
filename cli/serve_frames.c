/* SPDX-License-Identifier: MIT */
/*
 * pier serve --frame: services of messages. Each message is answered, or passed
 * on, by itself and whole; what it means to echo or to a broker is otherwise as
 * of bytes.
 *
 * Answers are gathered and leave when the handler waits for the next message, so
 * many short ones that came together go back together.
 */
#include "serve.h"

#include "store.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

/* One connection, on the heap of who serves it. */
struct framed {
	struct serve *serve;
	const struct pier_conn *conn;
	struct pier_frame *frame;
	struct pier_addr peer;
	struct pier_member *member; /* of the broker */
	char *buf;                  /* what a message becomes; grows */
	size_t room;
};

size_t
serve_frames_room(size_t size)
{
	if (size == 0)
		size = PIER_FRAME_MAX_DEFAULT;
	/* Escapes double at most; a length, or terminators, come on top. */
	return 2 * size + 256;
}

/* The service has no handler of messages. */
static bool
sends_bytes(const struct serve_settings *settings)
{
	return settings->what == SERVE_DAYTIME ||
	       settings->what == SERVE_TIME ||
	       settings->what == SERVE_CHARGEN ||
	       settings->what == SERVE_SOURCE;
}

/* The first endpoint that has messages of its own, and its scheme; or NULL. */
static const char *
with_messages(const struct serve_settings *settings,
	struct pier_endpoint_check *check)
{
	size_t i;

	for (i = 0; i < settings->endpoints.n; i++) {
		const char *endpoint = settings->endpoints.item[i];

		if (pier_endpoint_check(endpoint, check) == 0 &&
			(strncmp(check->scheme, "udp", 3) == 0 ||
				strcmp(check->scheme, "unixgram") == 0 ||
				strcmp(check->scheme, "isotp") == 0 ||
				strcmp(check->scheme, "seqpacket") == 0))
			return endpoint;
	}
	return NULL;
}

int
serve_frames_check(struct serve *serve)
{
	const struct serve_settings *settings = serve->settings;
	struct cli_complaint why = { "", "" };
	struct pier_endpoint_check check;
	const char *endpoint;

	if (settings->frames.wire == NULL)
		return CLI_EXIT_OK;
	endpoint = with_messages(settings, &check);
	if (serve_has_program(settings)) {
		(void)cli_complain(&why,
			"--frame is for handlers: what a program reads has no "
			"edges, so that messages would run together");
		cli_advise(&why, "leave out --frame: the program gets the "
				 "bytes as they are, with their framing");
	} else if (sends_bytes(settings)) {
		(void)cli_complain(&why, "--frame is for services of "
					 "messages: echo, upper, discard, sink "
					 "and broker");
		cli_advise(&why, "leave it out");
	} else if (endpoint != NULL) {
		(void)cli_complain(&why,
			"%s: --frame is for streams, and %s:// has messages "
			"of its own",
			endpoint, check.scheme);
		cli_advise(&why, "serve it without --frame, by another pier");
	} else {
		return cli_frames_wire(
			serve->tool, "serve", &settings->frames, &serve->wire);
	}
	return cli_usage_error(serve->tool, "serve", &why);
}

/* Room in buf for so many bytes; what was there is gone. */
static int
make_room(struct framed *framed, size_t size)
{
	char *buf;

	if (size <= framed->room)
		return 0;
	buf = malloc(size);
	if (buf == NULL)
		return -ENOMEM;
	free(framed->buf);
	framed->buf = buf;
	framed->room = size;
	return 0;
}

/* ASCII only: bytes of UTF-8 sequences stay as they are. */
static int
answer_upper(struct framed *framed, const char *data, size_t size)
{
	int rc = make_room(framed, size);
	size_t i;

	if (rc < 0)
		return rc;
	for (i = 0; i < size; i++)
		framed->buf[i] = data[i] >= 'a' && data[i] <= 'z'
					 ? (char)(data[i] - 'a' + 'A')
					 : data[i];
	return pier_frame_send(framed->frame, framed->buf, size, PIER_DEFAULT);
}

static int
pass_on(struct framed *framed, const char *data, size_t size)
{
	int rc = make_room(framed, serve_frames_room(size));
	ssize_t len;

	if (rc < 0)
		return rc;
	len = pier_frame_encode(
		&framed->serve->wire, framed->buf, framed->room, data, size);
	if (len < 0)
		return (int)len;
	rc = pier_hub_post(
		framed->serve->hub, framed->buf, (size_t)len, framed->member);
	return rc < 0 ? rc : 0;
}

static int
answer(struct framed *framed, const char *data, size_t size)
{
	switch (framed->serve->settings->what) {
	case SERVE_ECHO:
		return pier_frame_send(framed->frame, data, size, PIER_DEFAULT);
	case SERVE_UPPER:
		return answer_upper(framed, data, size);
	case SERVE_BROKER:
		return pass_on(framed, data, size);
	default: /* discard and sink */
		return 0;
	}
}

static int
converse(struct framed *framed)
{
	struct serve *serve = framed->serve;
	const void *data;
	size_t size;
	int rc;

	while ((rc = pier_frame_view(
			framed->frame, &data, &size, PIER_DEFAULT)) > 0) {
		if (serve->tool->verbose >= 2)
			serve_tell_message(
				serve, framed->conn, &framed->peer, data, size);
		rc = answer(framed, data, size);
		if (rc < 0)
			break;
	}
	/* That a connection ended by an error is told by name only. */
	if (rc == -PIER_EEND ||
		(rc < 0 && pier_last_error()->step == PIER_STEP_FRAME))
		cli_say(serve->tool, 1, "%s", pier_error_line());
	return rc;
}

static int
join_and_converse(struct framed *framed, struct pier_stream *stream)
{
	int rc, left;

	if (framed->serve->settings->what != SERVE_BROKER)
		return converse(framed);
	rc = pier_hub_join(&framed->member, framed->serve->hub, stream);
	if (rc < 0)
		return rc;
	rc = converse(framed);
	left = pier_hub_leave(framed->member, rc < 0 ? PIER_NOW : PIER_DEFAULT);
	return left == -PIER_ELIMIT || rc >= 0 ? left : rc;
}

static int
serve_framed(struct pier_stream *stream, void *ctx)
{
	struct framed *framed = calloc(1, sizeof(*framed));
	int rc = -ENOMEM;

	if (framed == NULL)
		return rc;
	framed->serve = ctx;
	framed->conn = pier_conn(stream);
	(void)pier_conn_peer(framed->conn, &framed->peer);
	rc = pier_frame_attach(&framed->frame, stream, &framed->serve->wire);
	if (rc == 0)
		rc = join_and_converse(framed, stream);
	/* A message that was sent in part has its error in rc already. */
	(void)pier_frame_detach(framed->frame);
	free(framed->buf);
	free(framed);
	return rc;
}

pier_handler *
serve_frames_handler(const struct serve_settings *settings)
{
	return sends_bytes(settings) ? NULL : serve_framed;
}
