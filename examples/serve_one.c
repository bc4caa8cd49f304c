/* SPDX-License-Identifier: MIT */
/* serve_one --port N: doubles numbers, for clients of this machine: for one,
   then for all, until Ctrl-C. Says what its hooks are told meanwhile. */
#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>

#include <pier.h>

static struct pier_server *server; /* the signal handler has no argument */

static void
stop(int number)
{
	(void)number;
	pier_server_stop(server);
}

static int
twice(struct pier_stream *client, void *ctx)
{
	char line[64], rest;
	long number;
	ssize_t n = pier_read_line(client, line, sizeof(line), PIER_DEFAULT);

	(void)ctx;
	if (n <= 0)
		return (int)n;
	if (sscanf(line, "%9ld %c", &number, &rest) != 1)
		return -EINVAL;
	return pier_printf(client, "%ld\n", 2 * number);
}

static int
verify(struct pier_stream *client, void *ctx)
{
	char host[PIER_ADDR_TEXT_MAX] = "";
	struct pier_addr peer = { 0 };

	(void)ctx;
	(void)pier_conn_peer(pier_conn(client), &peer);
	(void)pier_addr_format_host(&peer, host, sizeof(host));
	return strcmp(host, "127.0.0.1") && strcmp(host, "::1") ? -EACCES : 0;
}

static void
on_error(const struct pier_conn *conn, int rc, void *ctx)
{
	(void)ctx;
	printf("client %llu: %s\n", conn ? (unsigned long long)conn->id : 0,
		pier_strerror(rc));
}

static void
on_idle(struct pier_server *idle, void *ctx)
{
	(void)idle;
	(void)ctx;
	printf("nobody comes\n");
}

static void
tick(struct pier_server *busy, void *told)
{
	struct pier_server_stats now;

	pier_server_stats(busy, &now);
	if (now.accepted != *(uint64_t *)told)
		printf("%llu came, %llu turned away\n",
			(unsigned long long)now.accepted,
			(unsigned long long)now.refused_verify);
	*(uint64_t *)told = now.accepted;
}

static int
serve(const char *endpoint)
{
	uint64_t told = 0;
	int rc = pier_server_open(
		&server, &(struct pier_server_opts){ .endpoint = endpoint,
				 .handler = twice,
				 .verify = verify,
				 .on_error = on_error,
				 .on_idle = on_idle,
				 .tick = tick,
				 .ctx = &told });

	if (rc < 0)
		return rc;
	(void)signal(SIGINT, stop);
	do
		rc = pier_server_step(server, pier_in_s(1));
	while (rc == -PIER_EDEADLINE);
	if (rc == 1) {
		printf("served one\n");
		rc = pier_server_run(server);
	}
	(void)signal(SIGINT, SIG_DFL);
	pier_server_close(server);
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
		fprintf(stderr, "usage: serve_one --port 1-65535\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://:%u", port);
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	rc = serve(endpoint);
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
