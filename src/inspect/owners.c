/* SPDX-License-Identifier: MIT */
/*
 * inspect/owners.c - see owners.h.
 *
 * Processes come and go while they are read: what is not there any more, or
 * cannot be looked into, is passed over.
 */
#include "inspect/owners.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/folder.h"
#include "os/calls.h"
#include "os/whole_file.h"

#define ROOM      256 /* sockets, to begin with */
#define PATH_SIZE 320
#define LINK_MAX  64 /* "socket:[4294967295]" */

/* The number that a name is, or -1: it is none. */
static int32_t
number_of(const char *name)
{
	int64_t number = 0;
	size_t i;

	for (i = 0; name[i] >= '0' && name[i] <= '9'; i++) {
		number = number * 10 + (name[i] - '0');
		if (number > INT32_MAX)
			return -1;
	}
	return i > 0 && name[i] == '\0' ? (int32_t)number : -1;
}

/* 1 and the next number that is a name in the folder; 0: no more; or
   -errno. */
static int
next_number(struct pier__folder *folder, int32_t *number)
{
	struct pier__entry entry;
	int rc;

	while ((rc = pier__folder_next(folder, &entry)) > 0) {
		*number = number_of(entry.name);
		if (*number >= 0)
			return 1;
	}
	return rc;
}

/* The process has gone, or is another user's. */
static bool
is_passed_over(int rc)
{
	return rc == -ENOENT || rc == -ESRCH || rc == -EACCES || rc == -EPERM;
}

static int
grow(struct pier__owners *owners)
{
	size_t size = owners->size == 0 ? ROOM : owners->size * 2;
	void *more;

	if (size > PIER__OWNERS_MAX)
		return -ENFILE;
	more = pier__resize(owners->inodes, size * sizeof(*owners->inodes));
	if (more == NULL)
		return -ENOMEM;
	owners->inodes = more;
	more = pier__resize(owners->owners, size * sizeof(*owners->owners));
	if (more == NULL)
		return -ENOMEM;
	owners->owners = more;
	owners->size = size;
	return 0;
}

static int
add(struct pier__owners *owners, uint64_t inode, int32_t pid, int32_t fd)
{
	int rc = owners->count < owners->size ? 0 : grow(owners);

	if (rc < 0)
		return rc;
	owners->inodes[owners->count] = inode;
	owners->owners[owners->count++] =
		(struct pier_socket_owner){ .pid = pid, .fd = fd };
	return 0;
}

/* "socket:[123]" is 123; anything else 0. */
static uint64_t
inode_of(const char *link)
{
	char *end;
	uint64_t inode;

	if (strncmp(link, "socket:[", 8) != 0)
		return 0;
	inode = strtoull(link + 8, &end, 10);
	return strcmp(end, "]") == 0 ? inode : 0;
}

/* One descriptor of a process. */
static int
look_at(struct pier__owners *owners, const char *folder, int32_t pid,
	int32_t fd)
{
	char path[PATH_SIZE], link[LINK_MAX];
	uint64_t inode;
	ssize_t n;

	(void)snprintf(path, sizeof(path), "%s/%d", folder, fd);
	n = pier__calls()->readlink(path, link, sizeof(link) - 1);
	if (n < 0)
		return is_passed_over((int)n) ? 0 : (int)n;
	link[n] = '\0';
	inode = inode_of(link);
	return inode == 0 ? 0 : add(owners, inode, pid, fd);
}

/* The name, once it is known that the process has a socket. */
static int
name_from(struct pier__owners *owners, size_t first, const char *root)
{
	char path[PATH_SIZE], name[sizeof(owners->owners[0].command)];
	char *text = NULL;
	ptrdiff_t len;

	(void)snprintf(path, sizeof(path), "%s/%d/comm", root,
		owners->owners[first].pid);
	len = pier__whole_file(&text, path, LINK_MAX);
	if (len < 0)
		return is_passed_over((int)len) ? 0 : (int)len;
	memset(name, 0, sizeof(name));
	memcpy(name, text,
		(size_t)len < sizeof(name) ? (size_t)len : sizeof(name) - 1);
	name[strcspn(name, "\n")] = '\0';
	pier__free(text);
	for (; first < owners->count; first++)
		memcpy(owners->owners[first].command, name, sizeof(name));
	return 0;
}

static int
scan_process(struct pier__owners *owners, const char *root, int32_t pid)
{
	size_t first = owners->count;
	char folder[PATH_SIZE / 2];
	struct pier__folder fds;
	int32_t fd;
	int rc;

	(void)snprintf(folder, sizeof(folder), "%s/%d/fd", root, pid);
	rc = pier__folder_open(&fds, folder);
	if (rc < 0) {
		owners->hidden += rc == -EACCES || rc == -EPERM;
		return is_passed_over(rc) ? 0 : rc;
	}
	while ((rc = next_number(&fds, &fd)) > 0) {
		rc = look_at(owners, folder, pid, fd);
		if (rc < 0)
			break;
	}
	pier__folder_close(&fds);
	if (rc == -EACCES || rc == -EPERM)
		owners->hidden++;
	if (is_passed_over(rc))
		rc = 0;
	if (rc == 0 && owners->count > first)
		rc = name_from(owners, first, root);
	return rc;
}

/* For the order of owners.h: what is swapped is a number of a place. */
static int
compare(const void *a, const void *b, void *ctx)
{
	const struct pier__owners *owners = ctx;
	size_t i = *(const uint32_t *)a, j = *(const uint32_t *)b;

	if (owners->inodes[i] != owners->inodes[j])
		return owners->inodes[i] < owners->inodes[j] ? -1 : 1;
	if (owners->owners[i].pid != owners->owners[j].pid)
		return owners->owners[i].pid < owners->owners[j].pid ? -1 : 1;
	return owners->owners[i].fd < owners->owners[j].fd ? -1 : 1;
}

/* Both lists in the order of the inodes. */
static int
sort(struct pier__owners *owners)
{
	struct pier__owners sorted = { .count = owners->count,
		.hidden = owners->hidden };
	uint32_t *places = NULL;
	size_t i;

	if (owners->count == 0)
		return 0;
	places = pier__alloc(owners->count * sizeof(*places));
	sorted.inodes = pier__alloc(owners->count * sizeof(*sorted.inodes));
	sorted.owners = pier__alloc(owners->count * sizeof(*sorted.owners));
	if (places == NULL || sorted.inodes == NULL || sorted.owners == NULL) {
		pier__free(places);
		pier__owners_end(&sorted);
		return -ENOMEM;
	}
	for (i = 0; i < owners->count; i++)
		places[i] = (uint32_t)i;
	qsort_r(places, owners->count, sizeof(*places), compare, owners);
	for (i = 0; i < owners->count; i++) {
		sorted.inodes[i] = owners->inodes[places[i]];
		sorted.owners[i] = owners->owners[places[i]];
	}
	pier__free(places);
	pier__owners_end(owners);
	*owners = sorted;
	return 0;
}

int
pier__owners_scan(struct pier__owners *out, const char *root)
{
	struct pier__owners owners = { .count = 0 };
	struct pier__folder pids;
	int32_t pid;
	int rc;

	rc = pier__folder_open(&pids, root);
	if (rc < 0)
		return rc;
	while ((rc = next_number(&pids, &pid)) > 0) {
		rc = scan_process(&owners, root, pid);
		if (rc < 0)
			break;
	}
	pier__folder_close(&pids);
	if (rc == 0)
		rc = sort(&owners);
	if (rc < 0)
		pier__owners_end(&owners);
	else
		*out = owners;
	return rc;
}

void
pier__owners_end(struct pier__owners *owners)
{
	pier__free(owners->inodes);
	pier__free(owners->owners);
	*owners = (struct pier__owners){ .count = 0 };
}

const struct pier_socket_owner *
pier__owners_of(
	const struct pier__owners *owners, uint64_t inode, size_t *count)
{
	size_t low = 0, high = owners->count;

	while (low < high) {
		size_t middle = low + (high - low) / 2;

		if (owners->inodes[middle] < inode)
			low = middle + 1;
		else
			high = middle;
	}
	for (high = low; high < owners->count && owners->inodes[high] == inode;)
		high++;
	*count = inode != 0 ? high - low : 0;
	return *count > 0 ? &owners->owners[low] : NULL;
}
