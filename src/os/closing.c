/* SPDX-License-Identifier: MIT */
/* os/closing.c - see closing.h. */
#include "os/closing.h"

#include "os/calls.h"

PIER__HOT void
pier__closing_add(struct pier__closing *it, int fd)
{
	unsigned i;

	if (fd < 0)
		return;
	if (it->count == PIER__CLOSING_MAX)
		pier__closing_end(it);
	for (i = it->count++; i > 0 && it->fds[i - 1] > fd; i--)
		it->fds[i] = it->fds[i - 1];
	it->fds[i] = fd;
}

/* Those of [begin, end), which are neighbours. */
PIER__HOT static void
close_run(const struct pier__closing *it, unsigned begin, unsigned end)
{
	/* Also of one: who has just come from a fork mostly comes by the code
	   of fewer calls so, and each is fetched anew. */
	if (pier__calls()->close_range(it->fds[begin], it->fds[end - 1]) == 0)
		return;
	for (; begin < end; begin++)
		pier__close(it->fds[begin]);
}

PIER__HOT void
pier__closing_end(struct pier__closing *it)
{
	unsigned begin = 0, i;

	for (i = 1; i <= it->count; i++) {
		if (i < it->count && it->fds[i] == it->fds[i - 1] + 1)
			continue;
		close_run(it, begin, i);
		begin = i;
	}
	it->count = 0;
}
