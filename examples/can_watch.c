/* SPDX-License-Identifier: MIT */
/* can_watch INTERFACE ID MS COUNT: what is new of one identifier, so many times: its
   data changed, or none came for so long, and then one did. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pier.h>

static void
tell(const struct pier_can_event *event)
{
	char text[PIER_CAN_TEXT_MAX] = "";

	if (event->what == PIER_CAN_CHANGED)
		(void)pier_can_frame_format(&event->frame, text, sizeof(text));
	printf("%s %03X %s\n",
		event->what == PIER_CAN_SILENT ? "silent" : "changed",
		(unsigned int)event->key.id, text);
	fflush(stdout);
}

int
main(int argc, char **argv)
{
	struct pier_can_frame mask = { .size = PIER_CAN_CLASSIC_MAX };
	struct pier_can_watch watch = { .masks = &mask,
		.mask_count = 1,
		.size_counts = true,
		.tell_resumed = true };
	struct pier_can_bcm *bcm = NULL;
	struct pier_can_event event;
	unsigned long left;
	int rc;

	if (argc != 5) {
		fprintf(stderr, "usage: can_watch INTERFACE ID MS COUNT\n");
		return 2;
	}
	memset(mask.data, 0xff, sizeof(mask.data));
	watch.key.id = (uint32_t)strtoul(argv[2], NULL, 16);
	watch.silent_ns = strtoll(argv[3], NULL, 10) * 1000000;
	left = strtoul(argv[4], NULL, 10);
	rc = pier_can_bcm_open(&bcm, argv[1], NULL);
	if (rc == 0)
		rc = pier_can_bcm_watch(bcm, &watch);
	while (rc == 0 && left-- > 0) {
		rc = pier_can_bcm_next(bcm, &event, pier_in_s(10));
		if (rc == 0)
			tell(&event);
	}
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	pier_can_bcm_close(bcm);
	return rc < 0;
}
