/* SPDX-License-Identifier: MIT */
/*
 * proto/http_wire.h - messages of HTTP/1 (RFC 9112), from bytes and to bytes.
 * Pure.
 *
 * Whoever reads shows the scanner what has come, until it tells where the head
 * (or the trailers) end; then the parser takes that apart, and the framing says
 * how the end of the body is known. All errors come with words that show the
 * bytes.
 */
#ifndef PIER_PROTO_HTTP_WIRE_H
#define PIER_PROTO_HTTP_WIRE_H

#include <pier/http.h>

#include "base/text.h"

/* Room for a piece of what came, each byte at most "\xNN"; and a NUL. */
#define PIER__HTTP_QUOTE_MAX (4 * 24 + 4)

/* What came, in printable ASCII: the first 24 bytes, and "..." if there are
   more. Returns out. */
char *pier__http_quote(
	char out[PIER__HTTP_QUOTE_MAX], const char *bytes, size_t len);

/* Say how the peer broke the rules; -PIER_EFRAME. */
int pier__http_broken(struct pier__why *why, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* May it stand in the name of a header (RFC 9110 section 5.6.2)? */
bool pier__http_is_token(char c);

/* ---- Lines up to an empty one ---- */

struct pier__http_scan {
	bool trailers; /* no status line comes first */
	size_t at;     /* bytes that were looked at */
	size_t line;   /* where the present line begins */
	size_t lines;  /* that are whole, without the empty one */
};

/*
 * pier__http_scan(scan, bytes, len, why): does the head end in these bytes?
 * bytes are those of the call before, and more.
 *
 * Its length, the empty line too; 0: not yet; or
 *   -PIER_EFRAME  these are no lines of HTTP/1
 *   -PIER_ELIMIT  a line, or their number, is above its limit
 */
ptrdiff_t pier__http_scan(struct pier__http_scan *scan, const char *bytes,
	size_t len, struct pier__why *why);

/* ---- A head ---- */

struct pier__http_head {
	int status;
	int minor;
	const char *reason;
	size_t count;
	struct pier_http_header *headers; /* room for a scan's lines */
};

/*
 * pier__http_head_parse(out, text, len, why): take a head apart, or with
 * trailers (out->status is not set) what follows the last chunk. text is what
 * the scanner found, and is changed: names and values lie in it, each with a NUL
 * behind it. 0 or -PIER_EFRAME.
 */
int pier__http_head_parse(struct pier__http_head *out, char *text, size_t len,
	bool trailers, struct pier__why *why);

/* The value of the first header of that name, or NULL; from the one behind
   *index on, which is moved. */
const char *pier__http_find(
	const struct pier__http_head *head, const char *name, size_t *index);

/* ---- What the head says of the body ---- */

struct pier__http_frame {
	enum pier_http_body body;
	int64_t length;      /* Content-Length, or -1 */
	int64_t range_first; /* Content-Range, or -1 */
	int64_t range_last;
	int64_t range_total;
	bool persists; /* another request may follow on this connection */
};

/* 0 or -PIER_EFRAME. */
int pier__http_frame(struct pier__http_frame *out,
	const struct pier__http_head *head, bool is_head_request,
	struct pier__why *why);

/* ---- Ranges ---- */

/* "0-99": first 0, last 99; "100-": last -1; "-100": first -1, last 100. */
struct pier__http_range {
	int64_t first;
	int64_t last;
};

/* 0 or -EINVAL. */
int pier__http_range_parse(
	struct pier__http_range *out, const char *text, struct pier__why *why);

/* Is what comes, of a 206, what was asked for? 0 or -PIER_EFRAME. */
int pier__http_range_check(const struct pier__http_range *asked,
	const struct pier__http_frame *frame, struct pier__why *why);

/* ---- Chunks ---- */

enum pier__http_chunk_state {
	PIER__CHUNK_SIZE,
	PIER__CHUNK_BLANK,     /* blanks behind the size */
	PIER__CHUNK_EXTENSION, /* to the end of the line */
	PIER__CHUNK_LF,        /* behind the CR of that line */
	PIER__CHUNK_DATA,
	PIER__CHUNK_DATA_END, /* the line's end behind the data */
	PIER__CHUNK_DATA_LF,
	PIER__CHUNK_LAST /* trailers follow, or the empty line */
};

struct pier__http_chunks {
	enum pier__http_chunk_state state;
	int digits;     /* of the size */
	uint32_t line;  /* bytes of the size's line so far */
	bool bare;      /* that line ended in a line feed alone */
	uint64_t left;  /* bytes of the chunk's data that are missing */
	uint64_t count; /* chunks that have begun */
};

/*
 * pier__http_chunks_read(chunks, in, len, out, room, made, why): what the bytes
 * in hold, up to room bytes of it. It stops at the end of the last chunk's line,
 * state PIER__CHUNK_LAST.
 *
 *   made  bytes written to out
 *
 * Returns how many bytes of in it took, up to what is wrong where something was
 * made before it; or
 *   -PIER_EFRAME  it is no chunk
 *   -PIER_ELIMIT  the line of its size is too long
 */
ptrdiff_t pier__http_chunks_read(struct pier__http_chunks *chunks,
	const char *in, size_t len, char *out, size_t room, size_t *made,
	struct pier__why *why);

/* ---- A request ---- */

struct pier__http_request {
	const char *method;
	bool http10;
	const char *target;
	const char *host;
	const char *const *headers; /* of the caller, NULL-ended, or NULL */
	const char *range;          /* or NULL */
	const char *if_range;
	bool elsewhere; /* secrets and Host of the caller are not for it */
};

/* A header that the caller wants to send: 0, or -EINVAL. */
int pier__http_header_check(const char *text, struct pier__why *why);

/* Text for If-Range: an entity tag that is not weak, or a date. 0 or -EINVAL. */
int pier__http_if_range_check(const char *text, struct pier__why *why);

/* The bytes to send, their number counted on past size; never more than size
   are written. */
size_t pier__http_request_write(
	char *out, size_t size, const struct pier__http_request *request);

#endif
