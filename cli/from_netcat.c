/* SPDX-License-Identifier: MIT */
/*
 * nc (OpenBSD's, with Debian's -q) and ncat: their options. They share most
 * letters; where one means something else by it, the tables of the two differ.
 */
#include "from_netcat.h"

#include "from_sockopts.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

enum {
	OPT_RECV_ONLY = 256,
	OPT_SEND_ONLY,
	OPT_NO_SHUTDOWN,
	OPT_BROKER,
	OPT_CHAT,
	OPT_ALLOW,
	OPT_DENY,
	OPT_ALLOW_FILE,
	OPT_DENY_FILE,
	OPT_VSOCK,
	OPT_OTHER, /* without an equal */
};

/* Letters that pier has nothing for, and why. */
static const struct {
	int letter;
	const char *reason;
} nothing_for[] = {
	{ 'F', "no descriptor is passed on" },
	{ 'P', "there are no proxies" },
	{ 'X', "there are no proxies" },
	{ 'x', "there are no proxies" },
	{ 'r', "ports are tried in order" },
	{ 'S', "there are no TCP MD5 signatures" },
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
	{ "allowfile", 1, NULL, OPT_ALLOW_FILE },
	{ "denyfile", 1, NULL, OPT_DENY_FILE },
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
take_common(struct from_netcat *nc, int letter)
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
take_nc(struct from_netcat *nc, int letter)
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
take_ncat(struct from_netcat *nc, int letter)
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
	case OPT_ALLOW_FILE:
		nc->allow_file = optarg;
		return true;
	case OPT_DENY_FILE:
		nc->deny_file = optarg;
		return true;
	default:
		return false;
	}
}

/* An option of the socket, of nc. 0; FROM_USAGE; or 1: it is none. */
static int
take_sockopt(struct from *from, struct from_netcat *nc, int letter)
{
	const char *value = optarg;
	int rc = 0;
	const char *name =
		nc->ncat ? NULL : from_sockopts_nc(from, letter, &value, &rc);

	if (name == NULL || nc->sockopt_count == FROM_NETCAT_SOCKOPTS_MAX)
		return 1;
	nc->sockopt[nc->sockopt_count][0] = name;
	nc->sockopt[nc->sockopt_count++][1] = value;
	return rc;
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
read_options(struct from *from, struct from_netcat *nc)
{
	const struct option *names = nc->ncat ? ncat_options : no_options;
	const char *letters = nc->ncat ? ncat_letters : nc_letters;
	int letter, index = -1, rc;

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
		rc = take_sockopt(from, nc, letter);
		if (rc < 0)
			return rc;
		if (rc > 0 && !take_common(nc, letter) &&
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

static int
translate(struct from *from, bool ncat)
{
	struct from_netcat nc = { .ncat = ncat };
	int rc = read_options(from, &nc);

	if (rc < 0)
		return rc;
	nc.wait = with_unit(nc.wait, nc.seconds[0], sizeof(nc.seconds[0]));
	nc.idle = with_unit(nc.idle, nc.seconds[1], sizeof(nc.seconds[1]));
	return nc.listen ? from_netcat_serve(from, &nc)
			 : from_netcat_connect(from, &nc);
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
