/* SPDX-License-Identifier: MIT */
/*
 * tests/sim/http.c - whole fetches against servers that follow a script, in
 * virtual time: what is asked of whom, what comes out, how each failure is told,
 * and when, to the millisecond.
 */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <cmocka.h>

#include <pier.h>

#include "io/sim_engine.h"

#define MS INT64_C(1000000)
#define OK "HTTP/1.1 200 OK\r\n"

/* What a server does, one after the other. */
enum move {
	END,  /* the connection ends */
	HEAR, /* a request, to its empty line */
	SAY,
	TRICKLE, /* byte by byte, one in a millisecond */
	WAIT,    /* ms */
	STAY,    /* until the client goes */
	RESET,
};

struct step {
	enum move move;
	const char *text;
	int64_t ms;
};

/* All on no fiber's stack. */
static struct {
	struct pier_listener *listener;
	struct pier_stream *conn;
	const struct step *script; /* over all connections */
	size_t at;
	unsigned connections;
	char heard[4096]; /* all requests */
	size_t heard_len;
	char where[64]; /* the server's endpoint */
	char url[128];
	struct pier_http_opts opts;
	int64_t within_ms; /* the deadline; 0: none */
	struct pier_http *http;
	int64_t start;
	int rc;
	ssize_t n;
	char body[4096];
	size_t body_len;
	size_t room; /* of each read */
	struct pier_error error;
	char detail[320], line[512];
	struct pier_group *group;
} bed;

/* ---- The server ---- */

static int
hear(void)
{
	for (;;) {
		char *line = bed.heard + bed.heard_len;
		ssize_t n = pier_read_line(bed.conn, line,
			sizeof(bed.heard) - bed.heard_len, PIER_FOREVER);

		if (n <= 0)
			return -PIER_EEND;
		bed.heard_len += (size_t)n;
		if (n == 2)
			return 0;
	}
}

static int
trickle(const char *text)
{
	int rc = 0;

	for (; rc == 0 && *text != '\0'; text++) {
		rc = pier_sleep(pier_in_ms(1));
		if (rc == 0)
			rc = pier_write(bed.conn, text, 1, PIER_FOREVER);
	}
	return rc;
}

static int
play(const struct step *step)
{
	char c;

	switch (step->move) {
	case HEAR:
		return hear();
	case SAY:
		return pier_write(
			bed.conn, step->text, strlen(step->text), PIER_FOREVER);
	case TRICKLE:
		return trickle(step->text);
	case WAIT:
		return pier_sleep(pier_in_ms(step->ms));
	case STAY:
		while (pier_read(bed.conn, &c, 1, PIER_FOREVER) > 0)
			;
		return -PIER_EEND;
	case RESET:
		pier_abort(bed.conn);
		return -ECONNRESET;
	default:
		return -PIER_EEND;
	}
}

static int
serve(void *arg)
{
	int rc;

	(void)arg;
	while (pier_accept(&bed.conn, bed.listener, PIER_FOREVER) == 0) {
		bed.connections++;
		do {
			rc = play(&bed.script[bed.at++]);
		} while (rc == 0);
		pier_close(bed.conn);
	}
	return 0;
}

/* ---- The client ---- */

static void
keep_error(void)
{
	bed.error = *pier_last_error();
	(void)snprintf(bed.detail, sizeof(bed.detail), "%s", bed.error.detail);
	(void)snprintf(bed.line, sizeof(bed.line), "%s", pier_error_line());
}

static pier_deadline
deadline(void)
{
	return bed.within_ms == 0
		       ? PIER_FOREVER
		       : pier_deadline_at(bed.start + bed.within_ms * MS);
}

static void
fetch(void)
{
	bed.start = pier_now();
	bed.rc = pier_http_open(&bed.http, bed.url, &bed.opts);
	if (bed.rc == 0)
		bed.rc = pier_http_ask(bed.http, deadline());
	bed.n = bed.rc;
	while (bed.rc == 0 &&
		(bed.n = pier_http_read(bed.http, bed.body + bed.body_len,
			 bed.room, deadline())) > 0) {
		bed.body_len += (size_t)bed.n;
		assert_true(bed.body_len + bed.room < sizeof(bed.body));
	}
	bed.body[bed.body_len] = '\0';
	if (bed.n < 0)
		keep_error();
}

static int
run(void *arg)
{
	void (*check)(void) = *(void (**)(void))arg;

	assert_int_equal(pier_listen(&bed.listener, "tcp://127.0.0.1:0", NULL,
				 PIER_FOREVER),
		0);
	assert_true(pier_listener_endpoint(
			    bed.listener, bed.where, sizeof(bed.where)) > 0);
	if (bed.url[0] == '/' || bed.url[0] == '\0') {
		char target[64];

		(void)snprintf(target, sizeof(target), "%.60s", bed.url);
		(void)snprintf(bed.url, sizeof(bed.url), "http%.60s%s",
			bed.where + 3, target);
	}
	assert_int_equal(pier_group_open(&bed.group), 0);
	assert_int_equal(pier_go(bed.group, serve, NULL), 0);
	fetch();
	check();
	pier_http_close(bed.http);
	pier_group_cancel(bed.group);
	(void)pier_group_wait(bed.group, PIER_FOREVER);
	pier_group_close(bed.group);
	pier_listener_close(bed.listener);
	return 0;
}

/* Fetch "/x" of a server that follows the script, then check(). */
static void
begin(const struct step *script)
{
	memset(&bed, 0, sizeof(bed));
	bed.script = script;
	bed.room = 1000;
	strcpy(bed.url, "/x");
}

static void
go(void (*check)(void))
{
	struct pier__sim *sim = pier__sim_open(1);

	assert_non_null(sim);
	assert_int_equal(pier__sim_run(sim, run, &check), 0);
	assert_int_equal(pier__sim_open_count(sim), 0);
	pier__sim_close(sim);
}

/* ---- What works ---- */

static void
is_hello(void)
{
	const struct pier_http_answer *answer = pier_http_answer(bed.http);

	assert_int_equal(bed.n, 0);
	assert_string_equal(bed.body, "Hello");
	assert_int_equal(answer->received, 5);
	assert_true(answer->times.done_ns >= answer->times.head_ns);
	/* The end is told again. */
	assert_int_equal(pier_http_read(bed.http, bed.body, 9, PIER_NOW), 0);
}

static void
every_framing_ends(void **state)
{
	static const struct step scripts[][4] = {
		{ { HEAR }, { SAY, OK "Content-Length: 5\r\n\r\nHello" },
			{ STAY } },
		{ { HEAR }, { SAY, OK "\r\nHello" }, { END } },
		{ { HEAR }, { SAY, "HTTP/1.0 200 OK\r\n\r\nHello" }, { END } },
		{ { HEAR },
			{ SAY, OK "Transfer-Encoding: chunked\r\n\r\n"
				  "2\r\nHe\r\n3;x\r\nllo\r\n0\r\n\r\n" },
			{ STAY } },
		{ { HEAR },
			{ TRICKLE, OK "Transfer-Encoding: chunked\r\n\r\n"
				      "2\r\nHe\r\n3;x\r\nllo\r\n0\r\n\r\n" },
			{ STAY } },
		{ { HEAR }, { TRICKLE, OK "Content-Length: 5\r\n\r\nHello" },
			{ STAY } },
	};
	size_t i, room;

	(void)state;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++)
		for (room = 1; room < 9; room++) {
			begin(scripts[i]);
			bed.room = room;
			go(is_hello);
		}
}

static void
is_told(void)
{
	const struct pier_http_answer *answer = pier_http_answer(bed.http);

	is_hello();
	assert_int_equal(answer->status, 200);
	assert_int_equal(answer->minor, 1);
	assert_string_equal(answer->reason, "OK");
	assert_int_equal(answer->interim, 2);
	assert_int_equal(answer->header_count, 3);
	assert_string_equal(pier_http_value(bed.http, "etag"), "\"a\"");
	assert_null(pier_http_value(bed.http, "X"));
	assert_memory_equal(answer->head, OK "ETag: \"a\"\r\n", 28);
	assert_memory_equal(
		answer->head + answer->head_len - 5, "b\r\n\r\n", 5);
	assert_int_equal(answer->trailer_count, 2);
	assert_string_equal(answer->trailers[0].name, "X-Sum");
	assert_string_equal(answer->trailers[1].value, "2");
	assert_int_equal(answer->body, PIER_HTTP_CHUNKED);
	assert_int_equal(answer->length, -1);
	assert_true(answer->times.first_byte_ns == 100 * MS);
	assert_true(answer->times.done_ns == 130 * MS);
	assert_int_equal(answer->dial->attempt_count, 1);
}

static void
all_of_an_answer_is_there(void **state)
{
	static const struct step script[] = { { HEAR }, { WAIT, NULL, 100 },
		{ SAY, "HTTP/1.1 100 Continue\r\n\r\n" },
		{ SAY, "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\n" },
		{ WAIT, NULL, 10 },
		{ SAY, OK "ETag: \"a\"\r\nTransfer-Encoding: chunked\r\nA: "
			  "b\r\n\r\n" },
		{ SAY, "5\r\nHello\r\n0\r\n" }, { WAIT, NULL, 20 },
		{ SAY, "X-Sum: 1\r\nY: 2\r\n\r\n" }, { STAY } };

	(void)state;
	begin(script);
	go(is_told);
}

static void
is_empty(void)
{
	assert_int_equal(bed.n, 0);
	assert_int_equal(bed.body_len, 0);
	assert_true(pier_http_answer(bed.http)->times.done_ns >= 0);
}

static void
some_answers_have_no_body(void **state)
{
	static const struct step scripts[][3] = {
		{ { HEAR }, { SAY, "HTTP/1.1 204 No Content\r\n\r\n" },
			{ STAY } },
		{ { HEAR },
			{ SAY, "HTTP/1.1 304 Not Modified\r\n"
			       "Content-Length: 9\r\n\r\n" },
			{ STAY } },
		{ { HEAR }, { SAY, OK "Content-Length: 0\r\n\r\n" }, { STAY } },
	};
	static const struct step head[] = { { HEAR },
		{ SAY, OK "Content-Length: 9\r\n\r\n" }, { STAY } };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		begin(scripts[i]);
		go(is_empty);
	}
	begin(head);
	bed.opts.method = "HEAD";
	go(is_empty);
	assert_memory_equal(bed.heard, "HEAD /x HTTP/1.1\r\n", 18);
}

static void
version_10_is_one_line(void **state)
{
	static const struct step script[] = { { HEAR },
		{ SAY, "HTTP/1.0 200 OK\r\n\r\nHello" }, { END } };

	(void)state;
	begin(script);
	bed.opts.http10 = true;
	go(is_hello);
	assert_string_equal(bed.heard, "GET /x HTTP/1.0\r\n\r\n");
}

/* ---- Redirects ---- */

static void
followed_on_one_connection(void)
{
	const struct pier_http_answer *answer = pier_http_answer(bed.http);

	is_hello();
	assert_int_equal(bed.connections, 1);
	assert_true(answer->reused);
	assert_int_equal(answer->hop_count, 2);
	assert_int_equal(answer->hops[0].status, 301);
	assert_string_equal(answer->hops[0].location, "/y?z");
	assert_non_null(strstr(answer->hops[0].url, "/x"));
	assert_non_null(strstr(answer->hops[1].url, "/y?z"));
	assert_non_null(strstr(answer->url, "/w"));
	assert_non_null(strstr(bed.heard, "GET /y?z HTTP/1.1\r\n"));
	assert_non_null(strstr(bed.heard, "GET /w HTTP/1.1\r\n"));
	assert_int_equal(answer->times.connected_ns, answer->times.begin_ns);
}

static void
redirects_keep_the_connection(void **state)
{
	static const struct step script[] = { { HEAR },
		{ SAY, "HTTP/1.1 301 Moved\r\nLocation: /y?z\r\n"
		       "Content-Length: 3\r\n\r\nold" },
		{ HEAR },
		{ SAY, "HTTP/1.1 307 Moved\r\nLocation: w#frag\r\n"
		       "Transfer-Encoding: chunked\r\n\r\n3\r\nold\r\n"
		       "0\r\nT: u\r\n\r\n" },
		{ HEAR }, { SAY, OK "Content-Length: 5\r\n\r\nHello" },
		{ STAY } };

	(void)state;
	begin(script);
	go(followed_on_one_connection);
}

static void
followed_anew(void)
{
	is_hello();
	assert_int_equal(bed.connections, 2);
	assert_false(pier_http_answer(bed.http)->reused);
}

/* What the server closes, or cannot be kept, is dialled again. */
static void
redirects_dial_anew_where_they_must(void **state)
{
	static const struct step scripts[][7] = {
		{ { HEAR },
			{ SAY, "HTTP/1.0 302 Found\r\nLocation: y\r\n"
			       "Content-Length: 0\r\n\r\n" },
			{ STAY }, { HEAR }, { SAY, OK "\r\nHello" }, { END } },
		{ { HEAR },
			{ SAY, "HTTP/1.1 303 See Other\r\nLocation: y\r\n"
			       "Connection: close\r\nContent-Length: "
			       "0\r\n\r\n" },
			{ STAY }, { HEAR }, { SAY, OK "\r\nHello" }, { END } },
		/* It says that it stays, and goes. */
		{ { HEAR },
			{ SAY, "HTTP/1.1 308 Moved\r\nLocation: y\r\n"
			       "Content-Length: 0\r\n\r\n" },
			{ END }, { HEAR }, { SAY, OK "\r\nHello" }, { END } },
		{ { HEAR },
			{ SAY, "HTTP/1.1 301 Moved\r\nLocation: y\r\n\r\n" },
			{ END }, { HEAR }, { SAY, OK "\r\nHello" }, { END } },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		begin(scripts[i]);
		go(followed_anew);
	}
}

static void
followed_soon(void)
{
	followed_anew();
	assert_int_equal(pier_now() - bed.start, 250 * MS);
}

/* Nor is a body waited for that nobody reads. */
static void
a_redirect_does_not_hold_up(void **state)
{
	static const struct step script[] = { { HEAR },
		{ SAY, "HTTP/1.1 302 Found\r\nLocation: y\r\n"
		       "Content-Length: 9\r\n\r\nold" },
		{ STAY }, { HEAR }, { SAY, OK "\r\nHello" }, { END } };

	(void)state;
	begin(script);
	go(followed_soon);
}

static void
is_the_redirect(void)
{
	assert_int_equal(bed.n, 0);
	assert_int_equal(pier_http_answer(bed.http)->status, 302);
	assert_string_equal(bed.body, "old");
}

static void
redirects_are_answers_when_nobody_follows(void **state)
{
	static const struct step script[] = { { HEAR },
		{ SAY, "HTTP/1.1 302 Found\r\nLocation: y\r\n"
		       "Content-Length: 3\r\n\r\nold" },
		{ STAY } };
	static const struct step nowhere[] = { { HEAR },
		{ SAY, "HTTP/1.1 302 Found\r\n"
		       "Content-Length: 3\r\n\r\nold" },
		{ STAY } };

	(void)state;
	begin(script);
	bed.opts.redirects = PIER_OFF;
	go(is_the_redirect);
	begin(nowhere);
	go(is_the_redirect);
}

static void
secret_stayed(void)
{
	char *second = strstr(bed.heard + 1, "GET ");

	is_hello();
	assert_non_null(second);
	assert_non_null(strstr(bed.heard, "Authorization: s"));
	assert_null(strstr(second, "Authorization: s"));
	assert_non_null(strstr(second, "X-Mine: m"));
	assert_non_null(strstr(second, "Host: localhost.other:99\r\n"));
}

/* To the same server, but by another name, over an endpoint. */
static void
secrets_stay_with_their_host(void **state)
{
	static const char *const headers[] = { "Authorization: s", "Host: h",
		"X-Mine: m", NULL };
	static const struct step script[] = { { HEAR },
		{ SAY, "HTTP/1.1 302 Found\r\nContent-Length: 0\r\n"
		       "Location: http://localhost.other:99/\r\n\r\n" },
		{ STAY }, { HEAR }, { SAY, OK "\r\nHello" }, { END } };

	(void)state;
	begin(script);
	strcpy(bed.url, "http://first.name/x");
	bed.opts.headers = headers;
	bed.opts.via = bed.where;
	go(secret_stayed);
}

/* ---- What fails, where, and how far it came ---- */

struct failure {
	struct step script[7];
	int rc;
	enum pier_step step;
	const char *detail;
};

static const struct failure *expected;

static void
fails_so(void)
{
	if (bed.n != expected->rc ||
		strstr(bed.detail, expected->detail) == NULL)
		print_message("# %s\n", bed.line);
	assert_int_equal(bed.n, expected->rc);
	assert_int_equal(bed.error.step, expected->step);
	assert_non_null(strstr(bed.detail, expected->detail));
	assert_non_null(strstr(bed.line, "http://127.0.0.1:"));
	/* A read after that says the same, but for one that was late. */
	if (expected->step == PIER_STEP_BODY && bed.n != -PIER_EDEADLINE)
		assert_int_equal(
			pier_http_read(bed.http, bed.body, 9, PIER_NOW),
			expected->rc);
}

#define HEADER_STEP PIER_STEP_HEADER
#define BODY_STEP   PIER_STEP_BODY
#define CHUNKED     OK "Transfer-Encoding: chunked\r\n\r\n"

static const struct failure failures[] = {
	{ { { HEAR }, { END } }, -PIER_EEND, HEADER_STEP, "no byte came" },
	{ { { HEAR }, { SAY, "HTTP/1.1 200 O" }, { END } }, -PIER_EEND,
		HEADER_STEP, "14 bytes of the header came" },
	{ { { HEAR }, { SAY, "H" }, { END } }, -PIER_EEND, HEADER_STEP,
		"1 byte of the header came" },
	{ { { HEAR }, { SAY, OK "A: b\r\n" }, { RESET } }, -ECONNRESET,
		HEADER_STEP, "" },
	{ { { HEAR }, { SAY, "SSH-2.0-x" }, { STAY } }, -PIER_EFRAME,
		HEADER_STEP, "begins with \"SSH-2.0-x\"" },
	{ { { HEAR }, { SAY, OK "Content-Length: x\r\n\r\n" }, { STAY } },
		-PIER_EFRAME, HEADER_STEP, "Content-Length is \"x\"" },
	{ { { HEAR }, { SAY, "HTTP/1.1 101 Switching\r\n\r\n" }, { STAY } },
		-PIER_EFRAME, HEADER_STEP, "101, another protocol" },
	{ { { HEAR },
		  { SAY, "HTTP/1.1 206 Partial\r\nContent-Range: bytes "
			 "0-4/9\r\nContent-Length: 5\r\n\r\nHello" },
		  { STAY } },
		-PIER_EFRAME, HEADER_STEP, "all was asked for" },
	{ { { HEAR }, { SAY, OK "Content-Length: 9\r\n\r\nHello" }, { END } },
		-PIER_EEND, BODY_STEP, "4 of 9 bytes are missing" },
	{ { { HEAR }, { SAY, CHUNKED }, { END } }, -PIER_EEND, BODY_STEP,
		"the last chunk is missing, behind 0" },
	{ { { HEAR }, { SAY, CHUNKED "9\r\nHello" }, { END } }, -PIER_EEND,
		BODY_STEP, "4 bytes of chunk 1 are missing" },
	{ { { HEAR }, { SAY, CHUNKED "5\r\nHello\r\n0\r\n" }, { END } },
		-PIER_EEND, BODY_STEP, "the empty line behind the last" },
	{ { { HEAR }, { SAY, CHUNKED "5\r\nHello\r\n0\r\nT: u\r\n" }, { END } },
		-PIER_EEND, BODY_STEP, "the empty line behind the last" },
	{ { { HEAR }, { SAY, CHUNKED "5\r\nHello!\r\n" }, { STAY } },
		-PIER_EFRAME, BODY_STEP, "behind chunk 1" },
	{ { { HEAR }, { SAY, CHUNKED "0\r\nT : u\r\n\r\n" }, { STAY } },
		-PIER_EFRAME, BODY_STEP, "trailer 1 \"T : u\"" },
	{ { { HEAR }, { SAY, "HTTP/1.1 302 F\r\nLocation: https://a/\r\n\r\n" },
		  { END } },
		-EPROTONOSUPPORT, HEADER_STEP, "comes with TLS" },
	{ { { HEAR }, { SAY, "HTTP/1.1 302 F\r\nLocation: //a:b@c/\r\n\r\n" },
		  { END } },
		-PIER_EFRAME, HEADER_STEP, "it leads to \"//a:b@c/\"" },
	{ { { HEAR },
		  { SAY, "HTTP/1.1 302 F\r\nLocation: a\r\nLocation: "
			 "b\r\n\r\n" },
		  { END } },
		-PIER_EFRAME, HEADER_STEP, "two Locations that differ" },
	{ { { HEAR },
		  { SAY, "HTTP/1.1 302 F\r\nLocation: y\r\n"
			 "Content-Length: 0\r\n\r\n" },
		  { HEAR },
		  { SAY, "HTTP/1.1 302 F\r\nLocation: x\r\n"
			 "Content-Length: 0\r\n\r\n" },
		  { STAY } },
		-PIER_ELIMIT, HEADER_STEP, "in a circle" },
};

static void
each_failure_says_where_and_how_far(void **state)
{
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(failures) / sizeof(failures[0]); i++) {
		expected = &failures[i];
		begin(expected->script);
		go(fails_so);
	}
}

static void
limits_of_the_caller(void **state)
{
	static const struct failure rows[] = {
		{ { { HEAR }, { SAY, OK "Content-Length: 5\r\n\r\nHello" },
			  { STAY } },
			-PIER_ELIMIT, BODY_STEP, "more than 4 bytes" },
		{ { { HEAR }, { SAY, OK "\r\nHello" }, { END } }, -PIER_ELIMIT,
			BODY_STEP, "more than 4 bytes" },
		{ { { HEAR }, { SAY, CHUNKED "5\r\nHello\r\n" }, { STAY } },
			-PIER_ELIMIT, BODY_STEP, "more than 4 bytes" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expected = &rows[i];
		begin(expected->script);
		bed.opts.body_max = 4;
		go(fails_so);
		begin(expected->script);
		bed.opts.body_max = 5;
		if (i == 0)
			go(is_hello);
	}
}

static void
too_many(void)
{
	assert_int_equal(bed.rc, -PIER_ELIMIT);
	assert_non_null(strstr(bed.detail, "more than 1 redirect; the last"));
	assert_int_equal(pier_http_answer(bed.http)->hop_count, 2);
}

static void
redirects_have_a_limit(void **state)
{
	static const struct step script[] = { { HEAR },
		{ SAY, "HTTP/1.1 302 F\r\nLocation: 2\r\n"
		       "Content-Length: 0\r\n\r\n" },
		{ HEAR },
		{ SAY, "HTTP/1.1 302 F\r\nLocation: 3\r\n"
		       "Content-Length: 0\r\n\r\n" },
		{ STAY } };

	(void)state;
	begin(script);
	bed.opts.redirects = 1;
	go(too_many);
}

static void
too_many_1xx(void)
{
	assert_int_equal(bed.rc, -PIER_ELIMIT);
	assert_non_null(strstr(bed.detail, "more than 16 answers of 1xx"));
}

static void
so_do_interim_answers(void **state)
{
#define FOUR                                                                 \
	"HTTP/1.1 102 P\r\n\r\nHTTP/1.1 102 P\r\n\r\nHTTP/1.1 102 P\r\n\r\n" \
	"HTTP/1.1 102 P\r\n\r\n"
	static const struct step script[] = { { HEAR },
		{ SAY, FOUR FOUR FOUR FOUR "HTTP/1.1 102 P\r\n\r\n" },
		{ STAY } };

	(void)state;
	begin(script);
	go(too_many_1xx);
}

static void
not_sent(void)
{
	assert_int_equal(bed.rc, -ECONNRESET);
	assert_int_equal(bed.error.step, PIER_STEP_SEND);
	assert_non_null(strstr(bed.detail, " bytes of the request went"));
	assert_int_equal(pier_http_answer(bed.http)->times.sent_ns, -1);
	assert_true(pier_http_answer(bed.http)->times.connected_ns >= 0);
}

/* A request that fills every buffer, and a peer that never reads it. */
static void
sending_is_a_step_of_its_own(void **state)
{
	static const struct step script[] = { { WAIT, NULL, 100 }, { RESET } };
	static char header[8000];
	static const char *headers[200];
	size_t i;

	(void)state;
	memset(header, 'x', sizeof(header) - 1);
	memcpy(header, "X: ", 3);
	for (i = 0; i + 1 < sizeof(headers) / sizeof(headers[0]); i++)
		headers[i] = header;
	begin(script);
	bed.opts.headers = headers;
	go(not_sent);
}

/* ---- Deadlines ---- */

static void
late_so(void)
{
	fails_so();
	assert_int_equal(pier_now() - bed.start, bed.within_ms * MS);
	assert_int_equal(bed.error.elapsed_ns, bed.within_ms * MS);
}

/* One deadline bounds all of it, whichever step it meets. */
static void
one_deadline_bounds_it_all(void **state)
{
	static const struct failure rows[] = {
		{ { { STAY } }, -PIER_EDEADLINE, HEADER_STEP, "no byte came" },
		{ { { HEAR }, { TRICKLE, OK OK OK OK OK OK OK OK OK OK OK } },
			-PIER_EDEADLINE, HEADER_STEP,
			"bytes of the header came" },
		{ { { HEAR }, { SAY, OK "Content-Length: 9\r\n\r\nHell" },
			  { STAY } },
			-PIER_EDEADLINE, BODY_STEP,
			"5 of 9 bytes are missing" },
		{ { { HEAR }, { SAY, CHUNKED "9\r\nHell" }, { STAY } },
			-PIER_EDEADLINE, BODY_STEP,
			"5 bytes of chunk 1 are missing" },
		{ { { HEAR }, { SAY, OK "\r\nHell" }, { STAY } },
			-PIER_EDEADLINE, BODY_STEP, "the end of the" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		expected = &rows[i];
		begin(expected->script);
		bed.within_ms = 100;
		go(late_so);
	}
}

static void
goes_on(void)
{
	int64_t at = pier_now() - bed.start;

	assert_int_equal(bed.n, -PIER_EDEADLINE);
	assert_int_equal(at, 50 * MS);
	assert_string_equal(bed.body, "Hel");
	/* What was read ahead of the deadline is still there. */
	bed.n = pier_http_read(bed.http, bed.body + 3, 100, pier_in_ms(1000));
	assert_true(bed.n > 0);
	bed.body_len = 3 + (size_t)bed.n;
	while ((bed.n = pier_http_read(bed.http, bed.body + bed.body_len, 100,
			pier_in_ms(1000))) > 0)
		bed.body_len += (size_t)bed.n;
	bed.body[bed.body_len] = '\0';
	is_hello();
}

static void
a_read_that_was_late_goes_on(void **state)
{
	static const struct step scripts[][7] = {
		{ { HEAR }, { SAY, OK "Content-Length: 5\r\n\r\nHel" },
			{ WAIT, NULL, 100 }, { SAY, "lo" }, { STAY } },
		{ { HEAR }, { SAY, CHUNKED "3\r\nHel" }, { WAIT, NULL, 100 },
			{ SAY, "\r\n2\r\nlo\r\n0\r\n" }, { WAIT, NULL, 10 },
			{ SAY, "T: u\r\n\r\n" }, { STAY } },
		{ { HEAR }, { SAY, CHUNKED "3\r\nHel\r" }, { WAIT, NULL, 100 },
			{ SAY, "\n2" }, { WAIT, NULL, 9 },
			{ SAY, ";\r\nlo\r\n0\r\n\r\n" }, { STAY } },
		{ { HEAR }, { SAY, OK "\r\nHel" }, { WAIT, NULL, 100 },
			{ SAY, "lo" }, { END } },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(scripts) / sizeof(scripts[0]); i++) {
		begin(scripts[i]);
		bed.within_ms = 50;
		go(goes_on);
	}
}

static void
no_first_byte(void)
{
	assert_int_equal(bed.rc, -PIER_EDEADLINE);
	assert_int_equal(bed.error.step, PIER_STEP_HEADER);
	assert_string_equal(bed.detail,
		"no byte came; the limit on the first one is 30 ms");
	assert_int_equal(pier_now() - bed.start, 30 * MS);
}

static void
the_first_byte_has_a_limit_of_its_own(void **state)
{
	static const struct step late[] = { { HEAR }, { WAIT, NULL, 31 },
		{ SAY, OK }, { STAY } };
	static const struct step in_time[] = { { HEAR }, { WAIT, NULL, 29 },
		{ SAY, OK "Content-" }, { WAIT, NULL, 29 },
		{ SAY, "Length: 5\r\n\r\nHello" }, { STAY } };

	(void)state;
	begin(late);
	bed.opts.first_byte_ms = 30;
	bed.within_ms = 1000;
	go(no_first_byte);
	begin(in_time);
	bed.opts.first_byte_ms = 30;
	go(is_hello);
}

/* Names that take their time. */
static int
slow_lookup(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline until, void *arg)
{
	(void)out;
	(void)host;
	(void)service;
	(void)opts;
	(void)arg;
	(void)pier_sleep(until);
	return -PIER_EDEADLINE;
}

static void
no_name(void)
{
	const struct pier_http_times *times =
		&pier_http_answer(bed.http)->times;

	assert_int_equal(bed.rc, -PIER_EDEADLINE);
	assert_int_equal(bed.error.step, PIER_STEP_RESOLVE);
	assert_string_equal(bed.detail, "the limit on connecting is 20 ms");
	assert_int_equal(times->resolved_ns, -1);
	assert_int_equal(times->connected_ns, -1);
	assert_int_equal(pier_now() - bed.start, 20 * MS);
}

static void
not_connected(void)
{
	assert_int_equal(bed.rc, -PIER_EDEADLINE);
	assert_int_equal(bed.error.step, PIER_STEP_CONNECT);
	assert_string_equal(bed.detail, "the limit on connecting is 20 ms");
	assert_int_equal(bed.error.attempt_count, 1);
	assert_true(pier_http_answer(bed.http)->times.resolved_ns >= 0);
	assert_int_equal(pier_now() - bed.start, 20 * MS);
}

static void
connecting_has_a_limit_of_its_own(void **state)
{
	static const struct step none[] = { { STAY } };

	(void)state;
	begin(none);
	strcpy(bed.url, "http://slow.test/");
	bed.opts.lookup = slow_lookup;
	bed.opts.connect_ms = 20;
	bed.within_ms = 1000;
	go(no_name);
	/* A host that is not there does not answer. */
	begin(none);
	strcpy(bed.url, "http://10.0.0.99/");
	bed.opts.connect_ms = 20;
	go(not_connected);
}

/* ---- What is wrong before it begins ---- */

static void
never_began(void)
{
	assert_int_equal(bed.rc, -EINVAL);
	assert_null(bed.http);
}

static void
options_are_checked_first(void **state)
{
	static const struct step none[] = { { STAY } };
	static const char *const injected[] = { "X: a\r\nY: b", NULL };

	(void)state;
	begin(none);
	bed.opts.headers = injected;
	go(never_began);
	assert_non_null(strstr(bed.line, "would begin another"));
	begin(none);
	bed.opts.range = "5-4";
	go(never_began);
	begin(none);
	bed.opts.if_range = "\"x\"";
	go(never_began);
	begin(none);
	bed.opts.method = "POST";
	go(never_began);
	begin(none);
	bed.opts.redirects = PIER_HTTP_REDIRECTS_MAX + 1;
	go(never_began);
	begin(none);
	bed.opts.body_max = -1;
	go(never_began);
	begin(none);
	strcpy(bed.url, "http://me:secret@a/");
	go(never_began);
	assert_non_null(strstr(bed.line, "http://me:******@a/"));
	assert_null(strstr(bed.line, "secret"));
}

static void
is_over(void)
{
	char c;

	is_hello();
	assert_int_equal(pier_http_ask(bed.http, PIER_FOREVER), -EALREADY);
	pier_http_close(bed.http);
	bed.http = NULL;
	assert_int_equal(pier_http_open(&bed.http, "http://a/", NULL), 0);
	assert_int_equal(pier_http_read(bed.http, &c, 1, PIER_NOW), -ENOTCONN);
	assert_null(pier_http_stream(bed.http));
	assert_int_equal(pier_http_answer(bed.http)->status, 0);
	assert_int_equal(pier_http_ask(bed.http, PIER_NOW), -EAGAIN);
	pier_http_close(NULL);
}

static void
calls_have_their_order(void **state)
{
	static const struct step script[] = { { HEAR },
		{ SAY, OK "Content-Length: 5\r\n\r\nHello" }, { STAY } };

	(void)state;
	begin(script);
	go(is_over);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(every_framing_ends),
		cmocka_unit_test(all_of_an_answer_is_there),
		cmocka_unit_test(some_answers_have_no_body),
		cmocka_unit_test(version_10_is_one_line),
		cmocka_unit_test(redirects_keep_the_connection),
		cmocka_unit_test(redirects_dial_anew_where_they_must),
		cmocka_unit_test(a_redirect_does_not_hold_up),
		cmocka_unit_test(redirects_are_answers_when_nobody_follows),
		cmocka_unit_test(secrets_stay_with_their_host),
		cmocka_unit_test(each_failure_says_where_and_how_far),
		cmocka_unit_test(sending_is_a_step_of_its_own),
		cmocka_unit_test(limits_of_the_caller),
		cmocka_unit_test(redirects_have_a_limit),
		cmocka_unit_test(so_do_interim_answers),
		cmocka_unit_test(one_deadline_bounds_it_all),
		cmocka_unit_test(a_read_that_was_late_goes_on),
		cmocka_unit_test(the_first_byte_has_a_limit_of_its_own),
		cmocka_unit_test(connecting_has_a_limit_of_its_own),
		cmocka_unit_test(options_are_checked_first),
		cmocka_unit_test(calls_have_their_order),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
