/* SPDX-License-Identifier: MIT */
/* can_cycle INTERFACE MS FRAME: the kernel sends the frame every so often. A line of
   standard input is another frame of the same identifier, which takes its place;
   the end of it ends the job. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pier.h>

static int
change_by_lines(struct pier_can_bcm *bcm)
{
	struct pier_can_frame frame;
	char line[PIER_CAN_TEXT_MAX];
	int rc = 0;

	while (rc == 0 && fgets(line, sizeof(line), stdin) != NULL) {
		line[strcspn(line, "\n")] = '\0';
		rc = pier_can_frame_parse(&frame, line);
		if (rc == 0)
			rc = pier_can_bcm_update(bcm, &frame, 1);
	}
	return rc;
}

int
main(int argc, char **argv)
{
	struct pier_can_frame frame;
	struct pier_can_cycle cycle = { .frames = &frame, .count = 1 };
	struct pier_can_bcm *bcm = NULL;
	struct pier_can_event event;
	char text[PIER_CAN_TEXT_MAX];
	int rc;

	if (argc != 4) {
		fprintf(stderr, "usage: can_cycle INTERFACE MS FRAME\n");
		return 2;
	}
	cycle.then_ns = strtoll(argv[2], NULL, 10) * 1000000;
	rc = pier_can_frame_parse(&frame, argv[3]);
	if (rc == 0)
		rc = pier_can_bcm_open(&bcm, argv[1], NULL);
	if (rc == 0)
		rc = pier_can_bcm_send(bcm, &cycle);
	if (rc == 0)
		rc = change_by_lines(bcm);
	/* What the kernel has of it, and its end. */
	if (rc == 0) {
		const struct pier_can_key key = { .id = frame.id,
			.extended = frame.extended,
			.remote = frame.remote,
			.fd = frame.fd };

		rc = pier_can_bcm_ask(bcm, &key);
		if (rc == 0)
			rc = pier_can_bcm_next(bcm, &event, pier_in_s(1));
		if (rc == 0 && pier_can_frame_format(
				       &event.frame, text, sizeof(text)) > 0)
			printf("%s every %lld ms\n", text,
				(long long)event.then_ns / 1000000);
		if (rc == 0)
			rc = pier_can_bcm_cancel(bcm, &key);
	}
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	pier_can_bcm_close(bcm);
	return rc < 0;
}
