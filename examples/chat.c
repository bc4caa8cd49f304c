/* SPDX-License-Identifier: MIT */
/* chat [NAME]: whoever runs it on this network talks with all others, with nothing
   to configure: each announces where it listens, finds the others, and hears each
   by a connection of its own. /who tells who is there, any other line goes to all,
   Ctrl-D leaves. */
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pier.h>

#define TYPE "_pier-chat._tcp"
#define LINE 1000
/* Who is unplugged says no goodbye: after 2 s of silence his kernel is asked each
   second, until he is given up after 10 s. A fifth of all may be lost. */
#define ALIVE "?keepalive=1&keepidle=2s&keepintvl=1s&user_timeout=10s"

static struct pier_server *server; /* for those who hear me, */
static struct pier_hub *hub;       /* who are its members */
static struct pier_announce *me;
static struct pier_find *find;
static struct person { /* whom I hear, or call; without a name: nobody */
	char name[64];
	struct pier_names *where;
	bool is_here;
} people[100], *const people_end = people + 100;

static const struct pier_framing lines = {
	.kind = PIER_FRAME_LINE, .max = LINE, .overlong = PIER_FRAME_SKIP
};

static void
tell_who(void)
{
	const char *before = "* here: ";
	struct person *it;

	for (it = people; it < people_end; it++)
		if (it->is_here) {
			printf("%s%s", before, it->name);
			before = ", ";
		}
	printf("%s\n", before[0] == '*' ? "* nobody else is here" : "");
}

/* Somebody hears me. What he says, to nobody, is dropped; his end is the end. */
static int
speak(struct pier_stream *stream, void *ctx)
{
	struct pier_member *member;
	int rc = pier_hub_join(&member, hub, stream);

	if (rc == 0) {
		(void)pier_handler_discard(stream, ctx);
		rc = pier_hub_leave(member, PIER_NOW);
	}
	return rc;
}

/* Until the connection ends, however it does. */
static int
hear(void *person)
{
	struct person *it = person;
	const struct pier_dial_opts opts = { .lookup = pier_names_lookup,
		.lookup_arg = it->where };
	struct pier_stream *stream = NULL;
	struct pier_frame *frame;
	char text[LINE], shown[PIER_BYTES_SHOWN(LINE)];
	size_t size;
	int rc = pier_dial(&stream, "svc://" TYPE ALIVE, &opts, pier_in_s(5));

	pier_names_free(it->where);
	if (rc == 0 && pier_frame_attach(&frame, stream, &lines) == 0) {
		printf("* %s is here\n", it->name);
		it->is_here = true;
		while ((rc = pier_frame_recv(
				frame, text, LINE, &size, PIER_FOREVER)) > 0)
			printf("%s: %s\n", it->name,
				pier_bytes_show(
					shown, sizeof(shown), text, size));
		it->is_here = false;
		if (rc != -ECANCELED)
			printf("* %s %s\n", it->name,
				rc == 0 || pier_is_reset(rc) || pier_is_end(rc)
					? "has left"
					: "does not answer any more");
	}
	pier_close(stream);
	/* Who has left may be announced for another second. */
	rc = pier_sleep(pier_in_s(1));
	it->name[0] = '\0';
	return rc;
}

/* Hear him, if that is not done. */
static int
meet(const struct pier_found *found, void *unused)
{
	struct person *it, *nobody = NULL;
	char name[sizeof(it->name)];

	(void)unused;
	if (strcmp(found->instance, pier_announce_name(me)) == 0)
		return 0;
	(void)pier_bytes_show(
		name, sizeof(name), found->instance, strlen(found->instance));
	for (it = people; it < people_end; it++)
		if (strcmp(it->name, name) == 0)
			return 0;
		else if (it->name[0] == '\0')
			nobody = it;
	if (nobody == NULL || pier_names_make(&nobody->where, found->addrs,
				      found->addr_count, NULL) < 0)
		return 0;
	if (pier_go(NULL, hear, nobody) == 0)
		memcpy(nobody->name, name, sizeof(name));
	else
		pier_names_free(nobody->where);
	return 0;
}

/* All who are there, each second anew: a cable may come back. */
static int
look(void *unused)
{
	struct pier_find_event event;
	int rc;

	(void)unused;
	do {
		rc = pier_find_next(find, &event, pier_in_s(1));
		(void)pier_find_each(find, meet, NULL);
	} while (rc > 0 || rc == -PIER_EDEADLINE);
	return rc;
}

static int
be_found(void *unused)
{
	(void)unused;
	return pier_announce_run(me, PIER_FOREVER);
}

/* What is typed, until its end; then all hear all of it, and that it was the
   last. */
static int
talk(void *unused)
{
	struct pier_stream *keyboard = NULL;
	struct pier_frame *frame;
	char text[LINE];
	size_t size;
	int rc = pier_dial(&keyboard, "fd://0", NULL, PIER_NOW);

	(void)unused;
	if (rc == 0 && pier_frame_attach(&frame, keyboard, &lines) == 0) {
		/* Others answer within a second, mostly at once. */
		rc = pier_sleep(pier_in_ms(1500));
		tell_who();
		while (rc >= 0 && (rc = pier_frame_recv(frame, text, LINE,
					   &size, PIER_FOREVER)) > 0)
			if (size == 4 && memcmp(text, "/who", 4) == 0)
				tell_who();
			else
				(void)pier_hub_printf(
					hub, NULL, "%.*s\n", (int)size, text);
	}
	pier_close(keyboard);
	pier_hub_end(hub);
	pier_server_stop(server);
	return rc;
}

static int
chat(void *name)
{
	struct pier_announce_opts opts = {
		.instance = name, .type = TYPE, .by = PIER_BY_MDNS
	};
	char where[PIER_ENDPOINT_TEXT_MAX];
	int rc = pier_server_open(&server,
		&(struct pier_server_opts){ .endpoint = "tcp://:0" ALIVE,
			.handler = speak,
			.first_byte_ms = PIER_OFF,
			.idle_ms = PIER_OFF,
			.drain_ms = 1000 });

	/* At "tcp://[::]:40123". */
	if (rc == 0)
		rc = pier_server_endpoint(server, 0, where, sizeof(where));
	if (rc > 0) {
		opts.port = (uint16_t)atoi(strrchr(where, ':') + 1);
		rc = pier_announce_open(&me, &opts);
	}
	if (rc == 0)
		rc = pier_find_open(&find, TYPE,
			&(struct pier_find_opts){ .by = PIER_BY_MDNS });
	if (rc == 0 && (rc = pier_hub_open(&hub, NULL)) == 0 &&
		(rc = pier_go(NULL, be_found, NULL)) == 0 &&
		(rc = pier_go(NULL, look, NULL)) == 0 &&
		(rc = pier_go(NULL, talk, NULL)) == 0)
		rc = pier_server_run(server);
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc;
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : getenv("USER");
	bool help = name != NULL && strcmp(name, "--help") == 0;
	int rc;

	if (name == NULL || name[0] == '-' || argc > 2) {
		fprintf(help ? stdout : stderr, "usage: chat [NAME]\n");
		return help ? 0 : 2;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	rc = pier_run(chat, (void *)(uintptr_t)name,
		&(struct pier_run_opts){ .stack_size = 256 * 1024 }, NULL);
	pier_announce_close(me);
	pier_find_close(find);
	pier_server_close(server);
	pier_hub_close(hub);
	return rc < 0;
}
