/* SPDX-License-Identifier: MIT */
/* proto/dns.c - asking, and waiting for the answer; see pier/dns.h. */
#include <pier/dns.h>

#include <pier/order.h>
#include <pier/packet.h>
#include <pier/stream.h>

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include "addr/addr.h"
#include "os/calls.h"
#include "os/whole_file.h"
#include "proto/dns_wire.h"
#include "task/failure.h"
#include "task/timeout.h"

#define RESOLV_CONF     "/etc/resolv.conf"
#define RESOLV_CONF_MAX ((size_t)1024 * 1024)

/* As libc without a nameserver in the file. */
#define LOCAL "127.0.0.1:53"
#define MDNS  "224.0.0.251:5353"

#define PATIENCE_NS INT64_C(2000000000)
#define ROUNDS      3
#define MESSAGE_MAX 65535

struct asking {
	struct pier__dns_question question;
	struct pier_addr servers[PIER_DNS_SERVERS_MAX];
	size_t server_count;
	bool multicast;
	unsigned char query[PIER__DNS_QUERY_MAX];
	int query_len;
	pier_deadline deadline;
	unsigned char *buf; /* MESSAGE_MAX bytes */
};

static int
fail(int rc, const char *name, const char *detail)
{
	(void)pier__fail_step(rc, PIER_STEP_RESOLVE, name, detail);
	return rc;
}

static bool
is_over(const struct asking *it)
{
	return it->deadline.ns != INT64_MAX && pier_left_ns(it->deadline) == 0;
}

/* Until then a server may answer. */
static pier_deadline
patience(const struct asking *it)
{
	pier_deadline soon = pier_in_ns(PATIENCE_NS);

	return soon.ns < it->deadline.ns ? soon : it->deadline;
}

static void
format_endpoint(char *out, size_t size, const char *scheme,
	const struct pier_addr *server)
{
	char text[PIER_ADDR_TEXT_MAX];

	(void)pier_addr_format(server, text, sizeof(text));
	(void)snprintf(out, size, "%s://%s", scheme, text);
}

/* 0, 1 it was cut off, or an error; others' datagrams are passed over. */
static int
await(struct asking *it, struct pier_packet *packet,
	struct pier_dns_answer **out)
{
	pier_deadline until = patience(it);
	struct pier_msg msg;
	int rc;

	for (;;) {
		rc = pier_recv(packet, &msg, it->buf, MESSAGE_MAX, until);
		if (rc < 0)
			return rc;
		rc = pier__dns_read(out, it->buf, msg.size, &it->question);
		/* What cannot be read may be another's, in our server's
		   name. */
		if (rc == -ENOMSG || rc == -EBADMSG)
			continue;
		if (rc == 0)
			(*out)->server = msg.peer;
		return rc;
	}
}

static int
ask_by_udp(struct asking *it, const struct pier_addr *server,
	struct pier_dns_answer **out)
{
	const struct pier_packet_opts opts = { .unconnected = it->multicast };
	char endpoint[PIER_ADDR_TEXT_MAX + 8];
	struct pier_packet *packet = NULL;
	int rc;

	format_endpoint(endpoint, sizeof(endpoint), "udp", server);
	rc = pier_packet_open(&packet, endpoint, &opts, it->deadline);
	if (rc < 0)
		return rc;
	rc = pier_send(
		packet, NULL, it->query, (size_t)it->query_len, it->deadline);
	if (rc >= 0)
		rc = await(it, packet, out);
	pier_packet_close(packet);
	return rc;
}

/* A message in a stream has its length before it (RFC 1035 section 4.2.2). */
static int
exchange(struct asking *it, struct pier_stream *stream,
	struct pier_dns_answer **out)
{
	unsigned char len[2];
	ssize_t n;
	int rc;

	pier_be16_put(len, (uint16_t)it->query_len);
	memcpy(it->buf, len, 2);
	memcpy(it->buf + 2, it->query, (size_t)it->query_len);
	rc = pier_write(
		stream, it->buf, (size_t)it->query_len + 2, it->deadline);
	if (rc < 0)
		return rc;
	n = pier_read_full(stream, len, 2, it->deadline);
	if (n >= 0)
		n = pier_read_full(
			stream, it->buf, pier_be16_get(len), it->deadline);
	if (n < 0)
		return (int)n;
	rc = pier__dns_read(out, it->buf, (size_t)n, &it->question);
	return rc == 1 || rc == -ENOMSG ? -EBADMSG : rc;
}

static int
ask_by_tcp(struct asking *it, const struct pier_addr *server,
	struct pier_dns_answer **out)
{
	char endpoint[PIER_ADDR_TEXT_MAX + 8];
	struct pier_stream *stream = NULL;
	int rc;

	format_endpoint(endpoint, sizeof(endpoint), "tcp", server);
	rc = pier_dial(&stream, endpoint, NULL, it->deadline);
	if (rc < 0)
		return rc;
	rc = exchange(it, stream, out);
	if (rc == 0) {
		(*out)->by_tcp = true;
		(*out)->server = *server;
	}
	pier_close(stream);
	return rc;
}

/* One server after the other, round and round. */
static int
ask_all(struct asking *it, struct pier_dns_answer **out)
{
	int rc = -ETIMEDOUT, round;
	size_t i;

	for (round = 0; round < ROUNDS; round++)
		for (i = 0; i < it->server_count; i++) {
			rc = ask_by_udp(it, &it->servers[i], out);
			if (rc == 1)
				rc = ask_by_tcp(it, &it->servers[i], out);
			if (rc == 0 || rc == -ECANCELED || rc == -ENOMEM)
				return rc;
			if (is_over(it))
				return -PIER_EDEADLINE;
		}
	/* Each server had its time, and the call has some left. */
	return rc == -PIER_EDEADLINE ? -ETIMEDOUT : rc;
}

static int
find_servers(struct asking *it, const struct pier_dns_opts *opts)
{
	const char *given = opts->multicast ? MDNS : opts->server;
	char *text = NULL;
	ptrdiff_t len;
	int rc;

	if (given == NULL) {
		len = pier__whole_file(&text, RESOLV_CONF, RESOLV_CONF_MAX);
		if (len < 0 && len != -ENOENT)
			return fail((int)len, RESOLV_CONF, NULL);
		if (len > 0)
			it->server_count = pier__dns_servers(
				it->servers, text, (size_t)len);
		pier__free(text);
		if (it->server_count > 0)
			return 0;
		given = LOCAL;
	}
	rc = pier_addr_parse(&it->servers[0], given);
	if (rc < 0)
		return rc;
	if (pier_addr_port(&it->servers[0]) < 0)
		return fail(-EINVAL, given, "a name server has an IP address");
	if (pier_addr_port(&it->servers[0]) == 0)
		(void)pier_addr_set_port(&it->servers[0], 53);
	it->server_count = 1;
	return 0;
}

static int
prepare(struct asking *it, const struct pier_dns_opts *opts)
{
	const char *name = it->question.name;
	unsigned int type = it->question.type;
	int rc;

	if (type != PIER_DNS_A && type != PIER_DNS_AAAA &&
		type != PIER_DNS_PTR && type != PIER_DNS_CNAME)
		return fail(-EINVAL, name, "the type is A, AAAA, CNAME or PTR");
	rc = pier__calls()->random(&it->question.id, sizeof(it->question.id));
	if (rc < 0)
		return fail(rc, name, "random");
	it->query_len =
		pier__dns_write(it->query, &it->question, !it->multicast);
	if (it->query_len < 0)
		return fail(-EINVAL, name,
			"a name in the DNS has labels of 1 to 63 bytes, and "
			"255 in all");
	return find_servers(it, opts);
}

static int
ask(struct asking *it, const struct pier_dns_opts *opts,
	struct pier_dns_answer **out)
{
	int64_t begin = pier_now();
	int rc = prepare(it, opts);

	if (rc < 0)
		return rc;
	it->buf = pier__alloc(MESSAGE_MAX);
	if (it->buf == NULL)
		return fail(-ENOMEM, it->question.name, NULL);
	rc = ask_all(it, out);
	pier__free(it->buf);
	if (rc < 0)
		return fail(rc, it->question.name, "asked on the wire");
	(*out)->elapsed_ns = pier_now() - begin;
	return 0;
}

int
pier_dns_ask_sized(struct pier_dns_answer **out, const char *name,
	unsigned int type, const struct pier_dns_opts *opts, size_t opts_size,
	pier_deadline deadline)
{
	struct pier_dns_answer *answer = NULL;
	struct pier_dns_opts own = { .server = NULL };
	struct asking *it;
	int rc;

	if (opts != NULL)
		memcpy(&own, opts,
			opts_size < sizeof(own) ? opts_size : sizeof(own));
	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	if (deadline.ns == 0)
		return -EAGAIN;
	/* On the heap: names and addresses take too much of a fiber's stack. */
	it = pier__alloc(sizeof(*it));
	if (it == NULL)
		return fail(-ENOMEM, name, NULL);
	it->question = (struct pier__dns_question){ name, type, 0 };
	it->multicast = own.multicast;
	it->deadline = deadline;
	rc = ask(it, &own, &answer);
	pier__free(it);
	if (rc == 0)
		*out = answer;
	return rc;
}

void
pier_dns_free(struct pier_dns_answer *answer)
{
	pier__free(answer);
}
