/* SPDX-License-Identifier: MIT */
/*
 * pier resolve HOST [SERVICE]: the addresses that programs get for a name, in
 * their order, who gave them, the other names of the host, and when pier would
 * dial which; of an address the names it has.
 */
#include "resolve.h"

#include "conduct.h"
#include "json.h"
#include "store.h"
#include "verbs.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

struct work {
	struct cli_tool *tool;
	const struct resolve_settings *settings;
	pier_deadline until;
	int64_t begin;
};

static const char *
family_name(const struct pier_addr *addr)
{
	return pier_addr_family(addr) == AF_INET ? "IPv4" : "IPv6";
}

static const char *
type_name(const struct resolve_settings *settings)
{
	return settings->type == SOCK_DGRAM ? "dgram" : "stream";
}

static const char *
protocol_name(const struct resolve_settings *settings)
{
	return settings->type == SOCK_DGRAM ? "udp" : "tcp";
}

/* "-" where there is none; addresses go without the brackets of a port. */
static void
put_line(const char *key, const char *text)
{
	printf("  %-10s %s\n", key, text[0] != '\0' ? text : "-");
}

static void
put_aliases(const struct pier_names *names)
{
	size_t i;

	if (names->alias_count == 0)
		return;
	printf("  %-10s", "aliases");
	for (i = 0; i < names->alias_count; i++)
		printf(" %s", names->aliases[i]);
	putchar('\n');
}

static void
put_dial(const struct pier_names *names)
{
	struct pier_attempt plan[PIER_ATTEMPTS_MAX];
	char text[PIER_ADDR_TEXT_MAX];
	size_t i, count = pier_dial_plan(plan, PIER_ATTEMPTS_MAX, names, 0);

	for (i = 0; i < count; i++) {
		(void)pier_addr_format(&plan[i].addr, text, sizeof(text));
		printf("  %-10s %4" PRId64 " ms  %s\n", i == 0 ? "dial" : "",
			plan[i].start_ns / 1000000, text);
	}
}

static void
tell_text(const struct work *work, const struct pier_names *names)
{
	const struct resolve_settings *settings = work->settings;
	char text[PIER_ADDR_TEXT_MAX];
	size_t i;

	printf("%s\n", settings->host[0] != '\0' ? settings->host : "*");
	put_line("canonical", names->canonical);
	put_aliases(names);
	put_line("source", names->source);
	for (i = 0; i < names->count; i++) {
		(void)pier_addr_format(&names->addrs[i], text, sizeof(text));
		printf("  %-10s %s %s %s  %s\n", i == 0 ? "addresses" : "",
			family_name(&names->addrs[i]), type_name(settings),
			protocol_name(settings), text);
	}
	if (!settings->passive && settings->type != SOCK_DGRAM)
		put_dial(names);
}

static json_t *
aliases_json(const struct pier_names *names)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < names->alias_count; i++)
		(void)json_array_append_new(
			list, json_string(names->aliases[i]));
	return list;
}

static json_t *
addresses_json(const struct work *work, const struct pier_names *names)
{
	json_t *list = json_array();
	size_t i;

	for (i = 0; i < names->count; i++) {
		const struct pier_addr *addr = &names->addrs[i];
		char text[PIER_ADDR_TEXT_MAX];
		json_t *one = json_object();

		cli_event_text(one, "family", family_name(addr));
		cli_event_text(one, "socket_type", type_name(work->settings));
		cli_event_text(one, "protocol", protocol_name(work->settings));
		(void)pier_addr_format_host(addr, text, sizeof(text));
		cli_event_text(one, "address", text);
		cli_event_number(one, "port", pier_addr_port(addr));
		(void)json_array_append_new(list, one);
	}
	return list;
}

static json_t *
dial_json(const struct pier_names *names)
{
	struct pier_attempt plan[PIER_ATTEMPTS_MAX];
	size_t i, count = pier_dial_plan(plan, PIER_ATTEMPTS_MAX, names, 0);
	json_t *list = json_array();

	for (i = 0; i < count; i++) {
		char text[PIER_ADDR_TEXT_MAX];
		json_t *one = json_object();

		(void)pier_addr_format(&plan[i].addr, text, sizeof(text));
		cli_event_text(one, "address", text);
		cli_event_seconds(one, "start_s", plan[i].start_ns);
		(void)json_array_append_new(list, one);
	}
	return list;
}

static int
tell_json(const struct work *work, const struct pier_names *names)
{
	const struct resolve_settings *settings = work->settings;
	json_t *event = cli_event("names");

	cli_event_text(event, "host", settings->host);
	cli_event_text(event, "service", settings->service);
	cli_event_text(event, "canonical", names->canonical);
	(void)json_object_set_new(event, "aliases", aliases_json(names));
	cli_event_text(event, "source", names->source);
	(void)json_object_set_new(
		event, "addresses", addresses_json(work, names));
	if (!settings->passive && settings->type != SOCK_DGRAM)
		(void)json_object_set_new(event, "dial", dial_json(names));
	cli_event_seconds(event, "elapsed_s", pier_now() - work->begin);
	return cli_event_print(event, PIER_FOREVER);
}

/* A name that is none is an answer, and it is no. */
static int
fail(const struct work *work)
{
	const struct pier_error *error = pier_last_error();

	if (error->code == -PIER_ENONAME)
		return cli_failure_as(work->tool, error, CLI_EXIT_NO);
	return cli_failure(work->tool, error);
}

static int
output_failed(const struct work *work, int rc)
{
	return cli_output_failed(work->tool, rc);
}

int
resolve_family(const struct resolve_settings *settings)
{
	if (settings->four == settings->six)
		return AF_UNSPEC;
	return settings->four ? AF_INET : AF_INET6;
}

static int
forward(struct work *work)
{
	const struct resolve_settings *settings = work->settings;
	const struct pier_resolve_opts opts = {
		.family = resolve_family(settings),
		.type = (int)settings->type,
		.passive = settings->passive,
		.canonical = true,
		.also = PIER_RESOLVE_ALIASES | PIER_RESOLVE_SOURCE,
	};
	struct pier_names *names = NULL;
	int rc = pier_resolve(
		&names, settings->host, settings->service, &opts, work->until);

	if (rc < 0)
		return fail(work);
	if (work->tool->json)
		rc = tell_json(work, names);
	else
		tell_text(work, names);
	pier_names_free(names);
	return rc < 0 ? output_failed(work, rc) : CLI_EXIT_OK;
}

/* Does the name lead to the address again? */
static bool
is_confirmed(const struct work *work, const struct pier_names *back)
{
	struct pier_names *names = NULL;
	bool found = false;
	size_t i;

	if (pier_resolve(&names, back->canonical, NULL, NULL, work->until) < 0)
		return false;
	for (i = 0; i < names->count; i++)
		found = found ||
			pier_addr_equal(&names->addrs[i], &back->addrs[0]);
	pier_names_free(names);
	return found;
}

static int
tell_reverse(const struct work *work, const struct pier_names *back,
	const char *fqdn)
{
	bool confirmed = is_confirmed(work, back);
	json_t *event;

	if (!work->tool->json) {
		printf("%s\n", work->settings->host);
		put_line("name", back->canonical);
		put_aliases(back);
		put_line("fqdn", fqdn);
		put_line("source", back->source);
		put_line("confirmed", confirmed
					      ? "yes: the name leads back here"
					      : "no: the name does not lead "
						"back here");
		return 0;
	}
	event = cli_event("reverse");
	cli_event_text(event, "address", work->settings->host);
	cli_event_text(event, "canonical", back->canonical);
	(void)json_object_set_new(event, "aliases", aliases_json(back));
	cli_event_text(event, "fqdn", fqdn);
	cli_event_text(event, "source", back->source);
	cli_event_flag(event, "confirmed", confirmed);
	cli_event_seconds(event, "elapsed_s", pier_now() - work->begin);
	return cli_event_print(event, PIER_FOREVER);
}

static int
reverse(struct work *work, const struct pier_addr *addr)
{
	struct pier_names *back = NULL;
	char fqdn[PIER_NAME_MAX + 1];
	int rc = pier_reverse(&back, addr, work->until);

	if (rc < 0)
		return fail(work);
	rc = pier_fqdn(fqdn, sizeof(fqdn), work->settings->host, work->until);
	if (rc < 0) {
		pier_names_free(back);
		return fail(work);
	}
	rc = tell_reverse(work, back, fqdn);
	pier_names_free(back);
	return rc < 0 ? output_failed(work, rc) : CLI_EXIT_OK;
}

static int
look(struct pier_group *group, void *arg)
{
	struct work *work = arg;
	struct pier_addr addr;

	(void)group;
	if (work->settings->compare)
		return resolve_compare(work->tool, work->settings, work->until);
	if (work->settings->service == NULL && !work->settings->passive &&
		pier_addr_parse_form(
			&addr, work->settings->host, PIER_ADDR_PLAIN) == 0)
		return reverse(work, &addr);
	return forward(work);
}

/* What would be passed over in silence is refused. */
static int
check(const struct resolve_settings *settings, struct cli_complaint *why)
{
	struct pier_addr addr;

	cli_advise(why, "'pier resolve --help' has examples");
	if (settings->server != NULL && !settings->compare)
		return cli_complain(why, "--server is of use with --compare");
	if (settings->server != NULL &&
		(pier_addr_parse(&addr, settings->server) < 0 ||
			pier_addr_port(&addr) < 0))
		return cli_complain(why,
			"--server: '%s' is no address of a name server; "
			"expected such as 192.0.2.1 or [2001:db8::1]:53",
			settings->server);
	if (!settings->compare)
		return 0;
	if (settings->service != NULL || settings->passive)
		return cli_complain(why, "--compare takes a HOST alone");
	if (settings->host[0] == '\0' ||
		pier_addr_parse_form(&addr, settings->host, PIER_ADDR_PLAIN) ==
			0)
		return cli_complain(
			why, "--compare: '%s' is no name", settings->host);
	return 0;
}

static int
run(struct cli_tool *tool, const void *given)
{
	const struct resolve_settings *settings = given;
	struct work work = { .tool = tool, .settings = settings };
	struct cli_complaint why;

	if (check(settings, &why) < 0)
		return cli_usage_error(tool, "resolve", &why);

	work.begin = pier_now();
	work.until = pier_in_ns(settings->timeout_ns);
	return cli_conduct(tool, look, &work);
}

#define AT(field) offsetof(struct resolve_settings, field)

static const struct cli_word type_words[] = {
	{ "stream", SOCK_STREAM, "TCP" },
	{ "dgram", SOCK_DGRAM, "UDP" },
	{ NULL, 0, NULL },
};

static const struct cli_option options[] = {
	{ .letter = '4',
		.name = "ipv4",
		.kind = CLI_FLAG,
		.group = "Question",
		.help = "IPv4 addresses only",
		.offset = AT(four) },
	{ .letter = '6',
		.name = "ipv6",
		.kind = CLI_FLAG,
		.group = "Question",
		.help = "IPv6 addresses only",
		.offset = AT(six) },
	{ .name = "type",
		.kind = CLI_CHOICE,
		.metavar = "TYPE",
		.group = "Question",
		.help = "which kind of socket it is for",
		.otherwise = "stream",
		.words = type_words,
		.offset = AT(type) },
	{ .name = "passive",
		.kind = CLI_FLAG,
		.group = "Question",
		.help = "for a server: an empty HOST is every address",
		.offset = AT(passive) },
	{ .name = "compare",
		.kind = CLI_FLAG,
		.group = "Comparison",
		.help = "side by side: what programs get, what name servers "
			"say on the wire, what the link says by multicast "
			"DNS, and where they differ",
		.offset = AT(compare) },
	{ .name = "server",
		.kind = CLI_TEXT,
		.metavar = "ADDR",
		.group = "Comparison",
		.help = "the name server to ask on the wire, with a port or "
			"without",
		.otherwise = "those of /etc/resolv.conf",
		.offset = AT(server) },
	{ .name = "mdns-timeout",
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Time limits",
		.help = "how long --compare waits for an answer by multicast",
		.otherwise = "1s",
		.min = 1000000,
		.max = INT64_C(7) * 86400 * 1000000000,
		.offset = AT(link_ns) },
	{ .name = "timeout",
		.letter = 'w',
		.kind = CLI_DURATION,
		.metavar = "TIME",
		.group = "Time limits",
		.help = "limit on all look-ups together",
		.otherwise = "10s",
		.min = 1000000,
		.max = INT64_C(7) * 86400 * 1000000000,
		.offset = AT(timeout_ns) },
	{ .name = NULL },
};

static const struct cli_operand operands[] = {
	{ .metavar = "HOST",
		.kind = CLI_TEXT,
		.help = "a name; or an address, whose names are looked up",
		.min = 1,
		.offset = AT(host) },
	{ .metavar = "SERVICE",
		.kind = CLI_TEXT,
		.help = "a port or the name of a service",
		.min = 0,
		.offset = AT(service) },
	{ .metavar = NULL },
};

static const struct cli_example examples[] = {
	{ "pier resolve www.example.org https",
		"the addresses that a browser would dial, and when" },
	{ "pier resolve 192.0.2.1", "the names of an address" },
	{ "pier resolve --compare www.example.org",
		"does the hosts file hide what the DNS has" },
	{ "pier resolve '' 80 --passive", "what a server would bind to" },
	{ NULL, NULL },
};

static const struct resolve_settings defaults = {
	.type = SOCK_STREAM,
	.timeout_ns = INT64_C(10) * 1000000000,
	.link_ns = INT64_C(1000000000),
};

const struct cli_verb cli_verb_resolve = {
	.name = "resolve",
	.summary = "names to addresses and back, as programs get them",
	.about = "Looks up a name the way every program of this machine does: "
		 "hosts file, DNS, multicast DNS, search list, in the order of "
		 "RFC 6724. Shows the canonical name, the aliases, which "
		 "source of nsswitch.conf answered, and when pier would dial "
		 "which address. Of an address it shows the names, and whether "
		 "they lead back.",
	.examples = examples,
	.options = options,
	.operands = operands,
	.defaults = &defaults,
	.settings_size = sizeof(struct resolve_settings),
	.run = run,
};
