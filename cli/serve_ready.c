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

enum {
	BESIDE_MAX = 4096,
};

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

/* A name in the same folder. 0, or -errno. */
static int
name_beside(char *out, size_t size, const char *path)
{
	int len = snprintf(out, size, "%s.%d", path, (int)getpid());

	return len < (int)size ? 0 : -ENAMETOOLONG;
}

/* What is there, and no regular file. */
static bool
is_special(const char *path)
{
	struct stat status;

	return stat(path, &status) == 0 && !S_ISREG(status.st_mode);
}

int
serve_check_ready(
	const struct cli_tool *tool, const struct serve_settings *settings)
{
	const char *path = settings->ready_file;
	char beside[BESIDE_MAX];
	FILE *file;
	int rc;

	/* A FIFO is opened once: its reader would take that for all. */
	if (path == NULL || is_special(path))
		return CLI_EXIT_OK;
	rc = name_beside(beside, sizeof(beside), path);
	if (rc == 0) {
		file = fopen(beside, "we");
		rc = file != NULL ? 0 : -errno;
		if (file != NULL)
			fclose(file);
		if (file != NULL && unlink(beside) < 0)
			rc = -errno;
	}
	return rc == 0 ? CLI_EXIT_OK
		       : cli_own_failure(tool, PIER_STEP_CREATE, path, rc,
				 "--ready-file");
}

int
serve_write_ready(struct serve *serve)
{
	const char *path = serve->settings->ready_file;
	char beside[BESIDE_MAX];
	int rc;

	if (path == NULL)
		return 0;
	if (is_special(path))
		return write_endpoints(serve, path);
	rc = name_beside(beside, sizeof(beside), path);
	if (rc < 0)
		return rc;
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
