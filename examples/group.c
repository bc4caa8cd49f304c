/* SPDX-License-Identifier: MIT */
/* group --port N --interface NAME: hears the group 239.1.2.3 on that interface
   and answers each message, until one says "leave". */
#include <getopt.h>
#include <stdio.h>
#include <string.h>

#include <pier.h>

static int
hear(struct pier_packet *socket, const struct pier_membership *group)
{
	char text[512] = "", peer[PIER_ADDR_TEXT_MAX];
	struct pier_msg msg = { .size = 0 };
	int rc = pier_packet_join(socket, group);

	while (rc == 0 && (msg.size != 5 || memcmp(text, "leave", 5) != 0)) {
		rc = pier_recv(socket, &msg, text, sizeof(text), PIER_FOREVER);
		if (rc < 0)
			break;
		(void)pier_addr_format_host(&msg.peer, peer, sizeof(peer));
		printf("%s says %.*s\n", peer, (int)msg.size, text);
		rc = pier_reply(socket, &msg, "heard", 5, pier_in_s(1));
	}
	return rc < 0 ? rc : pier_packet_leave(socket, group);
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "port", 1, NULL, 'p' },
		{ "interface", 1, NULL, 'i' }, { NULL, 0, NULL, 0 } };
	const struct pier_packet_opts opts = { .listen = true };
	struct pier_membership group = { .interface = 0 };
	struct pier_packet *socket = NULL;
	char endpoint[64], rest;
	unsigned port = 0;
	int opt, rc = 0;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) != -1)
		if (opt == 'i')
			rc = pier_interface_index(optarg);
		else if (opt != 'p' ||
			 sscanf(optarg, "%5u%c", &port, &rest) != 1)
			port = 0;
	if (port < 1 || port > 65535 || rc <= 0) {
		fprintf(stderr,
			"usage: group --port 1-65535 --interface NAME\n");
		return 2;
	}
	group.interface = (unsigned)rc;
	(void)snprintf(endpoint, sizeof(endpoint), "udp4://:%u", port);
	rc = pier_addr_parse(&group.group, "239.1.2.3");
	if (rc == 0)
		rc = pier_packet_open(&socket, endpoint, &opts, pier_in_s(10));
	if (rc == 0)
		rc = hear(socket, &group);
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	pier_packet_close(socket);
	return rc < 0;
}
