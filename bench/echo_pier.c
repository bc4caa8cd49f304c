/* SPDX-License-Identifier: MIT */
/*
 * The subject: pier's echo server, the fiber model with one worker, or with
 * --model another one; --workers and --processes are the server's options.
 *
 * It runs the handler that the library brings along, or with --array the one
 * that every guide shows: a buffer on the stack, read, write. The difference
 * is memory: the array is a page of every waiting fiber. With --udp it echoes
 * datagrams, with --frame one message after the other, each with its length in
 * front.
 *
 * Limits are the defaults but for the number of connections, so that their
 * bookkeeping is part of what is measured.
 */
#include <pier.h>

#include "common.h"
#include "yard.h"

#include <stdio.h>
#include <string.h>

#define CONNECTIONS_MAX 18000

static int
echo_by_array(struct pier_stream *client, void *ctx)
{
	char buf[4096];
	ssize_t n;
	int rc = 0;

	(void)ctx;
	while (rc == 0 &&
		(n = pier_read(client, buf, sizeof(buf), PIER_DEFAULT)) > 0)
		rc = pier_write(client, buf, (size_t)n, PIER_DEFAULT);
	return rc < 0 ? rc : (int)n;
}

static int
echo_messages(struct pier_stream *client, void *ctx)
{
	const struct pier_framing framing = { .kind = PIER_FRAME_U32BE };
	struct pier_frame *frame;
	const void *data;
	size_t size;
	int rc = pier_frame_attach(&frame, client, &framing);

	(void)ctx;
	while (rc >= 0 &&
		(rc = pier_frame_view(frame, &data, &size, PIER_DEFAULT)) > 0)
		rc = pier_frame_send(frame, data, size, PIER_DEFAULT);
	return rc;
}

static void
say_ready(struct pier_server *server, void *ctx)
{
	char text[PIER_ENDPOINT_TEXT_MAX];

	(void)ctx;
	if (pier_server_endpoint(server, 0, text, sizeof(text)) < 0)
		bench_fail(0, "%s", pier_error_line());
	/* tcp4://127.0.0.1:PORT, or udp4 */
	yard_ready((int)bench_number("port", strrchr(text, ':') + 1, 1, 65535));
}

static enum pier_model
model_named(const char *name)
{
	static const char *const names[] = {
		[PIER_FIBER] = "fiber",
		[PIER_ITERATIVE] = "iterative",
		[PIER_THREAD] = "thread",
		[PIER_POOL] = "pool",
		[PIER_FORK] = "fork",
	};
	size_t i;

	if (name == NULL)
		return PIER_FIBER;
	for (i = 0; i < sizeof(names) / sizeof(*names); i++) {
		if (strcmp(names[i], name) == 0)
			return (enum pier_model)i;
	}
	bench_fail(0,
		"--model: '%s' is not fiber, iterative, thread, pool or "
		"fork",
		name);
}

int
main(int argc, char **argv)
{
	struct yard_options options;
	char endpoint[64];

	/* --buf is for the others: pier reads what there is. */
	yard_parse(&options, argc, argv,
		YARD_ARRAY | YARD_MODEL | YARD_PROCESSES | YARD_UDP |
			YARD_FRAME);
	bench_raise_descriptor_limit();
	snprintf(endpoint, sizeof(endpoint), "%s://127.0.0.1:%d",
		options.udp ? "udp4" : "tcp4", options.port);
	if (pier_serve(&(struct pier_server_opts){
		    .endpoint = endpoint,
		    .handler = options.frame   ? echo_messages
			       : options.array ? echo_by_array
					       : pier_handler_echo,
		    .datagram_handler = pier_datagram_echo,
		    .on_listen = say_ready,
		    .model = model_named(options.model),
		    .workers = options.workers,
		    .processes = options.processes,
		    .connections_max = CONNECTIONS_MAX,
	    }) < 0)
		bench_fail(0, "%s", pier_error_line());
	return 0;
}
