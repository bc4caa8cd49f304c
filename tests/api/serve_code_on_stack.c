/* SPDX-License-Identifier: MIT */
/* serve_code_on_stack.c - a handler that puts code on its stack, as gcc does for a
   nested function whose address is taken: threads have stacks that allow it where the
   program's allow it. */
#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>
#include <unistd.h>

#include <cmocka.h>

#include "serving.h"

#if defined(__GNUC__) && !defined(__clang__)

static __attribute__((noinline)) int
call(int (*fn)(void))
{
	return fn();
}

static int
reply(struct pier_stream *stream, void *ctx)
{
	char byte;
	ssize_t n = pier_read(stream, &byte, 1, PIER_DEFAULT);
	int next(void)
	{
		return byte + 1;
	}

	(void)ctx;
	if (n <= 0)
		return (int)n;
	byte = (char)call(next);
	return pier_write(stream, &byte, 1, PIER_DEFAULT);
}

static void
test_a_nested_function(void **state)
{
	const struct pier_server_opts opts = {
		.endpoint = "tcp://127.0.0.1:0",
		.handler = reply,
		.model = PIER_THREAD,
	};
	struct serving it;
	char back = 0;
	int fd;

	(void)state;
	serving_start(&it, &opts);
	fd = plain_connect(&it, 0);
	plain_write(fd, "a", 1);
	assert_int_equal(plain_read_all(fd, &back, 1), 1);
	assert_int_equal(back, 'b');
	(void)close(fd);
	assert_int_equal(serving_stop(&it), 0);
}

#else

static void
test_a_nested_function(void **state)
{
	(void)state;
	print_message("# nested functions are gcc's\n");
	skip();
}

#endif

int
main(void)
{
	const struct CMUnitTest tests[] = {
		cmocka_unit_test(test_a_nested_function),
	};

	return cmocka_run_group_tests(tests, NULL, NULL);
}
