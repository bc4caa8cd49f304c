/* SPDX-License-Identifier: MIT */
/*
 * pier resolve --compare: what programs get for a name, what the name servers
 * say on the wire, and what the link says by multicast DNS, side by side, and
 * where they disagree.
 */
#include "resolve.h"

#include "json.h"

#include <errno.h>
#include <inttypes.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum {
	ADDRS_MAX = 64,
};

/* What one of the three says. */
struct side {
	const char *name;
	bool asked;
	bool answered;   /* also that there is no such name */
	const char *why; /* it was not asked, or did not answer */
	size_t count;
	struct pier_addr addrs[ADDRS_MAX];
	char server[PIER_ADDR_TEXT_MAX]; /* or the source */
	bool by_tcp;
	int64_t elapsed_ns;
	uint32_t ttl_s; /* the shortest */
};

struct compare {
	struct cli_tool *tool;
	const struct resolve_settings *settings;
	pier_deadline until;
	char asked[PIER_NAME_MAX + 1]; /* the name on the wire */
	struct side libc, dns, link;
};

static bool
has(const struct side *side, const struct pier_addr *addr)
{
	size_t i;

	for (i = 0; i < side->count; i++)
		if (pier_addr_equal(&side->addrs[i], addr))
			return true;
	return false;
}

static void
add(struct side *side, const struct pier_addr *addr)
{
	if (side->count < ADDRS_MAX && !has(side, addr))
		side->addrs[side->count++] = *addr;
}

/* 0, or the negative error that ends it all: the time is over. */
static int
ask_libc(struct compare *it)
{
	const struct pier_resolve_opts opts = {
		.family = resolve_family(it->settings),
		.also = PIER_RESOLVE_SOURCE,
		.canonical = true,
	};
	struct pier_names *names = NULL;
	int64_t begin = pier_now();
	size_t i;
	int rc = pier_resolve(
		&names, it->settings->host, NULL, &opts, it->until);

	it->libc.name = "libc";
	it->libc.asked = true;
	(void)snprintf(it->asked, sizeof(it->asked), "%s", it->settings->host);
	/* The others may know more than a name server that fails. */
	if (rc == -PIER_EAGAINNAME || rc == -PIER_ENAMEFAIL) {
		it->libc.why = pier_strerror(rc);
		return 0;
	}
	if (rc < 0 && rc != -PIER_ENONAME)
		return rc;
	it->libc.answered = true;
	it->libc.elapsed_ns = pier_now() - begin;
	if (rc < 0)
		return 0;
	/* The search list, which is libc's, may have added a domain. */
	if (strchr(it->settings->host, '.') == NULL &&
		strchr(names->canonical, '.') != NULL)
		(void)snprintf(
			it->asked, sizeof(it->asked), "%s", names->canonical);
	(void)snprintf(
		it->libc.server, sizeof(it->libc.server), "%s", names->source);
	for (i = 0; i < names->count; i++)
		add(&it->libc, &names->addrs[i]);
	pier_names_free(names);
	return 0;
}

static void
take(struct side *side, const struct pier_dns_answer *answer)
{
	size_t i;

	side->answered = true;
	side->by_tcp = side->by_tcp || answer->by_tcp;
	side->elapsed_ns += answer->elapsed_ns;
	(void)pier_addr_format(
		&answer->server, side->server, sizeof(side->server));
	if (answer->code != 0 && answer->code != 3)
		side->why = "the server failed";
	for (i = 0; i < answer->count; i++) {
		const struct pier_dns_record *record = &answer->records[i];

		if (side->ttl_s == 0 || record->ttl_s < side->ttl_s)
			side->ttl_s = record->ttl_s;
		if (record->addr.len != 0)
			add(side, &record->addr);
	}
}

static void
ask_wire(struct compare *it, struct side *side,
	const struct pier_dns_opts *opts, pier_deadline until)
{
	static const struct {
		unsigned int type;
		int family;
	} kinds[] = { { PIER_DNS_A, AF_INET }, { PIER_DNS_AAAA, AF_INET6 } };
	int family = resolve_family(it->settings);
	struct pier_dns_answer *answer = NULL;
	size_t i;

	side->asked = true;
	for (i = 0; i < 2; i++) {
		if (family != AF_UNSPEC && family != kinds[i].family)
			continue;
		if (pier_dns_ask(&answer, it->asked, kinds[i].type, opts,
			    until) < 0) {
			side->why = pier_strerror(pier_last_error()->code);
			continue;
		}
		take(side, answer);
		pier_dns_free(answer);
	}
}

static bool
is_local(const char *name)
{
	size_t len = strlen(name);

	if (len > 0 && name[len - 1] == '.')
		len--;
	return len > 6 && strncasecmp(name + len - 6, ".local", 6) == 0;
}

static void
ask_others(struct compare *it)
{
	const struct pier_dns_opts dns = { .server = it->settings->server };
	const struct pier_dns_opts link = { .multicast = true };
	pier_deadline soon = pier_in_ns(it->settings->link_ns);

	it->dns.name = "dns";
	it->link.name = "mdns";
	ask_wire(it, &it->dns, &dns, it->until);
	if (is_local(it->asked))
		ask_wire(it, &it->link, &link,
			soon.ns < it->until.ns ? soon : it->until);
	else
		it->link.why = "only names that end in .local are its";
}

/* Nobody on the link who has the name is an answer too: the usual one. */
static bool
counts(const struct side *side)
{
	return side->answered && side->why == NULL;
}

static void
put_side(const struct side *side)
{
	char text[PIER_ADDR_TEXT_MAX];
	size_t i;

	printf("  %-10s", side->name);
	for (i = 0; i < side->count; i++) {
		(void)pier_addr_format(&side->addrs[i], text, sizeof(text));
		printf(" %s", text);
	}
	if (side->count == 0)
		printf(" -");
	if (side->why != NULL)
		printf(" (%s%s)", side->asked ? "" : "not asked: ", side->why);
	else
		printf(" (%s%s%s, %.1f ms)",
			side->server[0] != '\0' ? side->server : "no such name",
			side->by_tcp ? " by TCP" : "",
			side->server[0] != '\0' && side->count == 0
				? ", no address"
				: "",
			(double)side->elapsed_ns / 1e6);
	if (side->ttl_s != 0)
		printf(" ttl %" PRIu32, side->ttl_s);
	putchar('\n');
}

static json_t *
side_json(const struct side *side)
{
	json_t *object = json_object(), *list = json_array();
	char text[PIER_ADDR_TEXT_MAX];
	size_t i;

	cli_event_flag(object, "asked", side->asked);
	cli_event_flag(object, "answered", side->answered);
	for (i = 0; i < side->count; i++) {
		(void)pier_addr_format(&side->addrs[i], text, sizeof(text));
		(void)json_array_append_new(list, json_string(text));
	}
	(void)json_object_set_new(object, "addresses", list);
	if (side->why != NULL)
		cli_event_text(object, "why", side->why);
	if (side->server[0] != '\0')
		cli_event_text(object, "server", side->server);
	if (side->answered)
		cli_event_seconds(object, "elapsed_s", side->elapsed_ns);
	if (side->ttl_s != 0)
		cli_event_number(object, "ttl_s", side->ttl_s);
	cli_event_flag(object, "tcp", side->by_tcp);
	return object;
}

/* What one has and the other has not, as sentences; how many. */
static int
differ(const struct side *a, const struct side *b, json_t *list)
{
	char text[PIER_ADDR_TEXT_MAX], line[PIER_ADDR_TEXT_MAX + 64];
	int count = 0;
	size_t i;

	for (i = 0; i < a->count; i++) {
		if (has(b, &a->addrs[i]))
			continue;
		count++;
		(void)pier_addr_format(&a->addrs[i], text, sizeof(text));
		(void)snprintf(line, sizeof(line), "%s has %s, %s has not",
			a->name, text, b->name);
		if (list != NULL)
			(void)json_array_append_new(list, json_string(line));
		else
			printf("  %-10s %s\n", "differs", line);
	}
	return count;
}

/* libc beside each that answered: which of these two it was does not matter. */
static int
differences(const struct compare *it, json_t *list)
{
	const struct side *others[] = { &it->dns, &it->link };
	int count = 0;
	size_t i;

	for (i = 0; i < 2; i++)
		if (counts(others[i]))
			count += differ(&it->libc, others[i], list) +
				 differ(others[i], &it->libc, list);
	return count;
}

static int
tell(const struct compare *it, int *count)
{
	json_t *event, *list;

	if (!it->tool->json) {
		printf("%s\n", it->asked);
		put_side(&it->libc);
		put_side(&it->dns);
		put_side(&it->link);
		*count = differences(it, NULL);
		return 0;
	}
	event = cli_event("compare");
	list = json_array();
	*count = differences(it, list);
	cli_event_text(event, "name", it->asked);
	(void)json_object_set_new(event, "libc", side_json(&it->libc));
	(void)json_object_set_new(event, "dns", side_json(&it->dns));
	(void)json_object_set_new(event, "mdns", side_json(&it->link));
	cli_event_flag(event, "agree", *count == 0);
	(void)json_object_set_new(event, "differences", list);
	return cli_event_print(event, PIER_FOREVER);
}

int
resolve_compare(struct cli_tool *tool, const struct resolve_settings *settings,
	pier_deadline until)
{
	struct compare *it = calloc(1, sizeof(*it));
	int rc, code, count = 0;

	if (it == NULL)
		return cli_own_failure(
			tool, PIER_STEP_CREATE, "comparison", -ENOMEM, "");
	it->tool = tool;
	it->settings = settings;
	it->until = until;
	rc = ask_libc(it);
	if (rc < 0) {
		free(it);
		return cli_failure(tool, pier_last_error());
	}
	ask_others(it);
	rc = tell(it, &count);
	code = count > 0 || it->libc.count == 0 ? CLI_EXIT_NO : CLI_EXIT_OK;
	/* Nobody could say anything: that is no "no". */
	if (count == 0 && it->libc.why != NULL)
		code = CLI_EXIT_RESOLVE;
	free(it);
	return rc < 0 ? cli_output_failed(tool, rc) : code;
}
