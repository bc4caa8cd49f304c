/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/names.c - names asked for on helper threads, alone and by a
 * dial, in which every call goes wrong once; see each.h.
 */
#include "each.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#define SOON pier_in_s(5)

static int
ask_one(void *arg)
{
	struct pier_names *names = NULL;
	long rc = met(arg, "resolve",
		pier_resolve(&names, "localhost", "7", NULL, SOON));

	if (rc == 0 && names->count == 0)
		(void)met(arg, "count", -EBADMSG);
	pier_names_free(names);
	return (int)rc;
}

/* The same question by three tasks at once. */
static void
ask(struct fault_story *story)
{
	struct pier_group *group = NULL;

	if (met(story, "group", pier_group_open(&group)) < 0)
		return;
	for (int i = 0; i < 2; i++)
		(void)met(story, "go", pier_go(group, ask_one, story));
	(void)ask_one(story);
	/* A wait that is made to fail is waited again. */
	while (pier_group_wait(group, SOON) < 0)
		(void)met(story, "group wait", pier_last_error()->code);
	pier_group_close(group);
}

static void
dial(struct fault_story *story)
{
	struct pier_listener *listener = NULL;
	struct pier_stream *stream = NULL;
	struct pier_addr addr;
	char where[64];

	if (met(story, "listen",
		    pier_listen(&listener, "tcp4://localhost:0", NULL, SOON)) <
		0)
		return;
	(void)pier_listener_addr(listener, &addr);
	(void)snprintf(where, sizeof(where), "tcp4://localhost:%d",
		pier_addr_port(&addr));
	(void)met(story, "dial", pier_dial(&stream, where, NULL, SOON));
	pier_close(stream);
	pier_listener_close(listener);
}

/* Services come from a file, or from the list that is built in. */
static void
services(struct fault_story *story)
{
	char name[PIER_SERVICE_NAME_MAX + 1];
	struct pier_services *all = NULL;
	long rc = met(story, "port", pier_service_port("http", "tcp"));

	if (rc >= 0 && rc != 80)
		(void)met(story, "number", -EBADMSG);
	(void)met(story, "name",
		pier_service_name(80, "tcp", name, sizeof(name)));
	if (met(story, "open", pier_services_open(&all)) == 0)
		pier_services_close(all);
}

static void
interfaces(struct fault_story *story)
{
	struct pier_interfaces *all = NULL;

	if (met(story, "interfaces", pier_interfaces(&all)) == 0 &&
		all->count == 0)
		(void)met(story, "count", -ENODEV);
	pier_interfaces_free(all);
}

/* This machine may have none of CAN; the loopback interface is none. */
static void
can_links(struct fault_story *story)
{
	struct pier_can_links *all = NULL;
	struct pier_can_link link;
	int rc;

	(void)met(story, "links", pier_can_links(&all));
	pier_can_links_free(all);
	rc = pier_can_link(&link, "lo");
	if (rc != -ENODEV)
		(void)met(story, "link", rc == 0 ? -EBADMSG : rc);
}

/* All that a name has, and the way back. */
static void
about(struct fault_story *story)
{
	static const struct pier_resolve_opts all = {
		.also = PIER_RESOLVE_ALIASES | PIER_RESOLVE_SOURCE
	};
	struct pier_names *names = NULL, *back = NULL;
	char name[PIER_NAME_MAX + 1];
	struct pier_addr addr;

	if (met(story, "resolve",
		    pier_resolve(&names, "localhost", "7", &all, SOON)) == 0 &&
		names->source[0] == '\0')
		(void)met(story, "source", -EBADMSG);
	pier_names_free(names);
	(void)pier_addr_parse(&addr, "127.0.0.1");
	(void)met(story, "reverse", pier_reverse(&back, &addr, SOON));
	pier_names_free(back);
	(void)met(story, "fqdn",
		pier_fqdn(name, sizeof(name), "localhost", SOON));
	(void)met(story, "hostname", pier_hostname(name, sizeof(name)));
}

EACH_INSIDE(about)
EACH_INSIDE(services)
EACH_INSIDE(interfaces)
EACH_INSIDE(can_links)
EACH_INSIDE(ask)
EACH_INSIDE(dial)

/* What the injected answers of the name service mean. */
static const int also[] = { -PIER_ENONAME, -PIER_EAGAINNAME, -ENOMEM, -EIO, 0 };

/* The same of gethostbyname() and gethostbyaddr(). */
static const int failed[] = { -PIER_ENONAME, -PIER_EAGAINNAME, -PIER_ENAMEFAIL,
	-ENOMEM, -EIO, -EMFILE, 0 };

/* A message of the kernel that came up short. */
static const int cut[] = { -EBADMSG, 0 };

static const struct fault_scenario scenarios[] = {
	{ "interfaces, fibers", interfaces_by_fibers, cut },
	{ "interfaces, threads", interfaces_by_threads, cut },
	{ "can links, fibers", can_links_by_fibers, cut },
	{ "can links, threads", can_links_by_threads, cut },
	{ "services, fibers", services_by_fibers, NULL },
	{ "services, threads", services_by_threads, NULL },
	{ "about names, fibers", about_by_fibers, failed },
	{ "about names, threads", about_by_threads, failed },
	{ "names, fibers", ask_by_fibers, also },
	{ "names, threads", ask_by_threads, also },
	{ "dial by name, fibers", dial_by_fibers, also },
	{ "dial by name, threads", dial_by_threads, also },
};

int
main(void)
{
	return each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
