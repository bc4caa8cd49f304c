/* SPDX-License-Identifier: MIT */
/* CAN interfaces: messages made by hand. What kernels with CAN say is in
   tests/vm/can_link.py, beside ip(8). */
#include <pier/can_link.h>

#include <pier/error.h>

#include "inspect/can_link_wire.h"
#include "inspect/made.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

#define TYPE_CAN 280

static void
link_of(struct made *made, int index, const char *name, uint16_t type,
	uint32_t mtu)
{
	struct ifinfomsg body = {
		.ifi_index = index, .ifi_type = type, .ifi_flags = IFF_UP
	};
	uint32_t queue = 1000;

	begin(made, RTM_NEWLINK, NLM_F_MULTI);
	add(made, &body, sizeof(body));
	attribute(made, IFLA_IFNAME, name, strlen(name) + 1);
	attribute(made, IFLA_MTU, &mtu, sizeof(mtu));
	attribute(made, IFLA_TXQLEN, &queue, sizeof(queue));
}

/* A nested attribute, by its attributes. */
static void
nest(struct made *made, uint16_t type, const struct made *inner)
{
	attribute(made, type, inner->bytes, inner->len);
}

static void
kind_of(struct made *made, const char *kind)
{
	struct made info = { .len = 0 };

	attribute(&info, 1, kind, strlen(kind) + 1);
	nest(made, IFLA_LINKINFO, &info);
}

/* A controller of 500 kbit/s and 2 Mbit/s. */
static const uint32_t timing[] = { 500000, 875, 125, 6, 7, 2, 1, 1 };
static const uint32_t fast[] = { 2000000, 800, 25, 7, 8, 4, 2, 1 };
static const uint32_t clock_hz = 40000000, state = 2, restart_ms = 100;
static const uint32_t modes[] = { 0x33, 0x22 };
static const uint16_t counters[] = { 130, 7 };
static const uint16_t ohm = 120;
static const uint32_t events[] = { 1, 2, 3, 4, 5, 6 };
static const char name_of_controller[48] = "flexcan";

static void
data_of(struct made *made)
{
	attribute(made, 2, name_of_controller, sizeof(name_of_controller));
	attribute(made, 1, timing, sizeof(timing));
	attribute(made, 3, &clock_hz, sizeof(clock_hz));
	attribute(made, 4, &state, sizeof(state));
	attribute(made, 5, modes, sizeof(modes));
	attribute(made, 6, &restart_ms, sizeof(restart_ms));
	attribute(made, 8, counters, sizeof(counters));
	attribute(made, 9, fast, sizeof(fast));
	attribute(made, 11, &ohm, sizeof(ohm));
	/* What is newer. */
	attribute(made, 99, events, sizeof(events));
}

static void
controller_of(struct made *made)
{
	struct made data = { .len = 0 }, info = { .len = 0 };

	link_of(made, 4, "can0", TYPE_CAN, 72);
	data_of(&data);
	attribute(&info, 1, "can", 4);
	nest(&info, 2 | NLA_F_NESTED, &data);
	attribute(&info, 3, events, sizeof(events));
	nest(made, IFLA_LINKINFO, &info);
}

static void
a_controller_is_read(void **unused)
{
	const struct pier_can_link *it;
	struct made made = { .len = 0 };
	struct pier_can_links *all;

	(void)unused;
	controller_of(&made);
	assert_int_equal(pier__can_links_read(&all, bytes_of(&made)), 0);
	assert_int_equal(all->count, 1);
	it = all->list[0];
	assert_string_equal(it->name, "can0");
	assert_int_equal(it->index, 4);
	assert_string_equal(it->kind, "can");
	assert_true(it->up && it->fd);
	assert_int_equal(it->queue_max, 1000);
	assert_int_equal(it->has, 0x3ff);
	assert_int_equal(it->state, PIER_CAN_STATE_ERROR_PASSIVE);
	assert_memory_equal(&it->timing, timing, sizeof(timing));
	assert_memory_equal(&it->data_timing, fast, sizeof(fast));
	assert_string_equal(it->controller, "flexcan");
	assert_int_equal(it->clock_hz, 40000000);
	assert_int_equal(
		it->modes, PIER_CAN_MODE_LISTEN_ONLY | PIER_CAN_MODE_FD);
	assert_int_equal(it->restart_ms, 100);
	assert_int_equal(it->sending_errors, 130);
	assert_int_equal(it->receiving_errors, 7);
	assert_int_equal(it->termination_ohm, 120);
	assert_int_equal(it->events.bus_error, 1);
	assert_int_equal(it->events.restarts, 6);
	pier_can_links_free(all);
}

static void
virtual_ones_have_no_controller(void **unused)
{
	struct made made = { .len = 0 };
	struct pier_can_links *all;
	uint32_t peer = 9;

	(void)unused;
	link_of(&made, 9, "vxcan1", TYPE_CAN, 72);
	attribute(&made, IFLA_LINK, &peer, sizeof(peer));
	attribute(&made, 37, &peer, sizeof(peer));
	kind_of(&made, "vxcan");
	link_of(&made, 5, "vxcan0", TYPE_CAN, 16);
	attribute(&made, IFLA_LINK, &peer, sizeof(peer));
	kind_of(&made, "vxcan");
	link_of(&made, 1, "lo", 772, 65536);
	link_of(&made, 3, "slcan0", TYPE_CAN, 16);
	assert_int_equal(pier__can_links_read(&all, bytes_of(&made)), 0);
	assert_int_equal(all->count, 3);
	assert_string_equal(all->list[0]->name, "slcan0");
	assert_string_equal(all->list[0]->kind, "");
	assert_int_equal(all->list[1]->peer, 9);
	assert_false(all->list[1]->fd);
	assert_string_equal(all->list[2]->name, "vxcan1");
	/* Its other end is in another namespace. */
	assert_int_equal(all->list[2]->peer, 0);
	assert_true(all->list[2]->fd);
	assert_int_equal(all->list[2]->has, 0);
	pier_can_links_free(all);
}

/* Data of another kind has numbers of its own. */
static void
data_of_another_kind_is_left_alone(void **unused)
{
	struct made made = { .len = 0 }, data = { .len = 0 };
	struct made info = { .len = 0 };
	struct pier_can_links *all;

	(void)unused;
	link_of(&made, 4, "other0", TYPE_CAN, 72);
	data_of(&data);
	attribute(&info, 1, "other", 6);
	nest(&info, 2, &data);
	attribute(&info, 3, events, sizeof(events));
	nest(&made, IFLA_LINKINFO, &info);
	assert_int_equal(pier__can_links_read(&all, bytes_of(&made)), 0);
	assert_int_equal(all->list[0]->has, 0);
	pier_can_links_free(all);
}

/* A value that is too short is none; so is a bit rate of 0. */
static void
what_is_short_is_left_out(void **unused)
{
	static const struct {
		uint16_t type;
		uint16_t len; /* of which one byte less is too short */
		unsigned int bit;
	} rows[] = {
		{ 1, 32, PIER_CAN_HAS_TIMING },
		{ 2, 16, PIER_CAN_HAS_CONTROLLER },
		{ 3, 4, PIER_CAN_HAS_CLOCK },
		{ 4, 4, PIER_CAN_HAS_STATE },
		{ 5, 8, PIER_CAN_HAS_MODES },
		{ 6, 4, PIER_CAN_HAS_RESTART },
		{ 8, 4, PIER_CAN_HAS_COUNTERS },
		{ 9, 32, PIER_CAN_HAS_DATA_TIMING },
		{ 11, 2, PIER_CAN_HAS_TERMINATION },
	};
	static const unsigned char bytes[32] = { 1, 1, 1, 1 };
	size_t i;
	uint16_t less;

	(void)unused;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++)
		for (less = 0; less < 2; less++) {
			struct made made = { .len = 0 }, data = { .len = 0 };
			struct made info = { .len = 0 };
			struct pier_can_links *all;

			attribute(&data, rows[i].type, bytes,
				(size_t)(rows[i].len - less));
			attribute(&info, 1, "can", 4);
			nest(&info, 2, &data);
			link_of(&made, 4, "can0", TYPE_CAN, 16);
			nest(&made, IFLA_LINKINFO, &info);
			assert_int_equal(
				pier__can_links_read(&all, bytes_of(&made)), 0);
			assert_int_equal(
				all->list[0]->has, less == 0 ? rows[i].bit : 0);
			pier_can_links_free(all);
		}
}

static void
what_is_cut_off_is_refused(void **unused)
{
	struct made made = { .len = 0 };
	struct pier_can_links *all;
	struct pier__bytes part;

	(void)unused;
	controller_of(&made);
	for (part = bytes_of(&made), part.len--; part.len > 0; part.len--)
		assert_int_equal(pier__can_links_read(&all, part), -EBADMSG);
}

static void
names_are_those_of_ip(void **unused)
{
	(void)unused;
	assert_string_equal(pier_can_state_name(PIER_CAN_STATE_ERROR_ACTIVE),
		"error-active");
	assert_string_equal(
		pier_can_state_name(PIER_CAN_STATE_SLEEPING), "sleeping");
	assert_null(pier_can_state_name((enum pier_can_state)6));
	assert_null(pier_can_state_name((enum pier_can_state) - 1));
	assert_string_equal(
		pier_can_mode_name(PIER_CAN_MODE_LOOPBACK), "loopback");
	assert_string_equal(
		pier_can_mode_name(PIER_CAN_MODE_TDC_MANUAL), "tdc-manual");
	assert_null(pier_can_mode_name(0));
	assert_null(pier_can_mode_name(3));
	assert_null(pier_can_mode_name(0x80000000));
}

/* Every machine has this interface, and it is none of CAN. */
static void
loopback_is_none(void **unused)
{
	static const char *const none[] = { "", "no-such", "no/such",
		"a-name-of-16-bytes" };
	struct pier_can_link link = { .index = 77 };
	struct pier_can_links *all;
	size_t i;

	(void)unused;
	assert_int_equal(pier_can_links(&all), 0);
	for (i = 0; i < all->count; i++)
		assert_string_not_equal(all->list[i]->name, "lo");
	pier_can_links_free(all);
	pier_can_links_free(NULL);
	assert_int_equal(pier_can_link(&link, "lo"), -ENODEV);
	assert_non_null(strstr(pier_error_line(), "it is no CAN interface"));
	for (i = 0; i < sizeof(none) / sizeof(none[0]); i++) {
		assert_int_equal(pier_can_link(&link, none[i]), -ENODEV);
		assert_non_null(strstr(
			pier_error_line(), "there is no such interface"));
	}
	assert_int_equal(link.index, 77);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_controller_is_read),
		cmocka_unit_test(virtual_ones_have_no_controller),
		cmocka_unit_test(data_of_another_kind_is_left_alone),
		cmocka_unit_test(what_is_short_is_left_out),
		cmocka_unit_test(what_is_cut_off_is_refused),
		cmocka_unit_test(names_are_those_of_ip),
		cmocka_unit_test(loopback_is_none),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
