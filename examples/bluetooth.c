/* SPDX-License-Identifier: MIT */
/* bluetooth serve ENDPOINT | bluetooth ask DEVICE CHANNEL TEXT: a stream over
   RFCOMM, such as rfcomm://00:11:22:33:44:55/1, and its answer in capitals. Messages
   over L2CAP are those of messages.c. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pier.h>

/* A stream over RFCOMM has no half to close: the end of a line says where the
   question ends, and the answer. */
static int
ask(const struct pier_addr *where, const char *text)
{
	pier_deadline deadline = pier_in_s(10);
	char endpoint[PIER_ENDPOINT_TEXT_MAX], line[256];
	struct pier_stream *stream;
	ssize_t rc;

	(void)pier_endpoint_format("rfcomm", where, endpoint, sizeof(endpoint));
	rc = pier_dial(&stream, endpoint, NULL, deadline);
	if (rc < 0)
		return (int)rc;
	rc = pier_printf(stream, "%s\n", text);
	if (rc >= 0)
		rc = pier_read_line(stream, line, sizeof(line), deadline);
	if (rc > 0)
		fputs(line, stdout);
	pier_close(stream);
	return rc < 0 ? (int)rc : 0;
}

int
main(int argc, char **argv)
{
	struct pier_bt_addr device;
	struct pier_addr where;
	int rc;

	if (argc == 5 && strcmp(argv[1], "ask") == 0) {
		rc = pier_bt_addr_parse(&device, argv[2]);
		if (rc == 0)
			rc = pier_bt_rfcomm(&where, &device,
				(unsigned int)strtoul(argv[3], NULL, 10));
		if (rc == 0)
			rc = ask(&where, argv[4]);
	} else if (argc == 3 && strcmp(argv[1], "serve") == 0) {
		rc = pier_serve(&(struct pier_server_opts){
			.endpoint = argv[2], .handler = pier_handler_upper });
	} else {
		fprintf(stderr, "usage: bluetooth serve ENDPOINT\n"
				"       bluetooth ask DEVICE CHANNEL TEXT\n");
		return 2;
	}
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
