/* SPDX-License-Identifier: MIT */
/*
 * tests/fault/sntp.c - two servers of NTP on this machine are asked, and every
 * call goes wrong once; see each.h.
 */
#include "each.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <cmocka.h>

#define SOON  pier_in_s(5)
#define WHERE 48

/* Answers what is there. */
static void
answer(struct pier_packet *server)
{
	unsigned char buf[PIER_NTP_SIZE] = { 0 };
	struct pier_ntp_message message;
	struct pier_msg msg;

	if (pier_recv(server, &msg, buf, sizeof(buf), PIER_NOW) < 0 ||
		pier_ntp_read(&message, buf, msg.size) < 0)
		return;
	message.mode = PIER_NTP_SERVER;
	message.stratum = 2;
	message.originate = message.transmit;
	message.receive = pier_ntp_from_ns(INT64_C(1774600000000000000));
	message.transmit = message.receive;
	pier_ntp_write(buf, &message);
	(void)pier_reply(server, &msg, buf, sizeof(buf), PIER_NOW);
}

static void
ask(struct fault_story *story, struct pier_packet *server,
	const char *const hosts[2])
{
	/* A request whose answer was made to disappear costs its wait. */
	const struct pier_sntp_opts opts = { .samples = 2,
		.interval_ns = 1000000,
		.wait_ns = 20000000,
		.tries = 2 };
	struct pier_ntp_verdict verdict;
	struct pier_sntp_event event;
	struct pier_sntp *it = NULL;
	long rc =
		met(story, "open", pier_sntp_open(&it, hosts, 2, &opts, SOON));
	int i;

	if (rc < 0)
		return;
	for (i = 0; i < 200; i++) {
		answer(server);
		rc = pier_sntp_next(it, &event, pier_in_ms(2));
		if (rc == -PIER_EDEADLINE)
			continue;
		if (met(story, "next", rc) <= 0)
			break;
	}
	(void)pier_sntp_result(it, &verdict);
	pier_sntp_close(it);
}

/* One that answers, and a port that nobody has. */
static void
two(struct fault_story *story)
{
	const struct pier_packet_opts opts = { .listen = true };
	struct pier_packet *server = NULL;
	struct pier_addr addr;
	char where[WHERE];
	const char *const hosts[2] = { where, "127.0.0.1:1" };

	if (met(story, "listen",
		    pier_packet_open(
			    &server, "udp4://127.0.0.1:0", &opts, SOON)) < 0)
		return;
	if (met(story, "local", pier_packet_local(server, &addr)) == 0) {
		(void)snprintf(where, sizeof(where), "127.0.0.1:%d",
			pier_addr_port(&addr));
		ask(story, server, hosts);
	}
	pier_packet_close(server);
}

EACH_INSIDE(two)

static const struct fault_scenario scenarios[] = {
	{ "two servers, fibers", two_by_fibers, NULL },
	{ "two servers, threads", two_by_threads, NULL },
};

int
main(void)
{
	return each_run(scenarios, sizeof(scenarios) / sizeof(scenarios[0]));
}
