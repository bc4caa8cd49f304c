/* SPDX-License-Identifier: MIT */
/*
 * pier addr without an argument: this machine's name, in full, what that name
 * resolves to, and the interfaces with their addresses.
 */
#include "addr.h"

#include "conduct.h"

#include <errno.h>
#include <inttypes.h>
#include <net/if.h>
#include <stdio.h>
#include <string.h>

struct work {
	struct cli_tool *tool;
	pier_deadline until;
};

static const struct {
	unsigned int flag;
	const char *name;
} flag_names[] = {
	{ IFF_UP, "up" },
	{ IFF_BROADCAST, "broadcast" },
	{ IFF_LOOPBACK, "loopback" },
	{ IFF_POINTOPOINT, "point-to-point" },
	{ IFF_RUNNING, "running" },
	{ IFF_NOARP, "noarp" },
	{ IFF_PROMISC, "promisc" },
	{ IFF_MULTICAST, "multicast" },
};

enum {
	FLAG_NAMES = sizeof(flag_names) / sizeof(flag_names[0]),
	HARDWARE_TEXT = 3 * PIER_HARDWARE_MAX,
};

static void
format_hardware(char *out, const unsigned char *bytes, size_t len)
{
	size_t i;

	out[0] = '\0';
	for (i = 0; i < len; i++)
		out += sprintf(out, "%s%02x", i > 0 ? ":" : "", bytes[i]);
}

static void
put_addr(const struct pier_interface_addr *addr)
{
	char text[PIER_ADDR_TEXT_MAX];
	unsigned int kinds = pier_addr_kinds(&addr->addr);
	size_t i;

	(void)pier_addr_format_host(&addr->addr, text, sizeof(text));
	printf("  %s/%u", text, addr->bits);
	if (addr->peer.len != 0) {
		(void)pier_addr_format_host(&addr->peer, text, sizeof(text));
		printf(" peer %s", text);
	}
	if (addr->broadcast.len != 0) {
		(void)pier_addr_format_host(
			&addr->broadcast, text, sizeof(text));
		printf(" broadcast %s", text);
	}
	printf(" (");
	for (i = 0; addr_kind_names[i] != NULL; i++)
		if ((kinds >> i & 1) != 0) {
			kinds &= ~(1U << i);
			printf("%s%s", addr_kind_names[i],
				kinds >> i != 0 ? ", " : "");
		}
	printf(")\n");
}

static void
put_interface(const struct pier_interface *it)
{
	char hardware[HARDWARE_TEXT];
	size_t i;

	printf("%s", it->name);
	for (i = 0; i < FLAG_NAMES; i++)
		if ((it->flags & flag_names[i].flag) != 0)
			printf(" %s", flag_names[i].name);
	printf(" index %u mtu %u\n", it->index, it->mtu);
	if (it->hardware_len > 0) {
		format_hardware(hardware, it->hardware, it->hardware_len);
		printf("  hardware %s\n", hardware);
	}
	for (i = 0; i < it->addr_count; i++)
		put_addr(&it->addrs[i]);
}

static json_t *
addrs_json(const struct pier_interface *it)
{
	json_t *list = json_array();
	char text[PIER_ADDR_TEXT_MAX];
	size_t i;

	for (i = 0; i < it->addr_count; i++) {
		const struct pier_interface_addr *addr = &it->addrs[i];
		json_t *one = json_object();

		(void)pier_addr_format_host(&addr->addr, text, sizeof(text));
		cli_event_text(one, "address", text);
		cli_event_number(one, "bits", addr->bits);
		if (addr->broadcast.len != 0) {
			(void)pier_addr_format_host(
				&addr->broadcast, text, sizeof(text));
			cli_event_text(one, "broadcast", text);
		}
		if (addr->peer.len != 0) {
			(void)pier_addr_format_host(
				&addr->peer, text, sizeof(text));
			cli_event_text(one, "peer", text);
		}
		(void)json_array_append_new(list, one);
	}
	return list;
}

static int
print_interface(const struct pier_interface *it)
{
	json_t *event = cli_event("interface"), *flags = json_array();
	char hardware[HARDWARE_TEXT];
	size_t i;

	cli_event_text(event, "name", it->name);
	cli_event_number(event, "index", it->index);
	for (i = 0; i < FLAG_NAMES; i++)
		if ((it->flags & flag_names[i].flag) != 0)
			(void)json_array_append_new(
				flags, json_string(flag_names[i].name));
	(void)json_object_set_new(event, "flags", flags);
	cli_event_number(event, "mtu", it->mtu);
	if (it->hardware_len > 0) {
		format_hardware(hardware, it->hardware, it->hardware_len);
		cli_event_text(event, "hardware", hardware);
	}
	(void)json_object_set_new(event, "addresses", addrs_json(it));
	return cli_event_print(event, PIER_FOREVER);
}

/* What this machine's name is, and what it leads to. */
struct self {
	char name[PIER_HOSTNAME_MAX + 1];
	char fqdn[PIER_NAME_MAX + 1]; /* "" when it does not resolve */
	struct pier_names *names;     /* NULL: the same */
};

static void
put_self(const struct self *self)
{
	char text[PIER_ADDR_TEXT_MAX];
	size_t i;

	printf("%s\n", self->name);
	if (self->names == NULL)
		return;
	printf("  fqdn %s\n", self->fqdn);
	printf("  resolves to");
	for (i = 0; i < self->names->count; i++) {
		(void)pier_addr_format_host(
			&self->names->addrs[i], text, sizeof(text));
		printf(" %s", text);
	}
	printf(" (%s)\n", self->names->source);
}

static int
print_self(const struct self *self)
{
	json_t *event = cli_event("machine"), *list = json_array();
	char text[PIER_ADDR_TEXT_MAX];
	size_t i;

	cli_event_text(event, "hostname", self->name);
	if (self->names != NULL) {
		cli_event_text(event, "fqdn", self->fqdn);
		cli_event_text(event, "source", self->names->source);
	}
	for (i = 0; self->names != NULL && i < self->names->count; i++) {
		(void)pier_addr_format_host(
			&self->names->addrs[i], text, sizeof(text));
		(void)json_array_append_new(list, json_string(text));
	}
	(void)json_object_set_new(event, "addresses", list);
	return cli_event_print(event, PIER_FOREVER);
}

static int
tell_all(const struct work *work, const struct self *self,
	const struct pier_interfaces *all)
{
	int rc = 0;
	size_t i;

	if (!work->tool->json) {
		put_self(self);
		for (i = 0; i < all->count; i++)
			put_interface(&all->list[i]);
		return CLI_EXIT_OK;
	}
	rc = print_self(self);
	for (i = 0; rc == 0 && i < all->count; i++)
		rc = print_interface(&all->list[i]);
	return rc < 0 ? cli_output_failed(work->tool, rc) : CLI_EXIT_OK;
}

/* A machine whose own name leads nowhere is told of, and shown nevertheless. */
static void
look_self_up(const struct work *work, struct self *self)
{
	static const struct pier_resolve_opts opts = {
		.also = PIER_RESOLVE_SOURCE
	};

	if (pier_resolve(&self->names, self->name, NULL, &opts, work->until) <
			0 ||
		pier_fqdn(self->fqdn, sizeof(self->fqdn), self->name,
			work->until) < 0) {
		cli_say(work->tool, 0, "addr: this machine's name: %s",
			pier_error_line());
		pier_names_free(self->names);
		self->names = NULL;
	}
}

static int
look(struct pier_group *group, void *arg)
{
	struct work *work = arg;
	struct pier_interfaces *all = NULL;
	struct self self = { .names = NULL };
	int code;

	(void)group;
	if (pier_hostname(self.name, sizeof(self.name)) < 0 ||
		pier_interfaces(&all) < 0)
		return cli_failure(work->tool, pier_last_error());
	look_self_up(work, &self);
	code = tell_all(work, &self, all);
	pier_names_free(self.names);
	pier_interfaces_free(all);
	return code;
}

int
addr_machine(struct cli_tool *tool, const struct addr_settings *settings)
{
	struct work work = { .tool = tool };

	work.until = pier_in_ns(settings->timeout_ns);
	return cli_conduct(tool, look, &work);
}
