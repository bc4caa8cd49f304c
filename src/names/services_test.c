/* SPDX-License-Identifier: MIT */
/* Services from text: what libc's reader takes, this one takes, and no more. */
#include "names/services.h"

#include <pier/error.h>

#include "os/calls.h"
#include "task/task.h"

#include <errno.h>
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <cmocka.h>

static struct pier_services *
parse(const char *text)
{
	struct pier_services *services = NULL;

	assert_int_equal(pier__services_parse(&services, text, strlen(text),
				 PIER_SERVICES_FILE),
		0);
	return services;
}

static void
lines_give_services(void **state)
{
	struct pier_services *it = parse("# head\n"
					 "http\t80/tcp  www web# the web\n"
					 "\n"
					 "   ntp 123/udp\r\n"
					 "last 65535/sctp one");

	(void)state;
	assert_int_equal(it->count, 3);
	assert_string_equal(it->list[0].name, "http");
	assert_string_equal(it->list[0].protocol, "tcp");
	assert_int_equal(it->list[0].port, 80);
	assert_int_equal(it->list[0].alias_count, 2);
	assert_string_equal(it->list[0].aliases[0], "www");
	assert_string_equal(it->list[0].aliases[1], "web");
	assert_string_equal(it->list[1].name, "ntp");
	assert_string_equal(it->list[1].protocol, "udp");
	assert_int_equal(it->list[1].alias_count, 0);
	assert_int_equal(it->list[2].port, 65535);
	assert_string_equal(it->list[2].aliases[0], "one");
	pier_services_close(it);
}

static void
what_is_no_service_is_passed_over(void **state)
{
	struct pier_services *it = parse("alone\n"
					 "x 80\n"
					 "x 80/\n"
					 "x /tcp\n"
					 "x 65536/tcp\n"
					 "x -1/tcp\n"
					 "#x 1/tcp\n"
					 "x #1/tcp\n"
					 "good 1/tcp\n");

	(void)state;
	assert_int_equal(it->count, 1);
	assert_string_equal(it->list[0].name, "good");
	pier_services_close(it);
	it = parse("");
	assert_int_equal(it->count, 0);
	pier_services_close(it);
}

static void
by_name_and_by_port(void **state)
{
	struct pier_services *it = parse("echo 7/tcp\n"
					 "echo 7/udp ping\n"
					 "other 7/tcp\n");

	(void)state;
	assert_ptr_equal(pier_services_by_name(it, "echo", NULL), &it->list[0]);
	assert_ptr_equal(
		pier_services_by_name(it, "echo", "udp"), &it->list[1]);
	assert_ptr_equal(pier_services_by_name(it, "ping", NULL), &it->list[1]);
	assert_null(pier_services_by_name(it, "ping", "tcp"));
	assert_null(pier_services_by_name(it, "Echo", NULL));
	assert_ptr_equal(pier_services_by_port(it, 7, NULL), &it->list[0]);
	assert_ptr_equal(pier_services_by_port(it, 7, "udp"), &it->list[1]);
	assert_null(pier_services_by_port(it, 8, NULL));
	pier_services_close(it);
}

/* As to libc, which reads lines as strings: no name or protocol is empty. */
static void
a_nul_ends_its_line(void **state)
{
	static const char text[] =
		"a 1/\0tcp\n\0b 2/tcp\nc 3/tcp d\0 e\nf 4/udp";
	struct pier_services *it = NULL;

	(void)state;
	assert_int_equal(pier__services_parse(&it, text, sizeof(text) - 1,
				 PIER_SERVICES_FILE),
		0);
	assert_int_equal(it->count, 2);
	assert_string_equal(it->list[0].name, "c");
	assert_int_equal(it->list[0].alias_count, 1);
	assert_string_equal(it->list[0].aliases[0], "d");
	assert_string_equal(it->list[1].name, "f");
	pier_services_close(it);
}

static void
too_many_are_refused(void **state)
{
	static const char line[] = "x 1/tcp\n";
	size_t len = (PIER_SERVICES_MAX + 1) * (sizeof(line) - 1);
	char *text = malloc(len);
	struct pier_services *it = NULL;
	size_t i;

	(void)state;
	assert_non_null(text);
	for (i = 0; i <= PIER_SERVICES_MAX; i++)
		memcpy(text + i * (sizeof(line) - 1), line, sizeof(line) - 1);
	assert_int_equal(
		pier__services_parse(&it, text, len, PIER_SERVICES_FILE),
		-PIER_ELIMIT);
	len -= sizeof(line) - 1;
	assert_int_equal(
		pier__services_parse(&it, text, len, PIER_SERVICES_FILE), 0);
	assert_int_equal(it->count, PIER_SERVICES_MAX);
	pier_services_close(it);
	free(text);
}

static void
the_built_in_list_is_whole(void **state)
{
	struct pier_services *it;
	size_t i, lines = 0;

	(void)state;
	assert_int_equal(pier_services_built_in(&it), 0);
	for (i = 0; i < pier__services_text_len; i++)
		lines += pier__services_text[i] == '\n';
	assert_int_equal(it->count, lines);
	assert_int_equal(it->source, PIER_SERVICES_BUILT_IN);
	assert_int_equal(pier_services_by_name(it, "http", "tcp")->port, 80);
	assert_int_equal(pier_services_by_name(it, "www", "tcp")->port, 80);
	assert_string_equal(pier_services_by_port(it, 123, "udp")->name, "ntp");
	/* By port, and each once: a conflict is looked for by port. */
	for (i = 1; i < it->count; i++) {
		const struct pier_service *a = &it->list[i - 1];
		const struct pier_service *b = &it->list[i];

		assert_true(a->port < b->port ||
			    (a->port == b->port &&
				    strcmp(a->protocol, b->protocol) != 0));
	}
	pier_services_close(it);
}

/* A machine without the file, and one that does not let it be read. */
static int open_rc;

static int
stub_open_file(const char *path)
{
	assert_string_equal(path, "/etc/services");
	return open_rc;
}

static void
without_the_file_the_built_in_list_answers(void **state)
{
	struct pier__calls table = pier__calls_real;
	struct pier__task *self = pier__self();
	const struct pier__calls *before = self->context.calls;
	struct pier_services *it;
	char name[8];

	(void)state;
	table.open_file = stub_open_file;
	self->context.calls = &table;
	open_rc = -ENOENT;
	assert_int_equal(pier_services_open(&it), 0);
	assert_int_equal(it->source, PIER_SERVICES_BUILT_IN);
	pier_services_close(it);
	assert_int_equal(pier_service_port("ssh", "tcp"), 22);
	assert_int_equal(pier_service_name(25, NULL, name, sizeof(name)), 4);
	assert_string_equal(name, "smtp");
	assert_int_equal(pier_service_name(25, NULL, name, 4), -ENOSPC);
	assert_int_equal(pier_service_name(25, "udp", name, sizeof(name)),
		-PIER_ENONAME);
	assert_int_equal(
		pier_service_name(65536, NULL, name, sizeof(name)), -EINVAL);
	assert_int_equal(pier_service_port("no-such", NULL), -PIER_ENONAME);
	assert_string_equal(pier_error_line(),
		"resolve: no-such: no such name (PIER_ENONAME): "
		"no such service");
	open_rc = -EACCES;
	assert_int_equal(pier_services_open(&it), -EACCES);
	assert_int_equal(pier_service_port("ssh", "tcp"), -EACCES);
	self->context.calls = before;
}

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(lines_give_services),
		cmocka_unit_test(what_is_no_service_is_passed_over),
		cmocka_unit_test(by_name_and_by_port),
		cmocka_unit_test(a_nul_ends_its_line),
		cmocka_unit_test(too_many_are_refused),
		cmocka_unit_test(the_built_in_list_is_whole),
		cmocka_unit_test(without_the_file_the_built_in_list_answers),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
