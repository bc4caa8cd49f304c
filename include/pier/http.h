/* SPDX-License-Identifier: MIT */
/*
 * pier/http.h - get what a URL names: GET and HEAD of HTTP/1.1 and HTTP/1.0
 * (RFC 9110, RFC 9112), over any stream.
 *
 *   struct pier_http *http;
 *   int rc = pier_http_open(&http, "http://localhost/x", NULL);
 *
 *   if (rc == 0)
 *           rc = pier_http_ask(http, deadline);
 *   while (rc == 0 && (n = pier_http_read(http, buf, size, deadline)) > 0)
 *           …
 *   pier_http_close(http);
 *
 * URLs are http://HOST[:PORT][/PATH][?QUERY]; a fragment is dropped, and what
 * may not stand in a URL is sent as %XX. Names and passwords in a URL are
 * refused: who may list processes reads them; a header can carry them. https://
 * comes with TLS, which this library does not have.
 *
 * What a server sends is held to the rules, and an answer that breaks them is
 * an error that shows the bytes: Content-Length beside Transfer-Encoding, two
 * lengths, be they the same, folded lines, a space before the colon, NUL. A line may
 * end in a bare line feed.
 */
#ifndef PIER_HTTP_H
#define PIER_HTTP_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#include <pier/deadline.h>
#include <pier/endpoint.h>
#include <pier/resolve.h>
#include <pier/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Limits on what is sent and on what a server may send. */
#define PIER_HTTP_URL_MAX       8000  /* bytes of a URL, as it is sent */
#define PIER_HTTP_HEAD_MAX      65536 /* of status line and headers together */
#define PIER_HTTP_LINE_MAX      16384 /* of one of these lines */
#define PIER_HTTP_HEADERS_MAX   256   /* headers, and as many trailers */
#define PIER_HTTP_CHUNK_LINE    4096  /* of a chunk's size and extensions */
#define PIER_HTTP_INTERIM_MAX   16    /* 1xx before the answer */
#define PIER_HTTP_REDIRECTS     10    /* followed, when nothing else is said */
#define PIER_HTTP_REDIRECTS_MAX 50    /* that may be asked for */

struct pier_http; /* one fetch */

struct pier_http_header {
	const char *name;  /* as it came; compare it by strcasecmp(3) */
	const char *value; /* without the blanks around it */
};

/* How the end of the body is told. */
enum pier_http_body {
	PIER_HTTP_NO_BODY, /* HEAD, 204, 304 */
	PIER_HTTP_LENGTH,  /* Content-Length */
	PIER_HTTP_CHUNKED, /* chunk by chunk, then trailers */
	/* With the connection: whether all has come cannot be known */
	PIER_HTTP_TO_END
};

/* A redirect that was followed. */
struct pier_http_hop {
	const char *url;      /* that was asked */
	const char *location; /* where it led, as it came */
	int status;           /* 301, 302, 303, 307 or 308 */
	int64_t elapsed_ns;   /* from the start of this hop to its head */
};

/* When a stage was over, in ns from the start of pier_http_ask(); -1: it was
   not reached. After redirects they are those of the last hop. */
struct pier_http_times {
	int64_t begin_ns;      /* the hop begins: 0 of the first */
	int64_t resolved_ns;   /* the name has its addresses */
	int64_t connected_ns;  /* the connection stands */
	int64_t sent_ns;       /* the kernel has the request */
	int64_t first_byte_ns; /* the first byte of the answer is there */
	int64_t head_ns;       /* so is its head */
	int64_t done_ns;       /* so is all of the body */
};

/* What is known of a fetch so far. Read only; it lives as long as the fetch. */
struct pier_http_answer {
	const char *url;    /* asked last, in the form that is sent */
	int status;         /* 100 to 999; 0: none has come */
	int minor;          /* of the server's HTTP/1.minor */
	const char *reason; /* the words behind the status, or "" */
	const char *head;   /* status line and headers byte by byte, the empty
			       line too; NULL: none has come */
	size_t head_len;
	size_t header_count;
	const struct pier_http_header *headers;
	size_t trailer_count; /* once a chunked body has ended */
	const struct pier_http_header *trailers;
	enum pier_http_body body;
	int64_t length;      /* Content-Length, of HEAD too; -1: not told */
	int64_t range_first; /* of 206: the first and the last byte that come, */
	int64_t range_last;  /* else -1 */
	int64_t range_total; /* of 206 and 416: of the whole; -1: not told */
	uint64_t received;   /* bytes of the body that were read */
	unsigned interim;    /* 1xx answers that came before */
	bool reused;         /* the connection is that of the hop before */
	size_t hop_count;
	const struct pier_http_hop *hops;
	struct pier_http_times times;
	const struct pier_dial_report *dial; /* of the last hop that dialled */
};

struct pier_http_opts {
	const char *method; /* "HEAD", or "GET", also for NULL */
	/* HTTP/1.0: of its own accord it sends "GET PATH HTTP/1.0" and nothing
	   else */
	bool http10;
	/* An endpoint to dial in place of the URL's host, such as
	   unix:///run/x.sock: for every hop */
	const char *via;
	/* "Name: value", …, ended by NULL: sent besides, or in place of the one
	   that pier sends; "Name:" leaves that out. To another host than the
	   first neither Host nor what holds a secret goes along: Authorization,
	   Cookie, Proxy-Authorization */
	const char *const *headers;
	/* Bytes to ask for, one range: "0-99", "100-", "-100" (the last) */
	const char *range;
	/* With range: the ETag or the Last-Modified that the rest must belong
	   to; otherwise the server sends all of it */
	const char *if_range;
	/* Most redirects that are followed; 0: PIER_HTTP_REDIRECTS; PIER_OFF:
	   the redirect itself is the answer */
	int redirects;
	int64_t body_max;   /* bytes that the body may have; 0: any number */
	int64_t connect_ms; /* names and connecting, of each hop; 0: no limit */
	int64_t first_byte_ms; /* from the request to the answer; 0: no limit */
	int64_t read_rate; /* bytes a second, as pier_set_rate(); 0: no limit */
	/* As in struct pier_dial_opts */
	const char *bind;
	int64_t attempt_delay_ms;
	const char *const *options;
	pier_lookup_fn *lookup;
	void *lookup_arg;
};

/*
 * pier_http_check(url, out): is this a URL that pier_http_open() takes? Looks
 * up nothing, opens nothing.
 *
 *   out  written always, may be NULL: what is wrong, and where; its scheme is
 *        "http", or "" when the URL has another one
 *
 * Returns 0, or
 *   -EINVAL           it is none; out says why
 *   -EPROTONOSUPPORT  https://, which comes with TLS
 *   -ENAMETOOLONG     longer than PIER_HTTP_URL_MAX
 *   -ENOMEM           no memory
 */
int pier_http_check_sized(
	const char *url, struct pier_endpoint_check *out, size_t size);

static inline int
pier_http_check(const char *url, struct pier_endpoint_check *out)
{
	return pier_http_check_sized(url, out, sizeof(*out));
}

/*
 * pier_http_open(out, url, opts): a fetch that has not begun.
 *
 *   out   on success the fetch, ended by pier_http_close()
 *   opts  NULL for the defaults; its texts are borrowed until the end of
 *         pier_http_ask()
 *
 * Returns 0, or
 *   -EINVAL           the URL, a header, the range or another option is wrong:
 *                     endpoint, detail and offset of pier_last_error()
 *   -EPROTONOSUPPORT  https://, which comes with TLS
 *   -ENAMETOOLONG     the URL is longer than PIER_HTTP_URL_MAX
 *   -ENOMEM           no memory
 */
int pier_http_open_sized(struct pier_http **out, const char *url,
	const struct pier_http_opts *opts, size_t opts_size);

static inline int
pier_http_open(struct pier_http **out, const char *url,
	const struct pier_http_opts *opts)
{
	return pier_http_open_sized(out, url, opts, sizeof(*opts));
}

/*
 * pier_http_ask(http, deadline): connect, send the request, and read the head of
 * the answer, past 1xx and along redirects. Called once. The deadline is that of
 * all of it, names included. Any status is an answer, 404 and 500 too.
 *
 * Returns 0, or an error, after which there is only pier_http_close();
 * pier_http_answer() and pier_last_error() say how far it came, and in which
 * step: resolve, create, connect, send, receive header:
 *   -PIER_EDEADLINE   the deadline passed, or connect_ms or first_byte_ms: the
 *                     detail says which
 *   -PIER_EFRAME      the answer breaks the rules of HTTP/1, leads to a URL
 *                     that is none, or is for another range than was asked
 *   -PIER_ELIMIT      a limit above, or too many redirects, or in a circle
 *   -PIER_EEND        the connection ended before the end of the head
 *   -EPROTONOSUPPORT  a redirect leads to https://
 *   -EALREADY         it was called before
 *   -ECONNREFUSED, -PIER_ENONAME, …  as pier_dial()
 *   -ECONNRESET, -EPIPE, …           as pier_write() and pier_read()
 */
int pier_http_ask(struct pier_http *http, pier_deadline deadline);

/*
 * pier_http_read(http, buf, size, deadline): what there is of the body, 1 to
 * size bytes, free of chunks.
 *
 *   deadline  PIER_DEFAULT is that of the connection
 *
 * The number of bytes; 0: all has come, or size is 0; or an error in the step
 * receive body, whose detail says how many bytes came and how many are missing:
 *   -PIER_EEND       the connection ended before the body did
 *   -PIER_EFRAME     a chunk or a trailer breaks the rules
 *   -PIER_ELIMIT     body_max, or a limit on chunks and trailers
 *   -PIER_EDEADLINE  the deadline passed; the next call goes on from there
 *   -ENOTCONN        there is no answer to read: pier_http_ask() comes first
 *   …                as pier_read()
 */
ssize_t pier_http_read(
	struct pier_http *http, void *buf, size_t size, pier_deadline deadline);

/* pier_http_answer(http): what is known so far; never NULL. */
const struct pier_http_answer *pier_http_answer(const struct pier_http *http);

/* pier_http_value(http, name): the value of the answer's first header of that
   name, letters of either case; NULL: there is none. */
const char *pier_http_value(const struct pier_http *http, const char *name);

/* pier_http_stream(http): the connection, borrowed, for what the kernel tells
   of it; NULL: there is none. Who reads from it or writes to
   it breaks the fetch. */
struct pier_stream *pier_http_stream(const struct pier_http *http);

/* pier_http_close(http): end the fetch and its connection, whatever is left.
   NULL is fine. */
void pier_http_close(struct pier_http *http);

#ifdef __cplusplus
}
#endif

#endif
