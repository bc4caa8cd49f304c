/* SPDX-License-Identifier: MIT */
/* Messages of the DNS made by hand; real ones in tests/interop/names.py. */
#include "proto/dns_wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

/* An answer to "www.test", A: an alias, its address, one record that is not
   looked at; names by pointers. */
#define HEAD     "\0\7\x81\x80\0\1\0\3\0\0\0\0"
#define QUESTION "\3www\4test\0\0\1\0\1"
#define ALIAS    "\xc0\x0c\0\5\0\1\0\0\0\x3c\0\4\1h\xc0\x10"
#define ADDRESS  "\xc0\x26\0\1\0\1\0\0\1\0\0\4\xc0\0\2\1"
#define OTHER    "\xc0\x26\0\x10\0\1\0\0\0\1\0\2\1x"
#define MESSAGE  HEAD QUESTION ALIAS ADDRESS OTHER

static const struct pier__dns_question question = { "www.test", PIER_DNS_A, 7 };

static int
read_bytes(struct pier_dns_answer **out, const char *bytes, size_t len)
{
	/* Of its own size, so that a sanitizer sees a read beyond its end. */
	unsigned char *copy = malloc(len + (len == 0));
	int rc;

	assert_non_null(copy);
	memcpy(copy, bytes, len);
	rc = pier__dns_read(out, copy, len, &question);
	free(copy);
	return rc;
}

static void
a_question_has_its_labels(void **state)
{
	static const char right[] = "\0\7\1\0\0\1\0\0\0\0\0\0" QUESTION;
	unsigned char out[PIER__DNS_QUERY_MAX];

	(void)state;
	assert_int_equal(
		pier__dns_write(out, &question, true), sizeof(right) - 1);
	assert_memory_equal(out, right, sizeof(right) - 1);
	assert_true(pier__dns_write(out, &question, false) > 0);
	assert_int_equal(out[2], 0);
}

static void
names_that_are_none_are_refused(void **state)
{
	unsigned char out[PIER__DNS_QUERY_MAX];
	char longest[300], label[70];
	const char *const wrong[] = { "", ".", "a..b", ".a", "a..", label,
		longest };
	size_t i;

	(void)state;
	memset(label, 'x', sizeof(label));
	label[64] = '\0';
	for (i = 0; i < sizeof(longest) - 1; i++)
		longest[i] = i % 2 == 0 ? 'x' : '.';
	longest[255] = '\0';
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++)
		assert_int_equal(pier__dns_write(out,
					 &(struct pier__dns_question){
						 wrong[i], PIER_DNS_A, 1 },
					 true),
			-EINVAL);
	/* 127 labels of one byte are 255 bytes with their lengths. */
	longest[253] = '\0';
	assert_int_equal(
		pier__dns_write(out,
			&(struct pier__dns_question){ longest, PIER_DNS_A, 1 },
			true),
		PIER__DNS_QUERY_MAX);
	label[63] = '.';
	assert_int_equal(
		pier__dns_write(out,
			&(struct pier__dns_question){ label, PIER_DNS_A, 1 },
			true),
		12 + 65 + 4);
}

static void
an_answer_has_its_records(void **state)
{
	struct pier_dns_answer *answer = NULL;
	char text[PIER_ADDR_TEXT_MAX];

	(void)state;
	assert_int_equal(read_bytes(&answer, MESSAGE, sizeof(MESSAGE) - 1), 0);
	assert_int_equal(answer->code, 0);
	assert_int_equal(answer->count, 2);
	assert_int_equal(answer->records[0].type, PIER_DNS_CNAME);
	assert_string_equal(answer->records[0].name, "www.test");
	assert_string_equal(answer->records[0].target, "h.test");
	assert_int_equal(answer->records[0].ttl_s, 60);
	assert_int_equal(answer->records[1].type, PIER_DNS_A);
	assert_string_equal(answer->records[1].name, "h.test");
	assert_int_equal(answer->records[1].ttl_s, 256);
	(void)pier_addr_format(&answer->records[1].addr, text, sizeof(text));
	assert_string_equal(text, "192.0.2.1");
	pier_dns_free(answer);
}

static void
what_is_cut_anywhere_is_refused(void **state)
{
	struct pier_dns_answer *answer = NULL;
	size_t len;
	int rc;

	(void)state;
	for (len = 0; len < sizeof(MESSAGE) - 1; len++) {
		rc = read_bytes(&answer, MESSAGE, len);
		assert_true(rc == -EBADMSG || (len < 12 && rc == -ENOMSG));
	}
}

static void
what_answers_something_else_is_passed_over(void **state)
{
	static const struct {
		size_t at;
		char byte;
	} changes[] = {
		{ 1, 8 },    /* another number */
		{ 2, 0x01 }, /* a question */
		{ 5, 2 },    /* two questions */
		{ 13, 'v' }, /* another name */
		{ 23, 28 },  /* another type */
		{ 25, 3 },   /* another class */
	};
	struct pier_dns_answer *answer = NULL;
	char bytes[sizeof(MESSAGE)];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(changes) / sizeof(changes[0]); i++) {
		memcpy(bytes, MESSAGE, sizeof(bytes));
		bytes[changes[i].at] = changes[i].byte;
		assert_int_equal(
			read_bytes(&answer, bytes, sizeof(bytes) - 1), -ENOMSG);
	}
	/* Letters of the other case are the same name. */
	memcpy(bytes, MESSAGE, sizeof(bytes));
	bytes[13] = 'W';
	assert_int_equal(read_bytes(&answer, bytes, sizeof(bytes) - 1), 0);
	pier_dns_free(answer);
	/* Cut off. */
	bytes[2] |= 2;
	assert_int_equal(read_bytes(&answer, bytes, sizeof(bytes) - 1), 1);
}

static void
pointers_make_no_loop(void **state)
{
	static const char to_itself[] = HEAD QUESTION "\xc0\x1a\0\1\0\1";
	static const char forward[] = HEAD QUESTION "\xc0\x1e\0\1\0\1\1a\0";
	/* A name that points at itself by way of its first label. */
	static const char around[] =
		HEAD QUESTION "\1a\xc0\x1a\0\1\0\1\0\0\0\0\0\0";
	struct pier_dns_answer *answer = NULL;

	(void)state;
	assert_int_equal(read_bytes(&answer, to_itself, sizeof(to_itself) - 1),
		-EBADMSG);
	assert_int_equal(
		read_bytes(&answer, forward, sizeof(forward) - 1), -EBADMSG);
	assert_int_equal(
		read_bytes(&answer, around, sizeof(around) - 1), -EBADMSG);
}

static void
servers_of_resolv_conf(void **state)
{
	static const char text[] = "# nameserver 192.0.2.9\n"
				   "search example.test\n"
				   "nameserver 192.0.2.1\n"
				   "nameservers 192.0.2.8\n"
				   "nameserver\t2001:db8::1  \n"
				   "nameserver name\n"
				   "nameserver 192.0.2.2\n"
				   "nameserver 192.0.2.3";
	static const char *const right[] = { "192.0.2.1:53", "[2001:db8::1]:53",
		"192.0.2.2:53" };
	struct pier_addr found[PIER_DNS_SERVERS_MAX];
	char shown[PIER_ADDR_TEXT_MAX];
	size_t i;

	(void)state;
	assert_int_equal(pier__dns_servers(found, text, sizeof(text) - 1), 3);
	for (i = 0; i < 3; i++) {
		(void)pier_addr_format(&found[i], shown, sizeof(shown));
		assert_string_equal(shown, right[i]);
	}
	assert_int_equal(pier__dns_servers(found, "", 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(a_question_has_its_labels),
		cmocka_unit_test(names_that_are_none_are_refused),
		cmocka_unit_test(an_answer_has_its_records),
		cmocka_unit_test(what_is_cut_anywhere_is_refused),
		cmocka_unit_test(what_answers_something_else_is_passed_over),
		cmocka_unit_test(pointers_make_no_loop),
		cmocka_unit_test(servers_of_resolv_conf),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
