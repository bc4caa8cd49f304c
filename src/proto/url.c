/* SPDX-License-Identifier: MIT */
/*
 * proto/url.c - see url.h.
 *
 * The host is read as that of an endpoint, so that "127.1" means the same here
 * as everywhere: nothing. Of the rest a URL is made that may be sent: a byte
 * that has no place in one becomes %XX, which is what browsers and curl do, and
 * dot segments are taken out. Control characters are refused: nobody means
 * them, and in a request they would begin a line of their own.
 */
#include "proto/url.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#define SCHEME     "http://"
#define SCHEME_LEN (sizeof(SCHEME) - 1)

/* What is being put together, and from what. */
struct making {
	struct pier__url *out;
	struct pier__span rest; /* of the text, not yet read */
	struct pier__why *why;
	size_t len;    /* of out->text */
	bool overflow; /* it would have been longer */
};

static void
put(struct making *it, char c)
{
	if (it->len == PIER_HTTP_URL_MAX) {
		it->overflow = true;
		return;
	}
	it->out->text[it->len++] = c;
}

static void
put_text(struct making *it, const char *text)
{
	for (; *text != '\0'; text++)
		put(it, *text);
}

static bool
is_alnum(char c)
{
	return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') ||
	       (c >= '0' && c <= '9');
}

/* Control characters, DEL among them; bytes of UTF-8 are none. */
static bool
is_control(char c)
{
	return (unsigned char)c < ' ' || c == 0x7f;
}

/* May stand in a path or query as it is (RFC 3986 sections 3.3 and 3.4). */
static bool
is_plain(char c)
{
	return is_alnum(c) || (c != '\0' && strchr("-._~!$&'()*+,;=:@/?", c));
}

/* The part before "://", or the end of the text. */
static size_t
scheme_end(struct pier__span span)
{
	size_t i = span.begin;

	while (i < span.end &&
		(is_alnum(span.text[i]) ||
			(i > span.begin &&
				strchr("+-.", span.text[i]) != NULL &&
				span.text[i] != '\0')))
		i++;
	return i;
}

static int
read_scheme(struct making *it)
{
	struct pier__span rest = it->rest;
	size_t end = scheme_end(rest);
	struct pier__span name = pier__span_cut(rest, rest.begin, end);
	struct pier__span behind = pier__span_cut(rest, end, rest.end);

	if (!pier__span_starts(behind, "://"))
		return pier__why_set(it->why, rest.begin,
			"a URL begins with http://: write " SCHEME "%.*s",
			pier__span_quote(rest), pier__span_at(rest));
	if (pier__span_is(name, "https")) {
		(void)pier__why_set(it->why, rest.begin,
			"https:// comes with TLS, which this pier does not "
			"have; curl does");
		return -EPROTONOSUPPORT;
	}
	if (!pier__span_is(name, "http"))
		return pier__why_set(it->why, rest.begin,
			"'%.*s://' is not spoken here: expected " SCHEME,
			pier__span_quote(name), pier__span_at(name));
	it->rest.begin = end + 3;
	put_text(it, SCHEME);
	return 0;
}

/* What every list of processes shows is no place for a secret. */
static int
refuse_user(struct making *it, size_t at)
{
	return pier__why_set(it->why, at,
		"a name and password in a URL are seen by everybody on this "
		"machine: send them by a header, Authorization");
}

/* A name, as letters, digits and a few more; the rest is the endpoint's. */
static int
check_name(struct making *it, struct pier__span host)
{
	size_t i;

	for (i = host.begin; i < host.end; i++) {
		char c = host.text[i];

		if ((unsigned char)c >= 0x80)
			return pier__why_set(it->why, i,
				"the host has a letter beyond ASCII: write the "
				"name as the DNS has it, xn--…");
		if (is_control(c))
			return pier__why_set(
				it->why, i, "a control character in the host");
		if (!is_alnum(c) && strchr("-._~", c) == NULL)
			return pier__why_set(
				it->why, i, "'%c' has no place in a host", c);
	}
	return 0;
}

/* Where the host ends, and its colon or the end of the authority begins. */
static int
find_host(struct making *it, struct pier__span all, struct pier__span *host)
{
	if (pier__span_starts(all, "[")) {
		size_t close = pier__span_find(all, ']');

		if (close == all.end)
			return pier__why_set(it->why, all.end,
				"']' is missing behind the IPv6 address");
		*host = pier__span_cut(all, all.begin, close + 1);
		if (close + 1 < all.end && all.text[close + 1] != ':')
			return pier__why_set(it->why, close + 1,
				"expected ':' and a port, or '/'");
		return 0;
	}
	*host = pier__span_cut(all, all.begin, pier__span_find(all, ':'));
	if (pier__span_len(*host) == 0)
		return pier__why_set(it->why, all.begin,
			"the host is missing: http://HOST/");
	return check_name(it, *host);
}

static int
check_length(struct making *it, struct pier__span host)
{
	if (pier__span_len(host) <= PIER__HOST_MAX)
		return 0;
	(void)pier__why_set(it->why, host.begin,
		"the host is longer than %d bytes", PIER__HOST_MAX);
	return -ENAMETOOLONG;
}

/* -1, or the port that stands behind the host; none is 80, empty too. */
static int
read_port(struct making *it, struct pier__span span, unsigned *port)
{
	int64_t number = 80;

	if (pier__span_len(span) > 1)
		number = pier__span_number(
			pier__span_cut(span, span.begin + 1, span.end), 65535);
	if (number < 1 || number > 65535)
		return pier__why_set(it->why, span.begin + 1,
			"'%.*s' is no port: expected 1 to 65535",
			pier__span_quote(
				pier__span_cut(span, span.begin + 1, span.end)),
			pier__span_at(span) + 1);
	*port = (unsigned)number;
	return 0;
}

/* The Host header has no zone: it means something on this machine only (RFC
   6874 section 4). */
static void
write_host(struct pier__url *out, struct pier__span host, unsigned port)
{
	size_t zone = pier__span_find(host, '%');
	int n;

	if (zone < host.end)
		n = snprintf(out->host, sizeof(out->host), "%.*s]",
			(int)(zone - host.begin), pier__span_at(host));
	else
		n = snprintf(out->host, sizeof(out->host), "%.*s",
			(int)pier__span_len(host), pier__span_at(host));
	if (port != 80)
		(void)snprintf(out->host + n, sizeof(out->host) - (size_t)n,
			":%u", port);
}

/* A zone is written %25eth0 (RFC 6874), or, as everywhere else, %eth0. */
static void
write_endpoint(struct pier__url *out, struct pier__span host, unsigned port)
{
	size_t zone = pier__span_find(host, '%');
	size_t behind = zone;

	if (zone < host.end)
		behind += pier__span_starts(
				  pier__span_cut(host, zone, host.end), "%25")
				  ? 3
				  : 1;
	(void)snprintf(out->endpoint, sizeof(out->endpoint),
		"tcp://%.*s%s%.*s:%u", (int)(zone - host.begin),
		pier__span_at(host), zone < host.end ? "%" : "",
		(int)(host.end - behind), host.text + behind, port);
}

/* Is it a host for everybody else too? */
static int
check_endpoint(struct making *it, struct pier__span host)
{
	struct pier__endpoint endpoint;
	struct pier__why why;
	size_t at = sizeof("tcp://") - 1;
	int rc = pier__endpoint_parse(&endpoint, it->out->endpoint, &why);

	if (rc == 0)
		return 0;
	/* The host stands behind another scheme there. */
	at = why.offset > at ? why.offset - at : 0;
	if (at > pier__span_len(host))
		at = pier__span_len(host);
	return pier__why_set(it->why, host.begin + at, "%s", why.text);
}

static int
read_authority(struct making *it)
{
	struct pier__span rest = it->rest, all, host = it->rest;
	unsigned port = 0;
	size_t i;
	int rc;

	for (i = rest.begin; i < rest.end; i++)
		if (strchr("/?#\\", rest.text[i]) != NULL)
			break;
	all = pier__span_cut(rest, rest.begin, i);
	it->rest.begin = i;
	if (pier__span_find(all, '@') < all.end)
		return refuse_user(it, all.begin);
	rc = find_host(it, all, &host);
	if (rc == 0)
		rc = check_length(it, host);
	if (rc == 0)
		rc = read_port(
			it, pier__span_cut(all, host.end, all.end), &port);
	if (rc < 0)
		return rc;
	write_host(it->out, host, port);
	write_endpoint(it->out, host, port);
	for (i = host.begin; i < host.end; i++)
		put(it, host.text[i]);
	if (port != 80)
		put_text(it, strrchr(it->out->endpoint, ':'));
	return check_endpoint(it, host);
}

static void
put_escaped(struct making *it, char c)
{
	static const char digits[] = "0123456789ABCDEF";

	put(it, '%');
	put(it, digits[(unsigned char)c >> 4]);
	put(it, digits[(unsigned char)c & 15]);
}

/* A '%' that begins no %XX is meant as one. */
static void
put_byte(struct making *it, struct pier__span rest, size_t i)
{
	char c = rest.text[i];

	if (is_plain(c) || (c == '%' && i + 2 < rest.end &&
				   pier__hex_value(rest.text[i + 1]) >= 0 &&
				   pier__hex_value(rest.text[i + 2]) >= 0))
		put(it, c);
	else
		put_escaped(it, c);
}

/* The segment that ends at it->len was ".." or ".": take it back, and of ".."
   the one before too. from: where the path begins. */
static void
settle_dots(struct making *it, size_t from, bool last)
{
	const char *text = it->out->text;
	size_t begin = it->len;
	size_t len;

	while (text[begin - 1] != '/')
		begin--;
	len = it->len - begin;
	if ((len != 1 && len != 2) || text[begin] != '.' ||
		(len == 2 && text[begin + 1] != '.')) {
		if (!last)
			put(it, '/');
		return;
	}
	it->len = begin;
	if (len == 1 || begin - 1 == from)
		return;
	it->len--;
	while (text[it->len - 1] != '/')
		it->len--;
}

static int
read_target(struct making *it)
{
	struct pier__span rest = it->rest;
	size_t from = it->len;
	size_t i = rest.begin;

	it->out->target = from;
	put(it, '/');
	if (i < rest.end && rest.text[i] == '/')
		i++;
	for (; i < rest.end && rest.text[i] != '?' && rest.text[i] != '#';
		i++) {
		if (is_control(rest.text[i]))
			break;
		if (rest.text[i] == '/')
			settle_dots(it, from, false);
		else
			put_byte(it, rest, i);
	}
	settle_dots(it, from, true);
	for (; i < rest.end && rest.text[i] != '#'; i++) {
		if (is_control(rest.text[i]))
			return pier__why_set(it->why, i,
				"a control character; write it as %%%02X",
				(unsigned)rest.text[i]);
		put_byte(it, rest, i);
	}
	return 0;
}

static int
parse(struct making *it)
{
	int rc = read_scheme(it);

	if (rc == 0)
		rc = read_authority(it);
	if (rc == 0)
		rc = read_target(it);
	if (rc < 0)
		return rc;
	it->out->text[it->len] = '\0';
	if (!it->overflow)
		return 0;
	(void)pier__why_set(it->why, it->rest.end, "a URL has at most %d bytes",
		PIER_HTTP_URL_MAX);
	return -ENAMETOOLONG;
}

int
pier__url_parse(struct pier__url *out, const char *text, struct pier__why *why)
{
	struct making it = {
		.out = out, .rest = pier__span_of(text), .why = why
	};

	return parse(&it);
}
