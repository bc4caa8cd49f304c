/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/server.c - servers on fibers, of connections and of datagrams, in
 * which every call goes wrong once; see serving.h.
 */
#include "serving.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <cmocka.h>

#define SCENARIO(name, ...)                                                 \
	static void name(struct fault_story *story)                         \
	{                                                                   \
		serving_play(story, &(struct serving){ .model = PIER_FIBER, \
					    __VA_ARGS__ });                 \
	}

static const char *const loopback[] = { "127.0.0.0/8", NULL };

SCENARIO(by_fibers, .endpoint = SERVING_TCP)
SCENARIO(by_two_workers, .endpoint = SERVING_TCP, .workers = 2)
/* A short wait, but one. */
SCENARIO(with_a_rate, .endpoint = SERVING_TCP, .rate = 100000000)
SCENARIO(behind_proxies, .endpoint = SERVING_TCP, .proxied = true)
SCENARIO(by_steps, .endpoint = SERVING_TCP, .by_steps = true)
SCENARIO(datagrams, .endpoint = SERVING_UDP)
SCENARIO(datagrams_of_allowed, .endpoint = SERVING_UDP, .allow = loopback)
SCENARIO(datagrams_by_steps, .endpoint = SERVING_UDP, .by_steps = true)
SCENARIO(sessions, .endpoint = SERVING_UDP, .sessions = true)

static const struct fault_scenario scenarios[] = {
	{ "server, fibers", by_fibers, NULL },
	{ "server, two workers", by_two_workers, NULL },
	{ "server, with a rate", with_a_rate, NULL },
	{ "server, behind a proxy", behind_proxies, NULL },
	{ "server, by steps", by_steps, NULL },
	{ "server, datagrams", datagrams, NULL },
	{ "server, datagrams of who is allowed", datagrams_of_allowed, NULL },
	{ "server, datagrams by steps", datagrams_by_steps, NULL },
	{ "server, sessions", sessions, NULL },
};

int
main(void)
{
	return each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
