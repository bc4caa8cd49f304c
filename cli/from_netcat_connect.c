/* SPDX-License-Identifier: MIT */
/*
 * nc and ncat as clients, to pier connect.
 *
 * At the ends of a conversation nc leaves the sending side open unless -N, and
 * after the peer's end waits for its own input; ncat half-closes, and ends with
 * the peer. Both are told to pier by --on-stdin-end and --on-peer-end.
 */
#include "from_netcat.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdlib.h>
#include <string.h>

const char *
from_netcat_scheme(const struct from_netcat *nc)
{
	if (nc->unix_socket)
		return nc->udp ? "unixgram" : "unix";
	if (nc->vsock)
		return "vsock";
	if (nc->four)
		return nc->udp ? "udp4" : "tcp4";
	if (nc->six)
		return nc->udp ? "udp6" : "tcp6";
	return nc->udp ? "udp" : "tcp";
}

static bool
is_number(const char *host)
{
	struct in6_addr addr;

	return inet_pton(AF_INET, host, &addr) == 1 ||
	       inet_pton(AF_INET6, host, &addr) == 1;
}

int
from_netcat_add_target(struct from *from, const struct from_netcat *nc)
{
	char **word = from->argv + optind;
	int count = from->argc - optind;

	if (nc->unix_socket) {
		if (count != 1)
			return from_usage(from, "-U takes one path");
		from_add_path(from, from_netcat_scheme(nc), word[0]);
		return 0;
	}
	if (count < 1 || count > 2 || (count == 1 && !nc->ncat))
		return from_usage(from, "it takes a host and a port");
	if (nc->numeric && !is_number(word[0]))
		return from_no_equal(from, "-n", "'%.100s' is a name", word[0]);
	if (count == 2 && !nc->zero && strchr(word[1], '-') != NULL)
		return from_no_equal(from, word[1],
			"a range of ports is for -z, pier connect --probe");
	from_add_endpoint(from, from_netcat_scheme(nc), word[0],
		count == 2 ? word[1] : "31337");
	return 0;
}

static void
add_times(struct from *from, const struct from_netcat *nc)
{
	/* -w of nc is for connecting and for silence, of ncat the former. */
	const char *idle = nc->ncat ? nc->idle : nc->wait;

	if (nc->wait != NULL && (!nc->udp || nc->ncat)) {
		from_add(from, "--connect-timeout");
		from_add(from, "%s", nc->wait);
	}
	if (idle != NULL && !nc->zero) {
		from_add(from, "--idle-timeout");
		from_add(from, "%s", idle);
	}
}

static void
add_sockopts(struct from *from, const struct from_netcat *nc)
{
	size_t i;

	for (i = 0; i < nc->sockopt_count; i++) {
		from_add(from, "-S");
		from_add(from, "%s=%s", nc->sockopt[i][0], nc->sockopt[i][1]);
	}
}

/* What is done when input ends, and when the peer does. */
static int
add_stream_ends(struct from *from, const struct from_netcat *nc)
{
	bool half_close =
		nc->ncat ? !nc->no_shutdown && !nc->recv_only : nc->half_close;

	if (nc->quit != NULL && atoi(nc->quit) > 0)
		return from_no_equal(from, "-q",
			"after the end of input pier connect waits for the "
			"peer, not for a time");
	if (nc->send_only || (nc->quit != NULL && atoi(nc->quit) == 0)) {
		from_add(from, "--on-stdin-end");
		from_add(from, "close");
	} else if (!half_close) {
		from_add(from, "--on-stdin-end");
		from_add(from, "ignore");
	}
	from_add(from, "--on-peer-end");
	from_add(from, nc->ncat || nc->no_input ? "end" : "wait");
	return 0;
}

/* There is nothing to half-close: nc goes on when its input has ended, ncat
   ends with it. */
static void
add_datagram_ends(struct from *from, const struct from_netcat *nc)
{
	int quit = nc->quit != NULL ? atoi(nc->quit) : -1;

	from_add(from, "--wait");
	if (nc->ncat || quit == 0)
		from_add(from, "1ms");
	else if (quit > 0)
		from_add(from, "%ds", quit);
	else
		from_add(from, "168h");
	if (nc->limit != NULL) {
		from_add(from, "--replies");
		from_add(from, "%s", nc->limit);
	}
}

int
from_netcat_connect(struct from *from, const struct from_netcat *nc)
{
	int rc = 0;

	from_add(from, "connect");
	if (nc->limit != NULL && !nc->udp)
		return from_no_equal(from, "-W", "bytes have no packets");
	if (nc->zero && nc->udp)
		return from_no_equal(from, "-z",
			"no answer by UDP says that a port is open");
	if (nc->verbose > 0 && !nc->zero)
		from_add(from, "-v");
	if (nc->zero)
		from_add(from, "--probe");
	add_times(from, nc);
	add_sockopts(from, nc);
	if (!nc->zero && nc->udp)
		add_datagram_ends(from, nc);
	else if (!nc->zero)
		rc = add_stream_ends(from, nc);
	if (rc < 0)
		return rc;
	if (nc->crlf && !nc->zero)
		from_add(from, "--crlf");
	from_add_bind(from, nc->address, nc->port);
	from->no_input = nc->no_input || nc->recv_only;
	from->no_output = nc->send_only;
	if (nc->zero && nc->verbose == 0)
		from->no_output = true;
	return from_netcat_add_target(from, nc);
}
