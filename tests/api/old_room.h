/* SPDX-License-Identifier: MIT */
/* old_room.h - what a program that was compiled long ago has room for. */
#ifndef TESTS_API_OLD_ROOM_H
#define TESTS_API_OLD_ROOM_H

#include <stddef.h>

#include <pier.h>

/* Met only by what hangs. */
#define HANGS pier_in_s(10)

/* What stands behind all that it knows. */
#define BEHIND 0x5a

/* A result, and what lies behind it. */
extern union old_room {
	struct pier_dial_report report;
	struct pier_relay_result relay;
	struct pier_run_result run;
	struct pier_server_stats stats;
	struct pier_tcp_info info;
	struct pier_tcp_flow flow;
	struct pier_sockets_report sockets;
	struct pier_msg msg;
	struct pier_endpoint_check check;
	struct pier_framing framing;
	struct pier_find_stats find_stats;
	struct pier_find_event found;
	struct pier_announce_event announced;
	struct pier_can_message can;
	struct pier_ping_event pinged;
	struct pier_ping_stats ping_stats;
	struct pier_ntp_message ntp;
	struct pier_ntp_verdict verdict;
	struct pier_sntp_event asked;
	struct pier_sntp_server server;
	unsigned char bytes[8192];
} room;

void clear(void);

/* Written up to size, and not a byte behind it. */
void assert_kept(size_t size);

#endif
