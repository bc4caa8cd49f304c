/* SPDX-License-Identifier: MIT */
/*
 * inspect/cgroups.c - see cgroups.h.
 *
 * The kernel tells of a socket the number of its group, which is the inode of
 * the group's directory. To open that by its number takes a capability
 * (open_by_handle_at(2)); to walk over the hierarchy takes none. Groups come and
 * go while they are read: what is not there any more is passed over.
 */
#include "inspect/cgroups.h"

#include <pier/error.h>

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "inspect/folder.h"
#include "os/calls.h"

#define PATH_SIZE 4096
#define ROOM      256   /* groups, to begin with */
#define TEXT_ROOM 16384 /* bytes of paths, to begin with */

struct pier__cgroup {
	uint64_t number;
	size_t path_at;
};

static int
grow(struct pier__cgroups *all, size_t path_size)
{
	size_t size = all->size == 0 ? ROOM : all->size * 2;
	size_t text_size = all->text_size * 2 + TEXT_ROOM;
	void *more;

	if (all->count == all->size) {
		more = pier__resize(all->groups, size * sizeof(*all->groups));
		if (more == NULL)
			return -ENOMEM;
		all->groups = more;
		all->size = size;
	}
	if (all->text_size - all->text_len < path_size) {
		more = pier__resize(all->text, text_size);
		if (more == NULL)
			return -ENOMEM;
		all->text = more;
		all->text_size = text_size;
	}
	return 0;
}

static int
add(struct pier__cgroups *all, uint64_t number, const char *path)
{
	size_t size = strlen(path) + 1;
	int rc;

	if (all->count == PIER__CGROUPS_MAX)
		return -PIER_ELIMIT;
	rc = grow(all, size);
	if (rc < 0)
		return rc;
	all->groups[all->count++] = (struct pier__cgroup){ .number = number,
		.path_at = all->text_len };
	memcpy(all->text + all->text_len, path, size);
	all->text_len += size;
	return 0;
}

/* An entry of the directory of the group at `path`, "" for the root. */
static int
take(struct pier__cgroups *all, const char *path,
	const struct pier__entry *entry)
{
	char below[PATH_SIZE];
	int len;

	if (strcmp(entry->name, ".") == 0)
		return path[0] == '\0' ? add(all, entry->inode, "/") : 0;
	if (strcmp(entry->name, "..") == 0 ||
		entry->type != PIER__ENTRY_IS_FOLDER)
		return 0;
	len = snprintf(below, sizeof(below), "%s/%s", path, entry->name);
	return len < PATH_SIZE ? add(all, entry->inode, below) : 0;
}

static int
read_one(struct pier__cgroups *all, const char *root, const char *path)
{
	char full[PATH_SIZE + 64];
	struct pier__folder folder;
	struct pier__entry entry;
	int rc;

	(void)snprintf(full, sizeof(full), "%s%s", root, path);
	rc = pier__folder_open(&folder, full);
	if (rc < 0)
		return rc;
	while ((rc = pier__folder_next(&folder, &entry)) > 0) {
		rc = take(all, path, &entry);
		if (rc < 0)
			break;
	}
	pier__folder_close(&folder);
	return rc;
}

static int
read_all(struct pier__cgroups *all, const char *root)
{
	char path[PATH_SIZE];
	size_t i;
	int rc = read_one(all, root, "");

	for (i = 0; rc == 0 && i < all->count; i++) {
		(void)snprintf(path, sizeof(path), "%s",
			all->text + all->groups[i].path_at);
		if (strcmp(path, "/") == 0)
			continue;
		rc = read_one(all, root, path);
		if (rc == -ENOENT || rc == -ENODEV || rc == -EACCES)
			rc = 0;
	}
	return rc;
}

static int
compare(const void *a, const void *b)
{
	const struct pier__cgroup *one = a, *other = b;

	return (one->number > other->number) - (one->number < other->number);
}

int
pier__cgroups_read(struct pier__cgroups *out, const char *root)
{
	struct pier__cgroups all = { .count = 0 };
	int rc = read_all(&all, root);

	if (rc < 0) {
		pier__cgroups_end(&all);
		return rc;
	}
	if (all.count > 0)
		qsort(all.groups, all.count, sizeof(*all.groups), compare);
	*out = all;
	return 0;
}

void
pier__cgroups_end(struct pier__cgroups *all)
{
	pier__free(all->groups);
	pier__free(all->text);
	*all = (struct pier__cgroups){ .count = 0 };
}

const char *
pier__cgroups_path(const struct pier__cgroups *all, uint64_t number)
{
	const struct pier__cgroup key = { .number = number };
	const struct pier__cgroup *found =
		all->count == 0 ? NULL
				: bsearch(&key, all->groups, all->count,
					  sizeof(*all->groups), compare);

	return found == NULL ? NULL : all->text + found->path_at;
}
