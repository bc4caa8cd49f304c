/* SPDX-License-Identifier: MIT */
/*
 * pier opt: the options of sockets, explained, read and set. This file has the
 * tables and decides what was asked for.
 */
#include "opt.h"

#include "verbs.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

#define AT(field) offsetof(struct opt_settings, field)

static int
complain(const struct opt *opt, const char *line, const char *hint)
{
	struct cli_complaint why = { .hint = "" };

	snprintf(why.line, sizeof(why.line), "%s", line);
	snprintf(why.hint, sizeof(why.hint), "%s", hint);
	return cli_usage_error(opt->tool, "opt", &why);
}

static bool
is_socket(const char *word)
{
	const char *colon = strstr(word, "://");
	const char *equals = strchr(word, '=');

	return colon != NULL && (equals == NULL || colon < equals);
}

/* "tcp" becomes "tcp6" by an address such as [::1]:80; a name does nothing. */
static void
add_family(char *kind, size_t size, const char *host, size_t host_len)
{
	char text[PIER_ADDR_TEXT_MAX];
	struct pier_addr addr;
	size_t len = strlen(kind);

	snprintf(text, sizeof(text), "%.*s", (int)host_len, host);
	if (pier_addr_parse(&addr, text) < 0)
		return;
	if (pier_addr_family(&addr) == AF_INET)
		snprintf(kind + len, size - len, "4");
	else if (pier_addr_family(&addr) == AF_INET6)
		snprintf(kind + len, size - len, "6");
}

/* The kind that an endpoint with an address is of: "tcp6" of tcp://[::1]:80,
   "raw4/gre" of raw://192.0.2.1/gre. */
static int
kind_with_address(
	const struct opt *opt, const char *word, char *kind, size_t size)
{
	const char *rest = strstr(word, "://") + 3;
	struct pier_endpoint_check check;
	const char *slash;

	if (strchr(rest, '?') != NULL)
		return complain(opt,
			"options of the socket are words of their own",
			"pier opt tcp:// nodelay=1");
	/* At 0 it is the scheme: of a kind that only opt knows, or of none. */
	if (pier_endpoint_check(word, &check) < 0 && check.offset > 0)
		return cli_endpoint_error(opt->tool, "opt", word, &check);
	slash = strncmp(kind, "raw", 3) == 0 ? strrchr(rest, '/') : NULL;
	if (strcmp(kind, "tcp") == 0 || strcmp(kind, "udp") == 0 ||
		strcmp(kind, "icmp") == 0 || strcmp(kind, "raw") == 0)
		add_family(kind, size, rest,
			slash != NULL ? (size_t)(slash - rest) : strlen(rest));
	if (slash != NULL)
		snprintf(kind + strlen(kind), size - strlen(kind), "%s", slash);
	return CLI_EXIT_OK;
}

static int
open_kind(struct opt *opt, const char *word)
{
	struct opt_socket *socket = &opt->sockets[opt->socket_count];
	size_t len = (size_t)(strstr(word, "://") - word);
	int code = CLI_EXIT_OK;
	char kind[32];
	char *end;
	long number;
	int fd;

	if (strncmp(word, "fd://", 5) == 0 && word[5] != '\0') {
		number = strtol(word + 5, &end, 10);
		if (*end != '\0' || number < 0 || number > 1000000)
			return complain(opt, "fd:// is followed by a number",
				"pier opt fd://3");
		*socket = (struct opt_socket){
			.fd = (int)number, .borrowed = true, .name = word
		};
		opt->socket_count++;
		return CLI_EXIT_OK;
	}
	snprintf(kind, sizeof(kind), "%.*s", (int)len, word);
	if (word[len + 3] != '\0')
		code = kind_with_address(opt, word, kind, sizeof(kind));
	if (code != CLI_EXIT_OK)
		return code;
	fd = pier_option_socket(kind);
	if (fd == -EINVAL)
		return complain(
			opt, pier_last_error()->detail, "pier opt tcp://");
	if (fd < 0)
		return cli_failure(opt->tool, pier_last_error());
	*socket = (struct opt_socket){ .fd = fd, .name = word };
	opt->socket_count++;
	return CLI_EXIT_OK;
}

/* --pid P --fd N; without --pid it is one of our own. */
static int
open_live(struct opt *opt)
{
	const struct opt_settings *settings = opt->settings;
	struct opt_socket *socket = &opt->sockets[opt->socket_count];

	if (settings->pid != 0 && settings->fd < 0)
		return complain(opt, "--pid P takes --fd N too",
			"ls -l /proc/PID/fd shows them");
	if (settings->fd < 0)
		return CLI_EXIT_OK;
	*socket = (struct opt_socket){ .name = "live" };
	if (settings->pid == 0) {
		socket->fd = (int)settings->fd;
		socket->borrowed = true;
	} else {
		socket->fd =
			pier_fd_copy((int)settings->pid, (int)settings->fd);
		if (socket->fd < 0)
			return cli_failure(opt->tool, pier_last_error());
	}
	opt->socket_count++;
	return CLI_EXIT_OK;
}

static int
open_sockets(struct opt *opt)
{
	const struct cli_texts *words = &opt->settings->words;
	int code = open_live(opt);
	size_t i;

	for (i = 0; i < words->n && code == CLI_EXIT_OK; i++) {
		if (!is_socket(words->item[i]))
			continue;
		if (opt->socket_count == OPT_SOCKETS_MAX ||
			(opt->socket_count > 0 && !opt->settings->diff))
			return complain(opt, "one socket at a time",
				"--diff compares two");
		code = open_kind(opt, words->item[i]);
	}
	return code;
}

static void
close_sockets(struct opt *opt)
{
	size_t i;

	for (i = 0; i < opt->socket_count; i++)
		if (!opt->sockets[i].borrowed)
			close(opt->sockets[i].fd);
}

/* A live socket is another program's: what changes it says so. */
static int
check(struct opt *opt)
{
	const struct opt_settings *settings = opt->settings;
	bool live = settings->fd >= 0;
	size_t i;

	for (i = 0; i < settings->words.n; i++) {
		struct opt_word word = opt_word(settings->words.item[i]);

		if (word.value == NULL || is_socket(settings->words.item[i]))
			continue;
		if (opt->socket_count == 0)
			return complain(opt,
				"there is no socket to set an option of",
				"pier opt tcp:// NAME=VALUE, or --pid P --fd "
				"N --set NAME=VALUE");
		if (live)
			return complain(opt,
				"a live socket is changed with --set only",
				"pier opt --pid P --fd N --set NAME=VALUE");
	}
	for (i = 0; i < settings->set.n; i++) {
		if (opt_word(settings->set.item[i]).value == NULL)
			return complain(opt, "--set takes NAME=VALUE", "");
		if (opt->socket_count == 0)
			return complain(opt, "--set needs a socket",
				"--pid P --fd N, or tcp://");
	}
	if (settings->diff && opt->socket_count == 0)
		return complain(opt, "--diff needs a socket",
			"pier opt --diff tcp4:// tcp6://");
	return CLI_EXIT_OK;
}

/* Names and NAME=VALUE, in the order they were given; how many there were. */
static int
run_words(struct opt *opt, size_t *count)
{
	const struct opt_settings *settings = opt->settings;
	int code = CLI_EXIT_OK;
	size_t i;

	for (i = 0; i < settings->words.n && code == CLI_EXIT_OK; i++) {
		struct opt_word word = opt_word(settings->words.item[i]);

		if (is_socket(settings->words.item[i]))
			continue;
		(*count)++;
		if (opt->socket_count == 0)
			code = opt_explain(opt, word.name);
		else if (word.value == NULL)
			code = opt_show(opt, word.name);
		else
			code = opt_set(opt, word.name, word.value);
	}
	for (i = 0; i < settings->set.n && code == CLI_EXIT_OK; i++) {
		struct opt_word word = opt_word(settings->set.item[i]);

		(*count)++;
		code = opt_set(opt, word.name, word.value);
	}
	return code;
}

static int
run_asked(struct opt *opt)
{
	size_t count = 0;
	int code = check(opt);

	if (code == CLI_EXIT_OK)
		code = run_words(opt, &count);
	if (code != CLI_EXIT_OK)
		return code;
	if (opt->settings->search != NULL)
		return opt_search(opt, opt->settings->search);
	if (opt->settings->diff)
		return opt_diff(opt);
	if (count > 0)
		return CLI_EXIT_OK;
	return opt->socket_count > 0 ? opt_show_all(opt) : opt_list(opt);
}

static int
run(struct cli_tool *tool, const void *settings)
{
	struct opt opt = { .tool = tool, .settings = settings };
	int code = open_sockets(&opt);

	if (code == CLI_EXIT_OK)
		code = run_asked(&opt);
	close_sockets(&opt);
	return code;
}

static const struct cli_option options[] = {
	{ .name = "search",
		.kind = CLI_TEXT,
		.metavar = "WORD",
		.group = "Table",
		.help = "the options that WORD is about: in names, meanings, "
			"sysctls and capabilities",
		.offset = AT(search) },
	{ .name = "pid",
		.kind = CLI_COUNT,
		.metavar = "PID",
		.group = "Live sockets",
		.help = "a socket of this process; takes the right to trace it",
		.min = 1,
		.max = INT32_MAX,
		.offset = AT(pid) },
	{ .name = "fd",
		.kind = CLI_COUNT,
		.metavar = "N",
		.group = "Live sockets",
		.help = "the number of its descriptor; without --pid it is "
			"one that pier was started with",
		.min = 0,
		.max = INT32_MAX,
		.offset = AT(fd) },
	{ .name = "set",
		.kind = CLI_TEXTS,
		.metavar = "NAME=VALUE",
		.group = "Setting",
		.help = "set this option, and tell what was before and after; "
			"may be given again",
		.offset = AT(set) },
	{ .name = "dry-run",
		.kind = CLI_FLAG,
		.group = "Setting",
		.help = "tell what would be set, and set nothing",
		.offset = AT(dry_run) },
	{ .name = "diff",
		.kind = CLI_FLAG,
		.group = "Comparing",
		.help = "only what differs: between two sockets, or between "
			"one and a new one of its kind",
		.offset = AT(diff) },
	{ .name = NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "KIND|NAME[=VALUE]",
		.kind = CLI_TEXTS,
		.help = "a kind of socket (tcp://, udp6://, can://) or an "
			"endpoint of that kind, the name of an option "
			"(nodelay, tcp.nodelay, TCP_NODELAY, 6:1), or "
			"NAME=VALUE to set it",
		.min = 0,
		.offset = AT(words) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier opt tcp:// reuseaddr=1 sndbuf=4094",
		"set options of a new socket: what was, what is, and why it "
		"differs" },
	{ "pier opt keepidle", "what an option means, and what it takes" },
	{ "pier opt --pid 1234 --fd 5 --set keepalive=1 --set keepidle=60",
		"change a socket of a running program" },
	{ "pier opt tcp://", "all options of a new TCP socket" },
	{ "pier opt --search multicast", "which options are about a word" },
	{ "pier opt --diff tcp4:// tcp6://", "how two sockets differ" },
	{ NULL, NULL },
};

static const struct opt_settings defaults = {
	.fd = -1,
};

const struct cli_verb cli_verb_opt = {
	.name = "opt",
	.summary = "explain, read and set the options of sockets",
	.about = "Without a socket, tells what the table of options says. With "
		 "one, new or of a running process, tells the values, each in "
		 "its own unit, and sets what is given as NAME=VALUE. Setting "
		 "tells what there was, what was asked for, and what the "
		 "kernel made of it.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.defaults = &defaults,
	.settings_size = sizeof(struct opt_settings),
	.run = run,
};
