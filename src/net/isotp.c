/* SPDX-License-Identifier: MIT */
/*
 * net/isotp.c - see isotp.h: how such a socket is opened. How it sends and receives
 * is in isotp_talk.c.
 */
#include "net/isotp.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>

#include <pier/task.h>

#include "net/wishes.h"
#include "os/interface.h"
#include "os/whole_file.h"
#include "task/failure.h"

#define LEVEL     106 /* SOL_CAN_ISOTP */
#define OPTS      1
#define RECV_FC   2
#define TX_STMIN  3
#define RX_STMIN  4
#define LINK_OPTS 5

struct opening {
	const struct pier__endpoint *endpoint;
	const char *text;
	enum pier_step step;
	const char *detail;
	struct pier_addr own;
	struct pier__why why;
};

static const char *
explain(const struct opening *it, int rc)
{
	switch (rc) {
	case -EAFNOSUPPORT:
		return "the kernel has no CAN: modprobe can";
	case -EPROTONOSUPPORT:
		return "the kernel has no ISO-TP: modprobe can-isotp";
	case -ENODEV:
		return it->step == PIER_STEP_BIND
			       ? "it is no CAN interface"
			       : "there is no such interface";
	case -ENETDOWN:
		return "the interface is down";
	case -EADDRNOTAVAIL:
		return "both identifiers are the same";
	case -EINVAL:
		return it->step == PIER_STEP_BIND && it->endpoint->isotp.fd
			       ? "the interface takes no FD frames"
			       : NULL;
	default:
		return NULL;
	}
}

static int
fail(const struct opening *it, int rc)
{
	return pier__fail_step(rc, it->step, it->text,
		it->detail != NULL ? it->detail : explain(it, rc));
}

/* -EINVAL for what there is not. */
static int
check(const struct pier__packet_plan *plan)
{
	const char *detail = NULL;

	if (plan->opts.bind != NULL)
		detail = "the endpoint of ISO-TP has both addresses";
	else if (plan->opts.unconnected)
		detail = "ISO-TP is between two ends";
	else if (plan->opts.senders)
		detail = "CAN does not tell of processes";
	return detail == NULL ? 0
			      : pier__fail_step(-EINVAL, PIER_STEP_CREATE,
					plan->text, detail);
}

static int
set(struct opening *it, int fd, int name, const void *value, socklen_t size)
{
	static const char *const words[] = { [OPTS] = "CAN_ISOTP_OPTS",
		[RECV_FC] = "CAN_ISOTP_RECV_FC",
		[TX_STMIN] = "CAN_ISOTP_TX_STMIN",
		[RX_STMIN] = "CAN_ISOTP_RX_STMIN",
		[LINK_OPTS] = "CAN_ISOTP_LL_OPTS" };
	int rc = pier__calls()->setsockopt(fd, LEVEL, name, value, size);

	if (rc < 0)
		it->detail = words[name];
	return rc;
}

/* Which Linux runs, as 0x603 for 6.3; 0: it does not say. */
static unsigned int
this_linux(void)
{
	unsigned int major = 0, minor = 0;
	char *text;

	if (pier__whole_file(&text, "/proc/sys/kernel/osrelease", 256) < 0)
		return 0;
	if (sscanf(text, "%u.%u", &major, &minor) != 2)
		major = minor = 0;
	pier__free(text);
	return major << 8 | (minor & 0xff);
}

/* A kernel takes flags that it does not know, and goes on without. 0 or
   -EOPNOTSUPP. */
static int
check_kernel(struct opening *it)
{
	const struct pier_isotp_opts *opts = &it->endpoint->isotp;
	const struct {
		bool asked;
		unsigned int since;
		const char *detail;
	} newer[] = {
		{ opts->dynamic, 0x603,
			"dynamic is since Linux 6.3: this one would go by the "
			"first flow control of a message" },
		{ opts->broadcast == PIER_ISOTP_TO_ALL, 0x600,
			"broadcast=many is since Linux 6.0: this one would "
			"wait for flow control" },
		{ opts->broadcast == PIER_ISOTP_TO_ALL_SINGLE, 0x50b,
			"broadcast=single is since Linux 5.11" },
	};
	unsigned int running;
	size_t i;

	for (i = 0; i < sizeof(newer) / sizeof(newer[0]); i++) {
		if (!newer[i].asked)
			continue;
		running = this_linux();
		if (running != 0 && running < newer[i].since) {
			it->detail = newer[i].detail;
			return -EOPNOTSUPP;
		}
	}
	return 0;
}

static int
set_own(struct opening *it, int fd)
{
	struct pier__isotp_raw raw;
	int rc = pier__isotp_encode(&raw, &it->endpoint->isotp, &it->detail);

	if (rc == 0)
		rc = check_kernel(it);
	if (rc == 0)
		rc = set(it, fd, OPTS, &raw.opts, sizeof(raw.opts));
	if (rc == 0)
		rc = set(it, fd, RECV_FC, &raw.flow, sizeof(raw.flow));
	if (rc == 0 && raw.send_gap_ns > 0)
		rc = set(it, fd, TX_STMIN, &raw.send_gap_ns,
			sizeof(raw.send_gap_ns));
	if (rc == 0 && raw.receive_gap_ns > 0)
		rc = set(it, fd, RX_STMIN, &raw.receive_gap_ns,
			sizeof(raw.receive_gap_ns));
	if (rc == 0)
		rc = set(it, fd, LINK_OPTS, &raw.link, sizeof(raw.link));
	return rc;
}

static int
set_wishes(struct opening *it, int fd, enum pier__moment moment)
{
	const struct pier__option_kind kind = { .domain = AF_CAN,
		.type = SOCK_DGRAM,
		.protocol = PIER__ISOTP_PROTOCOL };
	int rc = pier__wishes_set(
		&it->endpoint->wishes, fd, &kind, moment, &it->why);

	if (rc < 0) {
		it->step = PIER_STEP_OPTION;
		it->detail = it->why.text;
	}
	return rc;
}

/* By its name, or its number. */
static int
find_link(struct opening *it)
{
	const char *link = it->endpoint->link;
	int64_t number = pier__span_number(pier__span_of(link), INT32_MAX);
	int index = number > 0 && number <= INT32_MAX
			    ? (int)number
			    : pier__interface_index(link);

	it->step = PIER_STEP_CREATE;
	if (index < 0)
		return index;
	it->own.u.can.interface = index;
	return 0;
}

/* A kernel binds to an interface that is down, and says so once: here rather than
   at the first message. */
static int
bind_to(struct opening *it, int fd)
{
	int error = 0;
	socklen_t len = sizeof(error);
	int rc;

	it->step = PIER_STEP_BIND;
	rc = pier__calls()->bind(fd, &it->own.u.sa, it->own.len);
	if (rc == 0)
		rc = pier__calls()->getsockopt(
			fd, SOL_SOCKET, SO_ERROR, &error, &len);
	return rc < 0 ? rc : -error;
}

/* The socket is made first: a machine without CAN has no CAN interface either, and
   should be told the former. */
static int
set_up(struct opening *it, int fd)
{
	int rc = find_link(it);

	if (rc < 0)
		return rc;
	it->step = PIER_STEP_OPTION;
	rc = set_own(it, fd);
	if (rc == 0)
		rc = set_wishes(it, fd, PIER__MOMENT_NEW);
	if (rc == 0)
		rc = bind_to(it, fd);
	return rc < 0 ? rc : set_wishes(it, fd, PIER__MOMENT_CONNECTED);
}

int
pier__isotp_attach(struct pier_packet *packet, const struct pier_addr *own)
{
	struct pier__isotp *isotp = pier__alloc(sizeof(*isotp));
	int rc = isotp == NULL ? -ENOMEM : pier_mutex_open(&isotp->turn);

	if (rc < 0) {
		pier__free(isotp);
		return rc;
	}
	(void)pthread_mutex_init(&isotp->lock, NULL);
	packet->isotp = isotp;
	packet->connected = true;
	packet->to = *own;
	packet->to.u.can.rx_id = own->u.can.tx_id;
	packet->to.u.can.tx_id = own->u.can.rx_id;
	return 0;
}

void
pier__isotp_detach(struct pier_packet *packet)
{
	if (packet->isotp == NULL)
		return;
	pier_mutex_close(packet->isotp->turn);
	(void)pthread_mutex_destroy(&packet->isotp->lock);
	pier__free(packet->isotp);
	packet->isotp = NULL;
}

int
pier__isotp_open(struct pier_packet **out, const struct pier__packet_plan *plan)
{
	struct opening it = { .endpoint = &plan->endpoint,
		.text = plan->text,
		.step = PIER_STEP_CREATE,
		.own = plan->endpoint.addr };
	struct pier_packet *packet;
	int rc = check(plan);
	int fd;

	if (rc < 0)
		return rc;
	fd = pier__calls()->socket(AF_CAN, SOCK_DGRAM, PIER__ISOTP_PROTOCOL);
	if (fd < 0)
		return fail(&it, fd);
	rc = set_up(&it, fd);
	if (rc == 0) {
		it.step = PIER_STEP_CREATE;
		rc = pier__packet_new(&packet, fd, AF_CAN, plan);
	}
	if (rc != 0) {
		pier__close(fd);
		return fail(&it, rc);
	}
	rc = pier__isotp_attach(packet, &it.own);
	if (rc < 0) {
		pier_packet_close(packet);
		return fail(&it, rc);
	}
	*out = packet;
	return 0;
}

int
pier_isotp_open_sized(struct pier_packet **out, const char *endpoint,
	const struct pier_isotp_opts *opts, size_t opts_size)
{
	struct pier__packet_plan *plan = pier__alloc(sizeof(*plan));
	int rc;

	if (plan == NULL)
		return pier__fail_step(
			-ENOMEM, PIER_STEP_CREATE, endpoint, NULL);
	plan->text = endpoint;
	plan->deadline = PIER_FOREVER;
	rc = pier__packet_enter_open(plan);
	if (rc == 0 && plan->endpoint.kind != PIER__ENDPOINT_ISOTP)
		rc = pier__fail_step(-EINVAL, PIER_STEP_CREATE, endpoint,
			"expected isotp://LINK/TX/RX");
	if (rc == 0 && opts != NULL) {
		struct pier_isotp_opts *to = &plan->endpoint.isotp;

		memset(to, 0, sizeof(*to));
		memcpy(to, opts,
			opts_size < sizeof(*to) ? opts_size : sizeof(*to));
	}
	if (rc == 0)
		rc = pier__isotp_open(out, plan);
	pier__free(plan);
	return rc;
}
