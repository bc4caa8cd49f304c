/* SPDX-License-Identifier: MIT */
/* serve/ends.c - see ends.h. */
#include "serve/ends.h"

#include <stdint.h>

#include "os/calls.h"

/* PID_MAX_LIMIT of Linux. */
#define PROCESSES_MAX ((size_t)4 * 1024 * 1024)

enum mark {
	MARK_FREE,
	MARK_TAKEN,
	MARK_TOLD
};

int
pier__ends_open(struct pier__ends *ends, size_t room)
{
	void *at = NULL;
	int rc;

	if (ends->marks != NULL)
		return 0;
	ends->room = room < PROCESSES_MAX ? room : PROCESSES_MAX;
	ends->next = 0;
	rc = pier__calls()->map_shared(&at, ends->room);
	if (rc == 0)
		ends->marks = at;
	return rc;
}

void
pier__ends_close(struct pier__ends *ends)
{
	if (ends->marks != NULL)
		(void)pier__calls()->unmap(
			(void *)(uintptr_t)ends->marks, ends->room);
	ends->marks = NULL;
}

atomic_uchar *
pier__ends_take(struct pier__ends *ends)
{
	size_t i;

	for (i = 0; i < ends->room; i++) {
		atomic_uchar *mark = &ends->marks[ends->next];

		ends->next = (ends->next + 1) % ends->room;
		if (atomic_load(mark) != MARK_FREE)
			continue;
		atomic_store(mark, MARK_TAKEN);
		return mark;
	}
	return NULL;
}

PIER__HOT void
pier__ends_tell(atomic_uchar *mark)
{
	atomic_store(mark, MARK_TOLD);
}

bool
pier__ends_give(atomic_uchar *mark)
{
	return atomic_exchange(mark, MARK_FREE) == MARK_TOLD;
}
