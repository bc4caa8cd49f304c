/* SPDX-License-Identifier: MIT */
/* Messages of the DNS, written and read again, cut and bent. */
#include "proto/dns_message.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct pier__name
named(const char *text)
{
	struct pier__name name;

	assert_int_equal(pier__name_parse(&name, text), 0);
	return name;
}

static struct pier__dns_record
record_of(const char *name, uint16_t type, const void *data, size_t len)
{
	return (struct pier__dns_record){ .name = named(name),
		.type = type,
		.class = PIER__DNS_CLASS_IN,
		.flush = type != PIER__DNS_PTR,
		.ttl_s = 120,
		.data = data,
		.len = len };
}

#define SRV_DATA  "\0\0\0\0\x1f\x90\1h\5local"
#define PTR_DATA  "\1i\2_s\4_tcp\5local"
#define NSEC_DATA "\1h\5local\0\0\4\x40\0\0\x08"

/* A question and one record of each kind; its length. */
static size_t
write_all(unsigned char *out, size_t size, bool plain)
{
	const struct pier__dns_ask ask = { named("_s._tcp.local"),
		PIER__DNS_PTR, PIER__DNS_CLASS_IN, true };
	const struct pier__dns_record ptr = record_of(
		"_s._tcp.local", PIER__DNS_PTR, PTR_DATA, sizeof(PTR_DATA));
	const struct pier__dns_record srv = record_of(
		"i._s._tcp.local", PIER__DNS_SRV, SRV_DATA, sizeof(SRV_DATA));
	const struct pier__dns_record txt =
		record_of("i._s._tcp.local", PIER__DNS_TXT, "\3a=b", 4);
	const struct pier__dns_record a =
		record_of("h.local", PIER__DNS_A, "\xc0\0\2\1", 4);
	const struct pier__dns_record nsec = record_of(
		"h.local", PIER__DNS_NSEC, NSEC_DATA, sizeof(NSEC_DATA) - 1);
	struct pier__dns_writer to;

	pier__dns_write_begin(&to, out, size, 7, PIER__DNS_RESPONSE);
	to.plain_srv = plain;
	assert_int_equal(pier__dns_write_ask(&to, &ask), 0);
	assert_int_equal(
		pier__dns_write_record(&to, PIER__DNS_ANSWER, &ptr), 0);
	assert_int_equal(
		pier__dns_write_record(&to, PIER__DNS_AUTHORITY, &srv), 0);
	assert_int_equal(
		pier__dns_write_record(&to, PIER__DNS_AUTHORITY, &txt), 0);
	assert_int_equal(
		pier__dns_write_record(&to, PIER__DNS_ADDITIONAL, &a), 0);
	assert_int_equal(
		pier__dns_write_record(&to, PIER__DNS_ADDITIONAL, &nsec), 0);
	pier__dns_write_flags(&to, PIER__DNS_AUTHORITATIVE);
	return pier__dns_write_end(&to);
}

static void
expect(struct pier__dns_reader *in, enum pier__dns_section section,
	uint16_t type, const void *data, size_t len)
{
	struct pier__dns_record record;
	enum pier__dns_section where;

	assert_int_equal(pier__dns_next_record(in, &where, &record), 1);
	assert_int_equal(where, section);
	assert_int_equal(record.type, type);
	assert_int_equal(record.class, PIER__DNS_CLASS_IN);
	assert_int_equal(record.flush, type != PIER__DNS_PTR);
	assert_int_equal(record.ttl_s, 120);
	assert_int_equal(record.len, len);
	assert_memory_equal(record.data, data, len);
}

static void
expect_all(const unsigned char *bytes, size_t len)
{
	struct pier__dns_reader in;
	struct pier__dns_ask ask;
	struct pier__dns_record record;
	enum pier__dns_section section;
	struct pier__name asked = named("_S._TCP.local");

	assert_int_equal(pier__dns_check(&in, bytes, len), 0);
	assert_int_equal(in.head.id, 7);
	assert_int_equal(
		in.head.flags, PIER__DNS_RESPONSE | PIER__DNS_AUTHORITATIVE);
	assert_int_equal(pier__dns_next_ask(&in, &ask), 1);
	assert_true(pier__name_equal(&ask.name, &asked));
	assert_int_equal(ask.type, PIER__DNS_PTR);
	assert_int_equal(ask.class, PIER__DNS_CLASS_IN);
	assert_true(ask.unicast);
	assert_int_equal(pier__dns_next_ask(&in, &ask), 0);
	expect(&in, PIER__DNS_ANSWER, PIER__DNS_PTR, PTR_DATA,
		sizeof(PTR_DATA));
	expect(&in, PIER__DNS_AUTHORITY, PIER__DNS_SRV, SRV_DATA,
		sizeof(SRV_DATA));
	expect(&in, PIER__DNS_AUTHORITY, PIER__DNS_TXT, "\3a=b", 4);
	expect(&in, PIER__DNS_ADDITIONAL, PIER__DNS_A, "\xc0\0\2\1", 4);
	expect(&in, PIER__DNS_ADDITIONAL, PIER__DNS_NSEC, NSEC_DATA,
		sizeof(NSEC_DATA) - 1);
	assert_int_equal(pier__dns_next_record(&in, &section, &record), 0);
}

static void
what_is_written_is_read(void **state)
{
	unsigned char bytes[512];
	size_t compressed, plain;

	(void)state;
	compressed = write_all(bytes, sizeof(bytes), false);
	expect_all(bytes, compressed);
	plain = write_all(bytes, sizeof(bytes), true);
	expect_all(bytes, plain);
	/* "h.local" in full in place of "h" and a pointer. */
	assert_int_equal(plain - compressed, sizeof("\5local") - 2);
	/* Each name that stood before is two bytes. */
	assert_int_equal(compressed, 12 + (15 + 4) + (2 + 10 + 4) +
					     (2 + 10 + 6 + 4) + (2 + 10 + 4) +
					     (2 + 10 + 4) + (2 + 10 + 2 + 6));
}

static void
what_does_not_fit_leaves_no_trace(void **state)
{
	const struct pier__dns_record srv = record_of(
		"i._s._tcp.local", PIER__DNS_SRV, SRV_DATA, sizeof(SRV_DATA));
	const struct pier__dns_record a =
		record_of("h.local", PIER__DNS_A, "\xc0\0\2\1", 4);
	unsigned char bytes[12 + 23 + 6];
	struct pier__dns_writer to;
	struct pier__dns_reader in;

	(void)state;
	pier__dns_write_begin(&to, bytes, sizeof(bytes), 0, 0);
	assert_int_equal(
		pier__dns_write_record(&to, PIER__DNS_ANSWER, &srv), -EMSGSIZE);
	assert_int_equal(to.len, PIER__DNS_HEAD);
	assert_int_equal(pier__dns_write_record(&to, PIER__DNS_ANSWER, &a), 0);
	assert_int_equal(
		pier__dns_check(&in, bytes, pier__dns_write_end(&to)), 0);
	assert_int_equal(in.head.records[PIER__DNS_ANSWER], 1);
}

static void
what_is_cut_anywhere_is_refused(void **state)
{
	struct pier__dns_reader in;
	unsigned char bytes[512], *copy;
	size_t len = write_all(bytes, sizeof(bytes), false), cut;

	(void)state;
	for (cut = 0; cut < len; cut++) {
		copy = malloc(cut + (cut == 0));
		assert_non_null(copy);
		memcpy(copy, bytes, cut);
		assert_int_equal(pier__dns_check(&in, copy, cut), -EBADMSG);
		free(copy);
	}
}

static void
data_has_the_form_of_its_type(void **state)
{
	static const struct {
		uint16_t type;
		const char *data;
		size_t len;
	} wrong[] = {
		{ PIER__DNS_A, "\1\2\3", 3 },
		{ PIER__DNS_AAAA, "\1\2\3\4", 4 },
		{ PIER__DNS_PTR, "\1a\0!", 4 },
		{ PIER__DNS_PTR, "", 0 },
		{ PIER__DNS_SRV, "\0\0\0\0\0", 5 },
		{ PIER__DNS_SRV, "\0\0\0\0\0\0\1", 7 },
		{ PIER__DNS_NSEC, "\5a", 2 },
	};
	struct pier__dns_record record;
	struct pier__dns_writer to;
	struct pier__dns_reader in;
	unsigned char bytes[64];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		record = record_of(
			"a", wrong[i].type, wrong[i].data, wrong[i].len);
		pier__dns_write_begin(&to, bytes, sizeof(bytes), 0, 0);
		assert_int_equal(
			pier__dns_write_record(&to, PIER__DNS_ANSWER, &record),
			0);
		assert_int_equal(
			pier__dns_check(&in, bytes, pier__dns_write_end(&to)),
			-EBADMSG);
		/* Of another class nobody knows what it means. */
		record.class = 3;
		pier__dns_write_begin(&to, bytes, sizeof(bytes), 0, 0);
		(void)pier__dns_write_record(&to, PIER__DNS_ANSWER, &record);
		assert_int_equal(
			pier__dns_check(&in, bytes, pier__dns_write_end(&to)),
			0);
	}
}

/* A thousand names are more than are remembered to point at. */
static void
many_names_are_written(void **state)
{
	static unsigned char bytes[9000];
	struct pier__dns_record record;
	struct pier__dns_writer to;
	struct pier__dns_reader in;
	char text[64];
	int i, count;

	(void)state;
	pier__dns_write_begin(&to, bytes, sizeof(bytes), 0, 0);
	for (count = 0;; count++) {
		(void)snprintf(text, sizeof(text), "i%d._s._tcp.local", count);
		record = record_of(text, PIER__DNS_A, "\1\2\3\4", 4);
		if (pier__dns_write_record(&to, PIER__DNS_ANSWER, &record) < 0)
			break;
	}
	assert_true(count > 2 * PIER__DNS_PLACES);
	assert_int_equal(
		pier__dns_check(&in, bytes, pier__dns_write_end(&to)), 0);
	for (i = 0; i < count; i++) {
		struct pier__name name;
		enum pier__dns_section section;

		(void)snprintf(text, sizeof(text), "i%d._s._tcp.local", i);
		name = named(text);
		assert_int_equal(
			pier__dns_next_record(&in, &section, &record), 1);
		assert_true(pier__name_equal(&record.name, &name));
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_written_is_read),
		cmocka_unit_test(what_does_not_fit_leaves_no_trace),
		cmocka_unit_test(what_is_cut_anywhere_is_refused),
		cmocka_unit_test(data_has_the_form_of_its_type),
		cmocka_unit_test(many_names_are_written),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
