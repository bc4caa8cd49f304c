/* SPDX-License-Identifier: MIT */
/*
 * socketservers MODEL ENDPOINT [HOOK]: the handler that socketservers.py has in
 * Python, by pier. Says the endpoint, then which hooks run; HOOK, if any,
 * refuses everybody.
 */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#include <pier.h>

static const struct {
	const char *name;
	enum pier_model model;
	int processes;
} models[] = {
	{ "iterative", PIER_ITERATIVE, 0 },
	{ "thread", PIER_THREAD, 0 },
	{ "fork", PIER_FORK, 0 },
	{ "pool", PIER_POOL, 0 },
	{ "fiber", PIER_FIBER, 0 },
	{ "processes", PIER_FIBER, 2 },
};

static void
say(const char *what)
{
	printf("%s\n", what);
	(void)fflush(stdout);
}

static int
refuse(const char *hook, const char *refusing)
{
	say(hook);
	return refusing != NULL && strcmp(hook, refusing) == 0 ? -EACCES : 0;
}

static int
verify(struct pier_stream *stream, void *ctx)
{
	(void)stream;
	return refuse("verify", ctx);
}

static int
set_up(struct pier_stream *stream, void *ctx)
{
	(void)stream;
	return refuse("setup", ctx);
}

static void
finish(struct pier_stream *stream, void *ctx)
{
	(void)stream;
	(void)ctx;
	say("finish");
}

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	(void)conn;
	(void)ctx;
	say(rc == -PIER_EDIED ? "died" : "error");
}

/* 1: go on. */
static int
obey(struct pier_stream *stream, const char *line)
{
	int rc = 0;

	if (strcmp(line, "abort\n") == 0)
		abort();
	if (strcmp(line, "fail\n") == 0)
		return -EIO;
	if (strcmp(line, "rest\n") == 0) {
		rc = pier_printf(stream, "done\n");
		return rc < 0 ? rc : 0;
	}
	if (strcmp(line, "who\n") == 0)
		rc = pier_printf(
			stream, "%d %d\n", (int)getpid(), (int)gettid());
	else
		rc = pier_printf(stream, "heard %s", line);
	return rc < 0 ? rc : 1;
}

static int
handle(struct pier_stream *stream, void *ctx)
{
	char line[1024];
	ssize_t n = 0;
	int rc = 1;

	(void)ctx;
	say("handle");
	while (rc > 0 && (n = pier_read_line(stream, line, sizeof(line),
				  PIER_DEFAULT)) > 0)
		rc = obey(stream, line);
	return rc <= 0 ? rc : (int)n;
}

static int
handle_datagram(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)ctx;
	if (msg->size == 4 && memcmp(msg->data, "fail", 4) == 0)
		return -EIO;
	return pier_reply(packet, msg, msg->data, msg->size, PIER_DEFAULT);
}

static void
on_listen(struct pier_server *server, void *ctx)
{
	char text[256];

	(void)ctx;
	if (pier_server_endpoint(server, 0, text, sizeof(text)) > 0)
		say(text);
}

int
main(int argc, char **argv)
{
	struct pier_server_opts opts = { .handler = handle,
		.datagram_handler = handle_datagram,
		.verify = verify,
		.setup = set_up,
		.finish = finish,
		.on_error = on_error,
		.on_listen = on_listen };
	size_t i = 0;

	while (argc > 2 && i < sizeof(models) / sizeof(*models) &&
		strcmp(argv[1], models[i].name) != 0)
		i++;
	if (argc < 3 || i == sizeof(models) / sizeof(*models)) {
		fprintf(stderr, "usage: socketservers MODEL ENDPOINT [HOOK]\n");
		return 2;
	}
	opts.model = models[i].model;
	opts.processes = models[i].processes;
	opts.endpoint = argv[2];
	opts.ctx = argv[3];
	if (pier_serve(&opts) < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return 1;
}
