/* SPDX-License-Identifier: MIT */
/*
 * What time is it, by one or several servers of NTP: clock HOST[:PORT]... Every
 * answer is checked, several servers are compared, and how far this machine's
 * clock is off comes with how far that may be wrong.
 */
#include <pier.h>
#include <stdio.h>
#include <time.h>

static void
print_result(struct pier_sntp *sntp)
{
	struct pier_ntp_verdict verdict;
	time_t now;

	if (pier_sntp_result(sntp, &verdict) <= 0) {
		printf("no majority of %zu servers\n", verdict.usable);
		return;
	}
	time(&now);
	now += (time_t)(verdict.offset_ns / 1000000000);
	printf("%soffset %.9f s, at most %.9f s wrong, %zu of %zu\n",
		ctime(&now), (double)verdict.offset_ns / 1e9,
		(double)verdict.bound_ns / 1e9, verdict.truechimers,
		verdict.usable);
}

int
main(int argc, char **argv)
{
	const char *const *hosts = (const char *const *)argv + 1;
	struct pier_sntp_event event;
	struct pier_sntp_server server;
	struct pier_sntp *sntp;
	int rc = pier_sntp_open(
		&sntp, hosts, (size_t)argc - 1, NULL, pier_in_s(10));

	if (rc < 0) {
		fprintf(stderr, "%s\n", pier_error_line());
		return 1;
	}
	while ((rc = pier_sntp_next(sntp, &event, pier_in_s(30))) > 0) {
		pier_sntp_server(sntp, event.server, &server);
		if (event.what == PIER_SNTP_SAMPLE)
			printf("%s: offset %.9f s, delay %.9f s\n", server.host,
				(double)event.sample.offset_ns / 1e9,
				(double)event.sample.delay_ns / 1e9);
		else
			printf("%s: %s\n", server.host, event.text);
	}
	print_result(sntp);
	pier_sntp_close(sntp);
	return rc < 0;
}
