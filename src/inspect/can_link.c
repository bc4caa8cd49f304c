/* SPDX-License-Identifier: MIT */
/* CAN interfaces by rtnetlink(7): see can_link_wire.h for what it answers. */
#include <pier/can_link.h>

#include <errno.h>
#include <linux/rtnetlink.h>
#include <string.h>

#include "inspect/can_link_wire.h"
#include "inspect/route_ask.h"
#include "os/calls.h"
#include "task/failure.h"

#define MODES (sizeof(mode_names) / sizeof(mode_names[0]))

static const char *const state_names[] = { "error-active", "error-warning",
	"error-passive", "bus-off", "stopped", "sleeping" };

/* By their bits. */
static const char *const mode_names[] = { "loopback", "listen-only",
	"triple-sampling", "one-shot", "berr-reporting", "fd", "presume-ack",
	"fd-non-iso", "cc-len8-dlc", "tdc-auto", "tdc-manual" };

/* All interfaces, again where they changed meanwhile. */
static int
ask_all(int fd, struct pier__route_answer *answer)
{
	const struct ifinfomsg body = { .ifi_family = AF_UNSPEC };
	union pier__nl_request question;
	bool again;
	int rc, tries = 0;

	pier__nl_begin(&question, RTM_GETLINK, NLM_F_DUMP);
	pier__nl_put(&question, &body, sizeof(body));
	do {
		again = false;
		rc = pier__route_ask(fd, &question, answer, &again);
	} while (rc == 0 && again && ++tries < PIER__ROUTE_TRIES_MAX);
	return rc;
}

/* One, by its name. The answer is followed by an acknowledgement, which ends it as
   the last message ends a list. */
static int
ask_one(int fd, const char *name, struct pier__route_answer *answer)
{
	const struct ifinfomsg body = { .ifi_family = AF_UNSPEC };
	union pier__nl_request question;
	bool again;

	pier__nl_begin(&question, RTM_GETLINK, NLM_F_ACK);
	pier__nl_put(&question, &body, sizeof(body));
	pier__nl_put_attribute(&question, IFLA_IFNAME, name, strlen(name) + 1);
	return pier__route_ask(fd, &question, answer, &again);
}

/* What the kernel says of the one named, or of all for NULL. */
static int
read_links(struct pier_can_links **out, const char *name)
{
	struct pier__route_answer answer = { .len = 0 };
	int fd = pier__calls()->socket(AF_NETLINK, SOCK_RAW, NETLINK_ROUTE);
	int rc;

	if (fd < 0)
		return pier__fail_step(fd, PIER_STEP_CREATE, "rtnetlink", NULL);
	rc = name == NULL ? ask_all(fd, &answer) : ask_one(fd, name, &answer);
	if (rc == 0)
		rc = pier__can_links_read(out, pier__route_bytes(&answer));
	pier__close(fd);
	pier__free(answer.bytes);
	return rc < 0 && rc != -ENODEV ? pier__fail_step(rc, PIER_STEP_RECEIVE,
						 "rtnetlink", NULL)
				       : rc;
}

int
pier_can_links(struct pier_can_links **out)
{
	return read_links(out, NULL);
}

void
pier_can_links_free(struct pier_can_links *links)
{
	pier__free(links);
}

static int
no_such(const char *interface, bool is_other)
{
	char text[32];

	(void)snprintf(text, sizeof(text), "can://%s", interface);
	return pier__fail_step(-ENODEV, PIER_STEP_CREATE, text,
		is_other ? "it is no CAN interface"
			 : "there is no such interface");
}

int
pier_can_link_sized(
	struct pier_can_link *out, const char *interface, size_t out_size)
{
	size_t known = sizeof(struct pier_can_link);
	struct pier_can_links *found = NULL;
	int rc = -ENODEV;

	if (interface[0] != '\0' && strlen(interface) < PIER_INTERFACE_NAME_MAX)
		rc = read_links(&found, interface);
	if (rc == -ENODEV)
		return no_such(interface, false);
	/* There are none only after an error. */
	if (rc < 0 || found == NULL)
		return rc;
	if (found->count == 0)
		rc = no_such(interface, true);
	else {
		memset(out, 0, out_size);
		memcpy(out, found->list[0],
			out_size < known ? out_size : known);
	}
	pier_can_links_free(found);
	return rc;
}

const char *
pier_can_state_name(enum pier_can_state state)
{
	size_t count = sizeof(state_names) / sizeof(state_names[0]);

	return (unsigned int)state < count ? state_names[state] : NULL;
}

const char *
pier_can_mode_name(uint32_t mode)
{
	size_t i;

	for (i = 0; i < MODES; i++)
		if (mode == UINT32_C(1) << i)
			return mode_names[i];
	return NULL;
}
