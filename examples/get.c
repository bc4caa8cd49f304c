/* SPDX-License-Identifier: MIT */
/* get URL: what the URL names to standard output; when it fails, in which step:
   resolve, create, connect, send, receive header or receive body. */
#include <stdio.h>

#include <pier.h>

static char buf[65536];

static int
print_body(struct pier_http *http, pier_deadline deadline)
{
	ssize_t n;

	while ((n = pier_http_read(http, buf, sizeof(buf), deadline)) > 0)
		if (fwrite(buf, 1, (size_t)n, stdout) != (size_t)n)
			return 0; /* nobody reads on */
	return (int)n;
}

int
main(int argc, char **argv)
{
	pier_deadline deadline = pier_in_s(30); /* of everything */
	const struct pier_http_answer *answer;
	struct pier_http *http = NULL;
	int status = 0, rc;

	if (argc != 2) {
		fprintf(stderr, "usage: get URL\n");
		return 2;
	}
	rc = pier_http_open(&http, argv[1], NULL);
	if (rc == 0)
		rc = pier_http_ask(http, deadline);
	if (rc == 0) {
		answer = pier_http_answer(http);
		status = answer->status;
		fprintf(stderr, "%d %s\n", status, answer->reason);
		rc = print_body(http, deadline);
	}
	if (rc < 0)
		fprintf(stderr, "failed in step: %s\n%s\n",
			pier_step_name(pier_last_error()->step),
			pier_error_line());
	pier_http_close(http);
	return rc < 0 || status >= 400;
}
