/* SPDX-License-Identifier: MIT */
/*
 * The subject of the relay rows: a server whose handler dials 127.0.0.1:--target
 * and relays, the fiber model with one worker.
 */
#include <pier.h>

#include "common.h"
#include "yard.h"

#include <stdio.h>
#include <string.h>

static int
relay(struct pier_stream *client, void *ctx)
{
	struct pier_stream *far;
	int rc = pier_dial(&far, ctx, NULL, pier_in_s(5));

	if (rc < 0)
		return rc;
	rc = pier_relay(client, far, NULL, NULL, PIER_FOREVER);
	pier_close(far);
	return rc;
}

static void
say_ready(struct pier_server *server, void *ctx)
{
	char text[PIER_ENDPOINT_TEXT_MAX];

	(void)ctx;
	if (pier_server_endpoint(server, 0, text, sizeof(text)) < 0)
		bench_fail(0, "%s", pier_error_line());
	yard_ready((int)bench_number("port", strrchr(text, ':') + 1, 1, 65535));
}

int
main(int argc, char **argv)
{
	struct yard_options options;
	char endpoint[64], target[64];

	/* --buf is for the others: pier reads what there is. */
	yard_parse(&options, argc, argv, YARD_TARGET);
	snprintf(endpoint, sizeof(endpoint), "tcp4://127.0.0.1:%d",
		options.port);
	snprintf(target, sizeof(target), "tcp4://127.0.0.1:%d", options.target);
	if (pier_serve(&(struct pier_server_opts){ .endpoint = endpoint,
		    .handler = relay,
		    .ctx = target,
		    .on_listen = say_ready }) < 0)
		bench_fail(0, "%s", pier_error_line());
	return 0;
}
