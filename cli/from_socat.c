/* SPDX-License-Identifier: MIT */
/*
 * socat: two addresses with options of their own. One of them has to be the
 * standard streams (then it is pier connect), or a listener whose other side is
 * a program (then it is pier serve).
 */
#include "from_socat.h"

#include "from_sockopts.h"

#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>

enum side {
	SIDE_STDIO,
	SIDE_CONNECT,
	SIDE_LISTEN,
	SIDE_PIPE,    /* what comes goes back */
	SIDE_PROGRAM, /* EXEC */
	SIDE_SHELL,   /* SYSTEM */
	SIDE_FILE,
};

/* Types of addresses, and the scheme of the endpoint that is the same. */
static const struct from_socat_kind {
	const char *name;
	enum side side;
	const char *scheme;
	bool path;
	const char *prefix; /* of the path */
} kinds[] = {
	{ "STDIO", SIDE_STDIO, NULL, false, "" },
	{ "-", SIDE_STDIO, NULL, false, "" },
	{ "STDIN", SIDE_STDIO, NULL, false, "" },
	{ "STDOUT", SIDE_STDIO, NULL, false, "" },
	{ "PIPE", SIDE_PIPE, NULL, false, "" },
	{ "FIFO", SIDE_PIPE, NULL, false, "" },
	{ "EXEC", SIDE_PROGRAM, NULL, false, "" },
	{ "SYSTEM", SIDE_SHELL, NULL, false, "" },
	{ "OPEN", SIDE_FILE, NULL, false, "" },
	{ "GOPEN", SIDE_FILE, NULL, false, "" },
	{ "FILE", SIDE_FILE, NULL, false, "" },
	{ "TCP", SIDE_CONNECT, "tcp", false, "" },
	{ "TCP-CONNECT", SIDE_CONNECT, "tcp", false, "" },
	{ "TCP4", SIDE_CONNECT, "tcp4", false, "" },
	{ "TCP4-CONNECT", SIDE_CONNECT, "tcp4", false, "" },
	{ "TCP6", SIDE_CONNECT, "tcp6", false, "" },
	{ "TCP6-CONNECT", SIDE_CONNECT, "tcp6", false, "" },
	{ "UDP", SIDE_CONNECT, "udp", false, "" },
	{ "UDP-CONNECT", SIDE_CONNECT, "udp", false, "" },
	{ "UDP4", SIDE_CONNECT, "udp4", false, "" },
	{ "UDP4-CONNECT", SIDE_CONNECT, "udp4", false, "" },
	{ "UDP6", SIDE_CONNECT, "udp6", false, "" },
	{ "UDP6-CONNECT", SIDE_CONNECT, "udp6", false, "" },
	{ "UDP-SENDTO", SIDE_CONNECT, "udp", false, "" },
	{ "UDP4-SENDTO", SIDE_CONNECT, "udp4", false, "" },
	{ "UDP6-SENDTO", SIDE_CONNECT, "udp6", false, "" },
	{ "UDP-DATAGRAM", SIDE_CONNECT, "udp", false, "" },
	{ "UDP4-DATAGRAM", SIDE_CONNECT, "udp4", false, "" },
	{ "UDP6-DATAGRAM", SIDE_CONNECT, "udp6", false, "" },
	{ "UNIX-CONNECT", SIDE_CONNECT, "unix", true, "" },
	{ "UNIX-SENDTO", SIDE_CONNECT, "unixgram", true, "" },
	{ "ABSTRACT-CONNECT", SIDE_CONNECT, "unix", true, "@" },
	{ "ABSTRACT-SENDTO", SIDE_CONNECT, "unixgram", true, "@" },
	{ "VSOCK-CONNECT", SIDE_CONNECT, "vsock", false, "" },
	/* Version 1.7 listens on IPv4 unless it is told otherwise. */
	{ "TCP-LISTEN", SIDE_LISTEN, "tcp4", false, "" },
	{ "TCP-L", SIDE_LISTEN, "tcp4", false, "" },
	{ "TCP4-LISTEN", SIDE_LISTEN, "tcp4", false, "" },
	{ "TCP4-L", SIDE_LISTEN, "tcp4", false, "" },
	{ "TCP6-LISTEN", SIDE_LISTEN, "tcp6", false, "" },
	{ "TCP6-L", SIDE_LISTEN, "tcp6", false, "" },
	{ "UDP-LISTEN", SIDE_LISTEN, "udp4", false, "" },
	{ "UDP4-LISTEN", SIDE_LISTEN, "udp4", false, "" },
	{ "UDP6-LISTEN", SIDE_LISTEN, "udp6", false, "" },
	{ "UDP-RECVFROM", SIDE_LISTEN, "udp4", false, "" },
	{ "UDP4-RECVFROM", SIDE_LISTEN, "udp4", false, "" },
	{ "UDP6-RECVFROM", SIDE_LISTEN, "udp6", false, "" },
	{ "UNIX-LISTEN", SIDE_LISTEN, "unix", true, "" },
	{ "ABSTRACT-LISTEN", SIDE_LISTEN, "unix", true, "@" },
	{ "VSOCK-LISTEN", SIDE_LISTEN, "vsock", false, "" },
};

struct socat {
	bool there_only, back_only; /* -u, -U */
	int verbose;
	const char *linger, *idle; /* -t, -T */
	struct side_address address[2];
};

/* Options that change nothing here: pier does so anyway. */
static const char *const understood[] = { "fork", "reuseaddr", "so-reuseaddr",
	"unlink-early", "unlink-close", "shut-down", "ipv6-v6only",
	"ipv6only" };

const char *
from_socat_option(const struct side_address *address, const char *name)
{
	size_t i, len = strlen(name);

	for (i = 0; i < address->option_count; i++) {
		const char *option = address->option[i];

		if (strncasecmp(option, name, len) == 0 &&
			(option[len] == '\0' || option[len] == '='))
			return option + len + (option[len] == '=');
	}
	return NULL;
}

static bool
is_on(const char *const *list, size_t count, const char *option)
{
	size_t i, len = strcspn(option, "=");

	for (i = 0; i < count && list[i] != NULL; i++)
		if (strlen(list[i]) == len &&
			strncasecmp(list[i], option, len) == 0)
			return true;
	return false;
}

/* Pier does so anyway; unless it is switched off. */
static bool
is_understood(const char *option)
{
	return is_on(understood, sizeof(understood) / sizeof(understood[0]),
		       option) &&
	       strcmp(option + strcspn(option, "="), "=0") != 0;
}

/* Every option has to be in the list that its use reads, or one of the socket's
   where there is a socket. */
static int
check_options(struct from *from, const struct side_address *address,
	const char *const *known)
{
	bool has_socket = address->kind->scheme != NULL;
	size_t i;

	for (i = 0; i < address->option_count; i++) {
		const char *option = address->option[i];

		if (!is_on(known, SIZE_MAX, option) && !is_understood(option) &&
			!(has_socket && from_sockopts_is_socat(option)))
			return from_no_equal(from, option,
				"pier has nothing like it in '%.150s'",
				address->word);
	}
	return 0;
}

/* The next place of a comma outside of quotes and brackets, or the end. */
static char *
piece_end(char *text)
{
	char quote = '\0';

	for (; *text != '\0'; text++) {
		if (quote != '\0')
			quote = *text == quote ? '\0' : quote;
		else if (*text == '"' || *text == '\'')
			quote = *text;
		else if (*text == '[')
			quote = ']';
		else if (*text == ',')
			break;
	}
	return text;
}

static void
strip_quotes(char *text)
{
	size_t len = strlen(text);

	if (len >= 2 && (text[0] == '"' || text[0] == '\'') &&
		text[len - 1] == text[0]) {
		memmove(text, text + 1, len - 2);
		text[len - 2] = '\0';
	}
}

static int
read_address(struct from *from, struct side_address *address, const char *word)
{
	char *at = address->text, *end, *colon;
	size_t i;

	address->word = word;
	if (strlen(word) + sizeof("GOPEN:") > sizeof(address->text))
		return from_no_equal(from, word, "it is too long");
	/* A path alone is GOPEN. */
	(void)snprintf(at, sizeof(address->text), "%s%s",
		word[0] == '/' || word[0] == '.' ? "GOPEN:" : "", word);
	end = piece_end(at);
	while (*end != '\0' && address->option_count < FROM_SOCAT_OPTIONS_MAX) {
		*end++ = '\0';
		address->option[address->option_count++] = end;
		end = piece_end(end);
	}
	if (*end != '\0')
		return from_no_equal(from, word, "it has too many options");
	colon = strchr(at, ':');
	address->parameter = "";
	if (colon != NULL) {
		*colon = '\0';
		strip_quotes(colon + 1);
		address->parameter = colon + 1;
	}
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (strcasecmp(kinds[i].name, at) == 0)
			address->kind = &kinds[i];
	if (address->kind == NULL)
		return from_no_equal(
			from, word, "pier has no endpoint of that type");
	return 0;
}

static int
read_options(struct from *from, struct socat *socat, int *next)
{
	for (; *next < from->argc && from->argv[*next][0] == '-' &&
		from->argv[*next][1] != '\0';
		++*next) {
		const char *word = from->argv[*next];
		char letter = word[1];

		if (letter == 'u') {
			socat->there_only = true;
		} else if (letter == 'U') {
			socat->back_only = true;
		} else if (letter == 'd') {
			socat->verbose++;
		} else if (letter == 't' || letter == 'T') {
			const char *value = word[2] != '\0'
						    ? word + 2
						    : from->argv[++*next];

			if (value == NULL)
				return from_usage(
					from, "'%s' lacks a time", word);
			*(letter == 't' ? &socat->linger : &socat->idle) =
				value;
		} else if (strchr("46", letter) != NULL) {
			return from_no_equal(from, word,
				"say it in the address: TCP%c", letter);
		} else {
			return from_no_equal(
				from, word, "pier has nothing like it");
		}
	}
	return 0;
}

/* A server is bound to the group that it hears, or where it was told. */
static const char *
listens_on(
	const struct side_address *address, const struct from_socat_many *many)
{
	const char *bind = from_socat_option(address, "bind");

	if (many->group[0] != '\0')
		return many->group;
	return bind != NULL ? bind : "";
}

static int
add_endpoint(struct from *from, const struct side_address *address)
{
	const char *colon = strrchr(address->parameter, ':');
	struct from_socat_many many;
	char host[256], port[256];
	int rc;

	if (address->kind->path) {
		char path[512];

		(void)snprintf(path, sizeof(path), "%s%s",
			address->kind->prefix, address->parameter);
		from_add_path(from, address->kind->scheme, path);
		return 0;
	}
	rc = from_socat_many(from, address, &many);
	if (rc < 0)
		return rc;
	if (address->kind->side == SIDE_LISTEN) {
		(void)snprintf(port, sizeof(port), "%.80s%s",
			address->parameter, many.parameters);
		from_add_endpoint(from, address->kind->scheme,
			listens_on(address, &many), port);
		return 0;
	}
	if (colon == NULL)
		return from_usage(from, "'%s' lacks its port", address->word);
	(void)snprintf(host, sizeof(host), "%.*s",
		(int)(colon - address->parameter), address->parameter);
	(void)snprintf(
		port, sizeof(port), "%.80s%s", colon + 1, many.parameters);
	from_add_endpoint(from, address->kind->scheme, host, port);
	return 0;
}

/* One child for all that a peer sends; of UDP-RECVFROM each message has one. */
static bool
has_peers(const struct side_address *address)
{
	return strncmp(address->kind->scheme, "udp", 3) == 0 &&
	       strstr(address->kind->name, "LISTEN") != NULL;
}

static bool
has_messages(const struct side_address *address)
{
	return strncmp(address->kind->scheme, "udp", 3) == 0 ||
	       strcmp(address->kind->scheme, "unixgram") == 0;
}

static const char *
half_second(const struct socat *socat)
{
	return socat->linger != NULL ? socat->linger : "0.5";
}

/* What happens at the end of input and of the peer. */
static void
add_ends(struct from *from, const struct socat *socat, bool send, bool receive,
	bool shut_none)
{
	if (!receive) {
		from_add(from, "--on-stdin-end");
		from_add(from, "close");
	} else if (!send || shut_none) {
		from_add(from, "--on-stdin-end");
		from_add(from, "ignore");
	} else {
		from_note(from,
			"after the end of input socat waits %s s for "
			"the peer, pier until it ends; --timeout "
			"limits that",
			half_second(socat));
	}
	if (send && receive) {
		from_add(from, "--eof-wait");
		from_add(from, "%ss", half_second(socat));
	}
	from->no_input = !send;
	from->no_output = !receive;
}

/* Options of a client's address. Who hears a group is a server. */
static int
check_connect(struct from *from, const struct side_address *address)
{
	static const char *const known[] = { "bind", "sourceport", "sp",
		"connect-timeout", "crlf", "crnl", "shut-none", NULL };
	static const char *const of_messages[] = { "bind", "sourceport", "sp",
		"connect-timeout", "crlf", "crnl", FROM_SOCAT_MANY, NULL };
	static const char *const joins[] = { FROM_SOCAT_JOIN };
	size_t i;

	if (!has_messages(address))
		return check_options(from, address, known);
	for (i = 0; i < sizeof(joins) / sizeof(joins[0]); i++)
		if (from_socat_option(address, joins[i]) != NULL) {
			(void)snprintf(from->why.hint, sizeof(from->why.hint),
				"pier serve HANDLER 'udp://GROUP:PORT?join="
				"IFACE' hears the group");
			return from_no_equal(from, joins[i],
				"pier connect sends to a group and hears the "
				"answers, not what others send to it");
		}
	return check_options(from, address, of_messages);
}

static int
add_connect(struct from *from, const struct socat *socat, int peer)
{
	static const char *const none[] = { NULL };
	const struct side_address *address = &socat->address[peer];
	/* -u goes from the first address to the second, -U the other way. */
	bool send = peer == 1 ? !socat->back_only : !socat->there_only;
	bool receive = peer == 1 ? !socat->there_only : !socat->back_only;
	const char *port = from_socat_option(address, "sourceport");
	const char *wait = from_socat_option(address, "connect-timeout");
	int rc = check_connect(from, address);

	if (rc == 0)
		rc = check_options(from, &socat->address[!peer], none);
	if (rc < 0)
		return rc;
	from_add(from, "connect");
	if (socat->verbose > 1)
		from_add(from, "-v");
	if (wait != NULL) {
		from_add(from, "--connect-timeout");
		from_add(from, "%ss", wait);
	}
	if (socat->idle != NULL) {
		from_add(from, "--idle-timeout");
		from_add(from, "%ss", socat->idle);
	}
	rc = from_sockopts_socat(from, address->option, address->option_count);
	if (rc < 0)
		return rc;
	if (has_messages(address)) {
		from_add(from, "--wait");
		from_add(from, "%ss", send ? half_second(socat) : "604800");
		from->no_input = !send;
		from->no_output = !receive;
	} else {
		add_ends(from, socat, send, receive,
			from_socat_option(address, "shut-none") != NULL);
	}
	if (from_socat_option(address, "crlf") != NULL ||
		from_socat_option(address, "crnl") != NULL)
		from_add(from, "--crlf");
	from_add_bind(from, from_socat_option(address, "bind"),
		port != NULL ? port : from_socat_option(address, "sp"));
	return add_endpoint(from, address);
}

/* The handler for what stands on the other side; "" for a program. */
static const char *
handler_of(const struct socat *socat, const struct side_address *other)
{
	bool one_way = socat->there_only || socat->back_only;

	if (socat->there_only && other->kind->side == SIDE_FILE &&
		strcmp(other->parameter, "/dev/null") == 0)
		return "discard";
	if (one_way)
		return NULL;
	if (other->kind->side == SIDE_PIPE && *other->parameter == '\0')
		return "echo";
	if (other->kind->side == SIDE_PROGRAM ||
		other->kind->side == SIDE_SHELL)
		return from_is_cat(other->parameter) ? "echo" : "";
	return NULL;
}

/* socat is bound to every address, and hears what else comes to the port. */
static void
note_group(struct from *from, const struct side_address *listen)
{
	static const char *const joins[] = { FROM_SOCAT_JOIN };
	size_t i;

	for (i = 0; i < sizeof(joins) / sizeof(joins[0]); i++)
		if (from_socat_option(listen, joins[i]) != NULL)
			from_note(from,
				"pier hears that group alone, socat all that "
				"comes to the port");
}

static int
add_serve(struct from *from, const struct socat *socat)
{
	static const char *const known[] = { "bind", "backlog", "max-children",
		NULL };
	static const char *const of_messages[] = { "bind", "backlog",
		"max-children", FROM_SOCAT_MANY, FROM_SOCAT_JOIN, NULL };
	static const char *const of_program[] = { "pty", "stderr", "nofork",
		NULL };
	const struct side_address *listen = &socat->address[0];
	const struct side_address *other = &socat->address[1];
	const char *handler = handler_of(socat, other);
	const char *value;
	int rc = check_options(
		from, listen, has_messages(listen) ? of_messages : known);

	if (rc == 0)
		rc = check_options(from, other, of_program);
	if (rc < 0)
		return rc;
	if (from_socat_option(listen, "fork") == NULL) {
		(void)snprintf(from->why.hint, sizeof(from->why.hint),
			"with ,fork it has one");
		return from_no_equal(from, listen->word,
			"without fork it ends after one connection, pier "
			"serve goes on");
	}
	if (handler == NULL)
		return from_no_equal(from, other->word,
			"pier serve answers by a handler or a program");
	if (*handler == '\0' && has_messages(listen) && !has_peers(listen))
		return from_no_equal(from, listen->word,
			"a program of pier serve is for a stream, or all that "
			"one peer sends over udp://");
	from_add(from, "serve");
	from_add_no_limits(from, NULL);
	if (*handler == '\0' && has_peers(listen)) {
		from_add(from, "--session-idle");
		from_add(from, "off");
	}
	if ((value = from_socat_option(listen, "backlog")) != NULL) {
		from_add(from, "--backlog");
		from_add(from, "%s", value);
	}
	if ((value = from_socat_option(listen, "max-children")) != NULL) {
		from_add(from, "--max-connections");
		from_add(from, "%s", value);
	}
	rc = from_sockopts_socat(from, listen->option, listen->option_count);
	if (rc < 0)
		return rc;
	if (*handler == '\0' && from_socat_option(other, "pty") != NULL)
		from_add(from, "--pty");
	else if (*handler == '\0' && from_socat_option(other, "stderr") != NULL)
		from_add(from, "--stderr");
	if (*handler == '\0' && from_socat_option(other, "nofork") != NULL)
		from_add(from, "--exec-direct");
	if (*handler != '\0')
		from_add(from, "%s", handler);
	note_group(from, listen);
	rc = add_endpoint(from, listen);
	if (rc < 0 || *handler != '\0')
		return rc;
	return from_add_program(from, other->word, other->parameter,
		other->kind->side == SIDE_SHELL);
}

int
from_socat(struct from *from)
{
	struct socat socat = { .linger = NULL };
	struct side_address *address = socat.address;
	int next = 1, i, rc = read_options(from, &socat, &next);

	if (rc == 0 && from->argc - next != 2)
		return from_usage(from, "it takes two addresses");
	for (i = 0; rc == 0 && i < 2; i++)
		rc = read_address(from, &address[i], from->argv[next + i]);
	/* Either has a kind when there was no complaint. */
	if (rc != 0 || address[0].kind == NULL || address[1].kind == NULL)
		return rc;
	if (address[0].kind->side == SIDE_LISTEN)
		return add_serve(from, &socat);
	if (address[0].kind->side == SIDE_STDIO &&
		address[1].kind->side == SIDE_CONNECT)
		return add_connect(from, &socat, 1);
	if (address[1].kind->side == SIDE_STDIO &&
		address[0].kind->side == SIDE_CONNECT)
		return add_connect(from, &socat, 0);
	return from_no_equal(from, address[1].word,
		"pier joins a listener with a program, or an endpoint with "
		"the standard streams");
}
