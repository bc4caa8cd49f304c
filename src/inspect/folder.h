/* SPDX-License-Identifier: MIT */
/*
 * inspect/folder.h - what is in a folder, one entry after the other, by
 * getdents64(2). Its records are bytes of the kernel's: their bounds are checked
 * all the same.
 */
#ifndef PIER_INSPECT_FOLDER_H
#define PIER_INSPECT_FOLDER_H

#include <stddef.h>
#include <stdint.h>

/* Bytes that are read at once. */
#define PIER__FOLDER_PIECE 8192

/* DT_DIR of dirent.h. */
#define PIER__ENTRY_IS_FOLDER 4

struct pier__folder {
	int fd;
	size_t at, len;
	unsigned char piece[PIER__FOLDER_PIECE];
};

struct pier__entry {
	uint64_t inode;
	unsigned int type; /* DT_… */
	const char *name;  /* ends in NUL; borrowed until the next one */
	size_t name_len;
};

/* A folder whose descriptor is closed by pier__folder_close(). 0 or -errno. */
int pier__folder_open(struct pier__folder *out, const char *path);
void pier__folder_close(struct pier__folder *folder);

/* 1 and the next entry; 0: no more; or -errno. */
int pier__folder_next(struct pier__folder *folder, struct pier__entry *entry);

#endif
