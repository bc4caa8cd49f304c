/* SPDX-License-Identifier: MIT */
/*
 * pier opt with a socket: what its options say, and what setting them does.
 */
#include "opt.h"

#include "json.h"

#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What cannot be read without a cause. */
#define UNASKED (PIER_OPTION_EFFECT | PIER_OPTION_POINTERS | PIER_OPTION_ASKS)

static void
put_value(json_t *event, const char *key, const char *text_key,
	const struct pier_option_value *value)
{
	char text[PIER_OPTION_TEXT_MAX];

	(void)json_object_set_new(event, key, opt_json(value));
	if (pier_option_format(value, text, sizeof(text)) >= 0)
		cli_event_text(event, text_key, text);
}

static json_t *
event_of(const char *type, const struct opt_socket *socket,
	const struct pier_option_value *value)
{
	json_t *event = cli_event(type);
	char name[32];

	cli_event_text(event, "socket", socket->name);
	cli_event_text(event, "name", opt_name(value, name, sizeof(name)));
	cli_event_text(event, "constant", value->option->constant);
	cli_event_number(event, "level", value->level);
	cli_event_number(event, "number", value->number);
	return event;
}

static int
print_value(const struct opt *opt, const struct opt_socket *socket,
	const struct pier_option_value *value)
{
	char text[PIER_OPTION_TEXT_MAX], name[32];
	json_t *event;

	if (opt->tool->json) {
		event = event_of("value", socket, value);
		put_value(event, "value", "text", value);
		return cli_event_print(event, PIER_FOREVER);
	}
	printf("%-30s %s\n", opt_name(value, name, sizeof(name)),
		opt_text(value, text, sizeof(text)));
	return 0;
}

/* One that this socket cannot tell: a line that says so, and no failure. */
static int
print_missing(const struct opt *opt, const struct opt_socket *socket,
	const struct pier_option *option, int rc)
{
	const struct pier_option_value none = { .option = option,
		.level = option->level,
		.number = option->number };
	json_t *event;

	if (opt->tool->json) {
		event = event_of("value", socket, &none);
		cli_event_text(event, "error", pier_error_name(rc));
		return cli_event_print(event, PIER_FOREVER);
	}
	printf("%-30s - (%s)\n", option->name, pier_error_name(rc));
	return 0;
}

struct all {
	const struct opt *opt;
	const struct opt_socket *socket;
};

static int
show_one(const struct pier_option *option, void *arg)
{
	const struct all *all = arg;
	struct pier_option_value value;
	int rc;

	if ((option->flags & PIER_OPTION_GET) == 0 ||
		(option->flags & UNASKED) != 0)
		return 0;
	rc = pier_option_get(all->socket->fd, option->name, &value);
	return rc < 0 ? print_missing(all->opt, all->socket, option, rc)
		      : print_value(all->opt, all->socket, &value);
}

static int
code_for(const struct opt *opt, int rc)
{
	return rc >= 0 || rc == -EPIPE ? CLI_EXIT_OK
				       : cli_output_failed(opt->tool, rc);
}

int
opt_show_all(struct opt *opt)
{
	struct all all = { .opt = opt, .socket = &opt->sockets[0] };

	return code_for(opt, pier_option_each(all.socket->fd, show_one, &all));
}

/* The library's word for what went wrong; usage when it is the text. */
static int
fail(const struct opt *opt)
{
	const struct pier_error *error = pier_last_error();
	struct cli_complaint why = { .hint = "" };

	if (error->step != PIER_STEP_PARSE)
		return cli_failure(opt->tool, error);
	snprintf(why.line, sizeof(why.line), "%s", error->detail);
	return cli_usage_error(opt->tool, "opt", &why);
}

int
opt_show(struct opt *opt, const char *name)
{
	struct pier_option_value value;
	size_t i;
	int rc;

	for (i = 0; i < opt->socket_count; i++) {
		rc = pier_option_get(opt->sockets[i].fd, name, &value);
		if (rc < 0)
			return fail(opt);
		rc = print_value(opt, &opt->sockets[i], &value);
		if (rc < 0)
			return code_for(opt, rc);
	}
	return CLI_EXIT_OK;
}

static int
print_change(const struct opt *opt, const struct opt_socket *socket,
	const struct pier_option_change *change)
{
	char old[PIER_OPTION_TEXT_MAX], now[PIER_OPTION_TEXT_MAX];
	char asked[PIER_OPTION_TEXT_MAX], name[32];
	json_t *event;

	if (opt->tool->json) {
		event = event_of("change", socket, &change->asked);
		if (change->has_old)
			put_value(event, "old", "old_text", &change->old);
		put_value(event, "asked", "asked_text", &change->asked);
		if (change->has_granted)
			put_value(event, "granted", "granted_text",
				&change->granted);
		cli_event_flag(event, "set", !opt->settings->dry_run);
		cli_event_flag(event, "differs", change->differs);
		if (change->differs)
			cli_event_text(event, "why", change->why);
		return cli_event_print(event, PIER_FOREVER);
	}
	printf("%-30s %s -> %s", opt_name(&change->asked, name, sizeof(name)),
		change->has_old ? opt_text(&change->old, old, sizeof(old))
				: "?",
		opt_text(
			change->has_granted ? &change->granted : &change->asked,
			now, sizeof(now)));
	if (change->differs)
		printf("  (asked for %s: %s)",
			opt_text(&change->asked, asked, sizeof(asked)),
			change->why);
	puts(opt->settings->dry_run ? "  (dry run)" : "");
	return 0;
}

/* What would be done: the value is read, and looked at, and not set. */
static int
rehearse(const struct opt_socket *socket, const char *name, const char *value,
	struct pier_option_change *change)
{
	int rc = pier_option_get(socket->fd, name, &change->old);
	char full[96];

	change->has_old = rc == 0;
	/* The short name is this socket's. */
	if (rc == 0 && *change->old.option->name != '\0')
		snprintf(full, sizeof(full), "%s", change->old.option->name);
	else
		snprintf(full, sizeof(full), "%s", name);
	return pier_option_parse(&change->asked, full, value);
}

int
opt_set(struct opt *opt, const char *name, const char *value)
{
	struct pier_option_change *change = calloc(1, sizeof(*change));
	int code = CLI_EXIT_OK;
	size_t i;
	int rc;

	if (change == NULL)
		return cli_own_failure(
			opt->tool, PIER_STEP_OPTION, name, -ENOMEM, "");
	for (i = 0; i < opt->socket_count && code == CLI_EXIT_OK; i++) {
		const struct opt_socket *socket = &opt->sockets[i];

		memset(change, 0, sizeof(*change));
		rc = opt->settings->dry_run
			     ? rehearse(socket, name, value, change)
			     : pier_option_set(socket->fd, name, value, change);
		code = rc < 0 ? fail(opt)
			      : code_for(
					opt, print_change(opt, socket, change));
	}
	free(change);
	return code;
}

/* ---- Two sockets ------------------------------------------------------ */

static bool
read_quietly(int fd, const struct pier_option *option, char *text, size_t size)
{
	struct pier_option_value value;

	if (pier_option_get(fd, option->name, &value) < 0)
		return false;
	(void)opt_text(&value, text, size);
	return true;
}

static int
print_difference(const struct opt *opt, const struct pier_option *option,
	const char *first, const char *second)
{
	json_t *event;

	if (!opt->tool->json) {
		printf("%-30s %s | %s\n", option->name, first, second);
		return 0;
	}
	event = cli_event("difference");
	cli_event_text(event, "name", option->name);
	cli_event_text(event, "constant", option->constant);
	cli_event_text(event, "first", first);
	cli_event_text(event, "second", second);
	return cli_event_print(event, PIER_FOREVER);
}

static int
diff_one(const struct pier_option *option, void *arg)
{
	const struct all *all = arg;
	char first[PIER_OPTION_TEXT_MAX] = "-";
	char second[PIER_OPTION_TEXT_MAX] = "-";
	bool any;

	if ((option->flags & PIER_OPTION_GET) == 0 ||
		(option->flags & UNASKED) != 0)
		return 0;
	/* No two sockets have the same. */
	if (strcmp(option->name, "socket.cookie") == 0)
		return 0;
	any = read_quietly(
		all->opt->sockets[0].fd, option, first, sizeof(first));
	if (read_quietly(
		    all->opt->sockets[1].fd, option, second, sizeof(second)))
		any = true;
	if (!any || strcmp(first, second) == 0)
		return 0;
	return print_difference(all->opt, option, first, second);
}

static const struct {
	int64_t domain, type, protocol; /* 0: any */
	const char *kind;
} kinds[] = {
	{ 2, 1, 262, "mptcp" },
	{ 10, 1, 262, "mptcp" },
	{ 2, 1, 132, "sctp" },
	{ 10, 1, 132, "sctp" },
	{ 2, 1, 0, "tcp4" },
	{ 10, 1, 0, "tcp6" },
	{ 2, 2, 136, "udplite" },
	{ 10, 2, 136, "udplite" },
	{ 2, 2, 0, "udp4" },
	{ 10, 2, 0, "udp6" },
	{ 1, 1, 0, "unix" },
	{ 1, 2, 0, "unixgram" },
	{ 1, 5, 0, "seqpacket" },
	{ 40, 1, 0, "vsock" },
	{ 2, 3, 1, "icmp" },
	{ 2, 3, 2, "igmp" },
	{ 10, 3, 58, "icmp6" },
	{ 17, 0, 0, "packet" },
	{ 16, 0, 0, "netlink" },
	{ 29, 0, 1, "can" },
	{ 29, 0, 6, "isotp" },
	{ 29, 0, 7, "j1939" },
	{ 30, 0, 0, "tipc" },
};

/* A new socket of the kind of fd, or a negative error, noted or -ENOTSUP. */
static int
fresh_like(int fd)
{
	struct pier_option_value domain = { .len = 0 };
	struct pier_option_value type = { .len = 0 };
	struct pier_option_value protocol = { .len = 0 };
	size_t i;
	int rc = pier_option_get(fd, "socket.domain", &domain);

	if (rc == 0)
		rc = pier_option_get(fd, "socket.type", &type);
	if (rc == 0)
		rc = pier_option_get(fd, "socket.protocol", &protocol);
	if (rc < 0)
		return rc;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (kinds[i].domain == domain.integer &&
			(kinds[i].type == 0 || kinds[i].type == type.integer) &&
			(kinds[i].protocol == 0 ||
				kinds[i].protocol == protocol.integer))
			return pier_option_socket(kinds[i].kind);
	return -ENOTSUP;
}

int
opt_diff(struct opt *opt)
{
	struct all all = { .opt = opt };
	int fd;

	if (opt->socket_count == 1) {
		fd = fresh_like(opt->sockets[0].fd);
		if (fd == -ENOTSUP)
			return cli_own_failure(opt->tool, PIER_STEP_CREATE,
				opt->sockets[0].name, fd,
				"no new socket of its kind can be made");
		if (fd < 0)
			return cli_failure(opt->tool, pier_last_error());
		opt->sockets[1] =
			(struct opt_socket){ .fd = fd, .name = "new" };
		opt->socket_count = 2;
	}
	if (!opt->tool->json && isatty(STDOUT_FILENO))
		printf("%-30s %s | %s\n", "", opt->sockets[0].name,
			opt->sockets[1].name);
	return code_for(opt, pier_option_each(-1, diff_one, &all));
}
