/* SPDX-License-Identifier: MIT */
/*
 * The ready file of pier serve: written beside its place and renamed, so that
 * it appears whole; what is there and is no regular file (a FIFO, a device) is
 * written to as it is. Removed at the end, so that it never lies.
 */
#include "serve.h"

#include <errno.h>
#include <stdio.h>
#include <sys/stat.h>
#include <unistd.h>

static int
write_endpoints(const struct serve *serve, const char *path)
{
	size_t n = pier_server_endpoint_count(serve->server), i;
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	FILE *file = fopen(path, "we");
	int rc = 0;

	if (file == NULL)
		return -errno;
	for (i = 0; i < n; i++) {
		if (pier_server_endpoint(
			    serve->server, i, endpoint, sizeof(endpoint)) >= 0)
			fprintf(file, "%s\n", endpoint);
	}
	if (ferror(file))
		rc = -EIO;
	if (fclose(file) != 0)
		rc = -errno;
	return rc;
}

int
serve_write_ready(struct serve *serve)
{
	const char *path = serve->settings->ready_file;
	struct stat status;
	char beside[4096];
	int rc;

	if (path == NULL)
		return 0;
	if (stat(path, &status) == 0 && !S_ISREG(status.st_mode))
		return write_endpoints(serve, path);
	if (snprintf(beside, sizeof(beside), "%s.%d", path, (int)getpid()) >=
		(int)sizeof(beside))
		return -ENAMETOOLONG;
	rc = write_endpoints(serve, beside);
	if (rc == 0 && rename(beside, path) < 0)
		rc = -errno;
	if (rc < 0)
		(void)unlink(beside); /* rc says what went wrong */
	serve->ready_written = rc == 0;
	return rc;
}

void
serve_remove_ready(struct serve *serve)
{
	/* Somebody else may have removed it, which is as good. */
	if (serve->ready_written)
		(void)unlink(serve->settings->ready_file);
}
