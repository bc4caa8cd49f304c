/* SPDX-License-Identifier: MIT */
/*
 * proto/http_request.c - what is sent; see http_wire.h.
 *
 * A header of the caller's takes the place of ours. What would change how
 * messages end, or what an answer means, is refused: such a header would make
 * the server speak of something that we do not listen to.
 */
#include "proto/http_wire.h"

#include <pier/version.h>

#include <errno.h>
#include <string.h>

/* What the caller may not send by itself, and what is there for it. */
static const struct {
	const char *name;
	const char *why;
} managed[] = {
	{ "Content-Length", "a GET has no body" },
	{ "Transfer-Encoding", "a GET has no body" },
	{ "Expect", "a GET has no body" },
	{ "Trailer", "a GET has no body" },
	{ "Connection", "pier keeps the connection by itself" },
	{ "Keep-Alive", "pier keeps the connection by itself" },
	{ "Upgrade", "pier speaks HTTP/1 only" },
	{ "TE", "pier knows no coding but chunked" },
	{ "Range", "the range has an option of its own" },
	{ "If-Range", "the range has an option of its own" },
};

/* To another host than the one that it was meant for it does not go. */
static const char *const own[] = { "Host", "Authorization", "Cookie",
	"Proxy-Authorization" };

static struct pier__span
name_of(const char *header)
{
	struct pier__span span = { header, 0, strcspn(header, ":") };

	return span;
}

/* The name alone says: leave yours out. */
static bool
is_bare(const char *header)
{
	size_t colon = strcspn(header, ":");

	return header[colon + 1 + strspn(header + colon + 1, " \t")] == '\0';
}

static int
check_name(const char *text, struct pier__why *why)
{
	struct pier__span all = pier__span_of(text);
	size_t i = 0;

	while (pier__http_is_token(text[i]))
		i++;
	if (i == 0 || text[i] != ':')
		return pier__why_set(why, i,
			"'%.*s' is no header: expected 'Name: value'",
			pier__span_quote(all), text);
	for (i = 0; i < sizeof(managed) / sizeof(managed[0]); i++)
		if (pier__span_is(name_of(text), managed[i].name))
			return pier__why_set(why, 0, "%s is not for you: %s",
				managed[i].name, managed[i].why);
	return 0;
}

int
pier__http_header_check(const char *text, struct pier__why *why)
{
	struct pier__span name = pier__span_of(text);
	size_t i;

	/* Before all else: what is quoted here must not hide a line's end. The
	   name alone is quoted: the value may be a secret. */
	for (i = 0; text[i] != '\0'; i++) {
		if (((unsigned char)text[i] >= ' ' || text[i] == '\t') &&
			text[i] != 0x7f)
			continue;
		name.end = i;
		name.end = pier__span_find(name, ':');
		return pier__why_set(why, i, "header '%.*s': %s",
			pier__span_quote(name), text,
			text[i] == '\r' || text[i] == '\n'
				? "a line's end in it would begin another one"
				: "a control character in it");
	}
	return check_name(text, why);
}

int
pier__http_if_range_check(const char *text, struct pier__why *why)
{
	size_t i;

	for (i = 0; text[i] != '\0'; i++)
		if ((unsigned char)text[i] < ' ' || text[i] == 0x7f)
			return pier__why_set(why, i,
				"a control character in an entity tag or date");
	if (strncmp(text, "W/", 2) == 0)
		return pier__why_set(why, 0,
			"a weak entity tag does not say that bytes are the "
			"same");
	if (i == 0)
		return pier__why_set(
			why, 0, "an entity tag or date is expected");
	return 0;
}

struct making {
	char *out;
	size_t size;
	size_t len; /* counted on past size */
};

static void
put(struct making *it, const char *text)
{
	size_t len = strlen(text);
	size_t room = it->len < it->size ? it->size - it->len : 0;

	if (room > 0)
		memcpy(it->out + it->len, text, len < room ? len : room);
	it->len += len;
}

static void
put_header(struct making *it, const char *name, const char *before,
	const char *value)
{
	put(it, name);
	put(it, ": ");
	put(it, before);
	put(it, value);
	put(it, "\r\n");
}

static bool
is_for_elsewhere(const char *header)
{
	size_t i;

	for (i = 0; i < sizeof(own) / sizeof(own[0]); i++)
		if (pier__span_is(name_of(header), own[i]))
			return false;
	return true;
}

/* The caller's header of that name, or NULL. */
static const char *
given(const struct pier__http_request *request, const char *name)
{
	size_t i;

	for (i = 0; request->headers != NULL && request->headers[i] != NULL;
		i++)
		if (pier__span_is(name_of(request->headers[i]), name) &&
			(!request->elsewhere ||
				is_for_elsewhere(request->headers[i])))
			return request->headers[i];
	return NULL;
}

static void
put_ours(struct making *it, const struct pier__http_request *request)
{
	if (given(request, "Host") == NULL)
		put_header(it, "Host", "", request->host);
	if (given(request, "User-Agent") == NULL)
		put_header(it, "User-Agent", "pier/", pier_version());
	if (given(request, "Accept") == NULL)
		put_header(it, "Accept", "", "*/*");
}

static void
put_given(struct making *it, const struct pier__http_request *request)
{
	size_t i;

	for (i = 0; request->headers != NULL && request->headers[i] != NULL;
		i++) {
		const char *header = request->headers[i];

		if (is_bare(header) ||
			(request->elsewhere && !is_for_elsewhere(header)))
			continue;
		put(it, header);
		put(it, "\r\n");
	}
}

size_t
pier__http_request_write(
	char *out, size_t size, const struct pier__http_request *request)
{
	struct making it = { .out = out, .size = size };

	put(&it, request->method);
	put(&it, " ");
	put(&it, request->target);
	put(&it, request->http10 ? " HTTP/1.0\r\n" : " HTTP/1.1\r\n");
	if (!request->http10)
		put_ours(&it, request);
	if (request->range != NULL)
		put_header(&it, "Range", "bytes=", request->range);
	if (request->range != NULL && request->if_range != NULL)
		put_header(&it, "If-Range", "", request->if_range);
	put_given(&it, request);
	put(&it, "\r\n");
	return it.len;
}
