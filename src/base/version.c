/* SPDX-License-Identifier: MIT */
/*
 * The version of the running library, as a program can ask for it when the
 * one it was compiled for is not the one it was started with.
 */
#include <pier/version.h>

const char *
pier_version(void)
{
	return PIER_VERSION;
}
