/* SPDX-License-Identifier: MIT */
/*
 * tests/api/options.c - options of endpoints and of calls: set at the right
 * moment, on every kind of socket, and told of when they cannot be.
 */
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cmocka.h>

#include <pier.h>

#define SOON pier_in_s(10)

/* What the kernel says, not pier. */
static int
kernel(int fd, int level, int name)
{
	int value = -1;
	socklen_t len = sizeof(value);

	assert_int_equal(getsockopt(fd, level, name, &value, &len), 0);
	return value;
}

static struct pier_listener *
listening(const char *endpoint, const char *const *options)
{
	const struct pier_listen_opts opts = { .options = options };
	struct pier_listener *listener = NULL;

	if (pier_listen(&listener, endpoint, &opts, SOON) < 0)
		fail_msg("%s", pier_error_line());
	return listener;
}

static struct pier_stream *
dialled(const struct pier_listener *listener, const char *parameters,
	const char *const *options)
{
	const struct pier_dial_opts opts = { .options = options };
	struct pier_stream *stream = NULL;
	char where[PIER_ENDPOINT_TEXT_MAX];
	int len = pier_listener_endpoint(listener, where, sizeof(where));

	assert_true(len > 0);
	(void)snprintf(
		where + len, sizeof(where) - (size_t)len, "%s", parameters);
	if (pier_dial(&stream, where, &opts, SOON) < 0)
		fail_msg("%s", pier_error_line());
	return stream;
}

static void
test_of_a_listener_and_what_it_accepts(void **state)
{
	static const char *const options[] = { "keepidle=33", "quickack=0",
		NULL };
	struct pier_listener *listener =
		listening("tcp4://127.0.0.1:0?nodelay=0&rcvbuf=30000"
			  "&reuseport=1",
			options);
	struct pier_stream *client = dialled(listener, "", NULL);
	struct pier_stream *stream = NULL;
	int fd = pier_listener_fd(listener);

	(void)state;
	assert_int_equal(kernel(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	assert_int_equal(kernel(fd, SOL_SOCKET, SO_RCVBUF), 60000);
	assert_int_equal(kernel(fd, SOL_SOCKET, SO_REUSEPORT), 1);
	assert_int_equal(kernel(fd, IPPROTO_TCP, TCP_KEEPIDLE), 33);
	assert_int_equal(kernel(fd, IPPROTO_TCP, TCP_QUICKACK), 1);
	assert_int_equal(pier_accept(&stream, listener, SOON), 0);
	fd = pier_fd(stream);
	assert_int_equal(kernel(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	assert_int_equal(kernel(fd, IPPROTO_TCP, TCP_KEEPIDLE), 33);
	/* Not inherited: set on each. */
	assert_int_equal(kernel(fd, IPPROTO_TCP, TCP_QUICKACK), 0);
	pier_close(stream);
	pier_close(client);
	pier_listener_close(listener);
}

static void
test_of_a_dial(void **state)
{
	static const char *const options[] = { "keepidle=44", "mark=0", NULL };
	struct pier_listener *listener = listening("tcp4://127.0.0.1:0", NULL);
	struct pier_stream *stream = dialled(
		listener, "?nodelay=0&keepidle=11&ttl=9&quickack=0", options);
	int fd = pier_fd(stream);

	(void)state;
	assert_int_equal(kernel(fd, IPPROTO_TCP, TCP_NODELAY), 0);
	assert_int_equal(kernel(fd, IPPROTO_IP, IP_TTL), 9);
	/* The call has the last word. */
	assert_int_equal(kernel(fd, IPPROTO_TCP, TCP_KEEPIDLE), 44);
	assert_int_equal(kernel(fd, IPPROTO_TCP, TCP_QUICKACK), 0);
	pier_close(stream);
	pier_listener_close(listener);
}

static void
test_of_one_family_alone(void **state)
{
	struct pier_listener *listener =
		listening("tcp://:0?ip.tos=0x28&ipv6.tclass=0x30", NULL);
	struct pier_stream *stream = NULL;
	char where[64];
	struct pier_addr addr;

	(void)state;
	assert_int_equal(pier_listener_addr(listener, &addr), 0);
	(void)snprintf(where, sizeof(where),
		"tcp://127.0.0.1:%d?ipv6.tclass=0x30&ip.tos=0x28",
		pier_addr_port(&addr));
	assert_int_equal(pier_dial(&stream, where, NULL, SOON), 0);
	assert_int_equal(kernel(pier_fd(stream), IPPROTO_IP, IP_TOS), 0x28);
	pier_close(stream);
	pier_listener_close(listener);
}

static void
test_of_unix_sockets(void **state)
{
	struct pier_listener *listener =
		listening("unix://@pier-test-options?sndbuf=40000", NULL);
	struct pier_stream *stream =
		dialled(listener, "?passcred=1&rcvbuf=20000", NULL);
	struct pier_listener *packets =
		listening("seqpacket://@pier-test-options-2?passcred=1", NULL);
	struct pier_packet *packet = NULL;

	(void)state;
	assert_int_equal(
		kernel(pier_listener_fd(listener), SOL_SOCKET, SO_SNDBUF),
		80000);
	assert_int_equal(kernel(pier_fd(stream), SOL_SOCKET, SO_PASSCRED), 1);
	assert_int_equal(kernel(pier_fd(stream), SOL_SOCKET, SO_RCVBUF), 40000);
	assert_int_equal(
		kernel(pier_listener_fd(packets), SOL_SOCKET, SO_PASSCRED), 1);
	assert_int_equal(
		pier_packet_open(&packet,
			"seqpacket://@pier-test-options-2?sndbuf=30000", NULL,
			SOON),
		0);
	assert_int_equal(
		kernel(pier_packet_fd(packet), SOL_SOCKET, SO_SNDBUF), 60000);
	pier_packet_close(packet);
	pier_close(stream);
	pier_listener_close(packets);
	pier_listener_close(listener);
}

static void
test_of_datagrams(void **state)
{
	static const char *const options[] = { "broadcast=1", NULL };
	const struct pier_packet_opts server = { .listen = true,
		.options = options };
	struct pier_packet *packet = NULL;
	struct pier_packet *both[2];
	int count;

	(void)state;
	count = pier_packet_open_all(
		both, 2, "udp://:0?rcvbuf=50000&ip.ttl=7", &server, SOON);
	assert_true(count > 0);
	while (count-- > 0) {
		int fd = pier_packet_fd(both[count]);

		assert_int_equal(kernel(fd, SOL_SOCKET, SO_RCVBUF), 100000);
		assert_int_equal(kernel(fd, SOL_SOCKET, SO_BROADCAST), 1);
		pier_packet_close(both[count]);
	}
	assert_int_equal(pier_packet_open(&packet,
				 "udp4://127.0.0.1:9?ttl=7&ip.mtu_discover=do",
				 NULL, SOON),
		0);
	assert_int_equal(kernel(pier_packet_fd(packet), IPPROTO_IP, IP_TTL), 7);
	assert_int_equal(
		kernel(pier_packet_fd(packet), IPPROTO_IP, IP_MTU_DISCOVER),
		IP_PMTUDISC_DO);
	pier_packet_close(packet);
	assert_int_equal(
		pier_packet_open(&packet,
			"unixgram://@pier-test-gram?sndbuf=9k", &server, SOON),
		0);
	assert_int_equal(
		kernel(pier_packet_fd(packet), SOL_SOCKET, SO_SNDBUF), 18000);
	pier_packet_close(packet);
}

/* What is sent to a group has options of its own, which the short names mean
   there; all others keep their meaning. */
static void
test_of_groups(void **state)
{
	static const char *const options[] = { "ttl=5", NULL };
	static const struct pier_packet_opts of_call = { .options = options };
	struct pier_packet *packet = NULL;
	int fd;

	(void)state;
	assert_int_equal(
		pier_packet_open(&packet,
			"udp://239.1.2.3:9?ttl=7&loop=0&tos=8", NULL, SOON),
		0);
	fd = pier_packet_fd(packet);
	assert_int_equal(kernel(fd, IPPROTO_IP, IP_MULTICAST_TTL), 7);
	assert_int_equal(kernel(fd, IPPROTO_IP, IP_MULTICAST_LOOP), 0);
	assert_int_equal(kernel(fd, IPPROTO_IP, IP_TOS), 8);
	assert_int_not_equal(kernel(fd, IPPROTO_IP, IP_TTL), 7);
	pier_packet_close(packet);
	assert_int_equal(
		pier_packet_open(&packet, "udp://239.1.2.3:9", &of_call, SOON),
		0);
	assert_int_equal(
		kernel(pier_packet_fd(packet), IPPROTO_IP, IP_MULTICAST_TTL),
		5);
	pier_packet_close(packet);
	assert_int_equal(
		pier_packet_open(&packet, "udp://[ff02::9%lo]:9?ttl=7&loop=0",
			NULL, SOON),
		0);
	fd = pier_packet_fd(packet);
	assert_int_equal(kernel(fd, IPPROTO_IPV6, IPV6_MULTICAST_HOPS), 7);
	assert_int_equal(kernel(fd, IPPROTO_IPV6, IPV6_MULTICAST_LOOP), 0);
	pier_packet_close(packet);
	assert_int_equal(pier_packet_open(&packet, "udp://239.1.2.3:9?ttl=300",
				 NULL, SOON),
		-EINVAL);
	assert_int_equal(pier_last_error()->offset, 22);
	assert_int_equal(pier_packet_open(&packet, "udp://127.0.0.1:9?loop=0",
				 NULL, SOON),
		-EINVAL);
	assert_int_equal(pier_last_error()->offset, 18);
}

static void
test_of_descriptors(void **state)
{
	struct pier_stream *stream = NULL;
	char where[64];
	int fds[2], ends[2];

	(void)state;
	assert_int_equal(socketpair(AF_UNIX, SOCK_STREAM, 0, fds), 0);
	(void)snprintf(where, sizeof(where), "fd://%d?passcred=1", fds[0]);
	assert_int_equal(pier_dial(&stream, where, NULL, SOON), 0);
	assert_int_equal(kernel(fds[0], SOL_SOCKET, SO_PASSCRED), 1);
	pier_close(stream);
	close(fds[1]);
	/* A pipe has none, and stays the caller's. */
	assert_int_equal(pipe(ends), 0);
	(void)snprintf(where, sizeof(where), "fd://%d?passcred=1", ends[0]);
	assert_int_equal(pier_dial(&stream, where, NULL, SOON), -ENOTSOCK);
	assert_int_equal(pier_last_error()->step, PIER_STEP_OPTION);
	close(ends[0]);
	close(ends[1]);
}

static void
test_errors_name_the_option(void **state)
{
	static const char *const unknown[] = { "nodelay=1", "nodely=1", NULL };
	static const char *const wrong[] = { "keepidle=100ms", NULL };
	struct pier_dial_opts opts = { .options = unknown };
	struct pier_listen_opts listen = { .options = wrong };
	struct pier_listener *listener = NULL;
	struct pier_stream *stream = NULL;
	struct pier_packet *packet = NULL;

	(void)state;
	/* Text, before anything is tried. */
	assert_int_equal(
		pier_dial(&stream, "tcp://127.0.0.1:1", &opts, SOON), -EINVAL);
	assert_int_equal(pier_last_error()->step, PIER_STEP_PARSE);
	assert_string_equal(pier_last_error()->endpoint, "nodely=1");
	assert_non_null(strstr(pier_last_error()->detail, "nodelay?"));
	assert_int_equal(
		pier_listen(&listener, "tcp4://:0", &listen, SOON), -EINVAL);
	assert_int_equal(pier_last_error()->offset, 9);
	assert_non_null(strstr(pier_last_error()->detail, "whole s"));
	/* What the kernel says. */
	assert_int_equal(
		pier_dial(&stream, "tcp4://127.0.0.1:1?congestion=nosuch", NULL,
			SOON),
		-ENOENT);
	assert_int_equal(pier_last_error()->step, PIER_STEP_OPTION);
	assert_non_null(
		strstr(pier_last_error()->detail, "congestion=nosuch: "));
	assert_int_equal(
		pier_listen(&listener, "tcp4://127.0.0.1:0?device=nosuch0",
			NULL, SOON),
		-ENODEV);
	assert_non_null(strstr(pier_last_error()->detail, "device=nosuch0"));
	assert_int_equal(pier_packet_open(&packet, "udp4://127.0.0.1:9?6:1=1",
				 NULL, SOON),
		-ENOPROTOOPT);
	assert_non_null(strstr(pier_last_error()->detail, "6:1=1"));
	assert_int_equal(
		pier_listen(&listener, "unix://@pier-test-none?socket.mark=x",
			NULL, SOON),
		-EINVAL);
}

/* What needs a connection fails on each that comes, and the listener lives. */
static void
test_of_what_cannot_be_set_on_a_connection(void **state)
{
	struct pier_listener *listener =
		listening("tcp4://127.0.0.1:0?tcp.ulp=nosuch", NULL);
	struct pier_stream *stream = NULL;
	struct pier_stream *client = dialled(listener, "", NULL);
	char byte;

	(void)state;
	assert_int_equal(pier_accept(&stream, listener, SOON), -ENOENT);
	assert_int_equal(pier_last_error()->step, PIER_STEP_OPTION);
	assert_non_null(strstr(pier_last_error()->endpoint, "127.0.0.1"));
	assert_non_null(strstr(pier_last_error()->detail, "tcp.ulp=nosuch"));
	/* It is closed. */
	assert_true(pier_read(client, &byte, 1, SOON) <= 0);
	pier_close(client);
	pier_listener_close(listener);
}

static int
handle(struct pier_stream *stream, void *ctx)
{
	int nodelay = kernel(pier_fd(stream), IPPROTO_TCP, TCP_NODELAY);
	int idle = kernel(pier_fd(stream), IPPROTO_TCP, TCP_KEEPIDLE);

	(void)ctx;
	return pier_printf(stream, "%d %d\n", nodelay, idle);
}

/* Every worker's listener has them. */
static void
test_of_a_server(void **state)
{
	static const char *const options[] = { "keepidle=55", NULL };
	const struct pier_listen_opts listen = { .options = options };
	const struct pier_server_opts opts = {
		.endpoint = "tcp4://127.0.0.1:0?nodelay=0",
		.handler = handle,
		.model = PIER_FIBER,
		.workers = 3,
		.listen = &listen,
		.linger_ms = PIER_OFF, /* the client closes after it */
	};
	struct pier_server *server = NULL;
	char where[PIER_ENDPOINT_TEXT_MAX], line[32];
	struct pier_stream *stream = NULL;
	int i;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), 0);
	assert_true(pier_server_endpoint(server, 0, where, sizeof(where)) > 0);
	for (i = 0; i < 4; i++) {
		assert_int_equal(pier_dial(&stream, where, NULL, SOON), 0);
		assert_int_equal(pier_server_step(server, SOON), 1);
		assert_true(
			pier_read_line(stream, line, sizeof(line), SOON) > 0);
		assert_string_equal(line, "0 55\n");
		pier_close(stream);
	}
	pier_server_close(server);
}

static int
ignore(struct pier_packet *packet, const struct pier_msg *msg, void *ctx)
{
	(void)packet;
	(void)msg;
	(void)ctx;
	return 0;
}

/* How many sockets of this process are of that type and family and have so
   much room for what comes. */
static int
count_with_room(int family, int type, int room)
{
	int found = 0;
	int fd;

	for (fd = 3; fd < 200; fd++) {
		int is[2] = { 0 };
		socklen_t len = sizeof(is[0]);

		if (getsockopt(fd, SOL_SOCKET, SO_DOMAIN, &is[0], &len) < 0 ||
			getsockopt(fd, SOL_SOCKET, SO_TYPE, &is[1], &len) < 0)
			continue;
		found += is[0] == family && is[1] == type &&
			 kernel(fd, SOL_SOCKET, SO_RCVBUF) == room;
	}
	return found;
}

/* Each takes what its sockets have; one that nobody has is refused. */
static void
test_of_endpoints_of_several_kinds(void **state)
{
	static const char *const endpoints[] = { "udp4://127.0.0.1:0",
		"tcp4://127.0.0.1:0", "unix://@pier-test-mixed", NULL };
	static const char *const some[] = { "keepidle=55", "nodelay=0",
		"rcvbuf=31000", NULL };
	const char *options[] = { some[0], some[1], some[2], NULL };
	const struct pier_listen_opts listen = { .options = options };
	struct pier_server_opts opts = {
		.endpoints = endpoints,
		.handler = handle,
		.datagram_handler = ignore,
		.model = PIER_FIBER,
		.workers = 2,
		.listen = &listen,
	};
	struct pier_server *server = NULL;
	char where[PIER_ENDPOINT_TEXT_MAX], line[32];
	struct pier_stream *stream = NULL;

	(void)state;
	assert_int_equal(pier_server_open(&server, &opts), 0);
	assert_int_equal(count_with_room(AF_INET, SOCK_DGRAM, 62000), 1);
	assert_int_equal(count_with_room(AF_INET, SOCK_STREAM, 62000), 2);
	assert_int_equal(count_with_room(AF_UNIX, SOCK_STREAM, 62000), 1);
	assert_true(pier_server_endpoint(server, 1, where, sizeof(where)) > 0);
	assert_int_equal(pier_dial(&stream, where, NULL, SOON), 0);
	assert_int_equal(pier_server_step(server, SOON), 1);
	assert_true(pier_read_line(stream, line, sizeof(line), SOON) > 0);
	assert_string_equal(line, "0 55\n");
	pier_close(stream);
	pier_server_close(server);
	options[1] = "can_raw.loopback=1";
	assert_int_equal(pier_server_open(&server, &opts), -EINVAL);
	assert_string_equal(pier_last_error()->endpoint, options[1]);
	assert_non_null(strstr(pier_last_error()->detail, "no option of such"));
	options[1] = "udp.corkk=0";
	assert_int_equal(pier_server_open(&server, &opts), -EINVAL);
	assert_non_null(strstr(pier_last_error()->detail, "cork?"));
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_of_a_listener_and_what_it_accepts),
		cmocka_unit_test(test_of_a_dial),
		cmocka_unit_test(test_of_one_family_alone),
		cmocka_unit_test(test_of_unix_sockets),
		cmocka_unit_test(test_of_datagrams),
		cmocka_unit_test(test_of_groups),
		cmocka_unit_test(test_of_descriptors),
		cmocka_unit_test(test_errors_name_the_option),
		cmocka_unit_test(test_of_what_cannot_be_set_on_a_connection),
		cmocka_unit_test(test_of_a_server),
		cmocka_unit_test(test_of_endpoints_of_several_kinds),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
