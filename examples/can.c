/* SPDX-License-Identifier: MIT */
/* can send INTERFACE FRAME... | can hear INTERFACE COUNT [FILTERS]: frames of CAN,
   written as cansend and candump do, such as 123#DEADBEEF and 123:7FF. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pier.h>

static int
hear(struct pier_can *can, unsigned long count)
{
	char line[PIER_CAN_LINE_MAX];
	struct pier_can_message message;
	int rc = 0;

	for (; rc >= 0 && count > 0; count--) {
		rc = pier_can_recv(can, &message, pier_in_s(10));
		if (rc == 0)
			rc = pier_can_log_format(&message, PIER_CAN_TIME_MICRO,
				line, sizeof(line));
		if (rc > 0)
			puts(line);
	}
	return rc;
}

static int
send_all(struct pier_can *can, char *const *frames)
{
	struct pier_can_frame frame;
	int rc = 0;

	for (; rc == 0 && *frames != NULL; frames++) {
		rc = pier_can_frame_parse(&frame, *frames);
		if (rc == 0)
			rc = pier_can_send(can, &frame, pier_in_s(10));
	}
	return rc;
}

int
main(int argc, char **argv)
{
	struct pier_can_filters filters;
	struct pier_can_opts opts = { .filters = NULL };
	bool is_sender = argc > 3 && strcmp(argv[1], "send") == 0;
	struct pier_can *can = NULL;
	int rc = 0;

	if (!is_sender && (argc < 4 || strcmp(argv[1], "hear") != 0)) {
		fprintf(stderr, "usage: can send INTERFACE FRAME...\n"
				"       can hear INTERFACE COUNT [FILTERS]\n");
		return 2;
	}
	if (!is_sender && argv[4] != NULL) {
		rc = pier_can_filters_parse(&filters, argv[4]);
		opts.filters = &filters;
	}
	if (rc == 0)
		rc = pier_can_open(&can, argv[2], &opts);
	if (rc == 0)
		rc = is_sender ? send_all(can, argv + 3)
			       : hear(can, strtoul(argv[3], NULL, 10));
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	pier_can_close(can);
	return rc < 0;
}
