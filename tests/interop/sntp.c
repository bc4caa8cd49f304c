/* SPDX-License-Identifier: MIT */
/*
 * sntp.c - asks for the time, for ntp.py: `sntp SAMPLES WAIT_MS HOST...`, 20 ms
 * apart. Prints what happened as lines: the server's number, what it was, the
 * check that failed, the offset in nanoseconds, the delay, the bound, and in
 * words; then what was decided.
 */
#include <pier.h>

#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>

static const char *const names[] = {
	[PIER_SNTP_SAMPLE] = "sample",
	[PIER_SNTP_IGNORED] = "ignored",
	[PIER_SNTP_LATE] = "late",
	[PIER_SNTP_REJECTED] = "rejected",
	[PIER_SNTP_DENIED] = "denied",
	[PIER_SNTP_LOST] = "lost",
	[PIER_SNTP_ERROR] = "error",
	[PIER_SNTP_FAILED] = "failed",
};

static void
show(const struct pier_sntp_event *event)
{
	const struct pier_sntp_sample *sample = &event->sample;
	const char *failed = pier_sntp_check_name(event->failed);

	printf("%zu %s %s %" PRId64 " %" PRId64 " %" PRId64 " %s\n",
		event->server, names[event->what],
		failed != NULL ? failed : "-", sample->offset_ns,
		sample->delay_ns, sample->bound_ns, event->text);
}

static int
ask(const char *const *hosts, size_t count, const struct pier_sntp_opts *opts)
{
	struct pier_ntp_verdict verdict;
	struct pier_sntp_event event;
	struct pier_sntp *sntp;
	int rc = pier_sntp_open(&sntp, hosts, count, opts, pier_in_s(5));

	if (rc < 0)
		return rc;
	while ((rc = pier_sntp_next(sntp, &event, pier_in_s(20))) > 0)
		show(&event);
	(void)pier_sntp_result(sntp, &verdict);
	printf("= %zu of %zu %" PRId64 " %" PRId64 "\n", verdict.truechimers,
		verdict.usable, verdict.offset_ns, verdict.bound_ns);
	pier_sntp_close(sntp);
	return rc;
}

int
main(int argc, char **argv)
{
	struct pier_sntp_opts opts = { .interval_ns = 20000000, .tries = 1 };

	if (argc < 4)
		return 2;
	opts.samples = (unsigned)atoi(argv[1]);
	opts.wait_ns = (int64_t)atoi(argv[2]) * 1000000;
	if (ask((const char *const *)argv + 3, (size_t)argc - 3, &opts) == 0)
		return 0;
	fprintf(stderr, "%s\n", pier_error_line());
	return 1;
}
