/* SPDX-License-Identifier: MIT */
/* os/sim_names.c - see sim_names.h. */
#include "os/sim_names.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

bool
pier__sim_name_is_abstract(const struct pier__sim_name *name)
{
	return name->text[0] == '\0';
}

struct pier__sim_name *
pier__sim_name_find(
	struct pier__sim_host *host, const char *text, socklen_t len)
{
	struct pier__list *node;

	pier__list_each(node, &host->names) {
		struct pier__sim_name *name =
			pier__container_of(node, struct pier__sim_name, node);

		if (name->len == len && memcmp(name->text, text, len) == 0)
			return name;
	}
	return NULL;
}

void
pier__sim_name_drop(struct pier__sim_name *name)
{
	pier__list_remove(&name->node);
	free(name);
}

int
pier__sim_name_read(const struct sockaddr *sa, socklen_t len, const char **text,
	socklen_t *text_len)
{
	const struct sockaddr_un *un = (const void *)sa;
	const socklen_t head = offsetof(struct sockaddr_un, sun_path);

	if (len < head || len > sizeof(*un) || un->sun_family != AF_UNIX)
		return -EINVAL;
	*text = un->sun_path;
	*text_len = len - head;
	if (*text_len > 0 && un->sun_path[0] != '\0')
		*text_len = (socklen_t)strnlen(un->sun_path, *text_len);
	return 0;
}

struct pier__sim_name *
pier__sim_name_make(struct pier__sim_socket *owner, const char *text,
	socklen_t len, mode_t mode)
{
	struct pier__sim_host *host = owner->host;
	struct pier__sim_name *name = pier__sim_memory(sizeof(*name));

	memcpy(name->text, text, len);
	name->len = len;
	name->owner = owner;
	name->ino = (ino_t)++host->sim->order;
	/* As with a umask of 022; bits that fchmod took stay away. */
	name->mode = S_IFSOCK | (mode & 0755);
	pier__list_push_back(&host->names, &name->node);
	return name;
}

void
pier__sim_name_leave(struct pier__sim_name *name)
{
	if (name == NULL)
		return;
	if (pier__sim_name_is_abstract(name))
		pier__sim_name_drop(name);
	else
		name->owner = NULL;
}

int
pier__sim_unix_stat(
	struct pier__sim_host *host, const char *path, struct stat *out)
{
	const struct pier__sim_name *name =
		pier__sim_name_find(host, path, (socklen_t)strlen(path));

	if (name == NULL)
		return -ENOENT;
	memset(out, 0, sizeof(*out));
	out->st_mode = name->mode;
	out->st_ino = name->ino;
	out->st_dev = 1;
	out->st_nlink = 1;
	return 0;
}

int
pier__sim_unix_unlink(struct pier__sim_host *host, const char *path)
{
	struct pier__sim_name *name =
		pier__sim_name_find(host, path, (socklen_t)strlen(path));

	if (name == NULL)
		return -ENOENT;
	if (name->owner != NULL)
		pier__sim_unix_unname(name->owner);
	pier__sim_name_drop(name);
	return 0;
}

int
pier__sim_unix_chmod(struct pier__sim_host *host, const char *path, mode_t mode)
{
	struct pier__sim_name *name =
		pier__sim_name_find(host, path, (socklen_t)strlen(path));

	if (name == NULL)
		return -ENOENT;
	name->mode = S_IFSOCK | (mode & 07777);
	return 0;
}

void
pier__sim_unix_forget_names(struct pier__sim_host *host)
{
	struct pier__list *node;

	while ((node = pier__list_pop_front(&host->names)) != NULL)
		free(pier__container_of(node, struct pier__sim_name, node));
}
