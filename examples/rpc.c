/* SPDX-License-Identifier: MIT */
/* rpc --port N: procedures that are called by name. A message has 32 bits of
   length before it; a call is "ID MILLISECONDS NAME ARGUMENTS", its answer "ID
   ok VALUE" or "ID error WHY". Each call is a task of its own: many are in flight
   on one connection, and the quick do not wait for the slow. */
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pier.h>

#define IN_FLIGHT 100

struct client {
	struct pier_frame *frame;
	struct pier_mutex *sending; /* one answer at a time */
	struct pier_group *calls;
};

struct call {
	struct client *client;
	pier_deadline until;
	char id[16], name[16], text[256]; /* arguments, then the value */
};

/* A procedure makes of the text its value, or says why not: -1. */
static int
add(struct call *call)
{
	int a, b, n = sscanf(call->text, "%9d %9d", &a, &b);

	(void)snprintf(call->text, sizeof(call->text),
		n == 2 ? "%d" : "add takes two numbers", n == 2 ? a + b : 0);
	return n == 2 ? 0 : -1;
}

static int
nap(struct call *call)
{
	long ms = strtol(call->text, NULL, 10);

	return pier_sleep(pier_earlier(pier_in_ms(ms), call->until));
}

static int
run(struct call *call)
{
	int rc = 0;

	if (strcmp(call->name, "add") == 0)
		rc = add(call);
	else if (strcmp(call->name, "sleep") == 0)
		rc = nap(call);
	else
		rc = -1, strcpy(call->text, "no such procedure");
	if (call->until.ns <= pier_now())
		rc = -1, strcpy(call->text, "the deadline passed");
	return rc;
}

static int
answer(void *arg)
{
	struct call *call = arg;
	struct client *client = call->client;
	const char *how = run(call) < 0 ? "error" : "ok";
	char reply[300];
	int len = snprintf(
		reply, sizeof(reply), "%s %s %s", call->id, how, call->text);
	int rc = pier_mutex_lock(client->sending, PIER_FOREVER);

	free(call);
	if (rc < 0)
		return rc;
	rc = pier_frame_send(client->frame, reply, (size_t)len, PIER_DEFAULT);
	if (rc == 0)
		rc = pier_flush(pier_frame_stream(client->frame), PIER_DEFAULT);
	(void)pier_mutex_unlock(client->sending);
	return rc;
}

/* What is no call ends the connection. */
static int
begin(struct client *client, const char *text)
{
	struct call *call = calloc(1, sizeof(*call));
	unsigned int ms;
	int rc = -1;

	if (call != NULL && sscanf(text, "%15s %9u %15s %255[^\n]", call->id,
				    &ms, call->name, call->text) >= 3) {
		call->client = client;
		call->until = pier_in_ms(ms);
		rc = pier_go(client->calls, answer, call);
	}
	if (rc < 0)
		free(call);
	return rc;
}

static int
take_calls(struct client *client)
{
	char text[512];
	size_t size;
	int rc;

	while ((rc = pier_frame_recv(client->frame, text, sizeof(text) - 1,
			&size, PIER_DEFAULT)) > 0) {
		text[size] = '\0';
		rc = begin(client, text);
		/* Who calls faster than we answer waits. */
		if (rc == 0 && pier_group_count(client->calls) >= IN_FLIGHT)
			rc = pier_group_wait(client->calls, PIER_DEFAULT);
		if (rc < 0)
			return rc;
	}
	return rc < 0 ? rc : pier_group_wait(client->calls, PIER_DEFAULT);
}

/* The client is on the heap: other tasks use it while this one waits. */
static int
serve(struct pier_stream *stream, void *ctx)
{
	struct pier_framing framing = { .kind = PIER_FRAME_U32BE };
	struct client *client = calloc(1, sizeof(*client));
	int rc = -1;

	(void)ctx;
	if (client != NULL &&
		pier_frame_attach(&client->frame, stream, &framing) == 0 &&
		pier_mutex_open(&client->sending) == 0 &&
		pier_group_open(&client->calls) == 0) {
		rc = take_calls(client);
		pier_group_cancel(client->calls);
		(void)pier_shield(PIER_FOREVER);
		(void)pier_group_wait(client->calls, PIER_FOREVER);
	}
	if (client != NULL) {
		pier_group_close(client->calls);
		pier_mutex_close(client->sending);
		(void)pier_frame_detach(client->frame);
	}
	free(client);
	return rc;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "port", 1, NULL, 'p' },
		{ NULL, 0, NULL, 0 } };
	char endpoint[64], rest;
	unsigned port = 0;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) == 'p')
		if (sscanf(optarg, "%5u%c", &port, &rest) != 1)
			port = 0;
	if (opt != -1 || port < 1 || port > 65535) {
		fprintf(stderr, "usage: rpc --port 1-65535\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://:%u", port);
	rc = pier_serve(&(struct pier_server_opts){
		.endpoint = endpoint, .handler = serve });
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
