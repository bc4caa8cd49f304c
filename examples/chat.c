/* SPDX-License-Identifier: MIT */
/* chat [NAME]: whoever runs it on this network talks with all others. There is no
   server and nothing to configure: each announces its port, finds those of the
   others, and hears each by a connection of its own. /who tells who is there, any
   other line goes to all, Ctrl-D leaves. */
#include <ctype.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include <pier.h>

#define TYPE  "_pier-chat._tcp"
#define LINE  1000
#define ADDRS 8
/* Who is unplugged says no goodbye: after 2 s of silence his kernel is asked each
   second, until he is given up after 10 s. A fifth of all may be lost. */
#define ALIVE "keepalive=1&keepidle=2s&keepintvl=1s&user_timeout=10s"

struct chat {
	struct pier_group *tasks;
	struct pier_hub *audience; /* those who hear me */
	struct pier_listener *door;
	struct pier_announce *announce;
	struct pier_find *find;
	struct person *people; /* those whom I hear */
	char id[32];           /* tells me from another of my name */
};

struct person {
	struct person *next;
	struct chat *chat;
	char id[32], name[64];
	bool is_here, has_gone;
	struct pier_addr addrs[ADDRS];
	size_t count;
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

/* ---- Those whom I hear ---- */

static int
addresses_of(struct pier_names **out, const char *host, const char *service,
	const struct pier_resolve_opts *opts, pier_deadline deadline, void *arg)
{
	const struct person *it = arg;

	(void)host, (void)service, (void)opts, (void)deadline;
	return pier_names_make(out, it->addrs, it->count, NULL);
}

/* Until the connection ends, however it does. The first message is his id, and
   says that I am in his audience. */
static int
hear_out(struct person *it, struct pier_stream *stream)
{
	struct pier_frame *frame;
	char text[LINE + 1];
	size_t size;
	int rc = pier_frame_attach(&frame, stream, &framing);

	if (rc < 0)
		return rc;
	while ((rc = pier_frame_recv(frame, text, LINE, &size, PIER_FOREVER)) >
		0) {
		text[size] = '\0';
		clean(text);
		if (it->is_here) {
			printf("%s: %s\n", it->name, text);
			continue;
		}
		/* Where two have one name yet, it may be the other, or me. */
		if (strcmp(text, it->id) != 0)
			return 0;
		it->is_here = true;
		printf("* %s is here\n", it->name);
	}
	if (it->is_here && rc != -ECANCELED)
		printf("* %s %s\n", it->name,
			rc == 0 || pier_is_reset(rc) || pier_is_end(rc)
				? "has left"
				: "does not answer any more");
	it->is_here = false;
	return rc;
}

/* As long as he is announced: a cable may come back. */
static int
hear(void *arg)
{
	struct person *it = arg, **at;
	const struct pier_dial_opts opts = { .lookup = addresses_of,
		.lookup_arg = it };
	struct pier_stream *stream;
	char where[160];
	int rc = 0;

	while (rc == 0 && !it->has_gone) {
		(void)snprintf(where, sizeof(where), "tcp://found:%d?" ALIVE,
			pier_addr_port(&it->addrs[0]));
		if (pier_dial(&stream, where, &opts, pier_in_s(5)) == 0) {
			(void)hear_out(it, stream);
			pier_close(stream);
		}
		rc = pier_sleep(pier_in_s(1));
	}
	for (at = &it->chat->people; *at != it; at = &(*at)->next)
		;
	*at = it->next;
	free(it);
	return 0;
}

/* By what does not change when he is renamed, or by his name. */
static struct person *
find_person(struct chat *chat, const char *id, const char *name)
{
	struct person *it = chat->people;

	while (it != NULL && strcmp(id != NULL ? it->id : it->name,
				     id != NULL ? id : name) != 0)
		it = it->next;
	return it;
}

static const char *
id_of(const struct pier_found *found)
{
	size_t i;

	for (i = 0; i < found->text_count; i++)
		if (strcmp(found->texts[i].key, "id") == 0)
			return found->texts[i].value;
	return NULL;
}

static struct person *
add_person(struct chat *chat)
{
	struct person *it = calloc(1, sizeof(*it));

	if (it == NULL || pier_go(chat->tasks, hear, it) < 0) {
		free(it);
		return NULL;
	}
	it->chat = chat;
	it->next = chat->people;
	chat->people = it;
	return it;
}

static void
come(struct chat *chat, const struct pier_found *found, const char *name)
{
	const char *id = id_of(found);
	struct person *it;

	if (id == NULL || strcmp(id, chat->id) == 0 || found->addr_count == 0)
		return;
	it = find_person(chat, id, NULL);
	if (it == NULL)
		it = add_person(chat);
	if (it == NULL)
		return;
	(void)snprintf(it->id, sizeof(it->id), "%s", id);
	(void)snprintf(it->name, sizeof(it->name), "%s", name);
	it->count = found->addr_count < ADDRS ? found->addr_count : ADDRS;
	memcpy(it->addrs, found->addrs, it->count * sizeof(*it->addrs));
	it->has_gone = false;
}

static void
notice(struct chat *chat, const struct pier_find_event *event)
{
	struct person *it;
	char name[64];

	(void)snprintf(name, sizeof(name), "%s", event->service.instance);
	clean(name);
	if (event->what != PIER_FIND_REMOVED)
		come(chat, &event->service, name);
	else if ((it = find_person(chat, NULL, name)) != NULL)
		it->has_gone = true;
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

struct guest {
	struct chat *chat;
	struct pier_stream *stream;
};

/* He says nothing: it is his end that is waited for. */
static int
speak(void *arg)
{
	struct guest *guest = arg;
	const char *id = guest->chat->id;
	struct pier_member *member;
	char byte, wire[64];
	ssize_t n;

	if (pier_hub_join(&member, guest->chat->audience, guest->stream) == 0) {
		n = pier_frame_encode(
			&framing, wire, sizeof(wire), id, strlen(id));
		if (n > 0)
			(void)pier_hub_tell(member, wire, (size_t)n);
		(void)pier_read(guest->stream, &byte, 1, PIER_FOREVER);
		(void)pier_hub_leave(member, PIER_NOW);
	}
	pier_close(guest->stream);
	free(guest);
	return 0;
}

static int
welcome(void *arg)
{
	struct chat *chat = arg;
	struct pier_stream *stream;
	int rc;

	while ((rc = pier_accept(&stream, chat->door, PIER_FOREVER)) == 0) {
		struct guest *guest = malloc(sizeof(*guest));

		if (guest != NULL)
			*guest = (struct guest){ chat, stream };
		if (guest == NULL || pier_go(chat->tasks, speak, guest) < 0) {
			pier_close(stream);
			free(guest);
		}
	}
	return rc;
}

static int
announce(void *arg)
{
	struct chat *chat = arg;

	return pier_announce_run(chat->announce, PIER_FOREVER);
}

/* ---- Me ---- */

static int
talk(struct chat *chat)
{
	struct pier_stream *keyboard;
	char line[LINE], wire[LINE + 16];
	ssize_t n;
	int rc = pier_dial(&keyboard, "fd://0", NULL, PIER_NOW);

	if (rc < 0)
		return rc;
	/* Others answer within a second, mostly at once. */
	(void)pier_sleep(pier_in_ms(1500));
	tell_who(chat);
	while ((n = pier_read_line(
			keyboard, line, sizeof(line), PIER_FOREVER)) != 0) {
		size_t size;

		/* A longer line goes in pieces. */
		if (n == -EMSGSIZE)
			n = pier_read_full(
				keyboard, line, LINE - 1, PIER_FOREVER);
		if (n < 0)
			break;
		line[n < LINE ? n : LINE - 1] = '\0';
		size = strcspn(line, "\n");
		if (strncmp(line, "/who", size) == 0 && size == 4) {
			tell_who(chat);
			continue;
		}
		n = pier_frame_encode(&framing, wire, sizeof(wire), line, size);
		if (n > 0)
			(void)pier_hub_post(
				chat->audience, wire, (size_t)n, NULL);
	}
	pier_close(keyboard);
	return (int)n;
}

static int
enter(struct chat *chat, const char *name)
{
	char text[40];
	const char *const texts[] = { text, NULL };
	struct pier_announce_opts opts = {
		.instance = name, .type = TYPE, .texts = texts
	};
	struct pier_addr door;
	int rc =
		pier_listen(&chat->door, "tcp://:0?" ALIVE, NULL, PIER_FOREVER);

	if (rc == 0)
		rc = pier_listener_addr(chat->door, &door);
	if (rc == 0) {
		opts.port = (uint16_t)pier_addr_port(&door);
		(void)snprintf(text, sizeof(text), "id=%s", chat->id);
		rc = pier_announce_open(&chat->announce, &opts);
	}
	if (rc == 0)
		rc = pier_find_open(&chat->find, TYPE, NULL);
	if (rc == 0)
		rc = pier_hub_open(&chat->audience, NULL);
	if (rc == 0)
		rc = pier_group_open(&chat->tasks);
	return rc;
}

static int
chat_as(void *name)
{
	/* On the heap: other tasks use it while this one waits. */
	struct chat *chat = calloc(1, sizeof(*chat));
	int rc = -ENOMEM;

	if (chat == NULL)
		return rc;
	(void)snprintf(chat->id, sizeof(chat->id), "%llx",
		(unsigned long long)pier_now());
	rc = enter(chat, name);
	if (rc == 0)
		rc = pier_go(chat->tasks, welcome, chat);
	if (rc == 0)
		rc = pier_go(chat->tasks, announce, chat);
	if (rc == 0)
		rc = pier_go(chat->tasks, look, chat);
	if (rc == 0)
		rc = talk(chat);
	if (rc < 0 && rc != -ECANCELED)
		fprintf(stderr, "%s\n", pier_error_line());
	if (chat->tasks != NULL) {
		pier_group_cancel(chat->tasks);
		(void)pier_group_wait(chat->tasks, PIER_FOREVER);
	}
	pier_group_close(chat->tasks);
	pier_announce_close(chat->announce);
	pier_find_close(chat->find);
	pier_hub_close(chat->audience);
	pier_listener_close(chat->door);
	free(chat);
	return rc;
}

int
main(int argc, char **argv)
{
	const char *name = argc > 1 ? argv[1] : getenv("USER");

	if (name == NULL || argc > 2) {
		fprintf(stderr, "usage: chat [NAME]\n");
		return 2;
	}
	(void)setvbuf(stdout, NULL, _IOLBF, 0);
	return pier_run(chat_as, (void *)(uintptr_t)name,
		       &(struct pier_run_opts){ .stack_size = 256 * 1024 },
		       NULL) < 0;
}
