/* SPDX-License-Identifier: MIT */
/*
 * See get_file.h. A file without a name (O_TMPFILE) leaves nothing even when the
 * tool is killed; where the file system has none, it is a name that begins with
 * a dot.
 */
#include "get_file.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

#define TRIES 100

/* The last part of a path. */
static const char *
last_part(const char *path)
{
	const char *slash = strrchr(path, '/');

	return slash != NULL ? slash + 1 : path;
}

/* The folder that a path is in, with its slash; here is "./". */
static void
folder_of(char folder[PATH_MAX], const char *path)
{
	size_t len = (size_t)(last_part(path) - path);

	memcpy(folder, len > 0 ? path : "./", len > 0 ? len : 2);
	folder[len > 0 ? len : 2] = '\0';
}

/* Where it leads; what is not there yet has no link to follow. */
static int
find_path(struct get_file *file, const char *name)
{
	struct stat status;
	char *real;

	if (strlen(name) >= sizeof(file->path))
		return -ENAMETOOLONG;
	memcpy(file->path, name, strlen(name) + 1);
	if (stat(name, &status) < 0)
		return errno == ENOENT ? 0 : -errno;
	if (S_ISDIR(status.st_mode))
		return -EISDIR;
	file->direct = !S_ISREG(status.st_mode);
	file->exists = true;
	file->mode = status.st_mode & 07777;
	if (file->direct)
		return 0;
	/* A file that may not be written to is not replaced either. */
	if (access(name, W_OK) < 0)
		return -errno;
	real = realpath(name, NULL);
	if (real == NULL)
		return -errno;
	snprintf(file->path, sizeof(file->path), "%s", real);
	free(real);
	return 0;
}

/* Another name beside it, which nobody has but by chance. */
static int
next_name(struct get_file *file)
{
	char folder[PATH_MAX];
	struct timespec now;
	int n;

	folder_of(folder, file->path);
	(void)clock_gettime(CLOCK_REALTIME, &now);
	n = snprintf(file->work, sizeof(file->work), "%s.%s.%lx%x", folder,
		last_part(file->path), (unsigned long)now.tv_nsec,
		(unsigned)getpid());
	return n < (int)sizeof(file->work) ? 0 : -ENAMETOOLONG;
}

static int
open_named(struct get_file *file)
{
	int tries, rc;

	for (tries = 0; tries < TRIES; tries++) {
		rc = next_name(file);
		if (rc < 0)
			return rc;
		file->fd = open(file->work,
			O_WRONLY | O_CREAT | O_EXCL | O_CLOEXEC, 0666);
		file->named = file->fd >= 0;
		if (file->named)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return -errno;
}

static int
open_new(struct get_file *file)
{
	char folder[PATH_MAX];

	folder_of(folder, file->path);
	file->fd = open(folder, O_WRONLY | O_TMPFILE | O_CLOEXEC, 0666);
	if (file->fd >= 0)
		return 0;
	/* A kernel or file system that has none says one of these. */
	if (errno != EOPNOTSUPP && errno != EISDIR && errno != EINVAL)
		return -errno;
	return open_named(file);
}

/* A line without its end. False: there is none. */
static bool
read_line(FILE *in, char *line, size_t size)
{
	if (fgets(line, (int)size, in) == NULL) {
		line[0] = '\0';
		return false;
	}
	line[strcspn(line, "\n")] = '\0';
	return true;
}

/* "URL\nTAG\n", if it is of this URL; and "FROM\n", if that is another. */
static void
read_tag(struct get_file *file)
{
	FILE *in = fopen(file->tag_path, "re");
	char line[GET_URL_MAX];

	if (in == NULL)
		return;
	if (read_line(in, line, sizeof(line)) && strcmp(line, file->url) == 0 &&
		read_line(in, file->tag, sizeof(file->tag)))
		(void)read_line(in, file->from, sizeof(file->from));
	/* Only read from. */
	(void)fclose(in);
}

static int
open_part(struct get_file *file)
{
	struct stat status;

	if (snprintf(file->work, sizeof(file->work), "%s.part", file->path) >=
			(int)sizeof(file->work) ||
		snprintf(file->tag_path, sizeof(file->tag_path), "%s.part.tag",
			file->path) >= (int)sizeof(file->tag_path))
		return -ENAMETOOLONG;
	file->fd = open(file->work, O_WRONLY | O_CREAT | O_CLOEXEC, 0666);
	if (file->fd < 0)
		return -errno;
	/* Two that write the same part would make neither's. */
	if (flock(file->fd, LOCK_EX | LOCK_NB) < 0 ||
		fstat(file->fd, &status) < 0) {
		int rc = errno == EWOULDBLOCK ? -EBUSY : -errno;

		close(file->fd);
		file->fd = -1;
		return rc;
	}
	file->named = true;
	read_tag(file);
	file->have = file->tag[0] != '\0' ? (int64_t)status.st_size : 0;
	return 0;
}

int
get_file_open(
	struct get_file *file, const char *name, bool resumes, const char *url)
{
	int rc;

	memset(file, 0, sizeof(*file));
	file->fd = -1;
	rc = find_path(file, name);
	if (rc < 0)
		return rc;
	if (file->direct) {
		file->fd = open(name, O_WRONLY | O_CLOEXEC | O_NOCTTY);
		return file->fd < 0 ? -errno : 0;
	}
	file->resumes = resumes;
	snprintf(file->url, sizeof(file->url), "%s", url);
	return resumes ? open_part(file) : open_new(file);
}

static int
write_tag(struct get_file *file, const char *from, const char *tag)
{
	bool same = strcmp(from, file->url) == 0;
	FILE *out;
	bool failed;

	snprintf(file->tag, sizeof(file->tag), "%s", tag);
	/* Cut short it would be another one. */
	if (tag[0] == '\0' || strlen(tag) >= sizeof(file->tag)) {
		file->tag[0] = '\0';
		(void)unlink(file->tag_path);
		return 0;
	}
	out = fopen(file->tag_path, "we");
	if (out == NULL)
		return -errno;
	failed = fprintf(out, "%s\n%s\n%s%s", file->url, tag, same ? "" : from,
			 same ? "" : "\n") < 0;
	if (fclose(out) != 0 || failed)
		return -errno;
	return 0;
}

bool
get_file_is_from(const struct get_file *file, const char *from)
{
	const char *before = file->from[0] != '\0' ? file->from : file->url;
	size_t len = strcspn(before, "?");

	return strcspn(from, "?") == len && strncmp(from, before, len) == 0;
}

int
get_file_begin(
	struct get_file *file, bool is_rest, const char *from, const char *tag)
{
	if (!file->resumes)
		return 0;
	file->begun = true;
	if (is_rest)
		return lseek(file->fd, (off_t)file->have, SEEK_SET) < 0 ? -errno
									: 0;
	file->have = 0;
	/* First the bytes go, then it is said of what they are. */
	if (ftruncate(file->fd, 0) < 0)
		return -errno;
	return write_tag(file, from, tag);
}

int
get_file_write(struct get_file *file, const void *bytes, size_t len)
{
	const char *at = bytes;

	while (len > 0) {
		ssize_t n = write(file->fd, at, len);

		if (n < 0 && errno != EINTR)
			return -errno;
		if (n > 0) {
			at += n;
			len -= (size_t)n;
		}
	}
	return 0;
}

/* A name for what has none. */
static int
link_work(struct get_file *file)
{
	char self[64];
	int tries, rc;

	snprintf(self, sizeof(self), "/proc/self/fd/%d", file->fd);
	for (tries = 0; tries < TRIES; tries++) {
		rc = next_name(file);
		if (rc < 0)
			return rc;
		file->named = linkat(AT_FDCWD, self, AT_FDCWD, file->work,
				      AT_SYMLINK_FOLLOW) == 0;
		if (file->named)
			return 0;
		if (errno != EEXIST)
			break;
	}
	return -errno;
}

/* The name is on the disk once its folder is. Not every file system can. */
static void
sync_folder(const struct get_file *file)
{
	char folder[PATH_MAX];
	int fd;

	folder_of(folder, file->path);
	fd = open(folder, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
	if (fd < 0)
		return;
	(void)fsync(fd);
	close(fd);
}

static void
close_file(struct get_file *file)
{
	if (file->fd >= 0)
		close(file->fd);
	file->fd = -1;
}

int
get_file_commit(struct get_file *file)
{
	int rc = 0;

	if (file->direct) {
		rc = close(file->fd) < 0 ? -errno : 0;
		file->fd = -1;
		return rc;
	}
	if ((file->exists && fchmod(file->fd, file->mode) < 0) ||
		fsync(file->fd) < 0)
		return -errno;
	if (!file->named)
		rc = link_work(file);
	if (rc == 0 && rename(file->work, file->path) < 0)
		rc = -errno;
	if (rc < 0)
		return rc;
	file->named = false;
	if (file->resumes)
		(void)unlink(file->tag_path);
	close_file(file);
	sync_folder(file);
	return 0;
}

int64_t
get_file_drop(struct get_file *file)
{
	struct stat status = { .st_size = 0 };
	int64_t size = 0, kept = 0;

	if (file->fd < 0)
		return 0;
	if (file->resumes && fstat(file->fd, &status) == 0)
		size = (int64_t)status.st_size;
	if (file->tag[0] != '\0')
		kept = size;
	/* A part of something else stays as it was, if nothing came. */
	if (file->named && kept == 0 && (file->begun || size == 0)) {
		(void)unlink(file->work);
		if (file->resumes)
			(void)unlink(file->tag_path);
	}
	close_file(file);
	return kept;
}
