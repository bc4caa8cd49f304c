/* SPDX-License-Identifier: MIT */
/*
 * find TYPE [INTERFACE]: what pier_find_next() tells, by multicast DNS alone, a
 * line of JSON for each event, until it is killed; TYPE "-" is which types there
 * are. When standard input ends: a line with the numbers, and the end.
 */
#include <pier.h>

#include <stdio.h>
#include <string.h>

static void
print_text(const char *key, const char *text)
{
	const unsigned char *at;

	printf(",\"%s\":\"", key);
	for (at = (const unsigned char *)text; *at != '\0'; at++)
		if (*at < ' ' || *at == '"' || *at == '\\')
			printf("\\u%04x", *at);
		else
			putchar(*at);
	putchar('"');
}

static void
print_addrs(const struct pier_found *it)
{
	char text[PIER_ADDR_TEXT_MAX];
	size_t i;

	printf(",\"addrs\":[");
	for (i = 0; i < it->addr_count; i++) {
		(void)pier_addr_format(&it->addrs[i], text, sizeof(text));
		printf("%s\"%s\"", i > 0 ? "," : "", text);
	}
	putchar(']');
}

/* Values in hexadecimal: they may be any bytes. */
static void
print_texts(const struct pier_found *it)
{
	size_t i, j;

	printf(",\"texts\":[");
	for (i = 0; i < it->text_count; i++) {
		const struct pier_text *text = &it->texts[i];

		printf("%s{\"key\":\"%s\"", i > 0 ? "," : "", text->key);
		if (text->value != NULL)
			printf(",\"value\":\"");
		for (j = 0; text->value != NULL && j < text->value_len; j++)
			printf("%02x", (unsigned char)text->value[j]);
		printf(text->value != NULL ? "\"}" : "}");
	}
	putchar(']');
}

static void
print_event(const struct pier_find_event *event)
{
	static const char *const names[] = { "added", "changed", "removed" };
	static const char *const reasons[] = { "goodbye", "expired", "link" };
	const struct pier_found *it = &event->service;
	char name[PIER_INTERFACE_NAME_MAX] = "";

	printf("{\"what\":\"%s\"", names[event->what]);
	if (event->what == PIER_FIND_REMOVED)
		print_text("reason", reasons[event->reason]);
	(void)pier_interface_name(it->interface, name, sizeof(name));
	print_text("interface", name);
	print_text("instance", it->instance);
	print_text("type", it->type);
	print_text("domain", it->domain);
	print_text("host", it->host);
	printf(",\"port\":%u", it->port);
	print_addrs(it);
	print_texts(it);
	printf("}\n");
	(void)fflush(stdout);
}

static void
print_stats(const struct pier_find *find)
{
	struct pier_find_stats stats;

	pier_find_stats(find, &stats);
	printf("{\"what\":\"stats\",\"sent\":%llu,\"unsent\":%llu,"
	       "\"received\":%llu,\"bad\":%llu,\"services\":%zu}\n",
		(unsigned long long)stats.sent,
		(unsigned long long)stats.unsent,
		(unsigned long long)stats.received,
		(unsigned long long)stats.bad, stats.services);
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
	const char *const interfaces[] = { argc > 2 ? argv[2] : NULL, NULL };
	const struct pier_find_opts opts = { .by = PIER_BY_MDNS,
		.interfaces = argc > 2 ? interfaces : NULL };
	struct pier_find_event event;
	struct pier_find *find = NULL;
	int rc;

	if (argc < 2)
		return 2;
	rc = pier_find_open(
		&find, strcmp(argv[1], "-") == 0 ? NULL : argv[1], &opts);
	while (rc >= 0 && !is_over()) {
		rc = pier_find_next(find, &event, pier_in_ms(200));
		if (rc == 1)
			print_event(&event);
		else if (rc == -PIER_EDEADLINE)
			rc = 0;
	}
	if (rc >= 0)
		print_stats(find);
	pier_find_close(find);
	if (rc < 0)
		fprintf(stderr, "%s\n", pier_error_line());
	return rc < 0;
}
