/* SPDX-License-Identifier: MIT */
/* Networks as values; many more by chance in tests/api/ip_oracle.py. */
#include <pier/network.h>

#include <pier/error.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>
#include <cmocka.h>

static struct pier_network
net(const char *text)
{
	struct pier_network network;

	if (pier_network_parse(&network, text) != 0)
		fail_msg("%s: %s", text, pier_error_line());
	return network;
}

static struct pier_addr
addr(const char *text)
{
	struct pier_addr it;

	assert_int_equal(pier_addr_parse(&it, text), 0);
	return it;
}

static void
is(const struct pier_network *network, const char *text)
{
	char shown[PIER_NETWORK_TEXT_MAX];

	assert_int_equal(pier_network_format(network, shown, sizeof(shown)),
		strlen(text));
	assert_string_equal(shown, text);
}

static void
text_both_ways(void **state)
{
	static const char *const cases[][2] = {
		{ "192.0.2.0/24", "192.0.2.0/24" },
		{ "192.0.2.0/255.255.255.0", "192.0.2.0/24" },
		{ "192.0.2.0/0.0.0.255", "192.0.2.0/24" },
		{ "0.0.0.0/0.0.0.0", "0.0.0.0/0" },
		{ "192.0.2.1/255.255.255.255", "192.0.2.1/32" },
		{ "192.0.2.1", "192.0.2.1/32" },
		{ "2001:DB8::/32", "2001:db8::/32" },
		{ "::/0", "::/0" },
		{ "::ffff:192.0.2.0/120", "192.0.2.0/24" },
	};
	char small[12];
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		struct pier_network it = net(cases[i][0]);

		is(&it, cases[i][1]);
	}
	struct pier_network it = net("192.0.2.0/24");

	assert_int_equal(
		pier_network_format(&it, small, sizeof(small)), -ENOSPC);
}

static void
wrong_text_is_explained(void **state)
{
	static const struct {
		const char *text, *why;
		int offset;
	} cases[] = {
		{ "192.0.2.1/24", "the network is 192.0.2.0/24", 0 },
		{ "192.0.2.0/33", "expected 0 to 32", 10 },
		{ "192.0.2.0/255.0.255.0", "have a gap", 10 },
		{ "192.0.2.0/255.255.255", "short IPv4", 10 },
		{ "::/129", "expected 0 to 128", 3 },
		{ "::/255.0.0.0", "expected 0 to 128", 3 },
		{ "fe80::%lo/64", "", 8 },
		{ "name/24", "no IP address", 0 },
		{ "", "no IP address", 0 },
	};
	struct pier_network it;
	size_t i;

	(void)state;
	for (i = 0; i < sizeof(cases) / sizeof(cases[0]); i++) {
		assert_int_equal(
			pier_network_parse(&it, cases[i].text), -EINVAL);
		assert_non_null(
			strstr(pier_last_error()->detail, cases[i].why));
		assert_string_equal(pier_last_error()->endpoint, cases[i].text);
		if (cases[i].why[0] != '\0')
			assert_int_equal(
				pier_last_error()->offset, cases[i].offset);
	}
}

static void
what_holds_what(void **state)
{
	struct pier_network all = net("0.0.0.0/0"), ten = net("10.0.0.0/8");
	struct pier_network part = net("10.1.0.0/16"), six = net("::/0");
	struct pier_addr inside = addr("10.255.255.255:80");
	struct pier_addr mapped = addr("::ffff:10.0.0.1"), zone;

	(void)state;
	assert_true(pier_network_contains(&ten, &inside));
	assert_true(pier_network_contains(&ten, &mapped));
	assert_false(pier_network_contains(&part, &inside));
	assert_false(pier_network_contains(&six, &inside));
	assert_false(pier_network_contains(&six, &mapped));
	zone = addr("fe80::1%lo");
	assert_true(pier_network_contains(&six, &zone));
	zone = addr("/run/x");
	assert_false(pier_network_contains(&all, &zone));
	assert_true(pier_network_within(&part, &ten));
	assert_true(pier_network_within(&ten, &ten));
	assert_false(pier_network_within(&ten, &part));
	assert_false(pier_network_within(&ten, &six));
	assert_true(pier_network_overlaps(&ten, &part));
	assert_true(pier_network_overlaps(&part, &all));
	part = net("11.0.0.0/16");
	assert_false(pier_network_overlaps(&ten, &part));
	assert_true(pier_network_compare(&ten, &part) < 0);
	assert_true(pier_network_compare(&all, &ten) < 0);
	assert_true(pier_network_compare(&ten, &six) < 0);
	assert_int_equal(pier_network_compare(&ten, &ten), 0);
}

static void
parts_and_wholes(void **state)
{
	struct pier_network it = net("192.0.2.0/24"), out;
	struct pier_addr last, right = addr("192.0.2.255");

	(void)state;
	pier_network_last(&last, &it);
	assert_true(pier_addr_equal(&last, &right));
	pier_network_mask(&last, &it);
	right = addr("255.255.255.0");
	assert_true(pier_addr_equal(&last, &right));
	assert_int_equal(pier_network_subnet(&out, &it, 26, 2), 0);
	is(&out, "192.0.2.128/26");
	assert_int_equal(pier_network_subnet(&out, &it, 26, -1), 0);
	is(&out, "192.0.2.192/26");
	assert_int_equal(pier_network_subnet(&out, &it, 26, -4), 0);
	is(&out, "192.0.2.0/26");
	assert_int_equal(pier_network_subnet(&out, &it, 26, 4), -ERANGE);
	assert_int_equal(pier_network_subnet(&out, &it, 26, -5), -ERANGE);
	assert_int_equal(pier_network_subnet(&out, &it, 33, 0), -EINVAL);
	assert_int_equal(pier_network_subnet(&out, &it, 23, 0), -EINVAL);
	assert_int_equal(pier_network_supernet(&out, &it, 20), 0);
	is(&out, "192.0.0.0/20");
	assert_int_equal(pier_network_supernet(&out, &it, 25), -EINVAL);
	it = net("::/0");
	assert_int_equal(pier_network_subnet(&out, &it, 128, -1), 0);
	is(&out, "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff/128");
	assert_int_equal(pier_network_subnet(&out, &it, 128, INT64_MIN), 0);
	is(&out, "ffff:ffff:ffff:ffff:8000::/128");
	right = addr("10.1.2.3:7");
	assert_int_equal(pier_network_of(&out, &right, 8), 0);
	is(&out, "10.0.0.0/8");
	assert_int_equal(pier_network_of(&out, &right, 33), -EINVAL);
	right = addr("@x");
	assert_int_equal(pier_network_of(&out, &right, 8), -EAFNOSUPPORT);
}

static void
ranges(void **state)
{
	struct pier_network out[PIER_NETWORK_SUMMARY_MAX];
	struct pier_addr a = addr("192.0.2.1"), b = addr("192.0.2.6");

	(void)state;
	assert_int_equal(pier_network_summarize(out, 4, &a, &b), 4);
	is(&out[0], "192.0.2.1/32");
	is(&out[1], "192.0.2.2/31");
	is(&out[2], "192.0.2.4/31");
	is(&out[3], "192.0.2.6/32");
	assert_int_equal(pier_network_summarize(NULL, 0, &a, &b), 4);
	assert_int_equal(pier_network_summarize(out, 4, &b, &a), -EINVAL);
	a = addr("0.0.0.0");
	b = addr("255.255.255.255");
	assert_int_equal(pier_network_summarize(out, 4, &a, &b), 1);
	is(&out[0], "0.0.0.0/0");
	/* The longest answer there is. */
	a = addr("::1");
	b = addr("ffff:ffff:ffff:ffff:ffff:ffff:ffff:fffe");
	assert_int_equal(
		pier_network_summarize(out, PIER_NETWORK_SUMMARY_MAX, &a, &b),
		PIER_NETWORK_SUMMARY_MAX);
	assert_int_equal(pier_network_summarize(out, 4, &a, &a), 1);
	is(&out[0], "::1/128");
}

static void
lists_collapse(void **state)
{
	struct pier_network list[] = { net("10.0.0.128/25"), net("::/1"),
		net("10.0.0.0/26"), net("10.0.0.64/26"), net("10.0.0.7/32"),
		net("10.0.1.0/24"), net("8000::/1"), net("10.0.3.0/24") };

	(void)state;
	assert_int_equal(pier_network_collapse(list, 8), 3);
	is(&list[0], "10.0.0.0/23");
	is(&list[1], "10.0.3.0/24");
	is(&list[2], "::/0");
	assert_int_equal(pier_network_collapse(list, 0), 0);
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(text_both_ways),
		cmocka_unit_test(wrong_text_is_explained),
		cmocka_unit_test(what_holds_what),
		cmocka_unit_test(parts_and_wholes),
		cmocka_unit_test(ranges),
		cmocka_unit_test(lists_collapse),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
