/* SPDX-License-Identifier: MIT */
/*
 * The numbers are those of <linux/can/netlink.h> and <linux/if_link.h>. A value
 * that is shorter than this kernel interface ever had it is left out, one that is
 * longer is read as far as it is known.
 *
 * The list is one piece of memory: the record, the pointers, the interfaces. The
 * messages are gone through twice, to count and to fill.
 */
#include "inspect/can_link_wire.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <stdlib.h>
#include <string.h>

#include "os/calls.h"

#define TYPE_CAN 280 /* ARPHRD_CAN */
#define MTU_FD   72  /* CANFD_MTU; from there on: CAN XL carries FD too */

#define LINK_NETNSID 37 /* IFLA_LINK_NETNSID, Linux 4.0 */

/* IFLA_INFO_… */
enum {
	INFO_KIND = 1,
	INFO_DATA = 2,
	INFO_XSTATS = 3
};

/* IFLA_CAN_… */
enum {
	CAN_BITTIMING = 1,
	CAN_BITTIMING_CONST = 2,
	CAN_CLOCK = 3,
	CAN_STATE = 4,
	CAN_CTRLMODE = 5,
	CAN_RESTART_MS = 6,
	CAN_BERR_COUNTER = 8,
	CAN_DATA_BITTIMING = 9,
	CAN_TERMINATION = 11
};

/* The first bytes of a text, which may or may not end in NUL. */
static void
keep_text(char *to, size_t size, struct pier__bytes value)
{
	size_t len = strnlen((const char *)value.at,
		value.len < size - 1 ? value.len : size - 1);

	memcpy(to, value.at, len);
	to[len] = '\0';
}

/* struct can_bittiming. */
static unsigned int
read_timing(
	struct pier_can_timing *out, struct pier__bytes value, unsigned int bit)
{
	/* No bit rate: the interface was never set up. */
	if (value.len < 8 * sizeof(uint32_t) || pier__nl_u32(value, 0) == 0)
		return 0;
	*out = (struct pier_can_timing){ .bitrate = pier__nl_u32(value, 0),
		.sample_point = pier__nl_u32(value, 4),
		.quantum_ns = pier__nl_u32(value, 8),
		.prop_seg = pier__nl_u32(value, 12),
		.phase_seg1 = pier__nl_u32(value, 16),
		.phase_seg2 = pier__nl_u32(value, 20),
		.sjw = pier__nl_u32(value, 24),
		.brp = pier__nl_u32(value, 28) };
	return bit;
}

/* A number of its own: has gets the bit when it is there. */
static unsigned int
read_number(uint32_t *out, struct pier__bytes value, unsigned int bit)
{
	if (value.len < sizeof(*out))
		return 0;
	*out = pier__nl_u32(value, 0);
	return bit;
}

/* struct can_berr_counter. */
static unsigned int
read_counters(struct pier_can_link *out, struct pier__bytes value)
{
	if (value.len < 2 * sizeof(uint16_t))
		return 0;
	out->sending_errors = pier__nl_u16(value, 0);
	out->receiving_errors = pier__nl_u16(value, 2);
	return PIER_CAN_HAS_COUNTERS;
}

/* struct can_ctrlmode: which bits can be, then which are. */
static unsigned int
read_modes(struct pier_can_link *out, struct pier__bytes value)
{
	if (value.len < 2 * sizeof(uint32_t))
		return 0;
	out->modes = pier__nl_u32(value, 4);
	return PIER_CAN_HAS_MODES;
}

/* struct can_bittiming_const begins with the name. */
static unsigned int
read_controller(struct pier_can_link *out, struct pier__bytes value)
{
	if (value.len < PIER_CAN_KIND_MAX)
		return 0;
	keep_text(out->controller, sizeof(out->controller), value);
	return PIER_CAN_HAS_CONTROLLER;
}

static unsigned int
read_state(struct pier_can_link *out, struct pier__bytes value)
{
	uint32_t state;

	if (read_number(&state, value, PIER_CAN_HAS_STATE) == 0)
		return 0;
	out->state = (enum pier_can_state)state;
	return PIER_CAN_HAS_STATE;
}

static unsigned int
read_termination(struct pier_can_link *out, struct pier__bytes value)
{
	if (value.len < sizeof(uint16_t))
		return 0;
	out->termination_ohm = pier__nl_u16(value, 0);
	return PIER_CAN_HAS_TERMINATION;
}

/* One attribute of IFLA_INFO_DATA; which bit of has it is. */
static unsigned int
read_data(struct pier_can_link *out, const struct nlattr *attribute)
{
	struct pier__bytes value = pier__nl_value(attribute);

	switch (mnl_attr_get_type(attribute)) {
	case CAN_BITTIMING:
		return read_timing(&out->timing, value, PIER_CAN_HAS_TIMING);
	case CAN_DATA_BITTIMING:
		return read_timing(
			&out->data_timing, value, PIER_CAN_HAS_DATA_TIMING);
	case CAN_BITTIMING_CONST:
		return read_controller(out, value);
	case CAN_CLOCK:
		return read_number(&out->clock_hz, value, PIER_CAN_HAS_CLOCK);
	case CAN_STATE:
		return read_state(out, value);
	case CAN_CTRLMODE:
		return read_modes(out, value);
	case CAN_RESTART_MS:
		return read_number(
			&out->restart_ms, value, PIER_CAN_HAS_RESTART);
	case CAN_BERR_COUNTER:
		return read_counters(out, value);
	case CAN_TERMINATION:
		return read_termination(out, value);
	default:
		return 0;
	}
}

/* struct can_device_stats. */
static unsigned int
read_events(struct pier_can_events *out, struct pier__bytes value)
{
	if (value.len < 6 * sizeof(uint32_t))
		return 0;
	*out = (struct pier_can_events){ .bus_error = pier__nl_u32(value, 0),
		.error_warning = pier__nl_u32(value, 4),
		.error_passive = pier__nl_u32(value, 8),
		.bus_off = pier__nl_u32(value, 12),
		.arbitration_lost = pier__nl_u32(value, 16),
		.restarts = pier__nl_u32(value, 20) };
	return PIER_CAN_HAS_EVENTS;
}

/* IFLA_LINKINFO. What its data means depends on the kind, which the kernel puts
   first; other kinds of this type have none. */
static void
read_info(struct pier_can_link *out, struct pier__bytes info)
{
	const struct nlattr *attribute, *inner;
	bool is_controller = false;

	while (pier__nl_attribute(&info, &attribute) > 0) {
		struct pier__bytes value = pier__nl_value(attribute);

		switch (mnl_attr_get_type(attribute)) {
		case INFO_KIND:
			keep_text(out->kind, sizeof(out->kind), value);
			is_controller = strcmp(out->kind, "can") == 0;
			break;
		case INFO_DATA:
			while (is_controller &&
				pier__nl_attribute(&value, &inner) > 0)
				out->has |= read_data(out, inner);
			break;
		case INFO_XSTATS:
			if (is_controller)
				out->has |= read_events(&out->events, value);
			break;
		default:
			break;
		}
	}
}

static void
read_attributes(struct pier_can_link *out, struct pier__bytes rest)
{
	const struct nlattr *attribute;
	bool is_elsewhere = false;

	while (pier__nl_attribute(&rest, &attribute) > 0) {
		struct pier__bytes value = pier__nl_value(attribute);

		switch (mnl_attr_get_type(attribute)) {
		case IFLA_IFNAME:
			keep_text(out->name, sizeof(out->name), value);
			break;
		case IFLA_MTU:
			out->mtu = pier__nl_u32(value, 0);
			break;
		case IFLA_TXQLEN:
			out->queue_max = pier__nl_u32(value, 0);
			break;
		case IFLA_LINK:
			out->peer = pier__nl_u32(value, 0);
			break;
		case LINK_NETNSID:
			is_elsewhere = true;
			break;
		case IFLA_LINKINFO:
			read_info(out, value);
			break;
		default:
			break;
		}
	}
	/* A number of another namespace means nothing here. */
	if (is_elsewhere)
		out->peer = 0;
}

bool
pier__can_link_read(struct pier_can_link *out, const struct nlmsghdr *message)
{
	struct pier__bytes body = pier__nl_body(message);
	struct ifinfomsg head;

	memset(out, 0, sizeof(*out));
	if (message->nlmsg_type != RTM_NEWLINK || body.len < sizeof(head))
		return false;
	memcpy(&head, body.at, sizeof(head));
	if (head.ifi_index <= 0 || head.ifi_type != TYPE_CAN)
		return false;
	out->index = (unsigned int)head.ifi_index;
	out->up = (head.ifi_flags & IFF_UP) != 0;
	read_attributes(out, pier__nl_behind(body, sizeof(head)));
	out->fd = out->mtu >= MTU_FD;
	return out->name[0] != '\0';
}

/* How many are in the messages; -EBADMSG. */
static ptrdiff_t
count_links(struct pier__bytes rest)
{
	const struct nlmsghdr *message;
	struct pier_can_link link;
	ptrdiff_t count = 0;
	int rc;

	while ((rc = pier__nl_message(&rest, &message)) > 0)
		count += pier__can_link_read(&link, message);
	return rc < 0 ? rc : count;
}

static void
fill_links(struct pier_can_link *list, struct pier__bytes rest, size_t count)
{
	const struct nlmsghdr *message;
	size_t n = 0;

	while (n < count && pier__nl_message(&rest, &message) > 0)
		n += pier__can_link_read(&list[n], message);
}

static int
by_index(const void *a, const void *b)
{
	const struct pier_can_link *const *x = a, *const *y = b;

	return ((*x)->index > (*y)->index) - ((*x)->index < (*y)->index);
}

int
pier__can_links_read(struct pier_can_links **out, struct pier__bytes messages)
{
	ptrdiff_t count = count_links(messages);
	const struct pier_can_link **pointers;
	struct pier_can_links *all;
	struct pier_can_link *list;
	size_t i;

	if (count < 0)
		return (int)count;
	all = pier__alloc(sizeof(*all) +
			  (size_t)count * (sizeof(*pointers) + sizeof(*list)));
	if (all == NULL)
		return -ENOMEM;
	pointers = (const struct pier_can_link **)(all + 1);
	list = (struct pier_can_link *)(pointers + count);
	fill_links(list, messages, (size_t)count);
	for (i = 0; i < (size_t)count; i++)
		pointers[i] = &list[i];
	qsort(pointers, (size_t)count, sizeof(*pointers), by_index);
	all->count = (size_t)count;
	all->list = pointers;
	*out = all;
	return 0;
}
