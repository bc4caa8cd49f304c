/* SPDX-License-Identifier: MIT */
/* messages serve ENDPOINT | messages ask ENDPOINT TEXT...: whole messages, with
   a connection (seqpacket:///run/x, tipc://18888/17?type=seqpacket) or without
   (tipc://18888/17, isotp://can0/7e0/7e8); each is answered in capitals. */
#include <stdio.h>
#include <string.h>

#include <pier.h>

static int
ask(const char *endpoint, char **texts)
{
	pier_deadline deadline = pier_in_s(10);
	struct pier_packet *socket;
	struct pier_msg answer;
	char buf[2048];
	int rc = pier_packet_open(&socket, endpoint, NULL, deadline);

	if (rc < 0)
		return rc;
	for (; rc == 0 && *texts != NULL; texts++) {
		rc = pier_send(socket, NULL, *texts, strlen(*texts), deadline);
		if (rc == 0)
			rc = pier_recv(
				socket, &answer, buf, sizeof(buf), deadline);
		if (rc == 0)
			printf("%.*s\n", (int)answer.size, buf);
	}
	pier_packet_close(socket);
	return rc;
}

int
main(int argc, char **argv)
{
	int rc;

	if (argc >= 4 && strcmp(argv[1], "ask") == 0) {
		rc = ask(argv[2], argv + 3);
	} else if (argc == 3 && strcmp(argv[1], "serve") == 0) {
		rc = pier_serve(&(struct pier_server_opts){ .endpoint = argv[2],
			.packet_handler = pier_packet_upper,
			.datagram_handler = pier_datagram_upper });
	} else {
		fprintf(stderr, "usage: messages serve ENDPOINT\n"
				"       messages ask ENDPOINT TEXT...\n");
		return 2;
	}
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
