/* SPDX-License-Identifier: MIT */
/* listening.c - see listening.h. */
#include "listening.h"

#include <setjmp.h>
#include <stdarg.h>
#include <stddef.h>

#include <cmocka.h>

struct pier_listener *
listening(const char *endpoint, const struct pier_listen_opts *opts)
{
	struct pier_listener *listener = NULL;
	int rc = pier_listen(&listener, endpoint, opts, PIER_FOREVER);

	if (rc < 0)
		fail_msg("%s", pier_error_line());
	return listener;
}

void
cannot_listen(const char *endpoint, int rc, enum pier_step step)
{
	struct pier_listener *listener = NULL;

	assert_int_equal(
		pier_listen(&listener, endpoint, NULL, PIER_FOREVER), rc);
	assert_null(listener);
	assert_int_equal(pier_last_error()->code, rc);
	assert_int_equal(pier_last_error()->step, step);
	assert_string_equal(pier_last_error()->endpoint, endpoint);
}

unsigned int
port_of(const struct pier_listener *listener)
{
	struct pier_addr addr;

	assert_int_equal(pier_listener_addr(listener, &addr), 0);
	assert_true(pier_addr_port(&addr) > 0);
	return (unsigned int)pier_addr_port(&addr);
}
