/* SPDX-License-Identifier: MIT */
/*
 * many.c - one of many hosts, for many_netns.py.
 *
 *   many hear ENDPOINT            tells of each message what came along with
 *                                 it, and answers; until standard input ends
 *   many ask ENDPOINT TEXT COUNT [TTL TOS]
 *                                 sends TEXT, tells of COUNT answers
 *
 * It says "ready" when it hears.
 */
#include <pier.h>

#include <errno.h>
#include <net/if.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

static const char *
host_of(const struct pier_addr *addr, char text[PIER_ADDR_TEXT_MAX])
{
	if (addr->len == 0 ||
		pier_addr_format_host(addr, text, PIER_ADDR_TEXT_MAX) < 0)
		return "-";
	return text;
}

/* Within the last second by this machine's clock. */
static bool
is_now(int64_t ns)
{
	int64_t age = (int64_t)time(NULL) - ns / 1000000000;

	return age >= 0 && age <= 1;
}

static void
tell(const struct pier_msg *msg)
{
	char peer[PIER_ADDR_TEXT_MAX], local[PIER_ADDR_TEXT_MAX],
		to[PIER_ADDR_TEXT_MAX];
	char link[IF_NAMESIZE] = "?";

	(void)if_indextoname(msg->interface, link);
	printf("%.*s from %s local %s to %s by %s ttl %d tos %d %s\n",
		(int)msg->size, (const char *)msg->data,
		host_of(&msg->peer, peer), host_of(&msg->local, local),
		host_of(&msg->to, to), link, msg->ttl, msg->tos,
		is_now(msg->time_ns) ? "now" : "no time");
	(void)fflush(stdout);
}

static int
answer(struct pier_packet *packet)
{
	char text[256];
	struct pier_msg msg;
	int rc = pier_recv(packet, &msg, text, sizeof(text), PIER_NOW);

	if (rc < 0)
		return rc;
	tell(&msg);
	return pier_reply(packet, &msg, "heard", 5, pier_in_ms(1000));
}

static int
hear(const char *endpoint)
{
	static const struct pier_packet_opts opts = { .listen = true,
		.ask = PIER_ASK_TTL | PIER_ASK_TOS | PIER_ASK_TIME };
	struct pier_waitable list[2] = { { .fd = STDIN_FILENO,
		.want = PIER_READING } };
	struct pier_packet *packet;
	int rc = pier_packet_open(&packet, endpoint, &opts, PIER_FOREVER);

	if (rc < 0)
		return rc;
	list[1] = (struct pier_waitable){ .packet = packet,
		.want = PIER_READING };
	printf("ready\n");
	(void)fflush(stdout);
	while (rc >= 0 || rc == -EAGAIN) {
		rc = pier_wait_any(list, 2, PIER_FOREVER);
		if (rc < 0 || list[0].ready != 0)
			break;
		rc = answer(packet);
	}
	pier_packet_close(packet);
	return rc;
}

static int
ask(char **argv, int argc)
{
	static const struct pier_packet_opts opts = { .ask = PIER_ASK_ERRORS };
	struct pier_outgoing out = { .data = argv[3], .size = strlen(argv[3]) };
	pier_deadline deadline = pier_in_s(20);
	struct pier_packet *packet;
	struct pier_msg msg;
	char text[256], peer[PIER_ADDR_TEXT_MAX];
	int count = atoi(argv[4]);
	int rc = pier_packet_open(&packet, argv[2], &opts, PIER_FOREVER);

	if (rc < 0)
		return rc;
	if (argc == 7) {
		out.ttl = atoi(argv[5]);
		out.tos = atoi(argv[6]);
		rc = pier_send_many(packet, &out, 1, deadline);
	} else {
		rc = pier_send(packet, NULL, out.data, out.size, deadline);
	}
	for (; rc >= 0 && count > 0; count--) {
		rc = pier_recv(packet, &msg, text, sizeof(text), deadline);
		if (rc >= 0)
			printf("%s: %.*s\n", host_of(&msg.peer, peer),
				(int)msg.size, text);
	}
	pier_packet_close(packet);
	return rc;
}

int
main(int argc, char **argv)
{
	int rc;

	if (argc == 3 && strcmp(argv[1], "hear") == 0) {
		rc = hear(argv[2]);
	} else if ((argc == 5 || argc == 7) && strcmp(argv[1], "ask") == 0) {
		rc = ask(argv, argc);
	} else {
		fprintf(stderr, "usage: many hear ENDPOINT\n"
				"       many ask ENDPOINT TEXT COUNT [TTL "
				"TOS]\n");
		return 2;
	}
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
