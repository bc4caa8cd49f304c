/* SPDX-License-Identifier: MIT */
/* fds.h - how many descriptors this process has open, to see that none leaks. */
#ifndef TESTS_API_FDS_H
#define TESTS_API_FDS_H

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
