/* SPDX-License-Identifier: MIT */
/* os/user.c - users by libc, which asks what nsswitch.conf(5) names. */
#include "os/user.h"

#include <errno.h>
#include <pwd.h>
#include <stddef.h>

int
pier__user_id(uint32_t *uid, const char *name)
{
	struct passwd entry, *found = NULL;
	char room[4096];
	int rc = getpwnam_r(name, &entry, room, sizeof(room), &found);

	if (rc != 0)
		return -rc;
	if (found == NULL)
		return -ENOENT;
	*uid = found->pw_uid;
	return 0;
}
