/* SPDX-License-Identifier: MIT */
/*
 * proto/url_resolve.c - where references lead, and what is of one origin; see
 * url.h. A reference is put behind the part of its base that stays, and the
 * whole is read as any URL: that takes out the dots and encodes what has to be.
 */
#include "proto/url.h"

#include <errno.h>
#include <string.h>

#include "os/calls.h"

/* How much of base stands before the reference (RFC 3986 section 5.2.2). */
static size_t
kept(const struct pier__url *base, const char *reference)
{
	const char *path = base->text + base->target;
	size_t query = strcspn(path, "?");

	switch (reference[0]) {
	case '/':
		return reference[1] == '/' ? sizeof("http:") - 1 : base->target;
	case '?':
		return base->target + query;
	case '#':
	case '\0':
		return base->target + strlen(path);
	default:
		break;
	}
	/* A relative path takes the place of what follows the last '/'. */
	while (path[query - 1] != '/')
		query--;
	return base->target + query;
}

/* Is there a scheme of its own? A colon in the first segment says so. */
static bool
is_absolute(const char *reference)
{
	size_t len = strcspn(reference, ":/?#");

	return len > 0 && reference[len] == ':';
}

int
pier__url_resolve(struct pier__url *out, const struct pier__url *base,
	const char *reference, struct pier__why *why)
{
	size_t len = strlen(reference);
	size_t before = is_absolute(reference) ? 0 : kept(base, reference);
	char *text = pier__alloc(before + len + 1);
	int rc;

	if (text == NULL)
		return -ENOMEM;
	memcpy(text, base->text, before);
	memcpy(text + before, reference, len + 1);
	rc = pier__url_parse(out, text, why);
	pier__free(text);
	return rc;
}

bool
pier__url_same_origin(const struct pier__url *a, const struct pier__url *b)
{
	return pier__span_is(pier__span_of(a->endpoint), b->endpoint);
}
