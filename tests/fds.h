/* SPDX-License-Identifier: MIT */
/* tests/fds.h - how many descriptors this process has open, to see that none leaks. */
#ifndef PIER_TESTS_FDS_H
#define PIER_TESTS_FDS_H

#include <dirent.h>
#include <stddef.h>

static inline int
open_fds(void)
{
	DIR *list = opendir("/proc/self/fd");
	int count = 0;

	if (list == NULL)
		return -1;
	while (readdir(list) != NULL)
		count++;
	(void)closedir(list);
	return count;
}

#endif
