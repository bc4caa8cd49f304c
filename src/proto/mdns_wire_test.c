/* SPDX-License-Identifier: MIT */
/* What records of DNS-SD mean. */
#include "proto/mdns_wire.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static void
expect_type(const char *text, const char *domain, const char *name,
	const char *type)
{
	struct pier__dnssd_type it;
	char shown[PIER__DNS_NAME_TEXT];
	const char *why;

	assert_int_equal(pier__dnssd_type_parse(&it, text, domain, &why), 0);
	(void)pier__name_text(shown, &it.name);
	assert_string_equal(shown, name);
	(void)pier__name_text(shown, &it.type);
	assert_string_equal(shown, type);
}

static void
types_are_written_so(void **state)
{
	(void)state;
	expect_type("_ipp._tcp", NULL, "_ipp._tcp.local", "_ipp._tcp.local");
	expect_type("http", NULL, "_http._tcp.local", "_http._tcp.local");
	expect_type("_Ipp._UDP.", "example.org", "_Ipp._UDP.example.org",
		"_Ipp._UDP.example.org");
	expect_type("_ipp._tcp.example.org", "local", "_ipp._tcp.example.org",
		"_ipp._tcp.example.org");
	expect_type("_printer._sub._http._tcp", NULL,
		"_printer._sub._http._tcp.local", "_http._tcp.local");
	expect_type("_http._tcp,_printer", NULL,
		"_printer._sub._http._tcp.local", "_http._tcp.local");
	expect_type(PIER__DNSSD_TYPES, NULL, "_services._dns-sd._udp.local",
		"_services._dns-sd._udp.local");
	expect_type("_123456789-12345._tcp", NULL,
		"_123456789-12345._tcp.local", "_123456789-12345._tcp.local");
}

static void
what_is_no_type_is_refused(void **state)
{
	static const char *const wrong[] = { "", "_http", "_http._sctp",
		"http._tcp", "_1234567890123456._tcp", "_-a._tcp", "_a-._tcp",
		"_._tcp", "_a b._tcp", "_http._tcp..x", "a.b",
		"_x._sub._http" };
	struct pier__dnssd_type it;
	const char *why;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(wrong) / sizeof(wrong[0]); i++) {
		why = NULL;
		assert_int_equal(
			pier__dnssd_type_parse(&it, wrong[i], NULL, &why),
			-EINVAL);
		assert_non_null(why);
	}
}

static void
an_instance_is_one_label(void **state)
{
	static const char text[] = "K\xc3\xbc"
				   "che. 2";
	struct pier__dnssd_type it;
	struct pier__name name;
	char instance[PIER__LABEL_MAX + 1], type[PIER__DNS_NAME_TEXT];
	char domain[PIER__DNS_NAME_TEXT], label[65];
	const char *why;

	(void)state;
	assert_int_equal(
		pier__dnssd_type_parse(&it, "_ipp._tcp", NULL, &why), 0);
	assert_int_equal(pier__dnssd_instance(&name, text, &it.name), 0);
	assert_int_equal(pier__dnssd_split(&name, instance, type, domain), 0);
	assert_string_equal(instance, text);
	assert_string_equal(type, "_ipp._tcp");
	assert_string_equal(domain, "local");
	assert_int_equal(
		pier__dnssd_split(&it.name, instance, type, domain), -EINVAL);
	memset(label, 'x', 64);
	label[64] = '\0';
	assert_int_equal(pier__dnssd_instance(&name, label, &it.name), -EINVAL);
	label[63] = '\0';
	assert_int_equal(pier__dnssd_instance(&name, label, &it.name), 0);
	assert_int_equal(pier__dnssd_instance(&name, "", &it.name), -EINVAL);
}

static void
an_srv_record_has_its_parts(void **state)
{
	struct pier__dns_srv srv = { 1, 2, 8080, { .len = 0 } }, got;
	unsigned char data[6 + PIER__NAME_MAX];
	size_t len;

	(void)state;
	assert_int_equal(pier__name_parse(&srv.target, "h.local"), 0);
	len = pier__dns_srv_put(data, &srv);
	assert_int_equal(len, 6 + 9);
	assert_int_equal(pier__dns_srv_get(&got, data, len), 0);
	assert_int_equal(got.priority, 1);
	assert_int_equal(got.weight, 2);
	assert_int_equal(got.port, 8080);
	assert_true(pier__name_equal(&got.target, &srv.target));
	assert_int_equal(pier__dns_srv_get(&got, data, len - 1), -EBADMSG);
	assert_int_equal(pier__dns_srv_get(&got, data, 5), -EBADMSG);
}

static void
nsec_says_what_there_is(void **state)
{
	static const uint16_t types[] = { PIER__DNS_A, PIER__DNS_AAAA };
	unsigned char data[PIER__NAME_MAX + 34];
	struct pier__name name;
	size_t len;

	(void)state;
	assert_int_equal(pier__name_parse(&name, "h"), 0);
	len = pier__nsec_put(data, &name, types, 2);
	/* RFC 4034 section 4.1.2: window, length, bits from the left. */
	assert_int_equal(len, 3 + 2 + 4);
	assert_memory_equal(data, "\1h\0\0\4\x40\0\0\x08", len);
	assert_true(pier__nsec_has(data, len, PIER__DNS_A));
	assert_true(pier__nsec_has(data, len, PIER__DNS_AAAA));
	assert_false(pier__nsec_has(data, len, PIER__DNS_SRV));
	assert_false(pier__nsec_has(data, len, PIER__DNS_A + 256));
	assert_false(pier__nsec_has(data, len - 1, PIER__DNS_A));
	assert_int_equal(pier__nsec_put(data, &name, NULL, 0), 3);
}

static void
expect_item(const unsigned char *data, size_t len, size_t *at, const char *key,
	const char *value)
{
	struct pier__txt_item item;

	assert_int_equal(pier__txt_next(data, len, at, &item), 1);
	assert_int_equal(item.key_len, strlen(key));
	assert_memory_equal(item.key, key, item.key_len);
	if (value == NULL) {
		assert_null(item.value);
		return;
	}
	assert_int_equal(item.value_len, strlen(value));
	assert_memory_equal(item.value, value, item.value_len);
}

/* RFC 6763 section 6.4: the first of a key counts, in either case; a key with
   "=" and nothing, and a key alone, are two things. */
static void
txt_is_keys_and_values(void **state)
{
	static const unsigned char data[] = "\0\3a=1\2=x\3A=2\2b=\1c\5d=e=f";
	static const unsigned char cut[] = "\3a=1\7b";
	struct pier__txt_item item;
	size_t at = 0;

	(void)state;
	expect_item(data, sizeof(data) - 1, &at, "a", "1");
	expect_item(data, sizeof(data) - 1, &at, "b", "");
	expect_item(data, sizeof(data) - 1, &at, "c", NULL);
	expect_item(data, sizeof(data) - 1, &at, "d", "e=f");
	assert_int_equal(pier__txt_next(data, sizeof(data) - 1, &at, &item), 0);
	at = 0;
	assert_int_equal(
		pier__txt_next((const unsigned char *)"", 1, &at, &item), 0);
	at = 0;
	expect_item(cut, sizeof(cut) - 1, &at, "a", "1");
	assert_int_equal(pier__txt_next(cut, sizeof(cut) - 1, &at, &item), 0);
}

static void
txt_strings_are_checked(void **state)
{
	unsigned char data[300];
	char text[256];

	(void)state;
	memset(text, 'x', sizeof(text));
	assert_int_equal(pier__txt_put(data, sizeof(data), 0, "a=b", 3), 4);
	assert_memory_equal(data, "\3a=b", 4);
	assert_int_equal(pier__txt_put(data, sizeof(data), 4, text, 255), 260);
	assert_int_equal(
		pier__txt_put(data, sizeof(data), 4, text, 256), -EINVAL);
	assert_int_equal(
		pier__txt_put(data, sizeof(data), 260, text, 100), -EMSGSIZE);
	assert_int_equal(pier__txt_put(data, sizeof(data), 0, "", 0), -EINVAL);
	assert_int_equal(
		pier__txt_put(data, sizeof(data), 0, "=b", 2), -EINVAL);
	assert_int_equal(
		pier__txt_put(data, sizeof(data), 0, "\xc3\xbc=", 3), -EINVAL);
	assert_int_equal(
		pier__txt_put(data, sizeof(data), 0, "a=\xc3\xbc", 4), 5);
}

static struct pier__dns_record
record_of(uint16_t type, const char *data, size_t len)
{
	struct pier__dns_record record = { .type = type,
		.class = PIER__DNS_CLASS_IN,
		.data = (const unsigned char *)data,
		.len = len };

	assert_int_equal(pier__name_parse(&record.name, "a.local"), 0);
	return record;
}

static void
records_are_compared(void **state)
{
	struct pier__dns_record a = record_of(PIER__DNS_PTR, "\1b\0", 3);
	struct pier__dns_record b = record_of(PIER__DNS_PTR, "\1B\0", 3);
	struct pier__dns_record t = record_of(PIER__DNS_TXT, "\1b\0", 3);
	struct pier__dns_record u = record_of(PIER__DNS_TXT, "\1B\0", 3);

	(void)state;
	b.ttl_s = 5;
	b.flush = true;
	assert_true(pier__dns_record_same(&a, &b));
	assert_false(pier__dns_record_same(&t, &u));
	assert_false(pier__dns_record_same(&a, &t));
	b.name.bytes[1] = 'b';
	assert_false(pier__dns_record_same(&a, &b));
}

/* The example of RFC 6762 section 8.2, and what comes before the data. */
static void
the_later_record_wins(void **state)
{
	struct pier__dns_record a =
		record_of(PIER__DNS_A, "\xa9\xfe\x63\xc8", 4);
	struct pier__dns_record b =
		record_of(PIER__DNS_A, "\xa9\xfe\xc8\x32", 4);
	struct pier__dns_record c = record_of(PIER__DNS_TXT, "\1x", 2);
	struct pier__dns_record d = record_of(PIER__DNS_TXT, "\1x\1y", 4);

	(void)state;
	assert_true(pier__dns_record_order(&a, &b) < 0);
	assert_true(pier__dns_record_order(&b, &a) > 0);
	assert_true(pier__dns_record_order(&c, &b) > 0);
	assert_true(pier__dns_record_order(&c, &d) < 0);
	b.class = 3;
	assert_true(pier__dns_record_order(&b, &c) > 0);
	a.flush = true;
	assert_int_equal(pier__dns_record_order(&a, &a), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(types_are_written_so),
		cmocka_unit_test(what_is_no_type_is_refused),
		cmocka_unit_test(an_instance_is_one_label),
		cmocka_unit_test(an_srv_record_has_its_parts),
		cmocka_unit_test(nsec_says_what_there_is),
		cmocka_unit_test(txt_is_keys_and_values),
		cmocka_unit_test(txt_strings_are_checked),
		cmocka_unit_test(records_are_compared),
		cmocka_unit_test(the_later_record_wins),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
