/* SPDX-License-Identifier: MIT */
/* sockets [FILTER]: every socket of the machine as netstat prints them, with
   the round-trip time of TCP connections and the process. */
#include <stdio.h>

#include <pier.h>

static int
show(const struct pier_socket *socket, void *ctx)
{
	char local[PIER_ADDR_TEXT_MAX], peer[PIER_ADDR_TEXT_MAX];
	const char *state = pier_tcp_state_name(socket->state);

	(void)ctx;
	(void)pier_addr_format(&socket->local, local, sizeof(local));
	(void)pier_addr_format(&socket->peer, peer, sizeof(peer));
	printf("%-7s %-12s %6u %6u %s %s", pier_socket_kind_name(socket->kind),
		state == NULL ? "-" : state, socket->recv_queue,
		socket->send_queue, local, peer);
	if (socket->info != NULL && socket->info->rtt_us > 0)
		printf(" rtt %.3g ms", socket->info->rtt_us / 1000.0);
	if (socket->owner_count > 0)
		printf(" %s (%d)", socket->owners[0].command,
			socket->owners[0].pid);
	printf("\n");
	return 0;
}

int
main(int argc, char **argv)
{
	struct pier_sockets_report report = { .count = 0 };
	const struct pier_sockets_opts opts = { .filter = argc > 1 ? argv[1]
								   : NULL,
		.owners = true,
		.report = &report };

	if (argc > 2) {
		fprintf(stderr, "usage: sockets [FILTER]\n");
		return 2;
	}
	if (pier_sockets(&opts, show, NULL, pier_in_s(10)) < 0) {
		fprintf(stderr, "%s\n", pier_error_line());
		return 1;
	}
	if (report.hidden > 0)
		printf("%zu processes belong to others\n", report.hidden);
	return 0;
}
