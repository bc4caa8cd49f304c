/* SPDX-License-Identifier: MIT */
/* upper_client --port N: one datagram from an ephemeral port, one answer. */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <pier.h>

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "port", 1, NULL, 'p' },
		{ NULL, 0, NULL, 0 } };
	static const char question[] = "this text will be in capitals";
	char endpoint[64], rest, text[PIER_ADDR_TEXT_MAX], buf[2048];
	struct pier_packet *socket = NULL;
	struct pier_addr local;
	struct pier_msg answer;
	unsigned port = 0;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) == 'p')
		if (sscanf(optarg, "%5u%c", &port, &rest) != 1)
			port = 0;
	if (opt != -1 || port < 1 || port > 65535) {
		fprintf(stderr, "usage: upper_client --port 1-65535\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "udp://127.0.0.1:%u", port);
	rc = pier_packet_open(&socket, endpoint, NULL, pier_in_s(10));
	if (rc == 0)
		rc = pier_packet_local(socket, &local);
	if (rc == 0) {
		(void)pier_addr_format(&local, text, sizeof(text));
		printf("The kernel gave me %s\n", text);
		rc = pier_send(socket, NULL, question, strlen(question),
			pier_in_s(10));
	}
	if (rc == 0)
		rc = pier_recv(
			socket, &answer, buf, sizeof(buf), pier_in_s(10));
	if (rc == 0) {
		(void)pier_addr_format(&answer.peer, text, sizeof(text));
		printf("%s replied %.*s\n", text, (int)answer.size, buf);
	} else {
		fprintf(stderr, "%s\n", pier_error_line());
	}
	pier_packet_close(socket);
	return rc < 0;
}
