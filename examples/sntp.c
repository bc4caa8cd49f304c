/* SPDX-License-Identifier: MIT */
/*
 * The bare exchange of SNTP: 48 bytes there, of which only the first is not 0
 * (version 3, mode 3: a client), 48 bytes back, whose eleventh word is seconds
 * since 1900. Nothing is checked, and the way there and back is not counted:
 * pier_sntp_open() does both.
 */
#include <pier.h>
#include <stdio.h>
#include <time.h>

#define SINCE_1900 2208988800U

static int
ask(unsigned char answer[48], const char *endpoint)
{
	static const unsigned char request[48] = { 0x1b };
	pier_deadline deadline = pier_in_s(5);
	struct pier_packet *packet;
	struct pier_msg msg;
	int rc = pier_packet_open(&packet, endpoint, NULL, deadline);

	if (rc < 0)
		return rc;
	rc = pier_send(packet, NULL, request, sizeof(request), deadline);
	if (rc == 0)
		rc = pier_recv(packet, &msg, answer, 48, deadline);
	if (rc == 0 && msg.size < 48)
		rc = -PIER_EEND;
	pier_packet_close(packet);
	return rc;
}

int
main(int argc, char **argv)
{
	unsigned char answer[48] = { 0 };
	time_t when;
	int rc;

	rc = ask(answer, argc > 1 ? argv[1] : "udp://pool.ntp.org:123");
	if (rc < 0) {
		fprintf(stderr, "%s\n", pier_strerror(rc));
		return 1;
	}
	/* The eleventh word, in network byte order. */
	when = (time_t)(pier_be32_get(answer + 40) - SINCE_1900);
	printf("%s", ctime(&when));
	return 0;
}
