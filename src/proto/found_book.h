/* SPDX-License-Identifier: MIT */
/*
 * proto/found_book.h - what is known of services by several protocols on several
 * links, made one: a service is there while somebody sees it, with all the
 * addresses that anybody saw. Pure but for memory.
 */
#ifndef PIER_PROTO_FOUND_BOOK_H
#define PIER_PROTO_FOUND_BOOK_H

#include <pier/find.h>

#include "proto/sighting.h"

struct pier__found_book;

/* pier__found_book_open(out, seed): an empty one. seed is random: of hashes that
   nobody can aim at. 0 or -ENOMEM. */
int pier__found_book_open(
	struct pier__found_book **out, const uint64_t seed[2]);
void pier__found_book_close(struct pier__found_book *book);

/* Something was seen, or is gone. 0; -ENOMEM: it is not known; -ENOSPC: nor is
   this, as there are PIER_FIND_MAX. */
int pier__found_book_put(
	struct pier__found_book *book, const struct pier__sighting *sighting);

/* The next thing to tell: 1; 0: none. What it points to is borrowed until the
   next call of put or this. */
int pier__found_book_next(
	struct pier__found_book *book, struct pier_find_event *event);

/* Each that was told to be there, once, in no order, until one result is not 0;
   what it points to is borrowed for the call, and what the last event pointed to
   is no more. How many were called for. */
size_t pier__found_book_each(struct pier__found_book *book,
	int (*each)(const struct pier_found *, void *), void *arg);

/* How many are there. */
size_t pier__found_book_count(const struct pier__found_book *book);

#endif
