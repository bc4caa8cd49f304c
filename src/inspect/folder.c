/* SPDX-License-Identifier: MIT */
/* inspect/folder.c - see folder.h. */
#include "inspect/folder.h"

#include <errno.h>
#include <string.h>

#include "os/calls.h"

/* struct linux_dirent64. */
#define LEN_AT  16
#define TYPE_AT 18
#define NAME_AT 19

int
pier__folder_open(struct pier__folder *out, const char *path)
{
	out->at = 0;
	out->len = 0;
	out->fd = pier__calls()->open_file(path);
	return out->fd < 0 ? out->fd : 0;
}

void
pier__folder_close(struct pier__folder *folder)
{
	pier__close(folder->fd);
}

int
pier__folder_next(struct pier__folder *folder, struct pier__entry *entry)
{
	const unsigned char *record;
	uint16_t len;
	ssize_t n;

	if (folder->at + NAME_AT >= folder->len) {
		n = pier__calls()->read_dir(
			folder->fd, folder->piece, sizeof(folder->piece));
		if (n <= 0)
			return (int)n;
		folder->at = 0;
		folder->len = (size_t)n;
	}
	record = folder->piece + folder->at;
	if (folder->len - folder->at <= NAME_AT)
		return -EIO;
	memcpy(&len, record + LEN_AT, sizeof(len));
	if (len <= NAME_AT || len > folder->len - folder->at)
		return -EIO;
	memcpy(&entry->inode, record, sizeof(entry->inode));
	entry->type = record[TYPE_AT];
	entry->name = (const char *)record + NAME_AT;
	entry->name_len = strnlen(entry->name, len - (size_t)NAME_AT);
	folder->at += len;
	return entry->name_len < len - (size_t)NAME_AT ? 1 : -EIO;
}
