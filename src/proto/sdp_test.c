/* SPDX-License-Identifier: MIT */
/* proto/sdp_test.c - services of a device that this test is. */
#include "proto/bt_bed.h"

#include "proto/sdp_wire.h"

#include <pier/order.h>

static const struct pier_bt_addr device = {
	.bytes = { 0, 0xaa, 1, 1, 0, 1 },
};

/* Two records: a name, and a channel. */
static const unsigned char answer[] =
	"\x35\x1a\x35\x08\x09\1\0\x25\3one"
	"\x35\x0e\x09\0\4\x35\x09\x35\0\x35\5\x19\0\3\x08\7";

#define ANSWER (sizeof(answer) - 1)

/* What it does with a request. */
static struct {
	size_t step;    /* bytes of one part; 0: all */
	bool strays;    /* answers to what was not asked come before */
	bool ends;      /* the connection, after the first part */
	bool goes_on;   /* for ever */
	unsigned asked; /* requests */
	unsigned char uuid[3];
} peer;

static void
say_part(unsigned int transaction, size_t at, size_t size, bool more)
{
	unsigned char out[BED_MESSAGE] = { 7 };

	pier_be16_put(out + 1, (uint16_t)transaction);
	pier_be16_put(out + 3, (uint16_t)(size + 3 + (more ? 2 : 0)));
	pier_be16_put(out + 5, (uint16_t)size);
	memcpy(out + 7, answer + at, size);
	out[7 + size] = more ? 2 : 0;
	pier_be16_put(out + 8 + size, (uint16_t)(at + size));
	bed_say(out, size + 8 + (more ? 2 : 0));
}

static void
hear(const unsigned char *bytes, size_t len)
{
	unsigned int transaction = pier_be16_get(bytes + 1);
	size_t at = 0, size;

	peer.asked++;
	if (peer.ends && peer.asked > 1)
		return;
	memcpy(peer.uuid, bytes + 7, sizeof(peer.uuid));
	/* The state stands at the end, 2 bytes behind their number. */
	if (bytes[len - 1] != 0)
		at = pier_be16_get(bytes + len - 2);
	size = ANSWER - at;
	if (peer.step > 0 && size > peer.step)
		size = peer.step;
	if (peer.strays)
		say_part(transaction + 1, 0, 4, true);
	if (peer.goes_on)
		say_part(transaction, 0, 4, true);
	else
		say_part(transaction, at, size, at + size < ANSWER);
	if (peer.ends)
		assert_int_equal(shutdown(bed.peer, SHUT_WR), 0);
}

static int
begin(void **state)
{
	int rc = bed_begin(state);

	memset(&peer, 0, sizeof(peer));
	bed.answer = hear;
	return rc;
}

static void
services_are_found(void **state)
{
	struct pier_bt_services *services;

	(void)state;
	assert_int_equal(
		pier_bt_services(&services, &device, NULL, NULL, SOON), 0);
	assert_int_equal(bed.type, SOCK_SEQPACKET);
	assert_int_equal(bed.protocol, 0);
	assert_int_equal(bed.bound_len, 0);
	assert_int_equal(bed.to_len, 14);
	assert_memory_equal(bed.to, "\x1f\0\1\0\1\0\1\1\xaa\0\0\0\0\0", 14);
	assert_memory_equal(peer.uuid, "\x19\1\0", 3);
	assert_int_equal(services->count, 2);
	assert_string_equal(services->list[0].name, "one");
	assert_int_equal(services->list[1].channel, 7);
	assert_int_equal(peer.asked, 1);
	pier_bt_services_free(services);
	pier_bt_services_free(NULL);
}

static void
parts_are_put_together(void **state)
{
	struct pier_bt_services *services;
	struct pier_bt_uuid uuid;

	(void)state;
	peer.step = 5;
	peer.strays = true;
	bed.connect_rc = -EINPROGRESS;
	assert_int_equal(pier_bt_uuid_parse(&uuid, "serial-port"), 0);
	assert_int_equal(
		pier_bt_services(&services, &device, &uuid, NULL, SOON), 0);
	assert_memory_equal(peer.uuid, "\x19\x11\1", 3);
	assert_int_equal(services->count, 2);
	assert_int_equal(peer.asked, (ANSWER + 4) / 5);
	pier_bt_services_free(services);
}

static void
a_controller_can_be_named(void **state)
{
	const struct pier_bt_addr own = { .bytes = { 1, 2, 3, 4, 5, 6 } };
	struct pier_bt_services *services;

	(void)state;
	assert_int_equal(
		pier_bt_services(&services, &device, NULL,
			&(struct pier_bt_services_opts){ .bind = &own }, SOON),
		0);
	assert_memory_equal(bed.bound, "\x1f\0\0\0\6\5\4\3\2\1", 10);
	pier_bt_services_free(services);
	bed.bind_rc = -EADDRNOTAVAIL;
	assert_int_equal(
		pier_bt_services(&services, &device, NULL,
			&(struct pier_bt_services_opts){ .bind = &own }, SOON),
		-EADDRNOTAVAIL);
}

static void
failures_say_where(void **state)
{
	const struct pier_bt_addr low = { .type = PIER_BT_ADDR_PUBLIC };
	struct pier_bt_services *services;

	(void)state;
	assert_int_equal(
		pier_bt_services(&services, &low, NULL, NULL, SOON), -EINVAL);
	bed.connect_rc = -EHOSTUNREACH;
	assert_int_equal(pier_bt_services(&services, &device, NULL, NULL, SOON),
		-EHOSTUNREACH);
	assert_non_null(strstr(pier_error_line(), "powered"));
	assert_string_equal(
		pier_last_error()->endpoint, "l2cap://00:AA:01:01:00:01/0x1");
	assert_int_equal(pier_last_error()->step, PIER_STEP_CONNECT);
	bed.connect_rc = -EINPROGRESS;
	bed.so_error = EHOSTDOWN;
	assert_int_equal(pier_bt_services(&services, &device, NULL, NULL, SOON),
		-EHOSTDOWN);
	bed.socket_rc = -EAFNOSUPPORT;
	assert_int_equal(pier_bt_services(&services, &device, NULL, NULL, SOON),
		-EAFNOSUPPORT);
	assert_non_null(strstr(pier_error_line(), "modprobe bluetooth"));
}

static void
a_peer_may_end_or_never_end(void **state)
{
	struct pier_bt_services *services;

	(void)state;
	peer.step = 5;
	peer.ends = true;
	assert_int_equal(pier_bt_services(&services, &device, NULL, NULL, SOON),
		-PIER_EEND);
	peer.ends = false;
	peer.goes_on = true;
	assert_int_equal(pier_bt_services(&services, &device, NULL, NULL, SOON),
		-PIER_ELIMIT);
	assert_int_equal(pier_last_error()->step, PIER_STEP_BODY);
	bed.answer = NULL;
	assert_int_equal(
		pier_bt_services(&services, &device, NULL, NULL, pier_in_ms(1)),
		-PIER_EDEADLINE);
}

/* The kernel tells of it before the messages that still queue. */
static void
close_behind(const unsigned char *bytes, size_t len)
{
	hear(bytes, len);
	bed.resets = true;
}

static void
an_answer_is_taken_before_an_end(void **state)
{
	struct pier_bt_services *services;

	(void)state;
	bed.answer = close_behind;
	peer.ends = true;
	assert_int_equal(
		pier_bt_services(&services, &device, NULL, NULL, SOON), 0);
	assert_int_equal(services->count, 2);
	pier_bt_services_free(services);
	/* Of one that has parts to come, the end is told. */
	peer.asked = 0;
	peer.step = 5;
	assert_int_equal(pier_bt_services(&services, &device, NULL, NULL, SOON),
		-PIER_EEND);
}

static void
stray(const unsigned char *bytes, size_t len)
{
	int i;

	(void)len;
	for (i = 0; i < 20; i++)
		say_part(pier_be16_get(bytes + 1) + 1U, 0, 4, false);
}

static void
strays_have_a_limit(void **state)
{
	struct pier_bt_services *services;

	(void)state;
	bed.answer = stray;
	assert_int_equal(pier_bt_services(&services, &device, NULL, NULL, SOON),
		-PIER_EFRAME);
	assert_non_null(strstr(pier_error_line(), "not asked"));
}

static int
talk(void)
{
	struct pier_bt_services *services;
	int rc;

	peer.step = 20;
	bed.connect_rc = -EINPROGRESS;
	rc = pier_bt_services(&services, &device, NULL, NULL, SOON);
	if (rc == 0)
		pier_bt_services_free(services);
	return rc;
}

static void
every_call_fails_once(void **state)
{
	(void)state;
	faulty_bed_each(&bed.faulty, talk, ENOTSUP, 0);
}

#define FOUND(test) cmocka_unit_test_setup_teardown(test, begin, bed_end)

int
main(void)
{
	const struct CMUnitTest tests[] = {
		FOUND(services_are_found),
		FOUND(parts_are_put_together),
		FOUND(a_controller_can_be_named),
		FOUND(failures_say_where),
		FOUND(a_peer_may_end_or_never_end),
		FOUND(an_answer_is_taken_before_an_end),
		FOUND(strays_have_a_limit),
		FOUND(every_call_fails_once),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
