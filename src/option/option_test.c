/* SPDX-License-Identifier: MIT */
/* option/option_test.c - the table, values as text, and sockets of the kernel. */
#include "option/option.h"

#include <pier/error.h>

#include "os/calls.h"

#include <arpa/inet.h>
#include <ctype.h>
#include <errno.h>
#include <linux/can/isotp.h>
#include <linux/can/j1939.h>
#include <linux/can/raw.h>
#include <linux/if_packet.h>
#include <linux/ip_vs.h>
#include <linux/mptcp.h>
#include <linux/mroute.h>
#include <linux/mroute6.h>
#include <linux/net_tstamp.h>
#include <linux/sctp.h>
#include <linux/tcp.h>
#include <linux/tipc.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

static const struct pier_option *
row(const char *name)
{
	const struct pier_option *option = pier_option_find(name);

	if (option == NULL)
		fail_msg("no row is called %s", name);
	return option;
}

/* ---- The table -------------------------------------------------------- */

struct looked {
	const struct pier_option *seen[1024];
	size_t count;
};

static void
check_layout(const struct pier_option *option)
{
	struct pier__layout it;
	struct pier__spot spot;
	int fields = 0;

	pier__layout_start(&it, option->layout);
	while (fields < 100 && pier__layout_next(&it, &spot)) {
		bool number = spot.kind <= PIER__SPOT_SWITCH;

		if (number && spot.size != 1 && spot.size != 2 &&
			spot.size != 4 && spot.size != 8)
			fail_msg("%s: a number of %zu bytes", option->name,
				spot.size);
		if (spot.offset + spot.size > PIER_OPTION_BYTES_MAX)
			break;
		fields++;
		if (spot.repeated && spot.offset > 64)
			break;
	}
	if (fields == 0)
		fail_msg("%s: no field", option->name);
}

static void
check_words(const struct pier_option *option)
{
	struct pier__span rest = pier__span_of(option->words);
	struct pier__span word;
	struct pier_option_value value;
	char text[64];
	int64_t number;

	while (pier__option_next_word(&rest, &word, &number)) {
		if ((option->flags & PIER_OPTION_SET) == 0)
			continue;
		snprintf(text, sizeof(text), "%.*s", (int)pier__span_len(word),
			pier__span_at(word));
		assert_int_equal(
			pier_option_parse(&value, option->name, text), 0);
		assert_int_equal(
			pier__option_load(value.u.bytes, value.len, true),
			number);
	}
}

static int
check_row(const struct pier_option *option, void *arg)
{
	struct looked *looked = arg;
	struct pier_option_value value;
	size_t i;

	assert_true(option->flags & (PIER_OPTION_GET | PIER_OPTION_SET));
	assert_false(option->meaning[strlen(option->meaning) - 1] == '.');
	assert_true(strlen(option->meaning) < 160);
	assert_true(isdigit((unsigned char)*option->since));
	assert_true(option->min <= option->max);
	assert_non_null(strchr(option->name, '.'));
	check_layout(option);
	if (option->words != NULL)
		check_words(option);
	if (option->initial != NULL && (option->flags & PIER_OPTION_SET) != 0) {
		if (pier_option_parse(&value, option->name, option->initial) <
			0)
			fail_msg("%s: %s", option->name, pier_error_line());
	}
	for (i = 0; i < looked->count; i++) {
		if (strcmp(looked->seen[i]->name, option->name) == 0)
			fail_msg("%s is there twice", option->name);
		if (strcmp(looked->seen[i]->constant, option->constant) == 0 &&
			strncmp(option->name, "mcast", 5) != 0)
			fail_msg("%s is there twice", option->constant);
	}
	assert_true(looked->count < 1024);
	looked->seen[looked->count++] = option;
	return 0;
}

static void
test_every_row(void **state)
{
	struct looked *looked = calloc(1, sizeof(*looked));

	(void)state;
	assert_non_null(looked);
	assert_int_equal(pier_option_each(-1, check_row, looked), 0);
	assert_true(looked->count > 400);
	free(looked);
}

static void
test_layouts_are_those_of_the_kernel(void **state)
{
	static const struct {
		const char *name;
		size_t size;
	} structures[] = {
		{ "socket.linger", sizeof(struct linger) },
		{ "socket.rcvtimeo", sizeof(struct timeval) },
		{ "socket.peercred", sizeof(struct ucred) },
		{ "socket.txtime", sizeof(struct sock_txtime) },
		{ "ip.add_membership", sizeof(struct ip_mreqn) },
		{ "ip.block_source", sizeof(struct ip_mreq_source) },
		{ "ip.multicast_if", sizeof(struct ip_mreqn) },
		{ "mcast.join_group", sizeof(struct group_req) },
		{ "mcast.join_source_group", sizeof(struct group_source_req) },
		{ "ipv6.add_membership", sizeof(struct ipv6_mreq) },
		{ "ipv6.pktinfo", sizeof(struct in6_pktinfo) },
		{ "ipv6.pathmtu", sizeof(struct ip6_mtuinfo) },
		{ "ipv6.flowlabel_mgr", 32 },
		{ "mroute.add_vif", sizeof(struct vifctl) },
		{ "mroute.add_mfc", sizeof(struct mfcctl) },
		{ "mroute6.add_mif", sizeof(struct mif6ctl) },
		{ "mroute6.add_mfc", sizeof(struct mf6cctl) },
		{ "ipvs.get_info", sizeof(struct ip_vs_getinfo) },
		{ "ipvs.get_timeout", sizeof(struct ip_vs_timeout_user) },
		{ "iptables.original_dst", sizeof(struct sockaddr_in) },
		{ "ip6tables.original_dst", sizeof(struct sockaddr_in6) },
		{ "tcp.md5sig", sizeof(struct tcp_md5sig) },
		{ "tcp.repair_window", sizeof(struct tcp_repair_window) },
		{ "packet.add_membership", sizeof(struct packet_mreq) },
		{ "packet.rx_ring", sizeof(struct tpacket_req) },
		{ "packet.statistics", sizeof(struct tpacket_stats_v3) },
		{ "packet.rollover_stats",
			sizeof(struct tpacket_rollover_stats) },
		{ "isotp.opts", sizeof(struct can_isotp_options) },
		{ "isotp.recv_fc", sizeof(struct can_isotp_fc_options) },
		{ "isotp.ll_opts", sizeof(struct can_isotp_ll_options) },
		{ "tipc.group_join", sizeof(struct tipc_group_req) },
		{ "sctp.rtoinfo", sizeof(struct sctp_rtoinfo) },
		{ "sctp.associnfo", sizeof(struct sctp_assocparams) },
		{ "sctp.initmsg", sizeof(struct sctp_initmsg) },
		{ "sctp.primary_addr", sizeof(struct sctp_prim) },
		{ "sctp.peer_addr_params", sizeof(struct sctp_paddrparams) },
		{ "sctp.default_send_param", sizeof(struct sctp_sndrcvinfo) },
		{ "sctp.status", sizeof(struct sctp_status) },
		{ "sctp.get_peer_addr_info", sizeof(struct sctp_paddrinfo) },
		{ "sctp.delayed_ack_time", sizeof(struct sctp_sack_info) },
		{ "sctp.maxseg", sizeof(struct sctp_assoc_value) },
		{ "sctp.auth_active_key", sizeof(struct sctp_authkeyid) },
		{ "sctp.peer_addr_thlds", sizeof(struct sctp_paddrthlds) },
		{ "sctp.peer_addr_thlds_v2",
			sizeof(struct sctp_paddrthlds_v2) },
		{ "sctp.default_sndinfo", sizeof(struct sctp_sndinfo) },
		{ "sctp.default_prinfo", sizeof(struct sctp_default_prinfo) },
		{ "sctp.add_streams", sizeof(struct sctp_add_streams) },
		{ "sctp.stream_scheduler_value",
			sizeof(struct sctp_stream_value) },
		{ "sctp.event", sizeof(struct sctp_event) },
		{ "sctp.remote_udp_encaps_port",
			sizeof(struct sctp_udpencaps) },
		{ "sctp.plpmtud_probe_interval",
			sizeof(struct sctp_probeinterval) },
	};
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(structures) / sizeof(structures[0]); i++) {
		size_t size =
			pier__layout_size(row(structures[i].name)->layout);

		if (size != structures[i].size)
			fail_msg("%s has %zu bytes, and the kernel's %zu",
				structures[i].name, size, structures[i].size);
	}
	assert_int_equal(pier__layout_whole(row("can_raw.filter")->layout, 1),
		sizeof(struct can_filter));
	assert_int_equal(pier__layout_whole(row("j1939.filter")->layout, 27),
		sizeof(struct j1939_filter));
	assert_int_equal(pier__layout_whole(row("j1939.filter")->layout, 41),
		2 * sizeof(struct j1939_filter));
}

static void
test_names(void **state)
{
	static const char *const same[] = { "tcp.nodelay", "TCP.NoDelay",
		"TCP_NODELAY", "nodelay", "NODELAY", "6:1" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(same) / sizeof(same[0]); i++)
		assert_string_equal(row(same[i])->constant, "TCP_NODELAY");
	assert_string_equal(row("device")->constant, "SO_BINDTODEVICE");
	assert_string_equal(row("so_rcvbuf")->name, "socket.rcvbuf");
	assert_null(pier_option_find("nodely"));
	assert_null(pier_option_find(""));
	assert_null(pier_option_find("6:9999"));
	assert_null(pier_option_find("6:"));
	assert_null(pier_option_find(":1"));
	assert_null(pier_option_find("99999999999:1"));
	assert_string_equal(pier_option_nearest("nodely"), "nodelay");
	assert_string_equal(pier_option_nearest("tcp.nodely"), "tcp.nodelay");
	assert_null(pier_option_nearest("flugzeug"));
}

/* ---- Text ------------------------------------------------------------- */

struct text_case {
	const char *name, *given, *told; /* told NULL: as it was given */
};

static void
test_good_text(void **state)
{
	static const struct text_case cases[] = {
		{ "nodelay", "on", "1" },
		{ "nodelay", "False", "0" },
		{ "sndbuf", "64k", "64000" },
		{ "sndbuf", "64Ki", "65536" },
		{ "sndbuf", "1.5M", "1500000" },
		{ "sndbuf", "0x10", "16" },
		{ "keepidle", "60", "60s" },
		{ "keepidle", "2m", "120s" },
		{ "keepidle", "1.5m", "90s" },
		{ "user_timeout", "5s", "5000ms" },
		{ "user_timeout", "250", "250ms" },
		{ "rcvtimeo", "1500us", NULL },
		{ "rcvtimeo", "2.5s", "2500ms" },
		{ "linger", "off", NULL },
		{ "linger", "0s", NULL },
		{ "linger", "7", "7s" },
		{ "ip.mtu_discover", "do", NULL },
		{ "ip.mtu_discover", "5", "omit" },
		{ "ip.mtu_discover", "77", NULL },
		{ "timestamping", "rx_software|software", NULL },
		{ "timestamping", "0x18", "rx_software|software" },
		{ "timestamping", "software|0x80000000",
			"software|0x80000000" },
		{ "max_pacing_rate", "unlimited", NULL },
		{ "max_pacing_rate", "125000", NULL },
		{ "congestion", "cubic", NULL },
		{ "mark", "4294967295", NULL },
		{ "ip.tos", "0x10", NULL },
		{ "ip.tos", "16", "0x10" },
		{ "ip.multicast_if", "192.0.2.1", NULL },
		{ "ip.add_membership", "239.1.2.3",
			"group=239.1.2.3,local=0.0.0.0,interface=0" },
		{ "ip.add_membership", "239.1.2.3,interface=lo",
			"group=239.1.2.3,local=0.0.0.0,interface=lo" },
		{ "ipv6.add_membership", "ff02::1,lo",
			"group=ff02::1,interface=lo" },
		{ "mcast.join_group", "lo,239.1.2.3",
			"interface=lo,group=239.1.2.3" },
		{ "can_raw.filter", "0x123,0x7ff,mask=0x700", NULL },
		{ "can_raw.filter", "0x123,0x7ff,0x100,0x700",
			"id=0x123,mask=0x7ff,id=0x100,mask=0x700" },
		{ "isotp.opts", "0,50us",
			"flags=0x0,frame_txtime=50000ns,ext_address=0x0,"
			"txpad=0x0,rxpad=0x0,rx_ext_address=0x0" },
		{ "ip.options", "", NULL },
		{ "ip.options", "01010101", NULL },
		{ "6:999", "5", "05000000" },
		{ "6:999", "-1", "ffffffff" },
		{ "6:999", "x0a0B", "0a0b" },
		{ "6:999", "reno", "72656e6f" },
	};
	struct pier_option_value value, again;
	char text[PIER_OPTION_TEXT_MAX];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		const struct text_case *one = &cases[i];
		const char *told = one->told == NULL ? one->given : one->told;
		int rc = pier_option_parse(&value, one->name, one->given);

		if (strstr(one->given, "0x7ff,mask=0x700") != NULL) {
			/* A name goes forward: the next part's. */
			assert_int_equal(rc, 0);
			assert_int_equal(value.len, 16);
			continue;
		}
		if (rc < 0)
			fail_msg("%s=%s: %s", one->name, one->given,
				pier_error_line());
		assert_true(
			pier_option_format(&value, text, sizeof(text)) >= 0);
		assert_string_equal(text, told);
		if (strncmp(one->name, "6:", 2) == 0)
			continue;
		assert_int_equal(pier_option_parse(&again, one->name, text), 0);
		assert_int_equal(again.len, value.len);
		assert_memory_equal(again.u.bytes, value.u.bytes, value.len);
	}
}

static void
test_bad_text(void **state)
{
	static const struct {
		const char *name, *given, *why;
	} cases[] = {
		{ "nodely", "1", "did you mean nodelay?" },
		{ "nodelay", "", "on or off" },
		{ "nodelay", "2", "it is a switch; expected on or off" },
		{ "nodelay", "maybe", "\"maybe\" is no value of tcp.nodelay" },
		{ "sndbuf", "64x", "\"x\" is no unit of it" },
		{ "sndbuf", "1.0001k", "no whole number" },
		{ "sndbuf", "-1", "out of range 0 to 2147483647" },
		{ "sndbuf", "99999999999999999999", "no number" },
		{ "keepidle", "0", "out of range 1 to 32767" },
		{ "keepidle", "100ms", "counted in whole s" },
		{ "keepidle", "10k", "\"k\" is no unit of it" },
		{ "rcvtimeo", "10ns", "whole microseconds" },
		{ "rcvtimeo", "-1s", "whole microseconds" },
		{ "linger", "1.5s", "whole seconds" },
		{ "ip.mtu_discover", "maybe", "one of dont, want, do" },
		{ "timestamping", "software|", "no number" },
		{ "timestamping", "nothing", "no number" },
		{ "congestion", "abcdefghijklmnop", "at most 15 bytes" },
		{ "ip.tos", "256", "out of range 0 to 255" },
		{ "ip.multicast_if", "nosuch0", "no interface \"nosuch0\"" },
		{ "ip.add_membership", "::1", "no IPv4 address" },
		{ "ip.add_membership", "1.2.3", "1.2.3" },
		{ "ip.add_membership", "grp=1.2.3.4", "no such field" },
		{ "ip.add_membership", "1.1.1.1,2.2.2.2,lo,5",
			"too many fields" },
		{ "ip.options", "012", "pairs of hexadecimal" },
		{ "ip.options", "0g", "pairs of hexadecimal" },
		{ "socket.type", "1", "can only be read" },
		{ "attach_filter", "1", "structure with pointers" },
		{ "6:999", "xyz", "pairs of hexadecimal" },
		{ "mark", "4294967296", "does not fit 4 bytes" },
	};
	struct pier_option_value value;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		int rc = pier_option_parse(
			&value, cases[i].name, cases[i].given);

		if (rc >= 0)
			fail_msg("%s=%s is taken", cases[i].name,
				cases[i].given);
		if (strstr(pier_last_error()->detail, cases[i].why) == NULL)
			fail_msg("%s=%s: %s", cases[i].name, cases[i].given,
				pier_last_error()->detail);
		assert_int_equal(pier_last_error()->step, PIER_STEP_PARSE);
	}
}

static void
test_fields(void **state)
{
	struct pier_option_value value;
	struct pier_option_field field;

	(void)state;
	assert_int_equal(
		pier_option_parse(&value, "mcast6.join_group", "lo,ff02::1:2"),
		0);
	assert_int_equal(pier_option_field(&value, 0, &field), 1);
	assert_memory_equal(field.name, "interface", field.name_len);
	assert_string_equal(field.text, "lo");
	assert_int_equal(pier_option_field(&value, 1, &field), 1);
	assert_int_equal(pier_addr_family(&field.addr), AF_INET6);
	assert_string_equal(field.text, "ff02::1:2");
	assert_int_equal(pier_option_field(&value, 2, &field), 0);
	assert_int_equal(pier_option_parse(&value, "keepidle", "2m"), 0);
	assert_int_equal(value.integer, INT64_C(120000000000));
	assert_int_equal(pier_option_field(&value, 0, &field), 1);
	assert_string_equal(field.unit, "ns");
	assert_true(field.is_number);
	/* What a kernel gives of a structure may be less than all of it. */
	value.option = row("tcp.info");
	value.len = 10;
	assert_int_equal(pier_option_field(&value, 7, &field), 1);
	assert_int_equal(pier_option_field(&value, 8, &field), 0);
	assert_int_equal(pier_option_format(&value, field.text, 4), -ENOSPC);
}

/* ---- Sockets ---------------------------------------------------------- */

struct seen {
	int fd;
	size_t read;
};

/* What can be read and set: its text is the value again. */
static int
check_value(const struct pier_option *option, void *arg)
{
	struct seen *seen = arg;
	struct pier_option_value value, again;
	char text[PIER_OPTION_TEXT_MAX];

	if ((option->flags & PIER_OPTION_GET) == 0 ||
		(option->flags & (PIER_OPTION_POINTERS | PIER_OPTION_EFFECT)) !=
			0 ||
		pier_option_get(seen->fd, option->name, &value) < 0)
		return 0;
	seen->read++;
	assert_true(pier_option_format(&value, text, sizeof(text)) >= 0);
	if ((option->flags & PIER_OPTION_SET) == 0 ||
		strcmp(option->layout, "mi") == 0 || value.len == 0)
		return 0;
	/* A limit may be above what may be set. */
	if (pier_option_parse(&again, option->name, text) < 0)
		fail_msg("%s=%s: %s", option->name, text, pier_error_line());
	if (*option->layout == 't')
		assert_string_equal((const char *)again.u.bytes,
			(const char *)value.u.bytes);
	/* Linux fills its padding with a field of the second version. */
	else if (strcmp(option->name, "sctp.peer_addr_thlds") != 0)
		assert_memory_equal(again.u.bytes, value.u.bytes,
			value.len < again.len ? value.len : again.len);
	return 0;
}

static void
test_every_kind_of_socket(void **state)
{
	static const char *const kinds[] = { "tcp", "tcp4", "tcp6", "udp",
		"udp4", "udp6", "udplite", "unix", "unixgram", "seqpacket",
		"pair", "vsock", "icmp", "icmp6", "igmp", "raw", "raw6",
		"packet", "netlink", "can", "isotp", "j1939", "bcm", "l2cap",
		"hci", "sco", "rfcomm", "iso", "mptcp", "sctp", "tipc" };
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++) {
		struct seen seen = { .fd = pier_option_socket(kinds[i]) };

		if (seen.fd < 0) {
			print_message(
				"# no %s: %s\n", kinds[i], pier_error_line());
			assert_true(pier_is_permission(seen.fd) ||
				    seen.fd == -EAFNOSUPPORT ||
				    seen.fd == -EPROTONOSUPPORT ||
				    seen.fd == -ESOCKTNOSUPPORT);
			continue;
		}
		assert_int_equal(
			pier_option_each(seen.fd, check_value, &seen), 0);
		assert_true(seen.read > 20);
		close(seen.fd);
	}
	assert_int_equal(pier_option_socket("raw/nothing"), -EINVAL);
	assert_int_equal(pier_option_socket("raw/256"), -EINVAL);
	assert_int_equal(pier_option_socket("tcp/6"), -EINVAL);
	assert_int_equal(pier_option_socket("nothing"), -EINVAL);
	assert_non_null(strstr(pier_last_error()->detail, "tcp4"));
}

static void
test_set_tells_what_became_of_it(void **state)
{
	struct pier_option_change change;
	int fd = pier_option_socket("tcp4");

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(pier_option_set(fd, "reuseaddr", "1", &change), 0);
	assert_true(change.has_old && change.has_granted && !change.differs);
	assert_int_equal(change.old.integer, 0);
	assert_int_equal(change.granted.integer, 1);
	assert_string_equal(change.why, "");
	assert_int_equal(pier_option_set(fd, "sndbuf", "4094", &change), 0);
	assert_true(change.differs);
	assert_int_equal(change.asked.integer, 4094);
	assert_int_equal(change.granted.integer, 8188);
	assert_non_null(strstr(change.why, "doubles"));
	assert_int_equal(pier_option_set(fd, "sndbuf", "1", &change), 0);
	assert_non_null(strstr(change.why, "the least"));
	assert_int_equal(pier_option_set(fd, "rcvbuf", "1G", &change), 0);
	assert_non_null(strstr(change.why, "net.core.rmem_max caps it at"));
	assert_int_equal(pier_option_set(fd, "sndbuf", "8k", NULL), 0);
	/* Read, and put back. */
	assert_int_equal(pier_option_get(fd, "linger", &change.old), 0);
	assert_int_equal(pier_option_set(fd, "linger", "5s", NULL), 0);
	assert_int_equal(pier_option_put(fd, &change.old, &change), 0);
	assert_int_equal(change.old.integer, INT64_C(5000000000));
	assert_int_equal(change.granted.integer, 0);
	close(fd);
}

static void
test_numbers_outside_of_the_table(void **state)
{
	struct pier_option_value value, row_value;
	struct pier_option_change change;
	int fd = pier_option_socket("tcp4");

	(void)state;
	/* 6:11 is in the table, so it is that. */
	assert_int_equal(pier_option_get(fd, "6:11", &value), 0);
	assert_string_equal(value.option->name, "tcp.info");
	/* 1:1023 is in no table. */
	assert_int_equal(pier_option_get(fd, "1:1023", &value), -ENOPROTOOPT);
	assert_int_equal(
		pier_option_set(fd, "1:1023", "1", &change), -ENOPROTOOPT);
	/* As what it is not: the level is right, the number of another kind's
	   row is a plain one here. */
	assert_int_equal(pier_option_get(fd, "SO_SNDBUF", &row_value), 0);
	assert_int_equal(pier_option_get(fd, "1:7", &value), 0);
	assert_int_equal(value.integer, row_value.integer);
	close(fd);
}

static void
test_short_names_are_the_sockets(void **state)
{
	struct pier_option_value value;
	int ip4 = pier_option_socket("tcp4");
	int ip6 = pier_option_socket("tcp6");

	(void)state;
	assert_int_equal(pier_option_get(ip4, "ttl", &value), 0);
	assert_string_equal(value.option->name, "ip.ttl");
	if (ip6 >= 0) {
		assert_int_equal(pier_option_get(ip6, "ttl", &value), 0);
		assert_string_equal(value.option->name, "ipv6.unicast_hops");
		close(ip6);
	}
	assert_int_equal(pier_option_get(ip4, "v6only", &value), -EOPNOTSUPP);
	close(ip4);
}

static void
test_errors_tell_what_was_expected(void **state)
{
	struct pier_option_value value;
	int fd = pier_option_socket("tcp4");

	(void)state;
	assert_int_equal(pier_option_get(fd, "nodely", &value), -EINVAL);
	assert_non_null(strstr(pier_last_error()->detail, "nodelay?"));
	assert_string_equal(pier_last_error()->endpoint, "nodely");
	assert_int_equal(pier_option_get(fd, "attach_filter", &value), -EINVAL);
	assert_int_equal(
		pier_option_get(fd, "ip.add_membership", &value), -EINVAL);
	assert_non_null(strstr(pier_last_error()->detail, "only be set"));
	assert_int_equal(
		pier_option_set(fd, "congestion", "nosuch", NULL), -ENOENT);
	assert_non_null(strstr(pier_last_error()->detail, "reno"));
	assert_int_equal(pier_option_set(fd, "ttl", "0", NULL), -EINVAL);
	assert_non_null(strstr(pier_last_error()->detail, "-1 to 255"));
	close(fd);
	assert_int_equal(pier_option_get(fd, "nodelay", &value), -EBADF);
	assert_int_equal(pier_option_get(0, "nodelay", &value) < 0, 1);
	assert_int_equal(pier_option_each(fd, check_value, NULL), -EBADF);
}

static void
test_same_as_tcp_info(void **state)
{
	struct pier_option_value value;
	struct pier_option_field field;
	int fd = pier_option_socket("tcp4");
	socklen_t len;
	struct tcp_info info = { 0 };
	size_t i;

	(void)state;
	len = sizeof(info);
	assert_int_equal(getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &len), 0);
	assert_int_equal(pier_option_get(fd, "tcp.info", &value), 0);
	assert_true(value.len >= len);
	for (i = 0; pier_option_field(&value, i, &field) > 0; i++) {
		if (field.name_len == 8 &&
			memcmp(field.name, "snd_cwnd", 8) == 0)
			assert_int_equal(field.integer, info.tcpi_snd_cwnd);
		if (field.name_len == 3 && memcmp(field.name, "rto", 3) == 0)
			assert_int_equal(
				field.integer, info.tcpi_rto * INT64_C(1000));
	}
	assert_true(i > 50);
	close(fd);
}

static void
test_descriptors_of_other_processes(void **state)
{
	int fd = pier_option_socket("tcp4");
	struct pier_option_value value;
	int copy = pier_fd_copy(getpid(), fd);

	(void)state;
	assert_int_equal(pier_fd_copy(0, 1), -EINVAL);
	assert_int_equal(pier_fd_copy(INT32_MAX, 1), -ESRCH);
	if (copy == -ENOSYS || copy == -EPERM) {
		close(fd);
		print_message("# SKIP %s\n", pier_error_line());
		skip();
	}
	assert_true(copy >= 0);
	assert_int_equal(pier_option_set(copy, "keepalive", "1", NULL), 0);
	assert_int_equal(pier_option_get(fd, "keepalive", &value), 0);
	assert_int_equal(value.integer, 1);
	close(copy);
	assert_int_equal(pier_fd_copy(getpid(), 100000), -EBADF);
	close(fd);
}

static int put_number;
static socklen_t put_len;

static int
note_setsockopt(int fd, int level, int name, const void *value, socklen_t len)
{
	(void)fd;
	(void)level;
	(void)value;
	put_number = name;
	put_len = len;
	return 0;
}

/* Those without a value: most are passed an int, this one must have none. */
static void
test_what_takes_no_value(void **state)
{
	static const struct {
		const char *name;
		int number;
		socklen_t len;
	} rows[] = { { "ipvs.set_flush", IP_VS_SO_SET_FLUSH, 0 },
		{ "socket.detach_filter", SO_DETACH_FILTER, 4 } };
	struct pier__calls calls = pier__calls_real;
	struct pier__context context = { .calls = &calls };
	struct pier__task *task = pier__current;
	struct pier_option_value value;
	struct pier__why why;
	size_t i;

	(void)state;
	calls.setsockopt = note_setsockopt;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		assert_int_equal(
			pier_option_parse(&value, rows[i].name, "1"), 0);
		pier__current = (struct pier__task *)(void *)&context;
		(void)pier__option_put(0, &value, &why);
		pier__current = task;
		assert_int_equal(put_number, rows[i].number);
		assert_int_equal(put_len, rows[i].len);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_every_row),
		cmocka_unit_test(test_layouts_are_those_of_the_kernel),
		cmocka_unit_test(test_names),
		cmocka_unit_test(test_good_text),
		cmocka_unit_test(test_bad_text),
		cmocka_unit_test(test_fields),
		cmocka_unit_test(test_every_kind_of_socket),
		cmocka_unit_test(test_set_tells_what_became_of_it),
		cmocka_unit_test(test_numbers_outside_of_the_table),
		cmocka_unit_test(test_short_names_are_the_sockets),
		cmocka_unit_test(test_errors_tell_what_was_expected),
		cmocka_unit_test(test_same_as_tcp_info),
		cmocka_unit_test(test_what_takes_no_value),
		cmocka_unit_test(test_descriptors_of_other_processes),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
