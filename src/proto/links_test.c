/* SPDX-License-Identifier: MIT */
/*
 * Links on the loopback interface of this machine: who hears what, and who is not
 * harmed. What comes and goes is tested in network namespaces, by
 * tests/interop/find_links.py.
 */
#include "proto/links.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <arpa/inet.h>
#include <cmocka.h>

#define SOON pier_in_s(20)

static const char *const loopback[] = { "lo", NULL };

/* A group and a port that nobody else has: the numbers of the process. */
static struct pier__links_opts
opts_of(uint16_t port)
{
	struct pier__links_opts opts = { .port = port,
		.ttl = 255,
		.broadcast = true,
		.interfaces = loopback };

	assert_int_equal(pier_addr_parse(&opts.group4, "239.255.77.77"), 0);
	return opts;
}

static uint16_t
some_port(void)
{
	return (uint16_t)(20000 + getpid() % 10000);
}

static struct pier__links *
opened(void)
{
	struct pier__links_opts opts = opts_of(some_port());
	struct pier__links *links = NULL;

	assert_int_equal(pier__links_open(&links, &opts), 0);
	return links;
}

/* Waits for one datagram. */
static struct pier__datagram
received(struct pier__links *links)
{
	struct pier_waitable list[PIER__LINKS_WAITABLES];
	struct pier__datagram it;
	int rc;

	while ((rc = pier__links_recv(links, &it)) == 0)
		assert_true(
			pier_wait_any(list, pier__links_waitables(links, list),
				SOON) > 0);
	assert_int_equal(rc, 1);
	return it;
}

static struct pier__link_id
only_link(struct pier__links *links)
{
	const struct pier__link_state *state;
	struct pier__link_id id;

	assert_int_equal(pier__links_change(links, &state), 1);
	assert_true(state->up);
	assert_true(state->loopback);
	assert_string_equal(state->name, "lo");
	assert_int_equal(state->id.family, AF_INET);
	assert_true(state->addr_count >= 1);
	id = state->id;
	assert_int_equal(pier__links_change(links, &state), 0);
	/* Who could not take it in is told again. */
	pier__links_change_again(links, id);
	assert_int_equal(pier__links_change(links, &state), 1);
	assert_int_equal(state->id.interface, id.interface);
	assert_true(state->up);
	assert_int_equal(pier__links_change(links, &state), 0);
	return id;
}

static struct pier__sending
sending_of(struct pier__link_id id, enum pier__aim aim, const char *text)
{
	return (struct pier__sending){ .link = id,
		.aim = aim,
		.bytes = (const unsigned char *)text,
		.len = strlen(text) };
}

static void
expect(const struct pier__datagram *it, struct pier__link_id id,
	const char *text)
{
	assert_int_equal(it->len, strlen(text));
	assert_memory_equal(it->bytes, text, it->len);
	assert_int_equal(it->link.interface, id.interface);
	assert_int_equal(it->link.family, id.family);
	assert_int_equal(it->ttl, 255);
	assert_true(it->on_link);
}

static void
all_hear_the_group_and_nobody_himself(void **state)
{
	struct pier__links *a = opened(), *b = opened();
	struct pier__link_id id = only_link(a);
	struct pier__sending first = sending_of(id, PIER__AIM_GROUP, "one");
	struct pier__sending second = sending_of(id, PIER__AIM_GROUP, "two");
	struct pier__datagram it;

	(void)state;
	assert_int_equal(pier__links_count(a), 1);
	assert_int_equal(pier__links_send(a, &first), 0);
	it = received(b);
	expect(&it, id, "one");
	assert_true(it.to_many);
	assert_false(it.asked);
	assert_int_equal(pier_addr_port(&it.from), some_port());
	/* The same bytes of somebody else are his, not an echo. */
	assert_int_equal(pier__links_send(b, &first), 0);
	it = received(a);
	expect(&it, id, "one");
	assert_int_equal(pier__links_send(b, &second), 0);
	it = received(a);
	expect(&it, id, "two");
	assert_int_equal(pier__links_recv(b, &it), 0);
	pier__links_close(a);
	pier__links_close(b);
}

static void
answers_come_to_who_asked(void **state)
{
	struct pier__links *a = opened(), *b = opened(), *c = opened();
	struct pier__link_id id = only_link(a);
	struct pier__sending ask = sending_of(id, PIER__AIM_GROUP, "who");
	struct pier__sending answer = sending_of(id, PIER__AIM_ONE, "I");
	struct pier__datagram it;

	(void)state;
	ask.ask = true;
	assert_int_equal(pier__links_send(a, &ask), 0);
	it = received(b);
	expect(&it, id, "who");
	assert_int_not_equal(pier_addr_port(&it.from), some_port());
	answer.to = it.from;
	assert_int_equal(pier__links_send(b, &answer), 0);
	it = received(a);
	expect(&it, id, "I");
	assert_true(it.asked);
	assert_false(it.to_many);
	/* From the port of the protocol, as legacy queries want it. */
	assert_int_equal(pier_addr_port(&it.from), some_port());
	it = received(c);
	expect(&it, id, "who");
	assert_int_equal(pier__links_recv(c, &it), 0);
	pier__links_close(a);
	pier__links_close(b);
	pier__links_close(c);
}

/* Waits until a socket has something, the last of the list left out: that has
   news of interfaces. */
static void
await_datagram(struct pier__links *links)
{
	struct pier_waitable list[PIER__LINKS_WAITABLES];
	size_t count = pier__links_waitables(links, list), i;

	for (;;) {
		assert_true(pier_wait_any(list, count, SOON) > 0);
		for (i = 0; i + 1 < count; i++)
			if (list[i].ready != 0)
				return;
	}
}

/* Every socket has its turn in every call, wherever the last one stopped: what is
   there is given before anybody waits. */
static void
no_socket_is_passed_over(void **state)
{
	struct pier__links *a = opened(), *b = opened();
	struct pier__link_id id = only_link(a);
	struct pier__sending ask = sending_of(id, PIER__AIM_GROUP, "who");
	struct pier__sending group = sending_of(id, PIER__AIM_GROUP, "all");
	struct pier__sending one = sending_of(id, PIER__AIM_ONE, "one");
	struct pier__datagram it;
	int round;

	(void)state;
	ask.ask = true;
	assert_int_equal(pier__links_send(a, &ask), 0);
	it = received(b);
	one.to = it.from;
	/* From each place on, for each socket. */
	for (round = 0; round < 64; round++) {
		assert_int_equal(
			pier__links_send(b, round / 8 % 2 == 0 ? &group : &one),
			0);
		await_datagram(a);
		assert_int_equal(pier__links_recv(a, &it), 1);
		if (round % 3 == 0)
			assert_int_equal(pier__links_recv(a, &it), 0);
	}
	pier__links_close(a);
	pier__links_close(b);
}

static int
plain_socket(uint16_t port)
{
	struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_port = htons(port) };
	int fd = socket(AF_INET, SOCK_DGRAM, 0), on = 1;

	assert_true(fd >= 0);
	assert_int_equal(
		setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)), 0);
	assert_int_equal(
		bind(fd, (const struct sockaddr *)&any, sizeof(any)), 0);
	return fd;
}

/* Whoever is bound to every address keeps what is sent to this machine, whether
   he came before or after. */
static void
unicast_stays_with_who_had_it(void **state)
{
	struct timeval limit = { .tv_sec = 20 };
	struct pier__links *first = opened(), *second;
	int fd = plain_socket(some_port());
	struct pier__link_id id = only_link(first);
	struct pier__sending it = sending_of(id, PIER__AIM_ONE, "to you");
	struct pier__datagram got;
	char buf[16];

	(void)state;
	second = opened();
	(void)setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &limit, sizeof(limit));
	assert_int_equal(pier_addr_parse(&it.to, "127.0.0.1"), 0);
	assert_int_equal(pier_addr_set_port(&it.to, some_port()), 0);
	assert_int_equal(pier__links_send(first, &it), 0);
	assert_int_equal(recv(fd, buf, sizeof(buf), 0), 6);
	assert_int_equal(pier__links_recv(first, &got), 0);
	assert_int_equal(pier__links_recv(second, &got), 0);
	close(fd);
	pier__links_close(first);
	pier__links_close(second);
}

static void
who_does_not_share_the_port_is_named(void **state)
{
	struct pier__links_opts opts = opts_of(some_port());
	struct sockaddr_in any = { .sin_family = AF_INET,
		.sin_port = htons(some_port()) };
	struct pier__links *links = NULL;
	int fd = socket(AF_INET, SOCK_DGRAM, 0);

	(void)state;
	assert_true(fd >= 0);
	assert_int_equal(
		bind(fd, (const struct sockaddr *)&any, sizeof(any)), 0);
	assert_int_equal(pier__links_open(&links, &opts), -EADDRINUSE);
	assert_null(links);
	close(fd);
}

static void
what_is_no_group_is_refused(void **state)
{
	static const char *const wrong4[] = { "192.0.2.1", "ff02::fb" };
	static const char *const wrong6[] = { "239.1.2.3", "fe80::1",
		"ff05::fb" };
	struct pier__links_opts opts;
	struct pier__links *links = NULL;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong4) / sizeof(wrong4[0]); i++) {
		opts = opts_of(1);
		(void)pier_addr_parse(&opts.group4, wrong4[i]);
		assert_int_equal(pier__links_open(&links, &opts), -EINVAL);
	}
	for (i = 0; i < sizeof(wrong6) / sizeof(wrong6[0]); i++) {
		opts = opts_of(1);
		(void)pier_addr_parse(&opts.group6, wrong6[i]);
		assert_int_equal(pier__links_open(&links, &opts), -EINVAL);
	}
}

static void
a_link_that_is_not_there_takes_nothing(void **state)
{
	struct pier__links_opts opts = opts_of(some_port());
	static const char *const none[] = { "nowhere0", NULL };
	struct pier__sending it = sending_of(
		(struct pier__link_id){ 1, AF_INET6 }, PIER__AIM_GROUP, "x");
	const struct pier__link_state *link;
	struct pier__links *links;

	(void)state;
	opts.interfaces = none;
	assert_int_equal(pier__links_open(&links, &opts), 0);
	assert_int_equal(pier__links_count(links), 0);
	assert_int_equal(pier__links_change(links, &link), 0);
	assert_int_equal(pier__links_send(links, &it), -ENODEV);
	pier__links_close(links);
	pier__links_close(NULL);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(all_hear_the_group_and_nobody_himself),
		cmocka_unit_test(answers_come_to_who_asked),
		cmocka_unit_test(no_socket_is_passed_over),
		cmocka_unit_test(unicast_stays_with_who_had_it),
		cmocka_unit_test(who_does_not_share_the_port_is_named),
		cmocka_unit_test(what_is_no_group_is_refused),
		cmocka_unit_test(a_link_that_is_not_there_takes_nothing),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
