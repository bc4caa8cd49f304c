/* SPDX-License-Identifier: MIT */
/* isotp INTERFACE TX RX BYTE...: one question by ISO-TP over CAN, as diagnosis of a
   vehicle asks it, and its answer: isotp can0 7e0 7e8 22 f1 90. */
#include <stdio.h>
#include <stdlib.h>

#include <pier.h>

static int
ask(const char *endpoint, const unsigned char *question, size_t size)
{
	/* Frames are filled up, as most controllers in vehicles expect. */
	const struct pier_isotp_opts opts = { .pad = true, .pad_byte = 0xcc };
	pier_deadline deadline = pier_in_s(5);
	unsigned char answer[PIER_ISOTP_MAX];
	struct pier_packet *socket;
	struct pier_msg msg;
	size_t i;
	int rc = pier_isotp_open(&socket, endpoint, &opts);

	if (rc < 0)
		return rc;
	rc = pier_send(socket, NULL, question, size, deadline);
	if (rc == 0)
		rc = pier_recv(socket, &msg, answer, sizeof(answer), deadline);
	for (i = 0; rc == 0 && i < msg.size; i++)
		printf("%02x%c", answer[i], i + 1 < msg.size ? ' ' : '\n');
	pier_packet_close(socket);
	return rc;
}

int
main(int argc, char **argv)
{
	unsigned char question[256];
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	size_t size = 0;
	int i, rc;

	if (argc < 5 || argc > 4 + (int)sizeof(question)) {
		fprintf(stderr, "usage: isotp INTERFACE TX RX BYTE...\n");
		return 2;
	}
	for (i = 4; i < argc; i++)
		question[size++] = (unsigned char)strtoul(argv[i], NULL, 16);
	(void)snprintf(endpoint, sizeof(endpoint), "isotp://%s/%s/%s", argv[1],
		argv[2], argv[3]);
	rc = ask(endpoint, question, size);
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
