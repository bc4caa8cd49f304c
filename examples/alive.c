/* SPDX-License-Identifier: MIT */
/* alive HOST...: four echoes to each host, all hosts at once, a line for each:
   how many were answered, and the middle of the round trips. Ends with 1 when
   one did not answer. */
#include <stdio.h>

#include <pier.h>

static int
ask(void *arg)
{
	const struct pier_ping_opts opts = { .count = 4,
		.interval_ns = 20000000 };
	const char *host = arg;
	struct pier_ping_event event;
	struct pier_ping_stats stats;
	struct pier_ping *ping;
	char endpoint[300];
	int rc;

	(void)snprintf(endpoint, sizeof(endpoint), "icmp://%s", host);
	rc = pier_ping_open(&ping, endpoint, &opts, pier_in_s(10));
	if (rc < 0) {
		printf("%s\n", pier_error_line());
		return rc;
	}
	do {
		rc = pier_ping_next(ping, &event, PIER_FOREVER);
		if (rc > 0 && event.what == PIER_PING_ERROR)
			printf("%s: %s\n", host, event.text);
	} while (rc > 0);
	pier_ping_stats(ping, &stats);
	printf("%s: %d of %d answered, %.3f ms\n", host, (int)stats.answered,
		(int)stats.sent, (double)stats.median_ns / 1e6);
	pier_ping_close(ping);
	return rc < 0 || stats.answered == 0 ? -1 : 0;
}

static int
ask_all(void *arg)
{
	struct pier_group *group;
	char **host;
	int rc = pier_group_open(&group);

	for (host = arg; rc == 0 && *host != NULL; host++)
		rc = pier_go(group, ask, *host);
	if (rc == 0)
		rc = pier_group_wait(group, PIER_FOREVER);
	if (rc == 0)
		rc = pier_group_result(group);
	pier_group_close(group);
	return rc;
}

int
main(int argc, char **argv)
{
	if (argc < 2) {
		fprintf(stderr, "usage: alive HOST...\n");
		return 2;
	}
	return pier_run(ask_all, argv + 1, NULL, NULL) < 0;
}
