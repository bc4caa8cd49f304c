/* SPDX-License-Identifier: MIT */
/*
 * sntp_bed.h - servers of NTP that follow a script, over the simulated network,
 * and who asks them. Time is the simulation's: a test of a day of polling takes
 * none.
 */
#ifndef TESTS_SIM_SNTP_BED_H
#define TESTS_SIM_SNTP_BED_H

#include <pier.h>

#include "io/sim_engine.h"
#include "os/calls.h"

#define MS          INT64_C(1000000)
#define S           (1000 * MS)
#define EVENTS_MAX  64
#define SERVERS_MAX 5

/* What a server does with a request; the last letter of its script for all
   that follow. */
enum {
	GOOD = 'g',
	SILENT = '.',
	TWICE = '2',
	LATE = 'l',      /* 3 s later */
	ORIGINATE = 'o', /* a wrong one, and then a good one */
	ELSEWHERE = 'e', /* from another port */
	SHORT_ONE = 's', /* 47 bytes */
	LONG_ONE = 'L',  /* 1200 bytes */
	AS_CLIENT = 'm', /* mode 3 */
	VERSION = 'v',   /* 3 */
	UNSYNCED = 'u',  /* leap 3 */
	STRATUM = '6',   /* 16 */
	ZERO = 'z',      /* transmit 0 */
	RATE = 'R',
	DENY = 'D',
	RSTR = 'T',
	INIT = 'I',
	FORGED_DENY = 'F' /* with a wrong originate; and then a good one */
};

struct one {
	const char *script;
	int64_t offset_ns;
	int64_t root_ns; /* dispersion */
	size_t asked;
	int64_t at[EVENTS_MAX]; /* when, since the beginning */
	struct pier_packet *packet, *other;
	unsigned char buf[1300];
	struct pier_msg msg;
	uint64_t seen[EVENTS_MAX]; /* transmits */
};

/* What was asked for, and what came of it. All on no fiber's stack. */
struct world {
	struct pier__sim *sim;
	struct pier__sim_host *far;
	struct pier__sim_link link;
	struct pier_sntp_opts opts;
	struct one one[SERVERS_MAX];
	size_t servers;
	const char *hosts[SERVERS_MAX];
	char host[SERVERS_MAX][40];
	int64_t begin_ns, until_ns;
	struct pier_sntp *sntp;
	int rc, opened;
	struct pier_error error;
	char endpoint[64]; /* of the error, beyond its task */
	size_t count;
	struct pier_sntp_event events[EVENTS_MAX];
	int64_t at[EVENTS_MAX];
	struct pier_sntp_server server[SERVERS_MAX];
	char name[SERVERS_MAX][64]; /* server[].host, beyond the close */
	struct pier_ntp_verdict verdict;
	int agreed;
};

extern struct world world;

/* For each case; a descriptor that is left fails it. */
int world_begin(void **state);
int world_end(void **state);
#define TEST(name) cmocka_unit_test_setup_teardown(name, world_begin, world_end)

/* One more server, at its own port. */
struct one *world_add(const char *script);

/* Asks world.hosts, which listen, by world.opts, until it is over. */
void world_run(void);

/* Event i is `what`, at_ms after the beginning; it failed that check. */
void world_event(size_t i, enum pier_sntp_what what, int64_t at_ms);
void world_check(size_t i, enum pier_sntp_check check);

#endif
