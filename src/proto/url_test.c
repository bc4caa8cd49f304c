/* SPDX-License-Identifier: MIT */
/* URLs: what is sent for each, where references lead, and what is none. */
#include "proto/url.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

#define COUNT(list) (sizeof(list) / sizeof((list)[0]))

static struct pier__url url, base;
static struct pier__why why;

static void
what_is_dialled_and_sent(void **state)
{
	static const struct {
		const char *text, *endpoint, *host, *target;
	} rows[] = {
		{ "http://a.test", "tcp://a.test:80", "a.test", "/" },
		{ "HTTP://A.Test/x", "tcp://A.Test:80", "A.Test", "/x" },
		{ "http://a:8080/x?y=1", "tcp://a:8080", "a:8080", "/x?y=1" },
		{ "http://a:/x", "tcp://a:80", "a", "/x" },
		{ "http://a:80/x", "tcp://a:80", "a", "/x" },
		{ "http://a?q", "tcp://a:80", "a", "/?q" },
		{ "http://a/x#frag?no", "tcp://a:80", "a", "/x" },
		{ "http://a#frag", "tcp://a:80", "a", "/" },
		{ "http://192.0.2.1/", "tcp://192.0.2.1:80", "192.0.2.1", "/" },
		{ "http://[::1]:81/", "tcp://[::1]:81", "[::1]:81", "/" },
		{ "http://[fe80::1%25eth0]/", "tcp://[fe80::1%eth0]:80",
			"[fe80::1]", "/" },
		{ "http://[fe80::1%eth0]:81/", "tcp://[fe80::1%eth0]:81",
			"[fe80::1]:81", "/" },
		/* What has no place in a URL becomes %XX, what is one stays. */
		{ "http://a/b c", "tcp://a:80", "a", "/b%20c" },
		{ "http://a/h\303\244n?\"q\"", "tcp://a:80", "a",
			"/h%C3%A4n?%22q%22" },
		{ "http://a/%7euser%2f", "tcp://a:80", "a", "/%7euser%2f" },
		{ "http://a/100%", "tcp://a:80", "a", "/100%25" },
		{ "http://a/%zz%4", "tcp://a:80", "a", "/%25zz%254" },
		{ "http://a/a\\b[1]{|}^`<>", "tcp://a:80", "a",
			"/a%5Cb%5B1%5D%7B%7C%7D%5E%60%3C%3E" },
		{ "http://a/;p=1,@:!$&'()*+~._-", "tcp://a:80", "a",
			"/;p=1,@:!$&'()*+~._-" },
		/* Dots, in the path alone. */
		{ "http://a/b/../c", "tcp://a:80", "a", "/c" },
		{ "http://a/../../c", "tcp://a:80", "a", "/c" },
		{ "http://a/b/./c/.", "tcp://a:80", "a", "/b/c/" },
		{ "http://a/b/c/..", "tcp://a:80", "a", "/b/" },
		{ "http://a/b/...", "tcp://a:80", "a", "/b/..." },
		{ "http://a/.b/..c", "tcp://a:80", "a", "/.b/..c" },
		{ "http://a//b//../c", "tcp://a:80", "a", "//b/c" },
		{ "http://a/?a/../b", "tcp://a:80", "a", "/?a/../b" },
	};
	static struct pier__url again;
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(pier__url_parse(&url, rows[i].text, &why), 0);
		assert_string_equal(url.endpoint, rows[i].endpoint);
		assert_string_equal(url.host, rows[i].host);
		assert_string_equal(url.text + url.target, rows[i].target);
		/* It is a URL again, and the same. */
		assert_int_equal(pier__url_parse(&again, url.text, &why), 0);
		assert_string_equal(again.text, url.text);
	}
}

static void
what_is_none_is_pointed_at(void **state)
{
	static const struct {
		const char *text;
		int rc;
		size_t offset;
		const char *says;
	} rows[] = {
		{ "", -EINVAL, 0, "begins with http://" },
		{ "a.test/x", -EINVAL, 0, "write http://a.test/x" },
		{ "localhost:80/x", -EINVAL, 0, "write http://localhost:80/x" },
		{ "http:/a", -EINVAL, 0, "begins with http://" },
		{ "ftp://a/x", -EINVAL, 0, "'ftp://' is not spoken here" },
		{ "https://a/x", -EPROTONOSUPPORT, 0, "comes with TLS" },
		{ "HTTPS://a/x", -EPROTONOSUPPORT, 0, "comes with TLS" },
		{ "http://", -EINVAL, 7, "the host is missing" },
		{ "http:///x", -EINVAL, 7, "the host is missing" },
		{ "http://:80/", -EINVAL, 7, "the host is missing" },
		{ "http://a:b@c/", -EINVAL, 7, "password" },
		{ "http://a@c/", -EINVAL, 7, "password" },
		{ "http://a:0/", -EINVAL, 9, "'0' is no port" },
		{ "http://a:65536/", -EINVAL, 9, "'65536' is no port" },
		{ "http://a:http/", -EINVAL, 9, "'http' is no port" },
		{ "http://a:8 0/", -EINVAL, 9, "'8 0' is no port" },
		{ "http://a b/", -EINVAL, 8, "' ' has no place in a host" },
		{ "http://a%41/", -EINVAL, 8, "'%' has no place in a host" },
		{ "http://*/", -EINVAL, 7, "'*' has no place in a host" },
		{ "http://b\303\274cher/", -EINVAL, 8, "xn--" },
		{ "http://a\tb/", -EINVAL, 8, "control character" },
		{ "http://a/\r\nX: y", -EINVAL, 9, "write it as %0D" },
		{ "http://a/?\n", -EINVAL, 10, "write it as %0A" },
		{ "http://a/\177", -EINVAL, 9, "write it as %7F" },
		{ "http://[::1/", -EINVAL, 11, "']' is missing" },
		{ "http://[::1]x/", -EINVAL, 12, "expected ':' and a port" },
		{ "http://[]/", -EINVAL, 8, "" },
		{ "http://[1.2.3.4]/", -EINVAL, 8, "" },
		{ "http://127.1/", -EINVAL, 7, "" },
		{ "http://a..b/", -EINVAL, 7, "" },
	};
	size_t i;

	(void)state;
	for (i = 0; i < COUNT(rows); i++) {
		print_message("# %s\n", rows[i].text);
		assert_int_equal(
			pier__url_parse(&url, rows[i].text, &why), rows[i].rc);
		print_message("#   %zu %s\n", why.offset, why.text);
		assert_non_null(strstr(why.text, rows[i].says));
		if (rows[i].says[0] != '\0')
			assert_int_equal(why.offset, rows[i].offset);
		assert_true(why.offset <= strlen(rows[i].text));
	}
}

/* The examples of RFC 3986 section 5.4, those that stay in http. */
static void
references_lead_where_the_rfc_says(void **state)
{
	static const char *const rows[][2] = {
		{ "http://x/y", "http://x/y" },
		{ "g", "http://a/b/c/g" },
		{ "./g", "http://a/b/c/g" },
		{ "g/", "http://a/b/c/g/" },
		{ "/g", "http://a/g" },
		{ "//g", "http://g/" },
		{ "?y", "http://a/b/c/d;p?y" },
		{ "g?y", "http://a/b/c/g?y" },
		{ "#s", "http://a/b/c/d;p?q" },
		{ "g#s", "http://a/b/c/g" },
		{ ";x", "http://a/b/c/;x" },
		{ "g;x=1?y#s", "http://a/b/c/g;x=1?y" },
		{ "", "http://a/b/c/d;p?q" },
		{ ".", "http://a/b/c/" },
		{ "./", "http://a/b/c/" },
		{ "..", "http://a/b/" },
		{ "../", "http://a/b/" },
		{ "../g", "http://a/b/g" },
		{ "../..", "http://a/" },
		{ "../../g", "http://a/g" },
		{ "../../../g", "http://a/g" },
		{ "/./g", "http://a/g" },
		{ "/../g", "http://a/g" },
		{ "g.", "http://a/b/c/g." },
		{ "..g", "http://a/b/c/..g" },
		{ "./../g", "http://a/b/g" },
		{ "./g/.", "http://a/b/c/g/" },
		{ "g/./h", "http://a/b/c/g/h" },
		{ "g/../h", "http://a/b/c/h" },
		{ "g;x=1/../y", "http://a/b/c/y" },
		{ "g?y/../x", "http://a/b/c/g?y/../x" },
		{ "//g:81?z", "http://g:81/?z" },
		{ "a b", "http://a/b/c/a%20b" },
	};
	size_t i;

	(void)state;
	assert_int_equal(pier__url_parse(&base, "http://a/b/c/d;p?q", &why), 0);
	for (i = 0; i < COUNT(rows); i++) {
		assert_int_equal(
			pier__url_resolve(&url, &base, rows[i][0], &why), 0);
		assert_string_equal(url.text, rows[i][1]);
	}
	assert_int_equal(pier__url_resolve(&url, &base, "https://a/", &why),
		-EPROTONOSUPPORT);
	assert_int_equal(
		pier__url_resolve(&url, &base, "mailto:x", &why), -EINVAL);
	assert_int_equal(
		pier__url_resolve(&url, &base, "x:y@z/q", &why), -EINVAL);
	assert_int_equal(
		pier__url_resolve(&url, &base, "//u:p@h/", &why), -EINVAL);
	/* A base whose query holds a slash. */
	assert_int_equal(pier__url_parse(&base, "http://a/b/c?d/e", &why), 0);
	assert_int_equal(pier__url_resolve(&url, &base, "g", &why), 0);
	assert_string_equal(url.text, "http://a/b/g");
}

static void
too_long_is_told(void **state)
{
	char *text = malloc(PIER_HTTP_URL_MAX + 16);
	size_t len;

	(void)state;
	assert_non_null(text);
	memcpy(text, "http://a/", 9);
	memset(text + 9, 'x', PIER_HTTP_URL_MAX);
	text[PIER_HTTP_URL_MAX] = '\0';
	assert_int_equal(pier__url_parse(&url, text, &why), 0);
	assert_int_equal(strlen(url.text), PIER_HTTP_URL_MAX);
	text[PIER_HTTP_URL_MAX] = 'x';
	text[PIER_HTTP_URL_MAX + 1] = '\0';
	assert_int_equal(pier__url_parse(&url, text, &why), -ENAMETOOLONG);
	/* As it is sent: each of these takes three. */
	len = PIER_HTTP_URL_MAX / 3;
	memset(text + 9, ' ', len);
	text[9 + len] = '\0';
	assert_int_equal(pier__url_parse(&url, text, &why), -ENAMETOOLONG);
	memset(text + 7, 'h', 300);
	text[307] = '\0';
	assert_int_equal(pier__url_parse(&url, text, &why), -ENAMETOOLONG);
	free(text);
}

static void
one_origin_is_one_host_and_port(void **state)
{
	(void)state;
	assert_int_equal(pier__url_parse(&base, "http://A/x", &why), 0);
	assert_int_equal(pier__url_parse(&url, "http://a:80/y", &why), 0);
	assert_true(pier__url_same_origin(&base, &url));
	assert_int_equal(pier__url_parse(&url, "http://a:81/x", &why), 0);
	assert_false(pier__url_same_origin(&base, &url));
	assert_int_equal(pier__url_parse(&url, "http://a.b/x", &why), 0);
	assert_false(pier__url_same_origin(&base, &url));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(what_is_dialled_and_sent),
		cmocka_unit_test(what_is_none_is_pointed_at),
		cmocka_unit_test(references_lead_where_the_rfc_says),
		cmocka_unit_test(too_long_is_told),
		cmocka_unit_test(one_origin_is_one_host_and_port),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
