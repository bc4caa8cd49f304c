/* SPDX-License-Identifier: MIT */
/*
 * os/closing.h - many descriptors closed by few calls: neighbours go by one.
 *
 * The child of a fork lets go of what it has from its parent, most of which was
 * opened in a row.
 */
#ifndef PIER_OS_CLOSING_H
#define PIER_OS_CLOSING_H

/* Closed at the latest when so many have come together. */
#define PIER__CLOSING_MAX 64

struct pier__closing {
	unsigned count;
	int fds[PIER__CLOSING_MAX]; /* in order; room beyond count is not set */
};

static inline void
pier__closing_begin(struct pier__closing *it)
{
	it->count = 0;
}

/* fd, if it is one, is closed by pier__closing_end() or before. */
void pier__closing_add(struct pier__closing *it, int fd);

/* All that were added are closed. A failed close changes nothing. */
void pier__closing_end(struct pier__closing *it);

#endif
