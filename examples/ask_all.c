/* SPDX-License-Identifier: MIT */
/* ask_all ENDPOINT TEXT COUNT: asks everybody on the link, or in a group, and
   shows who answers: ask_all 'udp://<broadcast>:7000' hello 3 */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pier.h>

static int
ask(struct pier_packet *socket, const char *text, long count)
{
	pier_deadline deadline = pier_in_s(10);
	char from[PIER_ADDR_TEXT_MAX], buf[2048];
	struct pier_msg answer;
	int rc = pier_send(socket, NULL, text, strlen(text), deadline);

	while (rc == 0 && count-- > 0) {
		rc = pier_recv(socket, &answer, buf, sizeof(buf), deadline);
		if (rc < 0)
			break;
		(void)pier_addr_format(&answer.peer, from, sizeof(from));
		printf("%s: %.*s\n", from, (int)answer.size, buf);
	}
	return rc;
}

int
main(int argc, char **argv)
{
	struct pier_packet *socket = NULL;
	int rc;

	if (argc != 4) {
		fprintf(stderr, "usage: ask_all ENDPOINT TEXT COUNT\n");
		return 2;
	}
	rc = pier_packet_open(&socket, argv[1], NULL, pier_in_s(10));
	if (rc == 0)
		rc = ask(socket, argv[2], atol(argv[3]));
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	pier_packet_close(socket);
	return rc < 0;
}
