/* SPDX-License-Identifier: MIT */
/* upper_server --port N: answers each datagram with its text in capitals. */
#include <ctype.h>
#include <getopt.h>
#include <stdio.h>

#include <pier.h>

static int
upper(struct pier_packet *socket, const struct pier_msg *msg, void *ctx)
{
	char *text = msg->data, from[PIER_ADDR_TEXT_MAX];
	size_t i;

	(void)ctx;
	(void)pier_addr_format(&msg->peer, from, sizeof(from));
	printf("The client at %s says %.*s\n", from, (int)msg->size, text);
	for (i = 0; i < msg->size; i++)
		text[i] = (char)toupper((unsigned char)text[i]);
	return pier_reply(socket, msg, text, msg->size, PIER_DEFAULT);
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
		fprintf(stderr, "usage: upper_server --port 1-65535\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "udp://localhost:%u", port);
	rc = pier_serve(&(struct pier_server_opts){
		.endpoint = endpoint, .datagram_handler = upper });
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
