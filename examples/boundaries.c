/* SPDX-License-Identifier: MIT */
/* boundaries ENDPOINT [KIND]: waits there and shows what comes. Two messages
   come by TCP as one run of bytes, by UDP as two, and by TCP with a framing of
   that KIND (pier-framing(7)), such as u32be, as two again. */
#include <stdio.h>
#include <string.h>

#include <pier.h>

static char buf[1000];

static void
show(const char *what, size_t size)
{
	printf("%s of %zu bytes: %.*s\n", what, size, (int)size, buf);
}

static int
by_packets(const char *endpoint, pier_deadline until)
{
	struct pier_packet_opts opts = { .listen = true };
	struct pier_packet *socket = NULL;
	struct pier_msg msg;
	int rc = pier_packet_open(&socket, endpoint, &opts, until), i;

	for (i = 0; i < 2 && rc == 0; i++)
		if ((rc = pier_recv(socket, &msg, buf, sizeof(buf), until)) ==
			0)
			show("a message", msg.size);
	pier_packet_close(socket);
	return rc;
}

static int
by_frames(struct pier_stream *stream, const char *kind, pier_deadline until)
{
	struct pier_framing framing;
	struct pier_frame *frame = NULL;
	size_t size;
	int rc = pier_frame_parse(&framing, kind);

	if (rc == 0)
		rc = pier_frame_attach(&frame, stream, &framing);
	while (frame != NULL && (rc = pier_frame_recv(frame, buf, sizeof(buf),
					 &size, until)) > 0)
		show("a message", size);
	return rc;
}

static int
by_stream(const char *endpoint, const char *kind, pier_deadline until)
{
	struct pier_listener *listener = NULL;
	struct pier_stream *stream = NULL;
	int rc = pier_listen(&listener, endpoint, NULL, until);

	if (rc == 0)
		rc = pier_accept(&stream, listener, until);
	if (rc == 0 && kind != NULL) {
		rc = by_frames(stream, kind, until);
	} else if (rc == 0) {
		/* How many reads that takes is a matter of luck. */
		rc = (int)pier_read_full(stream, buf, sizeof(buf), until);
		if (rc == -PIER_EEND) {
			show("a run", pier_last_error()->done);
			rc = 0;
		}
	}
	pier_close(stream);
	pier_listener_close(listener);
	return rc;
}

int
main(int argc, char **argv)
{
	int rc;

	if (argc != 2 && argc != 3) {
		fprintf(stderr, "usage: boundaries ENDPOINT [KIND]\n");
		return 2;
	}
	rc = strncmp(argv[1], "udp", 3) == 0
		     ? by_packets(argv[1], pier_in_s(20))
		     : by_stream(argv[1], argv[2], pier_in_s(20));
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
