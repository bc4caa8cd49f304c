/* SPDX-License-Identifier: MIT */
/*
 * packet.c - a server for packet_netns.py: `packet ENDPOINT` answers each
 * message with the address and the link that it was sent to. It says "ready"
 * when it listens, and stays until its standard input ends.
 */
#include <pier.h>

#include <net/if.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

static int
answer(struct pier_packet *packet)
{
	char link[IF_NAMESIZE] = "";
	char local[PIER_ADDR_TEXT_MAX];
	char text[PIER_ADDR_TEXT_MAX + 64];
	struct pier_msg msg;
	int len;
	int rc = pier_recv(packet, &msg, text, sizeof(text), PIER_NOW);

	if (rc < 0)
		return rc;
	(void)pier_addr_format_host(&msg.local, local, sizeof(local));
	if (if_indextoname(msg.interface, link) == NULL)
		(void)strcpy(link, "?");
	len = snprintf(text, sizeof(text), "%s by %s", local, link);
	return pier_reply(packet, &msg, text, (size_t)len, pier_in_ms(1000));
}

static int
serve(struct pier_packet **packets, size_t count)
{
	struct pier_waitable list[3] = { { .fd = STDIN_FILENO,
		.want = PIER_READING } };
	size_t i;

	for (i = 0; i < count; i++)
		list[i + 1] = (struct pier_waitable){ .packet = packets[i],
			.want = PIER_READING };
	for (;;) {
		if (pier_wait_any(list, count + 1, PIER_FOREVER) < 0)
			return 1;
		if (list[0].ready != 0)
			return 0;
		for (i = 0; i < count; i++) {
			if (list[i + 1].ready == 0)
				continue;
			if (answer(packets[i]) < 0)
				fprintf(stderr, "%s\n", pier_error_line());
		}
	}
}

int
main(int argc, char **argv)
{
	static const struct pier_packet_opts opts = { .listen = true };
	struct pier_packet *packets[2];
	int count, rc, i;

	if (argc != 2) {
		fprintf(stderr, "usage: packet ENDPOINT\n");
		return 2;
	}
	count = pier_packet_open_all(packets, 2, argv[1], &opts, PIER_FOREVER);
	if (count < 0) {
		fprintf(stderr, "%s\n", pier_error_line());
		return 1;
	}
	printf("ready\n");
	(void)fflush(stdout);
	rc = serve(packets, (size_t)count);
	for (i = 0; i < count; i++)
		pier_packet_close(packets[i]);
	return rc;
}
