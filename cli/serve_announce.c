/* SPDX-License-Identifier: MIT */
/*
 * pier serve --announce NAME: this network is told of what is listened on, as
 * `pier announce` does; for each port by one, which is a process of its own, so
 * that it is alone in time whatever model serves. It goes with its server, and
 * says goodbye; where another server took the place, once that one's is told.
 */
#include "serve.h"

#include "announce.h"
#include "signals.h"
#include "store.h"

#include <errno.h>
#include <signal.h>
#include <stdio.h>
#include <string.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

/* Who took the place of this server has told of it by then: three probes and two
   tellings (RFC 6762 section 8). */
#define MOVE_NS INT64_C(3000000000)

/* How long goodbye may take. */
#define END_NS  INT64_C(2000000000)
#define TURN_NS INT64_C(10000000)

/* A service type, "_name._tcp". */
#define TYPE_TEXT 64

/* What one process announces. */
struct offer {
	bool udp;
	bool four, six; /* by which families it is reached */
	uint16_t port;
	char interface[PIER_INTERFACE_NAME_MAX]; /* "": on all */
};

/* The names of these in the registry of IANA; others have none. */
static const char *
known_name(int64_t what)
{
	switch (what) {
	case SERVE_ECHO:
		return "echo";
	case SERVE_DISCARD:
		return "discard";
	case SERVE_DAYTIME:
		return "daytime";
	case SERVE_TIME:
		return "time";
	case SERVE_CHARGEN:
		return "chargen";
	case SERVE_NTP:
		return "ntp";
	default:
		return NULL;
	}
}

static const char *
name_of(const struct serve_settings *settings)
{
	return settings->announce_type != NULL ? settings->announce_type
					       : known_name(settings->what);
}

int
serve_announce_check(
	const struct cli_tool *tool, const struct serve_settings *settings)
{
	struct cli_complaint why = { "", "" };

	if (settings->announce == NULL && settings->announce_type == NULL)
		return CLI_EXIT_OK;
	if (settings->announce == NULL) {
		(void)cli_complain(
			&why, "--announce-as has no effect without --announce");
		cli_advise(&why, "give the service a name: --announce NAME");
	} else if (name_of(settings) == NULL) {
		(void)cli_complain(&why,
			"--announce: this service has no type that is known");
		cli_advise(&why, "--announce-as says what it is: http, ssh");
	} else if (strchr(name_of(settings), '.') != NULL) {
		(void)cli_complain(&why,
			"--announce-as: '%s' has a protocol, which is that "
			"of "
			"each endpoint",
			settings->announce_type);
		cli_advise(&why, "the name alone, such as http");
	} else {
		return CLI_EXIT_OK;
	}
	return cli_usage_error(tool, "serve", &why);
}

/* ---- What can be announced ------------------------------------------------- */

/* The interface that has this address. */
static bool
find_interface(char out[PIER_INTERFACE_NAME_MAX], const struct pier_addr *addr)
{
	struct pier_interfaces *all;
	bool found = false;
	size_t i, j;

	if (pier_interfaces(&all) < 0)
		return false;
	for (i = 0; i < all->count && !found; i++) {
		const struct pier_interface *one = &all->list[i];

		for (j = 0; j < one->addr_count && !found; j++) {
			struct pier_addr own = one->addrs[j].addr;

			(void)pier_addr_set_port(
				&own, (unsigned)pier_addr_port(addr));
			found = pier_addr_equal(&own, addr);
		}
		if (found)
			snprintf(out, PIER_INTERFACE_NAME_MAX, "%s", one->name);
	}
	pier_interfaces_free(all);
	return found;
}

/* "tcp://[::]:7000", as the server tells it. False: it is of no use to others. */
static bool
read_endpoint(struct offer *out, const char *endpoint)
{
	const char *text = strstr(endpoint, "://");
	struct pier_addr addr;
	unsigned kinds;

	if (text == NULL ||
		(strncmp(endpoint, "tcp", 3) != 0 &&
			strncmp(endpoint, "udp", 3) != 0) ||
		pier_addr_parse(&addr, text + 3) < 0)
		return false;
	kinds = pier_addr_kinds(&addr);
	*out = (struct offer){ .udp = endpoint[0] == 'u',
		.four = pier_addr_family(&addr) == AF_INET,
		.six = pier_addr_family(&addr) == AF_INET6,
		.port = (uint16_t)pier_addr_port(&addr) };
	/* "tcp://[::]" is one socket for both; tcp6 and udp are not. */
	if (strncmp(endpoint, "tcp:", 4) == 0 && out->six &&
		(kinds & PIER_ADDR_IS_UNSPECIFIED) != 0)
		out->four = true;
	if ((kinds & PIER_ADDR_IS_UNSPECIFIED) != 0)
		return true;
	return (kinds & PIER_ADDR_IS_LOOPBACK) == 0 &&
	       find_interface(out->interface, &addr);
}

/* Two sockets of one port are one service. */
static void
add_offer(struct offer *list, size_t *count, const struct offer *offer)
{
	size_t i;

	for (i = 0; i < *count; i++)
		if (list[i].udp == offer->udp && list[i].port == offer->port &&
			strcmp(list[i].interface, offer->interface) == 0) {
			list[i].four = list[i].four || offer->four;
			list[i].six = list[i].six || offer->six;
			return;
		}
	if (*count < SERVE_ANNOUNCED_MAX)
		list[(*count)++] = *offer;
}

static size_t
find_offers(const struct serve *serve, struct offer *list)
{
	size_t n = pier_server_endpoint_count(serve->server), i, count = 0;
	char endpoint[PIER_ENDPOINT_TEXT_MAX];
	struct offer offer;

	for (i = 0; i < n; i++)
		if (pier_server_endpoint(
			    serve->server, i, endpoint, sizeof(endpoint)) > 0 &&
			read_endpoint(&offer, endpoint))
			add_offer(list, &count, &offer);
	return count;
}

/* ---- Processes ---------------------------------------------------------------- */

static void
type_text(char out[TYPE_TEXT], const struct serve *serve,
	const struct offer *offer)
{
	snprintf(out, TYPE_TEXT, "%s.%s", name_of(serve->settings),
		offer->udp ? "_udp" : "_tcp");
	if (out[0] != '_')
		snprintf(out, TYPE_TEXT, "_%s.%s", name_of(serve->settings),
			offer->udp ? "_udp" : "_tcp");
}

/* Would it be announced? What is wrong with its texts is told before anything
   is served. */
static int
try_offer(const struct serve *serve, const struct offer *offer)
{
	const char *interfaces[] = { offer->interface, NULL };
	struct pier_announce_opts opts = {
		.instance = serve->settings->announce,
		.port = offer->port,
		.interfaces = offer->interface[0] != '\0' ? interfaces : NULL,
	};
	struct pier_announce *announce;
	char type[TYPE_TEXT];

	type_text(type, serve, offer);
	opts.type = type;
	if (pier_announce_open(&announce, &opts) < 0)
		return announce_refused(serve->tool, "serve");
	pier_announce_close(announce);
	return CLI_EXIT_OK;
}

/* In the child: becomes `pier announce`. */
static void
become(const struct serve *serve, const struct offer *offer, pid_t server)
{
	char type[TYPE_TEXT], port[8];
	const char *words[16] = { "pier", "announce" };
	size_t n = 2;

	type_text(type, serve, offer);
	snprintf(port, sizeof(port), "%u", offer->port);
	if (serve->settings->common.quiet)
		words[n++] = "-q";
	if (offer->four != offer->six)
		words[n++] = offer->four ? "--ipv4" : "--ipv6";
	if (offer->interface[0] != '\0') {
		words[n++] = "--interface";
		words[n++] = offer->interface;
	}
	words[n++] = "--";
	words[n++] = serve->settings->announce;
	words[n++] = type;
	words[n++] = port;
	/* It must not outlive its server, however that ends. */
	(void)prctl(PR_SET_PDEATHSIG, SIGTERM);
	if (getppid() == server)
		(void)execv("/proc/self/exe", (char *const *)(uintptr_t)words);
	_exit(127);
}

int
serve_announce_begin(struct serve *serve)
{
	struct offer list[SERVE_ANNOUNCED_MAX];
	struct cli_complaint why = { "", "" };
	pid_t server = getpid();
	size_t count, i;
	int code = CLI_EXIT_OK;

	if (serve->settings->announce == NULL)
		return CLI_EXIT_OK;
	count = find_offers(serve, list);
	if (count == 0) {
		(void)cli_complain(&why,
			"--announce: no other machine can reach what is "
			"listened on");
		cli_advise(&why, "tcp://:PORT or udp://:PORT listens on every "
				 "address");
		return cli_usage_error(serve->tool, "serve", &why);
	}
	for (i = 0; i < count && code == CLI_EXIT_OK; i++)
		code = try_offer(serve, &list[i]);
	for (i = 0; i < count && code == CLI_EXIT_OK; i++) {
		pid_t pid = fork();

		if (pid == 0)
			become(serve, &list[i], server);
		if (pid < 0)
			return cli_own_failure(serve->tool, PIER_STEP_CREATE,
				"--announce", -errno, "");
		serve->announcers[serve->announcer_count++] = pid;
	}
	return code;
}

static bool
has_ended(pid_t pid)
{
	return waitpid(pid, NULL, WNOHANG) != 0;
}

/* The one that took the place tells of the same by itself, from before that on.
   Who hears this goodbye hears that it is not so, and nobody misses anything. */
static void
wait_for_the_other(const struct serve *serve)
{
	int64_t until_ns = serve->handed_over_ns + MOVE_NS;

	while (serve->announcer_count > 0 && serve->handed_over_ns != 0 &&
		cli_signals_caught() == 0 && pier_now() < until_ns)
		(void)pier_sleep(pier_in_ns(TURN_NS));
}

void
serve_announce_end(struct serve *serve)
{
	int64_t until_ns;
	size_t i;

	wait_for_the_other(serve);
	until_ns = pier_now() + END_NS;
	for (i = 0; i < serve->announcer_count; i++)
		(void)kill(serve->announcers[i], SIGTERM);
	for (i = 0; i < serve->announcer_count; i++) {
		bool ended = has_ended(serve->announcers[i]);

		while (!ended && pier_now() < until_ns) {
			(void)pier_sleep(pier_in_ns(TURN_NS));
			ended = has_ended(serve->announcers[i]);
		}
		if (ended)
			continue;
		(void)kill(serve->announcers[i], SIGKILL);
		(void)waitpid(serve->announcers[i], NULL, 0);
	}
	serve->announcer_count = 0;
}
