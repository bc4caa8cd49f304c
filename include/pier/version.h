/* SPDX-License-Identifier: MIT */
/*
 * pier/version.h - which pier a program was compiled for, and which it runs on.
 *
 * Versions are semantic: within one major number, a program built for an
 * older libpier runs on a newer one.
 */
#ifndef PIER_VERSION_H
#define PIER_VERSION_H

#define PIER_VERSION_MAJOR 0
#define PIER_VERSION_MINOR 1
#define PIER_VERSION_PATCH 0
#define PIER_VERSION       "0.1.0"

#ifdef __cplusplus
extern "C" {
#endif

/*
 * pier_version(): the version of the library that is running, such as
 * "0.1.0"; PIER_VERSION is that of the headers. Never NULL; static.
 */
const char *pier_version(void);

#ifdef __cplusplus
}
#endif

#endif
