/* SPDX-License-Identifier: MIT */
/*
 * dial.c - dials an endpoint for dial_netns.py: `dial ENDPOINT MS`. Prints
 * what came of it, and what the report says, as one line of JSON.
 */
#include <pier.h>

#include <stdio.h>
#include <stdlib.h>

#include "../fds.h"

static void
show_attempts(const struct pier_dial_report *report)
{
	char text[PIER_ADDR_TEXT_MAX];
	size_t i;

	for (i = 0; i < report->attempt_count; i++) {
		const struct pier_attempt *attempt = &report->attempts[i];

		(void)pier_addr_format_host(&attempt->addr, text, sizeof(text));
		printf("%s{\"addr\": \"%s\", \"rc\": \"%s\", \"start_ms\": "
		       "%.1f, \"elapsed_ms\": %.1f}",
			i > 0 ? ", " : "", text,
			attempt->rc < 0 ? pier_error_name(attempt->rc) : "OK",
			(double)attempt->start_ns / 1e6,
			(double)attempt->elapsed_ns / 1e6);
	}
}

struct job {
	const char *endpoint;
	int64_t ms;
};

static int
dial(void *arg)
{
	const struct job *job = arg;
	struct pier_dial_report report = { 0 };
	const struct pier_dial_opts opts = { .report = &report };
	struct pier_stream *stream = NULL;
	int before = open_fds();
	int rc = pier_dial(&stream, job->endpoint, &opts, pier_in_ms(job->ms));

	pier_close(stream);
	printf("{\"rc\": \"%s\", \"total_ms\": %.1f, \"left_open\": %d, "
	       "\"line\": \"%s\", \"attempts\": [",
		rc < 0 ? pier_error_name(rc) : "OK",
		(double)report.total_ns / 1e6, open_fds() - before,
		rc < 0 ? pier_error_line() : "");
	show_attempts(&report);
	printf("]}\n");
	return 0;
}

int
main(int argc, char **argv)
{
	static const struct pier_run_opts opts = { .stack_size = 262144 };
	struct job job;

	if (argc != 3) {
		fprintf(stderr, "usage: dial ENDPOINT MS\n");
		return 2;
	}
	job.endpoint = argv[1];
	job.ms = atoll(argv[2]);
	return pier_run(dial, &job, &opts, NULL) < 0;
}
