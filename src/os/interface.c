/* SPDX-License-Identifier: MIT */
/* Interfaces by libc, which opens a socket for the question and closes it. */
#include "os/interface.h"

#include <errno.h>
#include <stddef.h>

int
pier__interface_index(const char *name)
{
	unsigned int index = if_nametoindex(name);

	return index == 0 ? -errno : (int)index;
}

int
pier__interface_name(char name[PIER__INTERFACE_NAME_MAX], uint32_t index)
{
	return if_indextoname(index, name) == NULL ? -errno : 0;
}
