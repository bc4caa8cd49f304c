/* SPDX-License-Identifier: MIT */
/* folder.h - a folder for a group of tests, which must be empty again at its end. */
#ifndef TESTS_API_FOLDER_H
#define TESTS_API_FOLDER_H

/* Set-up and teardown of the group. */
int folder_begin(void **state);
int folder_end(void **state);

/* A path in the folder, and the endpoint scheme://path; valid until the next call. */
const char *path_of(const char *name);
const char *endpoint_of(const char *scheme, const char *name);

#endif
