/* SPDX-License-Identifier: MIT */
/*
 * proto/http_redirect.c - where an answer leads to, and whether over the same
 * connection; see pier/http.h and http.h.
 */
#include "proto/http.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "os/calls.h"

/* More of a redirect's own body is not read to keep a connection, nor is it
   waited for any longer: a new one costs less. */
#define DISCARD_MAX 65536
#define DISCARD_MS  250

static bool
is_redirect(int status)
{
	return status == 301 || status == 302 || status == 303 ||
	       status == 307 || status == 308;
}

/* The Location, or NULL; two that differ lead nowhere. */
static int
find_location(struct pier_http *http, const char **out)
{
	const struct pier__http_head head = {
		.count = http->answer.header_count,
		/* Only looked at. */
		.headers = (struct pier_http_header *)(uintptr_t)
				   http->answer.headers,
	};
	const char *other;
	size_t index = 0;

	*out = pier__http_find(&head, "Location", &index);
	while ((other = pier__http_find(&head, "Location", &index)) != NULL)
		if (strcmp(other, *out) != 0)
			return pier__http_fail(http, -PIER_EFRAME,
				PIER_STEP_HEADER, "two Locations that differ");
	return 0;
}

/* A hop with its two texts, which are one block. */
static int
keep_hop(struct pier_http *http, const char *location)
{
	struct pier_http_answer *answer = &http->answer;
	size_t len = strlen(http->url->text) + 1, more = strlen(location) + 1;
	char *text = pier__alloc(len + more);
	struct pier_http_hop *hops = NULL;

	if (text != NULL)
		hops = pier__resize(
			http->hops, (answer->hop_count + 1) * sizeof(*hops));
	if (hops == NULL) {
		pier__free(text);
		return pier__http_fail(
			http, -ENOMEM, PIER_STEP_HEADER, "a redirect");
	}
	memcpy(text, http->url->text, len);
	memcpy(text + len, location, more);
	http->hops = hops;
	answer->hops = hops;
	hops[answer->hop_count++] = (struct pier_http_hop){ .url = text,
		.location = text + len,
		.status = answer->status,
		.elapsed_ns = answer->times.head_ns - answer->times.begin_ns };
	return 0;
}

static int
resolve(struct pier_http *http, const char *location)
{
	char quote[PIER__HTTP_QUOTE_MAX];
	char detail[320];
	int rc;

	if (http->next == NULL)
		http->next = pier__alloc(sizeof(*http->next));
	rc = http->next == NULL ? -ENOMEM
				: pier__url_resolve(http->next, http->url,
					  location, &http->why);
	if (rc == 0)
		return 0;
	if (rc == -ENOMEM)
		return pier__http_fail(
			http, rc, PIER_STEP_HEADER, "a redirect");
	(void)snprintf(detail, sizeof(detail), "it leads to \"%s\": %s",
		pier__http_quote(quote, location, strlen(location)),
		http->why.text);
	return pier__http_fail(http, rc == -EPROTONOSUPPORT ? rc : -PIER_EFRAME,
		PIER_STEP_HEADER, detail);
}

static int
check_hops(struct pier_http *http)
{
	const struct pier_http_answer *answer = &http->answer;
	char detail[192];
	size_t i;

	for (i = 0; i < answer->hop_count; i++)
		if (strcmp(answer->hops[i].url, http->next->text) == 0) {
			(void)snprintf(detail, sizeof(detail),
				"the redirects go in a circle: it leads back "
				"to %.100s",
				http->next->text);
			return pier__http_fail(
				http, -PIER_ELIMIT, PIER_STEP_HEADER, detail);
		}
	if (answer->hop_count <= (size_t)http->redirects)
		return 0;
	(void)snprintf(detail, sizeof(detail),
		"more than %d redirect%s; the last leads to %.100s",
		http->redirects, http->redirects == 1 ? "" : "s",
		http->next->text);
	return pier__http_fail(http, -PIER_ELIMIT, PIER_STEP_HEADER, detail);
}

/* Can the next request go over the same connection? Then its body is read off,
   as long as that is less than a new connection costs. */
static bool
may_reuse(struct pier_http *http)
{
	pier_deadline until =
		pier_earlier(http->deadline, pier_in_ms(DISCARD_MS));
	char scratch[1024];
	ssize_t n = 1;

	if (!http->frame.persists || http->frame.body == PIER_HTTP_TO_END ||
		http->frame.length > DISCARD_MAX ||
		!pier__url_same_origin(http->url, http->next))
		return false;
	while (n > 0 && http->answer.received <= DISCARD_MAX)
		n = pier__http_body(http, scratch, sizeof(scratch), until);
	return http->done;
}

/* The next hop begins. */
static void
go_on(struct pier_http *http)
{
	struct pier_http_answer *answer = &http->answer;
	struct pier__url *before = http->url;

	if (!may_reuse(http))
		pier__http_disconnect(http);
	http->url = http->next;
	http->next = before;
	answer->url = http->url->text;
	answer->received = 0;
	answer->trailer_count = 0;
	http->done = false;
	http->rc = 0;
}

int
pier__http_follow(struct pier_http *http)
{
	const char *location;
	int rc;

	if (!is_redirect(http->answer.status) || http->redirects == 0)
		return 0;
	rc = find_location(http, &location);
	if (rc < 0 || location == NULL)
		return rc;
	rc = keep_hop(http, location);
	if (rc == 0)
		rc = resolve(http, location);
	if (rc == 0)
		rc = check_hops(http);
	if (rc < 0)
		return rc;
	go_on(http);
	return 1;
}
