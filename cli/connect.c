/* SPDX-License-Identifier: MIT */
/*
 * pier connect: reads its endpoints and hands over to the way that fits them:
 * a stream, packets, or a probe.
 */
#include "connect.h"

#include "ports.h"
#include "store.h"
#include "verbs.h"

#include <string.h>
#include <sys/socket.h>

static unsigned
kind_of(const struct pier_endpoint_check *check)
{
	switch (check->type) {
	case SOCK_SEQPACKET:
		/* Of others than Unix sockets a connection has no halves: as of
		   datagrams there is --wait. */
		return strcmp(check->scheme, "seqpacket") == 0
			       ? CONNECT_PACKETS
			       : CONNECT_MESSAGES;
	case SOCK_DGRAM:
	case SOCK_RDM:
	case SOCK_RAW:
		return CONNECT_DATAGRAMS;
	default: /* fd:// is taken for a stream */
		return CONNECT_STREAM;
	}
}

/* "host 80", as other tools want it: say how pier does. */
static int
second_endpoint(const struct cli_tool *tool, const struct cli_texts *endpoints)
{
	const char *host = endpoints->item[0], *port = endpoints->item[1];
	struct cli_complaint why = { "", "" };

	(void)cli_complain(&why, "unexpected argument '%s'", port);
	if (strpbrk(host, ":/") == NULL && strpbrk(port, ":/.") == NULL)
		cli_advise(&why, "did you mean '%s:%s'?", host, port);
	else
		cli_advise(&why, "only --probe takes several endpoints");
	return cli_usage_error(tool, "connect", &why);
}

/* Names are not looked up for the local address. */
static int
check_bind(const struct cli_tool *tool, const char *text,
	const struct pier_endpoint_check *check)
{
	struct cli_complaint why = { "", "" };
	struct pier_addr addr;

	/* Paths, and the names and addresses of controllers, libpier reads. */
	if (strcmp(check->scheme, "unixgram") == 0 ||
		strcmp(check->scheme, "rfcomm") == 0 ||
		strcmp(check->scheme, "l2cap") == 0)
		return CLI_EXIT_OK;
	if (strncmp(check->scheme, "tcp", 3) != 0 &&
		strncmp(check->scheme, "udp", 3) != 0 &&
		strncmp(check->scheme, "raw", 3) != 0) {
		(void)cli_complain(&why,
			"--bind: %s:// has no local address to choose",
			check->scheme);
		cli_advise(&why, "leave it out");
		return cli_usage_error(tool, "connect", &why);
	}
	/* ":PORT" is no address: libpier reads it, and refuses by itself. */
	if (text[0] == ':' || (pier_addr_parse(&addr, text) == 0 &&
				      pier_addr_port(&addr) >= 0))
		return CLI_EXIT_OK;
	(void)cli_complain(&why,
		"--bind: cannot use '%s'; expected an IP "
		"address and a port, such as 127.0.0.1:0, [::1]:0 or :5000",
		text);
	cli_advise(&why, "this machine's addresses: ip -brief address");
	return cli_usage_error(tool, "connect", &why);
}

/* Why an option is of no use for datagrams, and what to do. */
static void
refuse_on_datagrams(struct cli_complaint *why, const struct cli_option *option,
	const char *scheme)
{
	(void)cli_complain(why, "--%s is for streams, and %s:// is datagrams",
		option->name, scheme);
	if (strcmp(option->name, "frame") == 0)
		cli_advise(why, "each datagram is a message by itself; "
				"--stdio-frame says how they stand here");
	else
		cli_advise(why, "when datagrams end: --wait TIME and "
				"--replies N");
}

/* The same for packets over a connection. */
static void
refuse_on_packets(struct cli_complaint *why, const struct cli_option *option,
	const char *scheme)
{
	(void)cli_complain(
		why, "--%s has no effect on %s://", option->name, scheme);
	if (strcmp(option->name, "frame") == 0)
		cli_advise(why, "its packets have edges of their own; "
				"--stdio-frame says how they stand here");
	else
		cli_advise(why, "standard input's end closes this half; the "
				"peer's end or --replies N ends it");
}

/* What would have no effect is refused, not ignored. */
static int
check_given(const struct cli_tool *tool,
	const struct connect_settings *settings, unsigned kind,
	const char *scheme)
{
	struct cli_complaint why = { "", "" };
	const struct cli_option *option = cli_given_in_vain(
		cli_verb_connect.options, &settings->common, kind);

	if (option == NULL)
		return CLI_EXIT_OK;
	if (kind == CONNECT_PROBE) {
		(void)cli_complain(
			&why, "--%s has no effect with --probe", option->name);
		cli_advise(&why, "a probe sends and receives nothing: leave "
				 "out one of them");
	} else if (kind == CONNECT_DATAGRAMS) {
		refuse_on_datagrams(&why, option, scheme);
	} else if ((kind & CONNECT_PACKETS) != 0) {
		refuse_on_packets(&why, option, scheme);
	} else {
		(void)cli_complain(&why,
			"--%s is for datagrams, and %s:// is a stream",
			option->name, scheme);
		cli_advise(&why, "for datagrams write udp://HOST:PORT or "
				 "unixgram:///PATH");
	}
	return cli_usage_error(tool, "connect", &why);
}

/* The options of messages fit each other. */
static int
check_frames(const struct cli_tool *tool,
	const struct connect_settings *settings, bool is_stream)
{
	const struct cli_frames *frames = &settings->frames;
	const char *kind = is_stream ? frames->wire : frames->stdio;
	const char *vain = cli_frames_in_vain(frames);
	struct cli_complaint why = { "", "" };

	if (kind != NULL && settings->crlf) {
		(void)cli_complain(
			&why, "--crlf is for bytes, not for messages");
		cli_advise(
			&why, "--frame line:crlf ends each message with CR LF");
	} else if (kind == NULL && vain != NULL) {
		(void)cli_complain(&why, "%s has no effect without %s", vain,
			is_stream ? "--frame" : "--stdio-frame");
		cli_advise(&why, "--frame KIND makes messages of a stream");
	} else {
		return CLI_EXIT_OK;
	}
	return cli_usage_error(tool, "connect", &why);
}

static int
check_options(const struct cli_tool *tool,
	const struct connect_settings *settings,
	const struct pier_endpoint_check *check)
{
	int code = check_given(tool, settings, kind_of(check), check->scheme);

	if (code == CLI_EXIT_OK)
		code = check_frames(
			tool, settings, kind_of(check) == CONNECT_STREAM);
	if (code != CLI_EXIT_OK)
		return code;
	return settings->bind != NULL ? check_bind(tool, settings->bind, check)
				      : CLI_EXIT_OK;
}

/* An endpoint of --probe, with the first of its ports in place of all. */
static int
check_probe(const struct cli_tool *tool, const char *text)
{
	struct cli_complaint why = { "", "" };
	struct pier_endpoint_check check;
	struct cli_ports ports;
	char one[PIER_ENDPOINT_TEXT_MAX], wrong[128];

	if (cli_ports_start(&ports, text, wrong, sizeof(wrong)) < 0) {
		(void)cli_complain(&why, "%s: %s", text, wrong);
		cli_advise(&why, "write ports as 80, 20-25 or 20-25,80");
		return cli_usage_error(tool, "connect", &why);
	}
	(void)cli_ports_next(&ports, one, sizeof(one));
	if (pier_endpoint_check(one, &check) < 0)
		return cli_endpoint_error(tool, "connect", one, &check);
	if (kind_of(&check) == CONNECT_STREAM)
		return cli_inherited_check(tool, one);
	(void)cli_complain(
		&why, "%s: a datagram has no answer that says open", text);
	cli_advise(&why, "send one and wait: --replies 1 --wait 1s");
	return cli_usage_error(tool, "connect", &why);
}

int
connect_run(struct cli_tool *tool, const void *given)
{
	const struct connect_settings *settings = given;
	const struct cli_texts *endpoints = &settings->endpoints;
	struct pier_endpoint_check check;
	int code = CLI_EXIT_OK;
	size_t i;

	if (settings->probe) {
		code = check_given(tool, settings, CONNECT_PROBE, "");
		for (i = 0; code == CLI_EXIT_OK && i < endpoints->n; i++)
			code = check_probe(tool, endpoints->item[i]);
		return code != CLI_EXIT_OK ? code
					   : connect_probe(tool, settings);
	}
	if (endpoints->n > 1)
		return second_endpoint(tool, endpoints);
	if (pier_endpoint_check(endpoints->item[0], &check) < 0)
		return cli_endpoint_error(
			tool, "connect", endpoints->item[0], &check);
	code = check_options(tool, settings, &check);
	if (code == CLI_EXIT_OK)
		code = cli_inherited_check(tool, endpoints->item[0]);
	if (code != CLI_EXIT_OK)
		return code;
	return kind_of(&check) == CONNECT_STREAM
		       ? connect_stream(tool, settings)
		       : connect_packets(tool, settings);
}
