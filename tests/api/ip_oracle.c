/* SPDX-License-Identifier: MIT */
/*
 * What pier makes of addresses and networks, for ip_oracle.py to compare with
 * Python. A question a line, its words parted by spaces:
 *
 *   form N TEXT          the plain text of TEXT read in form N; or the error
 *   forms ADDR           ADDR in every form, and its kinds
 *   add ADDR N           the address N further on
 *   net TEXT             the network, its mask, its last address
 *   of ADDR BITS         the network of that many bits around ADDR
 *   in ADDR NET          1 or 0
 *   pair NET NET         overlaps, within, compare
 *   subnet NET BITS I    a part of it
 *   range ADDR ADDR      the networks it is made of
 *   merge NET...         the fewest that hold the same
 */
#include <pier.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define WORDS_MAX 40

static char *words[WORDS_MAX];

static struct pier_addr
addr(const char *text)
{
	struct pier_addr it;

	if (pier_addr_parse(&it, text) < 0)
		abort();
	return it;
}

static struct pier_network
network(const char *text)
{
	struct pier_network it;

	if (pier_network_parse(&it, text) < 0)
		abort();
	return it;
}

static void
say_addr(const struct pier_addr *it)
{
	char text[PIER_ADDR_TEXT_MAX];

	(void)pier_addr_format(it, text, sizeof(text));
	printf("%s ", text);
}

static void
say_network(const struct pier_network *it)
{
	char text[PIER_NETWORK_TEXT_MAX];

	(void)pier_network_format(it, text, sizeof(text));
	printf("%s ", text);
}

static void
form(size_t n)
{
	struct pier_addr it;
	int rc = pier_addr_parse_form(&it, n > 2 ? words[2] : "",
		(enum pier_addr_form)atoi(words[1]));

	if (rc < 0)
		printf("%d", rc);
	else
		say_addr(&it);
}

static void
forms(size_t n)
{
	char text[PIER_ADDR_TEXT_MAX];
	struct pier_addr it = addr(words[1]);
	int i;

	(void)n;
	for (i = 0; i <= (int)PIER_ADDR_CLASSIC; i++) {
		if (pier_addr_format_form(&it, (enum pier_addr_form)i, text,
			    sizeof(text)) < 0)
			(void)strcpy(text, "-");
		printf("%s ", text);
	}
	printf("%u", pier_addr_kinds(&it));
}

static void
add(size_t n)
{
	struct pier_addr it = addr(words[1]);
	int rc = pier_addr_add(&it, strtoll(words[2], NULL, 10));

	(void)n;
	if (rc < 0)
		printf("%d", rc);
	else
		say_addr(&it);
}

static void
net(size_t n)
{
	struct pier_network it;
	struct pier_addr other;

	(void)n;
	if (pier_network_parse(&it, words[1]) < 0) {
		printf("-");
		return;
	}
	say_network(&it);
	pier_network_mask(&other, &it);
	say_addr(&other);
	pier_network_last(&other, &it);
	say_addr(&other);
}

static void
of(size_t n)
{
	struct pier_addr it = addr(words[1]);
	struct pier_network found;

	(void)n;
	if (pier_network_of(&found, &it, (unsigned int)atoi(words[2])) < 0)
		abort();
	say_network(&found);
}

static void
in(size_t n)
{
	struct pier_addr it = addr(words[1]);
	struct pier_network outer = network(words[2]);

	(void)n;
	printf("%d", pier_network_contains(&outer, &it));
}

static void
pair(size_t n)
{
	struct pier_network a = network(words[1]), b = network(words[2]);
	int order = pier_network_compare(&a, &b);

	(void)n;
	printf("%d %d %d", pier_network_overlaps(&a, &b),
		pier_network_within(&a, &b), (order > 0) - (order < 0));
}

static void
subnet(size_t n)
{
	struct pier_network it = network(words[1]), found;
	int rc = pier_network_subnet(&found, &it, (unsigned int)atoi(words[2]),
		strtoll(words[3], NULL, 10));

	(void)n;
	if (rc < 0)
		printf("%d", rc);
	else
		say_network(&found);
}

static void
range(size_t n)
{
	struct pier_network list[PIER_NETWORK_SUMMARY_MAX];
	struct pier_addr a = addr(words[1]), b = addr(words[2]);
	int i, count = pier_network_summarize(
		       list, PIER_NETWORK_SUMMARY_MAX, &a, &b);

	(void)n;
	if (count < 0)
		printf("%d", count);
	for (i = 0; i < count; i++)
		say_network(&list[i]);
}

static void
merge(size_t n)
{
	struct pier_network list[WORDS_MAX];
	size_t i;

	for (i = 1; i < n; i++)
		list[i - 1] = network(words[i]);
	n = pier_network_collapse(list, n - 1);
	for (i = 0; i < n; i++)
		say_network(&list[i]);
}

static const struct {
	const char *name;
	void (*fn)(size_t n);
} verbs[] = {
	{ "form", form },
	{ "forms", forms },
	{ "add", add },
	{ "net", net },
	{ "of", of },
	{ "in", in },
	{ "pair", pair },
	{ "subnet", subnet },
	{ "range", range },
	{ "merge", merge },
};

int
main(void)
{
	char line[4096];

	while (fgets(line, sizeof(line), stdin) != NULL) {
		char *rest = NULL, *word;
		size_t n = 0, i;

		line[strcspn(line, "\n")] = '\0';
		for (word = strtok_r(line, " ", &rest);
			word != NULL && n < WORDS_MAX;
			word = strtok_r(NULL, " ", &rest))
			words[n++] = word;
		for (i = 0; i < sizeof(verbs) / sizeof(verbs[0]); i++)
			if (strcmp(words[0], verbs[i].name) == 0)
				verbs[i].fn(n);
		putchar('\n');
	}
	return 0;
}
