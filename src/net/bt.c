/* SPDX-License-Identifier: MIT */
/* net/bt.c - see bt.h. */
#include "net/bt.h"

#include <errno.h>
#include <poll.h>
#include <stdio.h>
#include <string.h>

#include "net/wishes.h"
#include "os/bt.h"
#include "os/calls.h"
#include "task/failure.h"

/* Of the kernel's net/bluetooth/bluetooth.h, l2cap.h. */
#define PROTOCOL_L2CAP  0
#define PROTOCOL_RFCOMM 3
#define LEVEL           274 /* SOL_BLUETOOTH */
#define SECURITY        4
#define SNDMTU          12
#define RCVMTU          13
#define MODE            15
#define LEVEL_L2CAP     6
#define L2CAP_OPTIONS   1

/* What BT_MODE alone sets has this bit here. */
#define BY_MODE 0x80

/* The least that each kind of link lets a receiver ask for. */
#define MTU_MIN    48
#define MTU_MIN_LE 23

struct l2cap_options {
	uint16_t omtu;
	uint16_t imtu;
	uint16_t flush_to;
	uint8_t mode;
	uint8_t fcs;
	uint8_t max_tx;
	uint16_t txwin_size;
};

static const struct {
	const char *name;
	uint8_t value; /* plus 1: 0 is for what was not asked for */
} levels[] = { { "low", 1 }, { "medium", 2 }, { "high", 3 }, { "fips", 4 } },
  modes[] = { { "basic", 0 + 1 }, { "ertm", 3 + 1 }, { "streaming", 4 + 1 },
	  { "ext_flowctl", BY_MODE | 4 } };

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

const char *const pier__rfcomm_names[] = { "security", NULL };
const char *const pier__l2cap_names[] = { "le", "security", "mtu", "mode",
	NULL };

static int
take_security(struct pier__endpoint *out, const struct pier__own *own,
	struct pier__why *why)
{
	size_t i;

	for (i = 0; i < COUNT(levels); i++) {
		if (strcmp(own->value, levels[i].name) == 0) {
			out->bt.security = levels[i].value;
			return 0;
		}
	}
	return pier__why_set(
		why, own->value_at, "security is low, medium, high or fips");
}

static int
take_mode(struct pier__endpoint *out, const struct pier__own *own,
	struct pier__why *why)
{
	size_t i;

	for (i = 0; i < COUNT(modes); i++) {
		if (strcmp(own->value, modes[i].name) == 0) {
			out->bt.mode = modes[i].value;
			return 0;
		}
	}
	return pier__why_set(why, own->value_at,
		"the mode of a channel is basic, ertm, streaming or "
		"ext_flowctl");
}

static int
take_mtu(struct pier__endpoint *out, const struct pier__own *own,
	struct pier__why *why)
{
	int64_t mtu = pier__span_number(pier__span_of(own->value), UINT16_MAX);

	if (mtu < MTU_MIN_LE || mtu > UINT16_MAX)
		return pier__why_set(why, own->value_at,
			"mtu is what a message that comes may have: %d to "
			"65535 bytes, of BR/EDR from %d on",
			MTU_MIN_LE, MTU_MIN);
	out->bt.mtu = (uint16_t)mtu;
	return 0;
}

int
pier__bt_take(struct pier__endpoint *out, const struct pier__own *own,
	struct pier__why *why)
{
	if (pier__span_is(own->name, "le"))
		return pier__bt_parse_le(&out->addr.u.l2.type,
			pier__span_of(own->value), own->value_at, why);
	if (pier__span_is(own->name, "security"))
		return take_security(out, own, why);
	if (pier__span_is(own->name, "mode"))
		return take_mode(out, own, why);
	return take_mtu(out, own, why);
}

/* ---- Controllers ------------------------------------------------------ */

/* "hci7" as its number, else -1. */
static int64_t
index_of(const char *text)
{
	struct pier__span span = pier__span_of(text);

	if (!pier__span_starts(span, "hci"))
		return -1;
	span.begin += 3;
	span.begin = span.begin > span.end ? span.end : span.begin;
	return pier__span_number(span, UINT16_MAX);
}

static const uint8_t *
device_of(const struct pier_addr *addr)
{
	return pier__is_rfcomm(addr) ? addr->u.rc.device : addr->u.l2.device;
}

/* What the socket is bound to, apart from the device. */
static void
begin_own(struct pier__bt_try *it)
{
	const struct pier_addr *peer = &it->endpoint->addr;

	it->own = *peer;
	if (it->listens)
		return;
	if (pier__is_rfcomm(peer)) {
		memset(it->own.u.rc.device, 0, sizeof(it->own.u.rc.device));
		it->own.u.rc.channel = 0;
		return;
	}
	memset(it->own.u.l2.device, 0, sizeof(it->own.u.l2.device));
	it->own.u.l2.psm = 0;
	/* The controllers' addresses are given out by the IEEE, whatever the
	   peer's is. */
	if (it->own.u.l2.type != PIER_BT_ADDR_BREDR)
		it->own.u.l2.type = PIER_BT_ADDR_PUBLIC;
}

static int
choose(struct pier__bt_try *it, const struct pier__bt_controller *one)
{
	uint8_t *own = pier__is_rfcomm(&it->own) ? it->own.u.rc.device
						 : it->own.u.l2.device;

	if (!one->on) {
		(void)pier__why_set(&it->why, 0, "hci%u is off", one->index);
		return -ENETDOWN;
	}
	if (it->bind != NULL)
		memcpy(own, one->device, sizeof(one->device));
	return 0;
}

/* The one that was asked for, by bind or as the address to listen at. */
static int
find_asked(struct pier__bt_try *it, const struct pier__bt_controller *list,
	int count)
{
	int64_t index = it->bind != NULL ? index_of(it->bind) : -1;
	struct pier_addr asked = it->own;
	int i;

	if (it->bind != NULL && index < 0) {
		struct pier_bt_addr device;

		if (pier__bt_parse_device(
			    &device, pier__span_of(it->bind), &it->why) < 0)
			return -EINVAL;
		(void)pier_bt_rfcomm(&asked, &device, 0);
	}
	for (i = 0; i < count; i++) {
		if (index >= 0 ? list[i].index == index
			       : memcmp(list[i].device, device_of(&asked),
					 sizeof(list[i].device)) == 0)
			return choose(it, &list[i]);
	}
	(void)pier__why_set(&it->why, 0,
		"no controller of this machine is that: hciconfig");
	return index >= 0 ? -ENODEV : -EADDRNOTAVAIL;
}

static int
find_any(struct pier__bt_try *it, const struct pier__bt_controller *list,
	int count)
{
	unsigned int first = list[0].index;
	int i;

	for (i = 0; i < count; i++) {
		if (list[i].on)
			return 0;
		if (list[i].index < first)
			first = list[i].index;
	}
	(void)pier__why_set(&it->why, 0, "hci%u is off", first);
	return -ENETDOWN;
}

/* Is there one to send by? Without, a connection over RFCOMM would be waited for
   more than twenty seconds. */
static int
find_controller(struct pier__bt_try *it)
{
	static const uint8_t any[6];
	struct pier__bt_controller list[PIER__BT_CONTROLLERS_MAX];
	int count =
		pier__calls()->bt_controllers(list, PIER__BT_CONTROLLERS_MAX);

	/* Who may not be told leaves it to the kernel to find out, if slowly. */
	if (pier_is_permission(count) && it->bind == NULL)
		return 0;
	if (count < 0)
		return count;
	if (count == 0) {
		(void)pier__why_set(&it->why, 0,
			"this machine has no Bluetooth controller");
		return -ENODEV;
	}
	if (it->bind != NULL ||
		memcmp(device_of(&it->own), any, sizeof(any)) != 0)
		return find_asked(it, list, count);
	return find_any(it, list, count);
}

/* ---- The socket ------------------------------------------------------- */

static int
set_l2cap(const struct pier__endpoint *endpoint, int fd)
{
	const struct pier__calls *calls = pier__calls();
	struct l2cap_options options;
	socklen_t len = sizeof(options);
	uint8_t mode = endpoint->bt.mode;
	int rc;

	if ((mode & BY_MODE) != 0) {
		mode &= (uint8_t)~BY_MODE;
		rc = calls->setsockopt(fd, LEVEL, MODE, &mode, sizeof(mode));
		if (rc < 0)
			return rc;
		mode = 0;
	}
	if (endpoint->addr.u.l2.type != PIER_BT_ADDR_BREDR)
		return endpoint->bt.mtu == 0
			       ? 0
			       : calls->setsockopt(fd, LEVEL, RCVMTU,
					 &endpoint->bt.mtu,
					 sizeof(endpoint->bt.mtu));
	if (endpoint->bt.mtu == 0 && mode == 0)
		return 0;
	memset(&options, 0, sizeof(options));
	rc = calls->getsockopt(fd, LEVEL_L2CAP, L2CAP_OPTIONS, &options, &len);
	if (rc < 0)
		return rc;
	if (endpoint->bt.mtu > 0)
		options.imtu = endpoint->bt.mtu;
	if (mode > 0)
		options.mode = (uint8_t)(mode - 1);
	return calls->setsockopt(
		fd, LEVEL_L2CAP, L2CAP_OPTIONS, &options, sizeof(options));
}

static int
set_own(struct pier__bt_try *it, int fd)
{
	const struct pier__endpoint *endpoint = it->endpoint;
	const uint8_t security[2] = { endpoint->bt.security, 0 };
	int rc = 0;

	(void)snprintf(it->why.text, sizeof(it->why.text), "security");
	if (endpoint->bt.security > 0)
		rc = pier__calls()->setsockopt(
			fd, LEVEL, SECURITY, security, sizeof(security));
	if (rc == 0 && pier__is_l2cap(&endpoint->addr)) {
		(void)snprintf(it->why.text, sizeof(it->why.text),
			"mtu or mode: not of such a channel, or the kernel "
			"has it switched off");
		rc = set_l2cap(endpoint, fd);
	}
	if (rc == 0)
		it->why.text[0] = '\0';
	return rc;
}

/* Where it listens, where a controller was asked for, and always of Low Energy,
   of which the kernel takes it to be by its own address only. */
static bool
is_bound(const struct pier__bt_try *it)
{
	return it->listens || it->bind != NULL ||
	       (pier__is_l2cap(&it->own) &&
		       it->own.u.l2.type != PIER_BT_ADDR_BREDR);
}

/* fd with all that comes before it connects or listens. */
static int
prepare(struct pier__bt_try *it, int fd)
{
	const struct pier__option_kind kind = { .domain = AF_BLUETOOTH,
		.type = pier__endpoint_type(it->endpoint),
		.protocol = it->endpoint->protocol };
	int rc = 0;

	if (is_bound(it)) {
		it->step = PIER_STEP_BIND;
		rc = pier__calls()->bind(fd, &it->own.u.sa, it->own.len);
	}
	if (rc < 0)
		return rc;
	it->step = PIER_STEP_OPTION;
	rc = set_own(it, fd);
	if (rc == 0)
		rc = pier__wishes_set(&it->endpoint->wishes, fd, &kind,
			PIER__MOMENT_NEW, &it->why);
	return rc;
}

int
pier__bt_socket(struct pier__bt_try *it)
{
	int fd, rc;

	it->why.text[0] = '\0';
	begin_own(it);
	it->step = PIER_STEP_CREATE;
	fd = pier__calls()->socket(AF_BLUETOOTH,
		pier__endpoint_type(it->endpoint), it->endpoint->protocol);
	if (fd < 0)
		return fd;
	rc = find_controller(it);
	if (rc == -EINVAL || rc == -EADDRNOTAVAIL)
		it->step = PIER_STEP_BIND;
	if (rc == 0)
		rc = prepare(it, fd);
	if (rc == 0)
		return fd;
	pier__close(fd);
	return rc;
}

/* ---- In words --------------------------------------------------------- */

static const char *
explain_connect(int rc)
{
	switch (rc) {
	case -ECONNREFUSED:
		return "nothing listens there, or only to who is paired";
	case -EHOSTDOWN:
		return "the device does not answer: it is off, out of reach, "
		       "or cannot be connected to";
	case -EHOSTUNREACH:
		return "no controller leads there";
	case -EBUSY:
		return "this machine has a stream to that channel already, "
		       "and there can be one";
	case -EACCES:
		return "the devices are not paired as the link demands";
	case -EBADE:
		return "one of the devices has lost its key: pair them anew";
	default:
		return NULL;
	}
}

const char *
pier__bt_explain(const struct pier__bt_try *it, int rc)
{
	if (it->why.text[0] != '\0')
		return it->why.text;
	if (rc == -EAFNOSUPPORT)
		return "the kernel has no Bluetooth here: modprobe bluetooth";
	if (rc == -EPROTONOSUPPORT)
		return it->endpoint->protocol == PROTOCOL_RFCOMM
			       ? "the kernel has no RFCOMM: modprobe rfcomm"
			       : NULL;
	if (it->step == PIER_STEP_CONNECT)
		return explain_connect(rc);
	if (it->step == PIER_STEP_BIND && rc == -EACCES)
		return "PSMs below 0x1001, of Low Energy below 0x80, take "
		       "CAP_NET_BIND_SERVICE";
	return NULL;
}

int
pier__bt_fail(const struct pier__bt_try *it, const char *text, int rc)
{
	return pier__fail_step(rc, it->step, text, pier__bt_explain(it, rc));
}

int
pier__bt_listen(const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text)
{
	struct pier__bt_try it = { .endpoint = endpoint, .listens = true };
	int fd = pier__bt_socket(&it);
	int rc;

	if (fd < 0)
		return pier__bt_fail(&it, text, fd);
	it.step = PIER_STEP_LISTEN;
	rc = pier__calls()->listen(fd, opts->backlog);
	if (rc == 0)
		return fd;
	pier__close(fd);
	return pier__bt_fail(&it, text, rc);
}

/* ---- Sizes ------------------------------------------------------------ */

static int
mtu(int fd, bool out)
{
	const struct pier__calls *calls = pier__calls();
	struct l2cap_options options;
	uint16_t size = 0;
	int domain = 0;
	socklen_t len = sizeof(domain);
	int rc = calls->getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &domain, &len);

	/* The level of L2CAP is that of TCP. */
	if (rc < 0 || domain != AF_BLUETOOTH)
		return rc == -EBADF ? rc : -ENOPROTOOPT;
	len = sizeof(size);
	rc = calls->getsockopt(fd, LEVEL, out ? SNDMTU : RCVMTU, &size, &len);
	/* Of BR/EDR it is told by the older way alone. */
	if (rc == 0 || rc == -ENOTCONN)
		return rc < 0 ? rc : size;
	memset(&options, 0, sizeof(options));
	len = sizeof(options);
	rc = calls->getsockopt(fd, LEVEL_L2CAP, L2CAP_OPTIONS, &options, &len);
	if (rc < 0)
		return -ENOPROTOOPT;
	return out ? options.omtu : options.imtu;
}

int
pier_bt_mtu_in(int fd)
{
	return mtu(fd, false);
}

int
pier_bt_mtu_out(int fd)
{
	return mtu(fd, true);
}

/* ---- The end ---------------------------------------------------------- */

bool
pier__bt_is_over(int fd)
{
	struct pollfd one = { .fd = fd, .events = POLLIN };

	return pier__calls()->poll(&one, 1, 0) > 0 &&
	       (one.revents & POLLHUP) != 0;
}

/* SIOCOUTQ of these sockets is the room that is left of SO_SNDBUF. */
int
pier__bt_unsent(int fd)
{
	const struct pier__calls *calls = pier__calls();
	int size = 0, room = 0;
	socklen_t len = sizeof(size);
	int rc = calls->getsockopt(fd, SOL_SOCKET, SO_SNDBUF, &size, &len);

	if (rc == 0)
		rc = calls->queued(fd, &room);
	if (rc < 0)
		return rc;
	return size > room ? size - room : 0;
}
