/* SPDX-License-Identifier: MIT */
/*
 * load: the load generator of bench/. One thread, one mode per run, one line
 * of JSON as the result. run.py calls it; it is as usable by hand:
 *
 *   load MODE --port N --pid PID [--connections N] [--size BYTES]
 *        [--depth N] [--measure-ms N] …
 *
 * With --processes N the server is N processes, of which PID is the first; all
 * are counted, and those that they fork for connections. With --framed 1 each
 * message begins with the length of its rest, 32 bits, the high byte first.
 */
#include "load.h"

#include "common.h"

#include <errno.h>
#include <getopt.h>
#include <inttypes.h>
#include <stdio.h>
#include <string.h>
#include <sys/epoll.h>

struct mode {
	const char *name;
	void (*run)(struct load *load);
	const char *what;
};

static const struct mode modes[] = {
	{ "echo", load_echo, "closed loops on all connections" },
	{ "rtt", load_rtt, "one connection, this side spinning" },
	{ "volley", load_volley, "send on all, sleep until all answered" },
	{ "conn", load_churn, "connect, one echo, close; N in flight" },
	{ "idle", load_idle, "server memory of N silent connections" },
	{ "packets", load_packets, "volleys of N datagrams" },
	{ "peers", load_peers, "the same, each by a socket of its own" },
};

static void __attribute__((noreturn)) usage(void)
{
	size_t i;

	fprintf(stderr,
		"usage: load MODE --port N --pid PID [--connections N]\n"
		"            [--size BYTES] [--depth N] [--warm-ms N]\n"
		"            [--measure-ms N] [--silent-ms N] [--processes "
		"N]\n"
		"            [--framed 0|1]\n");
	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++)
		fprintf(stderr, "  %-8s%s\n", modes[i].name, modes[i].what);
	bench_fail(0, "load: give a mode, the server's port and its pid");
}

int
load_goes_on(struct load *load, int64_t now_ns)
{
	if (now_ns < load->end_ns)
		return 1;
	if (load->measuring) {
		meter_read(&load->meter, &load->after);
		return 0;
	}
	if (load->end_ns == 0 && load->warm_ns > 0) {
		load->end_ns = now_ns + load->warm_ns;
		return 1;
	}
	load->measuring = 1;
	load->requests = 0;
	histogram_clear(&load->latency);
	meter_read(&load->meter, &load->before);
	load->end_ns = load->before.wall_ns + load->measure_ns;
	return 1;
}

void
load_count(struct load *load, int64_t began_ns, int64_t now_ns)
{
	load->requests++;
	histogram_add(&load->latency, now_ns - began_ns);
}

static const struct mode *
mode_named(const char *name)
{
	size_t i;

	for (i = 0; i < sizeof(modes) / sizeof(*modes); i++) {
		if (strcmp(modes[i].name, name) == 0)
			return &modes[i];
	}
	usage();
}

static void
parse(struct load *load, int argc, char **argv)
{
	static const struct option longs[] = {
		{ "port", required_argument, NULL, 'p' },
		{ "pid", required_argument, NULL, 'i' },
		{ "connections", required_argument, NULL, 'c' },
		{ "size", required_argument, NULL, 's' },
		{ "depth", required_argument, NULL, 'd' },
		{ "warm-ms", required_argument, NULL, 'w' },
		{ "measure-ms", required_argument, NULL, 'm' },
		{ "silent-ms", required_argument, NULL, 'q' },
		{ "processes", required_argument, NULL, 'n' },
		{ "framed", required_argument, NULL, 'f' },
		{ NULL, 0, NULL, 0 },
	};
	long values[128] = { ['c'] = 64,
		['s'] = 64,
		['d'] = 1,
		['w'] = 200,
		['m'] = 1000,
		['q'] = 5000 };
	int opt, index;

	while ((opt = getopt_long(argc, argv, "", longs, &index)) != -1) {
		if (opt == '?')
			usage();
		values[opt] = bench_number(longs[index].name, optarg,
			opt == 'w' || opt == 'n' || opt == 'f' ? 0 : 1,
			1 << 24);
	}
	if (optind < argc || values['p'] == 0 || values['i'] == 0)
		usage();
	if (values['s'] * values['d'] > LOAD_FLIGHT_MAX)
		bench_fail(0, "load: size times depth is over %d",
			LOAD_FLIGHT_MAX);
	load->port = (int)values['p'];
	load->connections = (int)values['c'];
	load->size = (size_t)values['s'];
	load->depth = (int)values['d'];
	load->framed = values['f'] > 0;
	if (load->framed && load->size < 5)
		bench_fail(
			0, "load: --framed takes messages of 5 bytes or more");
	load->warm_ns = values['w'] * NS_PER_MS;
	load->measure_ns = values['m'] * NS_PER_MS;
	load->silent_ns = values['q'] * NS_PER_MS;
	if (values['n'] > 0)
		meter_open_tree(
			&load->meter, (pid_t)values['i'], (int)values['n']);
	else
		meter_open(&load->meter, (pid_t)values['i']);
}

static void
print(const struct load *load, const char *mode)
{
	const struct meter_sample *before = &load->before;
	const struct meter_sample *after = &load->after;
	double wall_ns = (double)(after->wall_ns - before->wall_ns);
	double server_ns = (double)(after->server_ns - before->server_ns);
	double own_ns = (double)(after->own_ns - before->own_ns);
	double core_ns = (double)(after->core_ns - before->core_ns);
	double requests = (double)load->requests;

	printf("{\"mode\":\"%s\",\"connections\":%d,\"size\":%zu,"
	       "\"depth\":%d,\"requests\":%" PRIu64 ",\"seconds\":%.6f,",
		mode, load->connections, load->size, load->depth,
		load->requests, wall_ns / 1e9);
	printf("\"per_second\":%.1f,\"server_us\":%.4f,"
	       "\"server_busy\":%.4f,\"generator_busy\":%.4f,"
	       "\"foreign_busy\":%.4f,",
		requests / wall_ns * 1e9, server_ns / requests / 1e3,
		server_ns / wall_ns, own_ns / wall_ns,
		load->meter.core < 0 ? 0. : (core_ns - server_ns) / wall_ns);
	printf("\"p50_us\":%.3f,\"p99_us\":%.3f,\"p999_us\":%.3f",
		(double)histogram_at(&load->latency, .5) / 1e3,
		(double)histogram_at(&load->latency, .99) / 1e3,
		(double)histogram_at(&load->latency, .999) / 1e3);
	if (load->resident_before > 0)
		printf(",\"resident_before\":%" PRId64
		       ",\"resident_after\":%" PRId64
		       ",\"resident_per_connection\":%.1f",
			load->resident_before, load->resident_after,
			(double)(load->resident_after - load->resident_before) /
				load->connections);
	printf("}\n");
}

int
main(int argc, char **argv)
{
	static struct load load;
	const struct mode *mode;

	if (argc < 2)
		usage();
	mode = mode_named(argv[1]);
	parse(&load, argc - 1, argv + 1);
	bench_raise_descriptor_limit();
	load_stream_init(load.framed ? load.size : 0);
	load.epoll_fd = epoll_create1(EPOLL_CLOEXEC);
	if (load.epoll_fd < 0)
		bench_fail(errno, "epoll_create1");
	mode->run(&load);
	if (load.requests == 0)
		bench_fail(0, "load: not one request was answered");
	print(&load, mode->name);
	return 0;
}
