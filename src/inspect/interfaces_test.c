/* SPDX-License-Identifier: MIT */
/* Interfaces: what the kernel says of the loopback one, and messages made by
   hand. The rest is in tests/interop/interfaces.py, beside ip(8). */
#include <pier/interface.h>

#include <pier/error.h>

#include "inspect/made.h"
#include "inspect/route_wire.h"

#include <errno.h>
#include <linux/rtnetlink.h>
#include <net/if.h>
#include <net/if_arp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
link_of(struct made *made, int index, const char *name)
{
	struct ifinfomsg body = { .ifi_index = index,
		.ifi_type = ARPHRD_ETHER,
		.ifi_flags = IFF_UP };
	uint32_t mtu = 1400;

	begin(made, RTM_NEWLINK, NLM_F_MULTI);
	add(made, &body, sizeof(body));
	attribute(made, IFLA_IFNAME, name, strlen(name) + 1);
	attribute(made, IFLA_MTU, &mtu, sizeof(mtu));
	attribute(made, IFLA_ADDRESS, "\2\0\0\0\0\1", 6);
}

static void
addr_of(struct made *made, unsigned index, const char *local, const char *far)
{
	struct ifaddrmsg body = {
		.ifa_family = AF_INET, .ifa_prefixlen = 24, .ifa_index = index
	};

	begin(made, RTM_NEWADDR, NLM_F_MULTI);
	add(made, &body, sizeof(body));
	attribute(made, IFA_ADDRESS, far, 4);
	attribute(made, IFA_LOCAL, local, 4);
}

static void
addresses_go_to_their_interface(void **state)
{
	struct made links = { .len = 0 }, addrs = { .len = 0 };
	struct pier_interfaces *all;
	char text[PIER_ADDR_TEXT_MAX];

	(void)state;
	link_of(&links, 7, "seven");
	link_of(&links, 3, "three");
	addr_of(&addrs, 3, "\300\0\2\1", "\300\0\2\1");
	addr_of(&addrs, 9, "\300\0\2\2", "\300\0\2\2");
	addr_of(&addrs, 7, "\300\0\2\3", "\300\0\2\4");
	addr_of(&addrs, 3, "\300\0\2\5", "\300\0\2\5");
	assert_int_equal(pier__route_interfaces(
				 &all, bytes_of(&links), bytes_of(&addrs)),
		0);
	assert_int_equal(all->count, 2);
	assert_string_equal(all->list[0].name, "three");
	assert_int_equal(all->list[0].index, 3);
	assert_int_equal(all->list[0].mtu, 1400);
	assert_int_equal(all->list[0].flags, IFF_UP);
	assert_int_equal(all->list[0].hardware_len, 6);
	assert_memory_equal(all->list[0].hardware, "\2\0\0\0\0\1", 6);
	assert_int_equal(all->list[0].addr_count, 2);
	(void)pier_addr_format(&all->list[0].addrs[1].addr, text, sizeof(text));
	assert_string_equal(text, "192.0.2.5");
	assert_int_equal(all->list[0].addrs[0].peer.len, 0);
	assert_int_equal(all->list[1].addr_count, 1);
	(void)pier_addr_format(&all->list[1].addrs[0].peer, text, sizeof(text));
	assert_string_equal(text, "192.0.2.4");
	pier_interfaces_free(all);
}

static void
an_interface_twice_has_its_addresses_once(void **state)
{
	struct made links = { .len = 0 }, addrs = { .len = 0 };
	struct pier_interfaces *all;

	(void)state;
	link_of(&links, 3, "three");
	link_of(&links, 3, "three");
	addr_of(&addrs, 3, "\300\0\2\1", "\300\0\2\1");
	assert_int_equal(pier__route_interfaces(
				 &all, bytes_of(&links), bytes_of(&addrs)),
		0);
	assert_int_equal(all->count, 2);
	assert_int_equal(all->list[0].addr_count + all->list[1].addr_count, 1);
	pier_interfaces_free(all);
}

static void
what_is_cut_off_is_refused(void **state)
{
	struct made links = { .len = 0 }, none = { .len = 0 };
	struct pier_interfaces *all;
	struct pier__bytes part;
	bool again;

	(void)state;
	link_of(&links, 3, "three");
	for (part = bytes_of(&links), part.len--; part.len > 0; part.len--) {
		assert_int_equal(
			pier__route_interfaces(&all, part, bytes_of(&none)),
			-EBADMSG);
		assert_int_equal(pier__route_step(part, &again), -EBADMSG);
	}
}

static void
the_last_message_ends_it(void **state)
{
	struct made made = { .len = 0 };
	bool again = false;
	int error = 0;

	(void)state;
	link_of(&made, 3, "three");
	assert_int_equal(pier__route_step(bytes_of(&made), &again), 1);
	begin(&made, NLMSG_DONE, NLM_F_MULTI | NLM_F_DUMP_INTR);
	add(&made, &error, sizeof(error));
	assert_int_equal(pier__route_step(bytes_of(&made), &again), 0);
	assert_true(again);
	made.len = 0;
	begin(&made, NLMSG_ERROR, 0);
	assert_int_equal(pier__route_step(bytes_of(&made), &again), -EBADMSG);
	made.len = 0;
	error = -EPERM;
	begin(&made, NLMSG_ERROR, 0);
	add(&made, &error, sizeof(error));
	assert_int_equal(pier__route_step(bytes_of(&made), &again), -EPERM);
}

static void
loopback_is_there(void **state)
{
	const struct pier_interface *lo;
	struct pier_interfaces *all;
	char name[PIER_INTERFACE_NAME_MAX];
	struct pier_addr right;
	size_t i, found = 0;

	(void)state;
	assert_int_equal(pier_interfaces(&all), 0);
	lo = all->list;
	while (lo < all->list + all->count - 1 && strcmp(lo->name, "lo") != 0)
		lo++;
	assert_string_equal(lo->name, "lo");
	assert_true((lo->flags & IFF_LOOPBACK) != 0);
	assert_int_equal(lo->type, ARPHRD_LOOPBACK);
	assert_int_equal(lo->index, if_nametoindex("lo"));
	assert_int_equal(pier_addr_parse(&right, "127.0.0.1"), 0);
	for (i = 0; i < lo->addr_count; i++)
		if (pier_addr_equal(&lo->addrs[i].addr, &right))
			found += lo->addrs[i].bits == 8;
	assert_int_equal(found, 1);
	assert_int_equal(pier_interface_index("lo"), lo->index);
	assert_int_equal(pier_interface_name(lo->index, name, sizeof(name)), 2);
	assert_string_equal(name, "lo");
	assert_int_equal(pier_interface_name(lo->index, name, 2), -ENOSPC);
	assert_int_equal(pier_interface_index("no-such"), -ENODEV);
	assert_int_equal(
		pier_interface_name(0x7ffffff0, name, sizeof(name)), -ENODEV);
	pier_interfaces_free(all);
	pier_interfaces_free(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(addresses_go_to_their_interface),
		cmocka_unit_test(an_interface_twice_has_its_addresses_once),
		cmocka_unit_test(what_is_cut_off_is_refused),
		cmocka_unit_test(the_last_message_ends_it),
		cmocka_unit_test(loopback_is_there),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
