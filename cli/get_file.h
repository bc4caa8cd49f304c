/* SPDX-License-Identifier: MIT */
/*
 * A file that is there whole or not at all: what comes goes to one without a
 * name (or a name of its own) in the same folder, and takes the name when all
 * has come. With resuming it is FILE.part, which stays when it fails, and beside
 * it FILE.part.tag says of what it is a part: the URL that was asked for, the
 * entity tag or the date by which the server knows it again, and where redirects
 * led, on a line each.
 */
#ifndef PIER_CLI_GET_FILE_H
#define PIER_CLI_GET_FILE_H

#include <limits.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define GET_TAG_MAX 1024
#define GET_URL_MAX 8192 /* PIER_HTTP_URL_MAX, and a line's end */

struct get_file {
	int fd;      /* -1: not open */
	bool direct; /* a device or pipe: written as it comes */
	bool exists; /* it has a mode, which is kept */
	bool named;  /* what is written has a name: work */
	bool resumes;
	bool begun; /* what was there before is ours to change */
	mode_t mode;
	int64_t have; /* bytes that were there of it before */
	char tag[GET_TAG_MAX];
	char url[GET_URL_MAX];  /* what was asked for */
	char from[GET_URL_MAX]; /* where the part came from; "": the same */
	char path[PATH_MAX];    /* links resolved */
	char work[PATH_MAX];
	char tag_path[PATH_MAX];
};

/*
 * get_file_open(file, name, resumes, url): have file->have bytes there already,
 * which are part of what has file->tag; else 0. 0 or -errno.
 */
int get_file_open(
	struct get_file *file, const char *name, bool resumes, const char *url);

/* May what comes from this URL be of the same file as the part that is there?
   Its query need not be the same: permits expire. */
bool get_file_is_from(const struct get_file *file, const char *from);

/* What comes from this URL is all of it, or the rest: tag is by what the server
   knows it again, or "". 0 or -errno. */
int get_file_begin(
	struct get_file *file, bool is_rest, const char *from, const char *tag);

/* All of the bytes. 0 or -errno. */
int get_file_write(struct get_file *file, const void *bytes, size_t len);

/* It is whole: give it its name, on the disk too. 0 or -errno. */
int get_file_commit(struct get_file *file);

/* It is not, or was never begun: nothing is left, but for what resuming can go
   on from, of which it gives the number of bytes. */
int64_t get_file_drop(struct get_file *file);

#endif
