/* SPDX-License-Identifier: MIT */
/*
 * announce NAME TYPE PORT [--host=NAME] [--alias=NAME] [--subtype=_NAME]
 * [KEY=VALUE…]: what pier_announce_next() tells, by multicast DNS alone, a line for
 * each event, until standard input ends: then it says goodbye.
 */
#include <pier.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LIST_MAX 16

struct words {
	const char *texts[LIST_MAX + 1];
	const char *subtypes[LIST_MAX + 1];
	const char *aliases[2];
	size_t text_count, subtype_count;
};

static const char *
value_of(const char *word, const char *option)
{
	size_t len = strlen(option);

	return strncmp(word, option, len) == 0 ? word + len : NULL;
}

static void
take_word(
	struct pier_announce_opts *opts, struct words *words, const char *word)
{
	const char *value;

	if ((value = value_of(word, "--host=")) != NULL)
		opts->host = value;
	else if ((value = value_of(word, "--alias=")) != NULL)
		words->aliases[0] = value;
	else if ((value = value_of(word, "--subtype=")) != NULL &&
		 words->subtype_count < LIST_MAX)
		words->subtypes[words->subtype_count++] = value;
	else if (words->text_count < LIST_MAX)
		words->texts[words->text_count++] = word;
}

static void
print_event(const struct pier_announce_event *event)
{
	static const char *const names[] = { "up", "down", "probed", "renamed",
		"told", "answered", "host" };
	char interface[PIER_INTERFACE_NAME_MAX] = "";

	(void)pier_interface_name(
		event->interface, interface, sizeof(interface));
	printf("%s %s %s %s\n", names[event->what],
		interface[0] != '\0' ? interface : "-",
		event->what == PIER_ANNOUNCE_ANSWERED && event->to.len != 0
			? "one"
			: "all",
		event->host != NULL ? event->host : event->instance);
	(void)fflush(stdout);
}

/* Has standard input ended? Looked at between events. */
static bool
is_over(void)
{
	struct pier_waitable input = { .fd = 0, .want = PIER_READING };
	char byte;

	return pier_wait_any(&input, 1, PIER_NOW) > 0 &&
	       fread(&byte, 1, 1, stdin) == 0;
}

int
main(int argc, char **argv)
{
	struct words words = { 0 };
	struct pier_announce_opts opts = { .by = PIER_BY_MDNS,
		.texts = words.texts,
		.subtypes = words.subtypes,
		.aliases = words.aliases };
	struct pier_announce_event event;
	struct pier_announce *announce = NULL;
	int i, rc;

	if (argc < 4)
		return 2;
	opts.instance = argv[1];
	opts.type = argv[2];
	opts.port = (uint16_t)strtoul(argv[3], NULL, 10);
	for (i = 4; i < argc; i++)
		take_word(&opts, &words, argv[i]);
	rc = pier_announce_open(&announce, &opts);
	while (rc >= 0 && !is_over()) {
		rc = pier_announce_next(announce, &event, pier_in_ms(100));
		if (rc == 1)
			print_event(&event);
		else if (rc == -PIER_EDEADLINE)
			rc = 0;
	}
	pier_announce_close(announce);
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
