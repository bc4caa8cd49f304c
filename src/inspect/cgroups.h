/* SPDX-License-Identifier: MIT */
/* inspect/cgroups.h - control groups by the numbers of their directories. */
#ifndef PIER_INSPECT_CGROUPS_H
#define PIER_INSPECT_CGROUPS_H

#include <stddef.h>
#include <stdint.h>

/* Groups that are read at most. */
#define PIER__CGROUPS_MAX 65536

/* Where cgroup v2 is mounted: alone, or beside the hierarchies of version 1. */
#define PIER__CGROUPS_ROOT    "/sys/fs/cgroup"
#define PIER__CGROUPS_UNIFIED "/sys/fs/cgroup/unified"

struct pier__cgroup;

/* Zeroes are a set without groups. */
struct pier__cgroups {
	struct pier__cgroup *groups; /* by number, once all are there */
	size_t count, size;
	char *text; /* paths, each ended by NUL */
	size_t text_len, text_size;
};

/*
 * pier__cgroups_read(out, root): the hierarchy that is mounted at root. out is
 * ended by pier__cgroups_end(). 0; -PIER_ELIMIT: more than PIER__CGROUPS_MAX;
 * -ENOMEM; or what opening root gave.
 */
int pier__cgroups_read(struct pier__cgroups *out, const char *root);
void pier__cgroups_end(struct pier__cgroups *all);

/* "/system.slice/nginx.service", of the root "/"; NULL: there is none of that
   number. Borrowed until the end. */
const char *pier__cgroups_path(
	const struct pier__cgroups *all, uint64_t number);

#endif
