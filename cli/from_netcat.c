/* SPDX-License-Identifier: MIT */
/*
 * nc (OpenBSD's, with Debian's -q) and ncat. They share most letters; where
 * one means something else by it, the tables of the two differ.
 *
 * At the ends of a conversation nc leaves the sending side open unless -N, and
 * after the peer's end waits for its own input; ncat half-closes, and ends with
 * the peer. Both are told to pier by --on-stdin-end and --on-peer-end.
 */
#include "from.h"

#include <arpa/inet.h>
#include <getopt.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	OPT_RECV_ONLY = 256,
	OPT_SEND_ONLY,
	OPT_NO_SHUTDOWN,
	OPT_BROKER,
	OPT_CHAT,
	OPT_ALLOW,
	OPT_DENY,
	OPT_VSOCK,
	OPT_OTHER, /* without an equal */
};

struct netcat {
	bool ncat, four, six, unix_socket, udp, listen, keep, zero, numeric;
	bool crlf, half_close, no_input, recv_only, send_only, no_shutdown;
	bool broker, vsock;
	int verbose;
	const char *wait, *quit, *idle, *address, *port, *exec, *shell;
	const char *limit, *max, *allow, *deny;
	char seconds[2][32]; /* -w and -i with their unit */
};

/* Letters that pier has nothing for, and why. */
static const struct {
	int letter;
	const char *reason;
} nothing_for[] = {
	{ 'b', "broadcast is not allowed on pier connect" },
	{ 'D', "there is no option for SO_DEBUG" },
	{ 'F', "no descriptor is passed on" },
	{ 'I', "the receive buffer cannot be set" },
	{ 'O', "the send buffer cannot be set" },
	{ 'M', "the hop limit cannot be set" },
	{ 'm', "the hop limit cannot be set" },
	{ 'P', "there are no proxies" },
	{ 'X', "there are no proxies" },
	{ 'x', "there are no proxies" },
	{ 'r', "ports are tried in order" },
	{ 'S', "there are no TCP MD5 signatures" },
	{ 'T', "the type of service cannot be set" },
	{ 't', "TELNET is not answered" },
	{ 'V', "there are no routing tables" },
	{ 'Z', "there is no DCCP" },
	{ 'i', "lines are not delayed" },
};

static const struct option ncat_options[] = {
	{ "unixsock", 0, NULL, 'U' },
	{ "crlf", 0, NULL, 'C' },
	{ "sh-exec", 1, NULL, 'c' },
	{ "exec", 1, NULL, 'e' },
	{ "max-conns", 1, NULL, 'm' },
	{ "idle-timeout", 1, NULL, 'i' },
	{ "source-port", 1, NULL, 'p' },
	{ "source", 1, NULL, 's' },
	{ "listen", 0, NULL, 'l' },
	{ "keep-open", 0, NULL, 'k' },
	{ "nodns", 0, NULL, 'n' },
	{ "udp", 0, NULL, 'u' },
	{ "verbose", 0, NULL, 'v' },
	{ "wait", 1, NULL, 'w' },
	{ "recv-only", 0, NULL, OPT_RECV_ONLY },
	{ "send-only", 0, NULL, OPT_SEND_ONLY },
	{ "no-shutdown", 0, NULL, OPT_NO_SHUTDOWN },
	{ "broker", 0, NULL, OPT_BROKER },
	{ "chat", 0, NULL, OPT_CHAT },
	{ "allow", 1, NULL, OPT_ALLOW },
	{ "deny", 1, NULL, OPT_DENY },
	{ "vsock", 0, NULL, OPT_VSOCK },
	{ "telnet", 0, NULL, 't' },
	{ "lua-exec", 1, NULL, OPT_OTHER },
	{ "delay", 1, NULL, OPT_OTHER },
	{ "output", 1, NULL, OPT_OTHER },
	{ "hex-dump", 1, NULL, OPT_OTHER },
	{ "append-output", 0, NULL, OPT_OTHER },
	{ "sctp", 0, NULL, OPT_OTHER },
	{ "allowfile", 1, NULL, OPT_OTHER },
	{ "denyfile", 1, NULL, OPT_OTHER },
	{ "proxy", 1, NULL, OPT_OTHER },
	{ "proxy-type", 1, NULL, OPT_OTHER },
	{ "proxy-auth", 1, NULL, OPT_OTHER },
	{ "proxy-dns", 1, NULL, OPT_OTHER },
	{ "ssl", 0, NULL, OPT_OTHER },
	{ "ssl-cert", 1, NULL, OPT_OTHER },
	{ "ssl-key", 1, NULL, OPT_OTHER },
	{ "ssl-verify", 0, NULL, OPT_OTHER },
	{ "ssl-trustfile", 1, NULL, OPT_OTHER },
	{ "ssl-ciphers", 1, NULL, OPT_OTHER },
	{ "ssl-servername", 1, NULL, OPT_OTHER },
	{ "ssl-alpn", 1, NULL, OPT_OTHER },
	{ NULL, 0, NULL, 0 },
};

static const struct option no_options[] = { { NULL, 0, NULL, 0 } };

static const char nc_letters[] =
	"46bCDdFI:i:klM:m:NnO:P:p:q:rSs:T:tUuV:vW:w:X:x:Zz";
static const char ncat_letters[] = "46UCc:e:g:G:m:d:o:x:i:p:s:lkntuvw:z";

/* What both have by the same letter; false when it is none of them. */
static bool
take_common(struct netcat *nc, int letter)
{
	switch (letter) {
	case '4':
		nc->four = true;
		return true;
	case '6':
		nc->six = true;
		return true;
	case 'C':
		nc->crlf = true;
		return true;
	case 'U':
		nc->unix_socket = true;
		return true;
	case 'k':
		nc->keep = true;
		return true;
	case 'l':
		nc->listen = true;
		return true;
	case 'n':
		nc->numeric = true;
		return true;
	case 'p':
		nc->port = optarg;
		return true;
	case 's':
		nc->address = optarg;
		return true;
	case 'u':
		nc->udp = true;
		return true;
	case 'v':
		nc->verbose++;
		return true;
	case 'w':
		nc->wait = optarg;
		return true;
	case 'z':
		nc->zero = true;
		return true;
	default:
		return false;
	}
}

static bool
take_nc(struct netcat *nc, int letter)
{
	switch (letter) {
	case 'd':
		nc->no_input = true;
		return true;
	case 'N':
		nc->half_close = true;
		return true;
	case 'q':
		nc->quit = optarg;
		return true;
	case 'W':
		nc->limit = optarg;
		return true;
	default:
		return false;
	}
}

static bool
take_ncat(struct netcat *nc, int letter)
{
	switch (letter) {
	case 'c':
		nc->shell = optarg;
		return true;
	case 'e':
		nc->exec = optarg;
		return true;
	case 'i':
		nc->idle = optarg;
		return true;
	case 'm':
		nc->max = optarg;
		return true;
	case OPT_RECV_ONLY:
		nc->recv_only = true;
		return true;
	case OPT_SEND_ONLY:
		nc->send_only = true;
		return true;
	case OPT_NO_SHUTDOWN:
		nc->no_shutdown = true;
		return true;
	case OPT_BROKER:
		nc->broker = true;
		return true;
	case OPT_VSOCK:
		nc->vsock = true;
		return true;
	case OPT_ALLOW:
		nc->allow = optarg;
		return true;
	case OPT_DENY:
		nc->deny = optarg;
		return true;
	default:
		return false;
	}
}

/* The word that getopt has just read; index is of a long option, or -1. */
static int
refuse(struct from *from, int letter, int index)
{
	char word[64];
	size_t i;

	if (index >= 0)
		(void)snprintf(
			word, sizeof(word), "--%s", ncat_options[index].name);
	else
		(void)snprintf(word, sizeof(word), "-%c", letter);
	if (letter == OPT_CHAT)
		return from_no_equal(from, word,
			"pier serve broker passes lines on without names");
	for (i = 0; i < sizeof(nothing_for) / sizeof(nothing_for[0]); i++)
		if (index < 0 && nothing_for[i].letter == letter)
			return from_no_equal(
				from, word, "%s", nothing_for[i].reason);
	return from_no_equal(from, word, "pier has nothing like it");
}

static int
read_options(struct from *from, struct netcat *nc)
{
	const struct option *names = nc->ncat ? ncat_options : no_options;
	const char *letters = nc->ncat ? ncat_letters : nc_letters;
	int letter, index = -1;

	opterr = 0;
	optind = 0; /* begin anew, and forget the order of before */
	while ((letter = getopt_long(from->argc, from->argv, letters, names,
			&index)) != -1) {
		if (letter == '?' && optopt != 0 && optopt < 256)
			return from_usage(from,
				"'-%c' is unknown, or lacks its value", optopt);
		if (letter == '?')
			return from_usage(from, "'%s' is unknown",
				from->argv[optind - 1]);
		if (!take_common(nc, letter) &&
			!(nc->ncat ? take_ncat : take_nc)(nc, letter))
			return refuse(from, letter, index);
		index = -1;
	}
	return 0;
}

/* nc counts seconds; ncat has units that pier has too. */
static const char *
with_unit(const char *time, char *room, size_t size)
{
	if (time == NULL || time[strspn(time, "0123456789.")] != '\0')
		return time;
	(void)snprintf(room, size, "%ss", time);
	return room;
}

static const char *
scheme(const struct netcat *nc)
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

/* Host and port, or a path. */
static int
add_target(struct from *from, const struct netcat *nc)
{
	char **word = from->argv + optind;
	int count = from->argc - optind;

	if (nc->unix_socket) {
		if (count != 1)
			return from_usage(from, "-U takes one path");
		from_add_path(from, scheme(nc), word[0]);
		return 0;
	}
	if (count < 1 || count > 2 || (count == 1 && !nc->ncat))
		return from_usage(from, "it takes a host and a port");
	if (nc->numeric && !is_number(word[0]))
		return from_no_equal(from, "-n", "'%.100s' is a name", word[0]);
	if (count == 2 && !nc->zero && strchr(word[1], '-') != NULL)
		return from_no_equal(from, word[1],
			"a range of ports is for -z, pier connect --probe");
	from_add_endpoint(
		from, scheme(nc), word[0], count == 2 ? word[1] : "31337");
	return 0;
}

static void
add_times(struct from *from, const struct netcat *nc)
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

/* What is done when input ends, and when the peer does. */
static int
add_stream_ends(struct from *from, const struct netcat *nc)
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
add_datagram_ends(struct from *from, const struct netcat *nc)
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

static int
add_connect(struct from *from, const struct netcat *nc)
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
	return add_target(from, nc);
}

/* Lists of addresses: of two lists that hold an address, ncat's deny wins, and
   in pier the longer network. */
static int
check_lists(struct from *from, const struct netcat *nc)
{
	static const char numeric[] = "0123456789abcdefABCDEF:./,";
	const char *option = nc->allow != NULL ? "--allow" : "--deny";
	const char *list = nc->allow != NULL ? nc->allow : nc->deny;

	if (list == NULL)
		return 0;
	if (!from_serve_has(option + 2))
		return from_no_equal(from, option,
			"this version of pier serve has no lists of addresses");
	if (nc->allow != NULL && nc->deny != NULL)
		return from_no_equal(from, "--deny",
			"beside --allow it always wins, in pier serve the "
			"longer network does");
	if (list[strspn(list, numeric)] != '\0')
		return from_no_equal(from, option,
			"pier serve takes addresses and networks, not '%.100s'",
			list);
	return 0;
}

/* Options with which pier serve would do something else. */
static int
check_listen(struct from *from, const struct netcat *nc)
{
	if (nc->exec == NULL && nc->shell == NULL && !nc->broker)
		return from_no_equal(from, "-l",
			"pier serve answers by a handler, not from standard "
			"input");
	if (!nc->keep && !nc->broker && !nc->udp) {
		(void)snprintf(from->why.hint, sizeof(from->why.hint),
			"with -k it has one");
		return from_no_equal(from, "-l",
			"without -k it ends after one connection, pier serve "
			"goes on");
	}
	if (nc->recv_only || nc->send_only || nc->crlf || nc->no_shutdown)
		return from_no_equal(from,
			nc->crlf        ? "--crlf"
			: nc->recv_only ? "--recv-only"
			: nc->send_only ? "--send-only"
					: "--no-shutdown",
			"pier connect alone has it");
	if (nc->udp && !(nc->exec != NULL && from_is_cat(nc->exec)))
		return from_no_equal(
			from, "-u", "programs and broker are for streams");
	return check_lists(from, nc);
}

/* Each address of a list with commas. */
static void
add_list(struct from *from, const char *option, const char *list)
{
	while (list != NULL && *list != '\0') {
		int len = (int)strcspn(list, ",");

		from_add(from, "%s", option);
		from_add(from, "%.*s", len, list);
		list += len;
		list += *list == ',';
	}
}

static int
add_listen_target(struct from *from, const struct netcat *nc)
{
	char **word = from->argv + optind;
	int count = from->argc - optind;
	bool port_alone =
		count == 1 && word[0][strspn(word[0], "0123456789")] == '\0';

	if (nc->unix_socket)
		return add_target(from, nc);
	if (count > 2)
		return from_usage(from, "it takes a host and a port");
	from_add_endpoint(from, scheme(nc),
		count == 0 || port_alone ? "" : word[0],
		port_alone   ? word[0]
		: count == 2 ? word[1]
			     : "31337");
	return 0;
}

static int
add_serve(struct from *from, const struct netcat *nc)
{
	bool echo = nc->exec != NULL && from_is_cat(nc->exec);
	int rc = check_listen(from, nc);

	if (rc < 0)
		return rc;
	from_add(from, "serve");
	if (nc->verbose > 0)
		from_add(from, "-v");
	from_add_no_limits(from, nc->idle);
	if (nc->max != NULL) {
		from_add(from, "--max-connections");
		from_add(from, "%s", nc->max);
		from_note(from, "-m: pier serve lets further ones queue, ncat "
				"closes them");
	}
	add_list(from, "--allow", nc->allow);
	add_list(from, "--deny", nc->deny);
	if (nc->broker || echo)
		from_add(from, nc->broker ? "broker" : "echo");
	rc = add_listen_target(from, nc);
	if (rc < 0 || nc->broker || echo)
		return rc;
	if (nc->shell != NULL)
		return from_add_program(from, "-c", nc->shell, true);
	return from_add_program(from, "-e", nc->exec, false);
}

static int
translate(struct from *from, bool ncat)
{
	struct netcat nc = { .ncat = ncat };
	int rc = read_options(from, &nc);

	if (rc < 0)
		return rc;
	nc.wait = with_unit(nc.wait, nc.seconds[0], sizeof(nc.seconds[0]));
	nc.idle = with_unit(nc.idle, nc.seconds[1], sizeof(nc.seconds[1]));
	return nc.listen ? add_serve(from, &nc) : add_connect(from, &nc);
}

int
from_nc(struct from *from)
{
	return translate(from, false);
}

int
from_ncat(struct from *from)
{
	return translate(from, true);
}
