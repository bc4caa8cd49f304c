/* SPDX-License-Identifier: MIT */
/* chat [NAME]: whoever runs it on this network talks with all others, with nothing
   to configure: each announces where it listens, finds the others, and hears each
   by a connection of its own. /who tells who is there, any other line goes to all,
   Ctrl-D leaves. */
#include <ctype.h>
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

struct chat {
	struct pier_group *tasks;
	struct pier_server *server; /* for those who hear me, */
	struct pier_hub *audience;  /* who are here */
	struct pier_announce *announce;
	struct pier_find *find;
	struct person *people; /* those whom I hear */
};

struct person {
	struct person *next;
	struct chat *chat;
	char name[64];
	struct pier_names *where;
	bool is_here, has_gone;
};

static const struct pier_framing framing = { .kind = PIER_FRAME_NETSTRING,
	.max = LINE };

/* Nobody's terminal is for others to control. */
static void
clean(char *text)
{
	for (; *text != '\0'; text++)
		if (iscntrl((unsigned char)*text))
			*text = ' ';
}

/* ---- Those whom I hear ---- */

static void
tell_who(const struct chat *chat)
{
	const struct person *it;
	const char *before = "* here: ";

	for (it = chat->people; it != NULL; it = it->next)
		if (it->is_here) {
			printf("%s%s", before, it->name);
			before = ", ";
		}
	printf("%s\n", before[0] == '*' ? "* nobody else is here" : "");
}

/* Until the connection ends, however it does. */
static int
hear_out(struct person *it, struct pier_stream *stream)
{
	struct pier_frame *frame;
	char text[LINE + 1];
	size_t size;
	int rc = pier_frame_attach(&frame, stream, &framing);

	if (rc < 0)
		return rc;
	printf("* %s is here\n", it->name);
	it->is_here = true;
	while ((rc = pier_frame_recv(frame, text, LINE, &size, PIER_FOREVER)) >
		0) {
		text[size] = '\0';
		clean(text);
		printf("%s: %s\n", it->name, text);
	}
	it->is_here = false;
	if (rc != -ECANCELED)
		printf("* %s %s\n", it->name,
			rc == 0 || pier_is_reset(rc) || pier_is_end(rc)
				? "has left"
				: "does not answer any more");
	return rc;
}

/* As long as he is announced: a cable may come back. */
static int
hear(void *arg)
{
	struct person *it = arg, **at = &it->chat->people;
	struct pier_stream *stream;
	int rc = 0;

	while (rc == 0 && !it->has_gone) {
		const struct pier_dial_opts opts = {
			.lookup = pier_names_lookup, .lookup_arg = it->where
		};

		if (pier_dial(&stream, "svc://" TYPE ALIVE, &opts,
			    pier_in_s(5)) == 0) {
			(void)hear_out(it, stream);
			pier_close(stream);
		}
		rc = pier_sleep(pier_in_s(1));
	}
	while (*at != it)
		at = &(*at)->next;
	*at = it->next;
	pier_names_free(it->where);
	free(it);
	return 0;
}

static struct person *
find_person(const struct chat *chat, const char *name)
{
	struct person *it = chat->people;

	while (it != NULL && strcmp(it->name, name) != 0)
		it = it->next;
	return it;
}

static struct person *
add_person(struct chat *chat, const char *name)
{
	struct person *it = calloc(1, sizeof(*it));

	if (it == NULL || pier_go(chat->tasks, hear, it) < 0) {
		free(it);
		return NULL;
	}
	(void)snprintf(it->name, sizeof(it->name), "%s", name);
	it->chat = chat;
	it->next = chat->people;
	chat->people = it;
	return it;
}

/* He is there, somewhere else than before, or no more. */
static void
notice(struct chat *chat, const struct pier_find_event *event)
{
	const struct pier_found *found = &event->service;
	struct pier_names *where = NULL;
	struct person *it;
	char name[64];

	(void)snprintf(name, sizeof(name), "%s", found->instance);
	clean(name);
	it = find_person(chat, name);
	if (it != NULL)
		it->has_gone = event->what == PIER_FIND_REMOVED;
	if (event->what == PIER_FIND_REMOVED ||
		strcmp(name, pier_announce_name(chat->announce)) == 0 ||
		pier_names_make(&where, found->addrs, found->addr_count, NULL) <
			0)
		return;
	if (it == NULL)
		it = add_person(chat, name);
	if (it != NULL) {
		pier_names_free(it->where);
		it->where = where;
	} else {
		pier_names_free(where);
	}
}

static int
look(void *arg)
{
	struct chat *chat = arg;
	struct pier_find_event event;
	int rc;

	while ((rc = pier_find_next(chat->find, &event, PIER_FOREVER)) > 0)
		notice(chat, &event);
	return rc;
}

/* ---- Those who hear me ---- */

/* He says nothing: it is his end that is waited for. */
static int
speak(struct pier_stream *stream, void *arg)
{
	struct chat *chat = arg;
	struct pier_member *member;
	char byte;
	int rc = pier_hub_join(&member, chat->audience, stream);

	if (rc < 0)
		return rc;
	(void)pier_read(stream, &byte, 1, PIER_FOREVER);
	return pier_hub_leave(member, PIER_NOW);
}

/* Others are looked for once my name is mine: it may have been that of one of
   them. */
static int
announce(void *arg)
{
	struct chat *chat = arg;
	struct pier_announce_event event;
	bool looks = false;
	int rc;

	while ((rc = pier_announce_next(chat->announce, &event, PIER_FOREVER)) >
		0)
		if (event.what == PIER_ANNOUNCE_TOLD && !looks)
			looks = pier_go(chat->tasks, look, chat) == 0;
	return rc;
}

/* ---- Me ---- */

/* What is typed, until its end. A line that is too long is left out. */
static int
talk(struct chat *chat)
{
	const struct pier_framing lines = { .kind = PIER_FRAME_LINE,
		.max = LINE,
		.overlong = PIER_FRAME_SKIP };
	struct pier_stream *keyboard;
	struct pier_frame *frame;
	char line[LINE], wire[LINE + 16];
	size_t size;
	int rc = pier_dial(&keyboard, "fd://0", NULL, PIER_NOW);

	if (rc < 0)
		return rc;
	rc = pier_frame_attach(&frame, keyboard, &lines);
	while (rc >= 0 && (rc = pier_frame_recv(frame, line, LINE, &size,
				   PIER_FOREVER)) > 0) {
		ssize_t n = pier_frame_encode(
			&framing, wire, sizeof(wire), line, size);

		if (size == 4 && memcmp(line, "/who", 4) == 0)
			tell_who(chat);
		else if (n > 0)
			(void)pier_hub_post(
				chat->audience, wire, (size_t)n, NULL);
	}
	pier_close(keyboard);
	return rc;
}

/* Others answer within a second, mostly at once. In the end all hear all of what
   was said, and that it was the last. */
static int
live(void *arg)
{
	struct chat *chat = arg;
	int rc = pier_sleep(pier_in_ms(1500));

	tell_who(chat);
	if (rc == 0)
		rc = talk(chat);
	pier_hub_end(chat->audience);
	pier_server_stop(chat->server);
	return rc;
}

/* At "tcp://[::]:40123". */
static int
enter(struct chat *chat, const char *name)
{
	struct pier_announce_opts opts = {
		.instance = name, .type = TYPE, .by = PIER_BY_MDNS
	};
	char where[PIER_ENDPOINT_TEXT_MAX];
	int rc = pier_server_open(&chat->server,
		&(struct pier_server_opts){ .endpoint = "tcp://:0" ALIVE,
			.handler = speak,
			.ctx = chat,
			.first_byte_ms = PIER_OFF,
			.idle_ms = PIER_OFF,
			.drain_ms = 1000 });

	if (rc == 0)
		rc = pier_server_endpoint(
			chat->server, 0, where, sizeof(where));
	if (rc < 0)
		return rc;
	opts.port = (uint16_t)atoi(strrchr(where, ':') + 1);
	rc = pier_announce_open(&chat->announce, &opts);
	if (rc == 0)
		rc = pier_find_open(&chat->find, TYPE,
			&(struct pier_find_opts){ .by = PIER_BY_MDNS });
	if (rc == 0)
		rc = pier_hub_open(&chat->audience, NULL);
	return rc == 0 ? pier_group_open(&chat->tasks) : rc;
}

static int
chat_as(void *name)
{
	/* On the heap: other tasks use it while this one waits. */
	struct chat *chat = calloc(1, sizeof(*chat));
	int rc = -ENOMEM;

	if (chat == NULL)
		return rc;
	rc = enter(chat, name);
	if (rc == 0 && (rc = pier_go(chat->tasks, announce, chat)) == 0 &&
		(rc = pier_go(chat->tasks, live, chat)) == 0)
		rc = pier_server_run(chat->server);
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	if (chat->tasks != NULL) {
		pier_group_cancel(chat->tasks);
		(void)pier_group_wait(chat->tasks, PIER_FOREVER);
	}
	pier_group_close(chat->tasks);
	pier_announce_close(chat->announce);
	pier_find_close(chat->find);
	pier_server_close(chat->server);
	pier_hub_close(chat->audience);
	free(chat);
	return rc;
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : getenv("USER");
	bool help = name != NULL && strcmp(name, "--help") == 0;

	if (name == NULL || name[0] == '-' || argc > 2) {
		fprintf(help ? stdout : stderr, "usage: chat [NAME]\n");
		return help ? 0 : 2;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	return pier_run(chat_as, (void *)(uintptr_t)name,
		       &(struct pier_run_opts){ .stack_size = 256 * 1024 },
		       NULL) < 0;
}
