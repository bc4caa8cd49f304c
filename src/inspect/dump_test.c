/* SPDX-License-Identifier: MIT */
/*
 * inspect/dump_test.c - packets of the loopback interface, from one interface and
 * from all, by a fiber and by a thread. Needs CAP_NET_RAW.
 */
#include <arpa/inet.h>
#include <errno.h>
#include <netinet/in.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#define SOON pier_in_s(20)

/* A UDP socket whose messages come back to it. */
struct echo {
	int fd;
	struct sockaddr_in name;
	char filter[64];
};

static void
open_echo(struct echo *echo)
{
	socklen_t len = sizeof(echo->name);

	echo->name = (struct sockaddr_in){ .sin_family = AF_INET,
		.sin_addr.s_addr = htonl(INADDR_LOOPBACK) };
	echo->fd = socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0);
	assert_true(echo->fd >= 0);
	assert_int_equal(
		bind(echo->fd, (struct sockaddr *)&echo->name, len), 0);
	assert_int_equal(
		getsockname(echo->fd, (struct sockaddr *)&echo->name, &len), 0);
	(void)snprintf(echo->filter, sizeof(echo->filter), "udp port %u",
		ntohs(echo->name.sin_port));
}

static void
say(const struct echo *echo, const void *data, size_t size)
{
	assert_int_equal(sendto(echo->fd, data, size, 0,
				 (const struct sockaddr *)&echo->name,
				 sizeof(echo->name)),
		size);
}

static void
check_packet(const struct pier_captured *packet, const char *expected)
{
	char line[PIER_LAYERS_TEXT_MAX];
	struct pier_layers *layers;
	size_t len = strlen(expected);

	assert_int_equal(pier_layers_new(&layers), 0);
	(void)pier_layers_decode(layers, packet);
	assert_true(pier_layers_line(layers, line, sizeof(line)) > 0);
	assert_non_null(strstr(line, "UDP 127.0.0.1:"));
	assert_true(packet->size == packet->full_size);
	assert_memory_equal(packet->data + packet->size - len, expected, len);
	/* As one that came: not the one that was sent. */
	assert_int_equal(packet->direction, PIER_DIRECTION_IN);
	assert_int_equal(packet->interface, pier_interface_index("lo"));
	assert_true(packet->time_ns > INT64_C(1500000000) * 1000000000);
	pier_layers_free(layers);
}

static void
capture(const char *interface)
{
	struct echo echo;
	struct pier_dump_opts opts = { .interface = interface };
	const struct pier_captured *packet;
	struct pier_dump_stats stats;
	struct pier_dump *dump;

	open_echo(&echo);
	opts.filter = echo.filter;
	/* What went before is not there, and each packet is there once. */
	say(&echo, "before", 6);
	assert_int_equal(pier_dump_open(&dump, &opts), 0);
	assert_int_equal(pier_dump_next(dump, &packet, PIER_NOW), -EAGAIN);
	say(&echo, "one", 3);
	say(&echo, "two", 3);
	assert_int_equal(pier_dump_next(dump, &packet, SOON), 0);
	check_packet(packet, "one");
	assert_int_equal(pier_dump_next(dump, &packet, SOON), 0);
	check_packet(packet, "two");
	assert_int_equal(pier_dump_next(dump, &packet, PIER_NOW), -EAGAIN);
	assert_int_equal(
		pier_dump_next(dump, &packet, pier_in_ms(1)), -PIER_EDEADLINE);
	assert_int_equal(pier_dump_stats(dump, &stats), 0);
	assert_int_equal(stats.received, 2);
	assert_int_equal(stats.dropped, 0);
	assert_int_equal(pier_dump_link(dump),
		interface != NULL ? PIER_LINK_ETHERNET : PIER_LINK_COOKED2);
	pier_dump_close(dump);
	(void)close(echo.fd);
}

static int
capture_both(void *arg)
{
	(void)arg;
	capture("lo");
	capture(NULL);
	return 0;
}

static void
test_by_a_fiber(void **state)
{
	struct pier_run_opts opts = { .stack_size = 256 * 1024 };

	(void)state;
	assert_int_equal(pier_run(capture_both, NULL, &opts, NULL), 0);
}

static void
test_by_a_thread(void **state)
{
	(void)state;
	assert_int_equal(capture_both(NULL), 0);
}

/* Of a packet that is longer, its beginning, and how long it was. */
static void
test_snap(void **state)
{
	struct echo echo;
	struct pier_dump_opts opts = { .interface = "lo", .snap = 50 };
	const struct pier_captured *packet;
	struct pier_dump *dump;
	char data[1000] = "";

	(void)state;
	open_echo(&echo);
	opts.filter = echo.filter;
	assert_int_equal(pier_dump_open(&dump, &opts), 0);
	say(&echo, data, sizeof(data));
	assert_int_equal(pier_dump_next(dump, &packet, SOON), 0);
	assert_int_equal(packet->size, 50);
	assert_int_equal(packet->full_size, 14 + 20 + 8 + sizeof(data));
	pier_dump_close(dump);
	(void)close(echo.fd);
}

/* What there is no room for is counted. */
static void
test_drops(void **state)
{
	struct echo echo;
	struct pier_dump_opts opts = { .interface = "lo", .buffer = 4096 };
	const struct pier_captured *packet;
	struct pier_dump_stats stats;
	struct pier_dump *dump;
	unsigned i, came = 0;
	char data[1000] = "";

	(void)state;
	open_echo(&echo);
	opts.filter = echo.filter;
	assert_int_equal(pier_dump_open(&dump, &opts), 0);
	for (i = 0; i < 200; i++)
		say(&echo, data, sizeof(data));
	while (pier_dump_next(dump, &packet, PIER_NOW) == 0)
		came++;
	assert_int_equal(pier_dump_stats(dump, &stats), 0);
	assert_int_equal(stats.received, 200);
	assert_true(stats.dropped > 0);
	assert_int_equal(came + stats.dropped, 200);
	/* Counts go on from one look to the next. */
	assert_int_equal(pier_dump_stats(dump, &stats), 0);
	assert_int_equal(stats.received, 200);
	pier_dump_close(dump);
	(void)close(echo.fd);
}

static void
test_what_is_refused(void **state)
{
	static const struct {
		struct pier_dump_opts opts;
		int rc;
	} list[] = {
		{ { .interface = "no-such-link" }, -ENODEV },
		{ { .filter = "port" }, -EINVAL },
		{ { .promiscuous = true }, -EINVAL },
		{ { .snap = PIER_DUMP_SNAP_MAX + 1 }, -EINVAL },
	};
	struct pier_dump *dump;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(list) / sizeof(list[0]); i++) {
		assert_int_equal(
			pier_dump_open(&dump, &list[i].opts), list[i].rc);
		assert_int_equal(pier_last_error()->code, list[i].rc);
	}
	pier_dump_close(NULL);
}

static int
cancel_me(void *arg)
{
	const struct pier_captured *packet;

	assert_int_equal(
		pier_dump_next(arg, &packet, PIER_FOREVER), -ECANCELED);
	return 0;
}

static int
cancel(void *arg)
{
	struct echo echo;
	struct pier_dump_opts opts = { .interface = "lo", .promiscuous = true };
	struct pier_group *group;
	struct pier_dump *dump;

	(void)arg;
	open_echo(&echo);
	opts.filter = echo.filter;
	assert_int_equal(pier_dump_open(&dump, &opts), 0);
	assert_int_equal(pier_group_open(&group), 0);
	assert_int_equal(pier_go(group, cancel_me, dump), 0);
	pier_yield();
	pier_group_cancel(group);
	assert_int_equal(pier_group_wait(group, PIER_FOREVER), 0);
	pier_group_close(group);
	pier_dump_close(dump);
	(void)close(echo.fd);
	return 0;
}

static void
test_cancel(void **state)
{
	(void)state;
	assert_int_equal(pier_run(cancel, NULL, NULL, NULL), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_by_a_fiber),
		cmocka_unit_test(test_by_a_thread),
		cmocka_unit_test(test_snap),
		cmocka_unit_test(test_drops),
		cmocka_unit_test(test_what_is_refused),
		cmocka_unit_test(test_cancel),
	};
	struct pier_dump *dump;

	if (pier_dump_open(
		    &dump, &(struct pier_dump_opts){ .interface = "lo" }) < 0) {
		printf("1..0 # SKIP %s\n", pier_error_line());
		return 0;
	}
	pier_dump_close(dump);
	return cmocka_run_group_tests(tests, NULL, NULL);
}
