/* SPDX-License-Identifier: MIT */
/*
 * resolve MS QUESTION...: asks all questions at once, each in a fiber of its
 * own, with MS milliseconds for each. A QUESTION is HOST,SERVICE,FAMILY with
 * FAMILY 0, 4 or 6. Writes one line per question, in their order: the name of
 * the result, the milliseconds it took, the canonical name or "-", and the
 * addresses.
 */
#include <pier.h>

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define QUESTIONS_MAX 64

struct question {
	char host[256], service[64];
	int family;
	int rc;
	int64_t elapsed_ns;
	struct pier_names *names;
};

static struct {
	struct question list[QUESTIONS_MAX];
	int count;
	int64_t ms;
} asked;

static int
ask(void *arg)
{
	struct question *question = arg;
	struct pier_resolve_opts opts = { .canonical = true };
	int64_t begin = pier_now();

	if (question->family != 0)
		opts.family = question->family == 4 ? AF_INET : AF_INET6;
	question->rc = pier_resolve(&question->names, question->host,
		question->service, &opts, pier_in_ms(asked.ms));
	question->elapsed_ns = pier_now() - begin;
	return 0;
}

static int
ask_all(void *arg)
{
	struct pier_group *group;
	int rc;

	(void)arg;
	rc = pier_group_open(&group);
	for (int i = 0; rc == 0 && i < asked.count; i++)
		rc = pier_go(group, ask, &asked.list[i]);
	if (rc == 0)
		rc = pier_group_wait(group, PIER_FOREVER);
	pier_group_close(group);
	return rc;
}

static void
print(const struct question *question)
{
	char text[PIER_ADDR_TEXT_MAX];

	printf("%s %lld",
		question->rc < 0 ? pier_error_name(question->rc) : "0",
		(long long)(question->elapsed_ns / 1000000));
	if (question->rc == 0) {
		printf(" %s", question->names->canonical[0] != '\0'
				      ? question->names->canonical
				      : "-");
		for (size_t i = 0; i < question->names->count; i++) {
			(void)pier_addr_format(
				&question->names->addrs[i], text, sizeof(text));
			printf(" %s", text);
		}
	}
	putchar('\n');
	pier_names_free(question->names);
}

int
main(int argc, char **argv)
{
	int rc;

	asked.ms = argc > 1 ? atoi(argv[1]) : 0;
	for (int i = 2; i < argc && asked.count < QUESTIONS_MAX; i++) {
		struct question *question = &asked.list[asked.count++];

		if (sscanf(argv[i], "%255[^,],%63[^,],%d", question->host,
			    question->service, &question->family) != 3)
			return 2;
	}
	rc = pier_run(ask_all, NULL, NULL, NULL);
	if (rc < 0) {
		fprintf(stderr, "%s\n", pier_error_line());
		return 1;
	}
	for (int i = 0; i < asked.count; i++)
		print(&asked.list[i]);
	return 0;
}
