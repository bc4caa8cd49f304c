/* SPDX-License-Identifier: MIT */
/* chat_server --port N: everybody hears everybody, by lines. Whoever comes says
   a name first; who does not read is dropped, and nobody waits for him. Ctrl-C
   ends it. */
#include <getopt.h>
#include <stdio.h>

#include <pier.h>

#define NAME 32
#define LINE 1000

/* A line of less than most bytes, at most LINE, without its end, into text of
   PIER_BYTES_SHOWN(most). Nobody's terminal is for others to control. */
static ssize_t
read_text(struct pier_stream *client, char *text, size_t most)
{
	char line[LINE];
	ssize_t n = pier_read_line(client, line, most, PIER_DEFAULT);
	ssize_t len = n;

	while (len > 0 && (line[len - 1] == '\n' || line[len - 1] == '\r'))
		len--;
	if (n > 0)
		pier_bytes_show(
			text, PIER_BYTES_SHOWN(most), line, (size_t)len);
	return n;
}

static int
chat(struct pier_stream *client, void *room)
{
	struct pier_member *me;
	char name[PIER_BYTES_SHOWN(NAME)], text[PIER_BYTES_SHOWN(LINE)];
	ssize_t n;
	int rc;

	pier_printf(client, "Your name?\n");
	n = read_text(client, name, NAME);
	if (n <= 0)
		return (int)n;
	rc = pier_hub_join(&me, room, client);
	if (rc < 0)
		return rc;
	pier_hub_printf(room, NULL, "* %s has come\n", name);
	while ((n = read_text(client, text, LINE)) > 0)
		pier_hub_printf(room, me, "%s: %s\n", name, text);
	pier_hub_printf(room, me, "* %s has left\n", name);
	rc = pier_hub_leave(me, n < 0 ? PIER_NOW : PIER_DEFAULT);
	return n < 0 ? (int)n : rc;
}

static int
serve(const char *endpoint)
{
	struct pier_hub *room = NULL;
	int rc = pier_hub_open(&room,
		&(struct pier_hub_opts){ .policy = PIER_HUB_DROP_MEMBER });

	if (rc == 0)
		rc = pier_serve(&(struct pier_server_opts){
			.endpoint = endpoint, .handler = chat, .ctx = room });
	pier_hub_close(room);
	return rc;
}

int
main(int argc, char **argv)
{
	static const struct option options[] = { { "port", 1, NULL, 'p' },
		{ NULL, 0, NULL, 0 } };
	char endpoint[64], rest;
	unsigned port = 0;
	int opt, rc;

	while ((opt = getopt_long(argc, argv, "", options, NULL)) == 'p')
		if (sscanf(optarg, "%5u%c", &port, &rest) != 1)
			port = 0;
	if (opt != -1 || port < 1 || port > 65535) {
		fprintf(stderr, "usage: chat_server --port 1-65535\n");
		return 2;
	}
	(void)snprintf(endpoint, sizeof(endpoint), "tcp://:%u", port);
	rc = serve(endpoint);
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
