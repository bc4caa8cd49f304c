/* SPDX-License-Identifier: MIT */
/* echo6_server --port N: echo over IPv6 and IPv4 at once, from one endpoint
   that names neither; a fiber per client. */
#include <getopt.h>
#include <stdio.h>

#include <pier.h>

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
		fprintf(stderr, "usage: echo6_server --port 1-65535\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://:%u", port);
	printf("Echo on %s, IPv6 and IPv4\n", endpoint);
	(void)fflush(stdout);
	rc = pier_serve(&(struct pier_server_opts){
		.endpoint = endpoint, .handler = pier_handler_echo });
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
