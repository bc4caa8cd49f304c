/* SPDX-License-Identifier: MIT */
/* Addresses as values: order, equality, hash, ports, foreign sockaddrs. */
#include <pier/addr.h>

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>
#include <cmocka.h>

#define COUNT(array) (sizeof(array) / sizeof((array)[0]))

static struct pier_addr
addr(const char *text)
{
	struct pier_addr out;

	assert_int_equal(pier_addr_parse(&out, text), 0);
	return out;
}

static void
order_is_total_and_as_listed(void **state)
{
	static const char *const sorted[] = { "/a", "/a/b", "./b", "0.0.0.0",
		"10.0.0.1", "10.0.0.1:80", "10.0.0.1:443", "10.0.0.2",
		"::", "::1", "[::1]:1", "::1%1", "fe80::1" };

	(void)state;
	for (size_t i = 0; i < COUNT(sorted); i++) {
		for (size_t j = 0; j < COUNT(sorted); j++) {
			struct pier_addr a = addr(sorted[i]);
			struct pier_addr b = addr(sorted[j]);
			int order = pier_addr_compare(&a, &b);

			assert_int_equal(order < 0, i < j);
			assert_int_equal(order > 0, i > j);
			assert_int_equal(pier_addr_equal(&a, &b), i == j);
			assert_int_equal(pier_addr_hash(&a, NULL) ==
						 pier_addr_hash(&b, NULL),
				i == j);
		}
	}
}

static void
mapped_is_the_ip4_address_it_stands_for(void **state)
{
	struct pier_addr mapped = addr("[::ffff:192.0.2.1]:80");
	struct pier_addr plain = addr("192.0.2.1:80");

	(void)state;
	assert_int_equal(pier_addr_family(&mapped), AF_INET6);
	assert_int_equal(pier_addr_family(&plain), AF_INET);
	assert_true(pier_addr_equal(&mapped, &plain));
	assert_int_equal(
		pier_addr_hash(&mapped, NULL), pier_addr_hash(&plain, NULL));
}

static void
padding_and_flow_label_do_not_count(void **state)
{
	struct pier_addr a = addr("192.0.2.1:80"), b = a;
	struct pier_addr c = addr("[2001:db8::1]:80"), d = c;

	(void)state;
	memset(b.u.in.sin_zero, 0xaa, sizeof(b.u.in.sin_zero));
	assert_true(pier_addr_equal(&a, &b));
	d.u.in6.sin6_flowinfo = 0x12345;
	assert_true(pier_addr_equal(&c, &d));
	memset((char *)&b.u + b.len, 0x55, sizeof(b.u) - b.len);
	assert_int_equal(pier_addr_hash(&a, NULL), pier_addr_hash(&b, NULL));
}

static void
hash_takes_a_key(void **state)
{
	static const uint64_t key[2] = { 1, 2 };
	struct pier_addr a = addr("192.0.2.1:80");

	(void)state;
	assert_int_not_equal(pier_addr_hash(&a, key), pier_addr_hash(&a, NULL));
}

static void
ports_are_read_and_set(void **state)
{
	struct pier_addr ip4 = addr("192.0.2.1:80"), ip6 = addr("[::1]:443");
	struct pier_addr local = addr("/run/x"), none = { .len = 0 };

	(void)state;
	assert_int_equal(pier_addr_port(&ip4), 80);
	assert_int_equal(pier_addr_port(&ip6), 443);
	assert_int_equal(pier_addr_port(&local), -1);
	assert_int_equal(pier_addr_port(&none), -1);
	assert_int_equal(pier_addr_set_port(&ip4, 65535), 0);
	assert_int_equal(pier_addr_set_port(&ip6, 0), 0);
	assert_int_equal(pier_addr_port(&ip4), 65535);
	assert_int_equal(pier_addr_port(&ip6), 0);
	assert_int_equal(pier_addr_set_port(&ip4, 65536), -EINVAL);
	assert_int_equal(pier_addr_port(&ip4), 65535);
	assert_int_equal(pier_addr_set_port(&local, 1), -EAFNOSUPPORT);
}

static void
takes_a_sockaddr_of_any_family(void **state)
{
	struct sockaddr_storage raw = { .ss_family = 40 /* AF_VSOCK */ };
	struct sockaddr *sa = (struct sockaddr *)&raw;
	struct pier_addr ip = addr("[::1]:1"), out;

	(void)state;
	assert_int_equal(pier_addr_from_sockaddr(&out, sa, 16), 0);
	assert_int_equal(pier_addr_family(&out), 40);
	assert_int_equal(out.len, 16);
	assert_int_equal(pier_addr_from_sockaddr(&out, &ip.u.sa, ip.len), 0);
	assert_true(pier_addr_equal(&out, &ip));
	assert_int_equal(
		pier_addr_from_sockaddr(&out, &ip.u.sa, sizeof(raw)), 0);
	assert_int_equal(out.len, sizeof(struct sockaddr_in6));
}

/* The kernel tells of a sender in two addresses, of which the first counts, and
   of a scope that no text has. */
static void
an_address_of_tipc_is_what_it_names(void **state)
{
	struct pier_addr service = addr("tipc:18888/17"), out;
	struct pier_addr range = addr("tipc:18888/17-17");

	(void)state;
	service.u.tipc.scope = 3;
	service.u.tipc.upper = 99;
	assert_int_equal(pier_addr_from_sockaddr(&out, &service.u.sa, 32), 0);
	assert_int_equal(out.len, 16);
	service = addr("tipc:18888/17");
	assert_true(pier_addr_equal(&out, &service));
	assert_true(
		pier_addr_hash(&out, NULL) == pier_addr_hash(&service, NULL));
	assert_false(pier_addr_equal(&range, &service));
	assert_int_equal(
		pier_addr_from_sockaddr(&out, &service.u.sa, 15), -EINVAL);
	assert_int_equal(pier_addr_port(&service), -1);
}

static void
refuses_a_sockaddr_of_wrong_length(void **state)
{
	struct pier_addr ip4 = addr("192.0.2.1"), ip6 = addr("::1");
	struct pier_addr path = addr("/run/x"), out = ip4;

	(void)state;
	assert_int_equal(pier_addr_from_sockaddr(&out, &ip4.u.sa, 1), -EINVAL);
	assert_int_equal(pier_addr_from_sockaddr(&out, &ip4.u.sa, 15), -EINVAL);
	assert_int_equal(pier_addr_from_sockaddr(&out, &ip6.u.sa, 27), -EINVAL);
	assert_int_equal(
		pier_addr_from_sockaddr(&out, &path.u.sa, 112), -EINVAL);
	assert_int_equal(
		pier_addr_from_sockaddr(&out, &ip4.u.sa, 129), -EINVAL);
	assert_true(pier_addr_equal(&out, &ip4));
}

/* Binds what pier made and takes over what the kernel says it is. */
static void
assert_kernel_agrees(const struct pier_addr *wanted)
{
	struct sockaddr_storage raw;
	socklen_t len = sizeof(raw);
	struct pier_addr got;
	int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_CLOEXEC, 0);

	assert_true(fd >= 0);
	assert_int_equal(bind(fd, &wanted->u.sa, wanted->len), 0);
	assert_int_equal(getsockname(fd, (struct sockaddr *)&raw, &len), 0);
	assert_int_equal(
		pier_addr_from_sockaddr(&got, (struct sockaddr *)&raw, len), 0);
	assert_int_equal(got.len, wanted->len);
	assert_true(pier_addr_equal(&got, wanted));
	assert_int_equal(close(fd), 0);
	if (wanted->u.un.sun_path[0] != '\0')
		assert_int_equal(unlink(wanted->u.un.sun_path), 0);
}

static void
unix_addresses_are_those_of_the_kernel(void **state)
{
	char dir[] = "/tmp/pier-addr-XXXXXX";
	struct pier_addr abstract, path;
	char text[PIER_UNIX_PATH_MAX + 1];

	(void)state;
	(void)snprintf(
		text, sizeof(text), "@pier%%00addr-test-%d", (int)getpid());
	abstract = addr(text);
	assert_kernel_agrees(&abstract);
	assert_non_null(mkdtemp(dir));
	memset(text, 'x', sizeof(text));
	memcpy(text, dir, strlen(dir));
	text[strlen(dir)] = '/';
	text[PIER_UNIX_PATH_MAX] = '\0';
	path = addr(text);
	assert_kernel_agrees(&path);
	assert_int_equal(rmdir(dir), 0);
}

/* A path of 108 bytes has no NUL in sun_path; the kernel reports 111. */
static void
takes_a_path_that_fills_sun_path(void **state)
{
	struct {
		struct sockaddr_un un;
		char more[8];
	} raw = { .un.sun_family = AF_UNIX };
	char text[PIER_ADDR_TEXT_MAX];
	struct pier_addr got;

	(void)state;
	memset(raw.un.sun_path, 'x', sizeof(raw.un.sun_path));
	raw.un.sun_path[0] = '/';
	for (socklen_t len = 110; len <= 111; len++) {
		assert_int_equal(pier_addr_from_sockaddr(
					 &got, (struct sockaddr *)&raw.un, len),
			0);
		assert_int_equal(got.len, 111);
		assert_int_equal(
			pier_addr_format(&got, text, sizeof(text)), 108);
	}
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(order_is_total_and_as_listed),
		cmocka_unit_test(mapped_is_the_ip4_address_it_stands_for),
		cmocka_unit_test(padding_and_flow_label_do_not_count),
		cmocka_unit_test(hash_takes_a_key),
		cmocka_unit_test(ports_are_read_and_set),
		cmocka_unit_test(takes_a_sockaddr_of_any_family),
		cmocka_unit_test(an_address_of_tipc_is_what_it_names),
		cmocka_unit_test(refuses_a_sockaddr_of_wrong_length),
		cmocka_unit_test(unix_addresses_are_those_of_the_kernel),
		cmocka_unit_test(takes_a_path_that_fills_sun_path),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
