/* SPDX-License-Identifier: MIT */
/* relay LISTEN TARGET: carries every connection on to TARGET, both ways, and
   says how each ended. Half-closes pass through; Ctrl-C ends it. */
#include <stdio.h>

#include <pier.h>

static int
carry(struct pier_stream *client, void *ctx)
{
	const char *target = ctx;
	struct pier_relay_result result;
	struct pier_stream *far;
	int rc = pier_dial(&far, target, NULL, pier_in_s(10));

	if (rc < 0) {
		fprintf(stderr, "%s\n", pier_error_line());
		return rc;
	}
	rc = pier_relay(client, far, NULL, &result, PIER_FOREVER);
	printf("%llu bytes there, %llu back, %s ended first: %s\n",
		(unsigned long long)result.a_to_b,
		(unsigned long long)result.b_to_a,
		result.first == 0   ? "the client"
		: result.first == 1 ? "the target"
				    : "neither",
		rc < 0 ? pier_strerror(rc) : "all is well");
	(void)fflush(stdout);
	pier_close(far);
	return rc;
}

int
main(int argc, char **argv)
{
	int rc;

	if (argc != 3) {
		fprintf(stderr, "usage: relay LISTEN TARGET, such as "
				"tcp://:7000 unix:///run/app.sock\n");
		return 2;
	}
	rc = pier_serve(&(struct pier_server_opts){
		.endpoint = argv[1], .handler = carry, .ctx = argv[2] });
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
