/* SPDX-License-Identifier: MIT */
/*
 * serve/iterative.c - the iterative model: one connection after the other, on
 * the thread that serves, in the fiber that accepts them.
 */
#include "serve/conn.h"

size_t
pier__workers_one(
	const struct pier_server_opts *opts, size_t streams, size_t datagrams)
{
	(void)opts;
	(void)streams;
	(void)datagrams;
	return 1;
}

size_t
pier__receiver_one(size_t i, size_t streams, size_t count)
{
	(void)i;
	(void)streams;
	(void)count;
	return 0;
}

const struct pier__model pier__model_iterative = {
	.workers = pier__workers_one,
	.receiver = pier__receiver_one,
	.start = pier__start_fiber,
	.inside = true,
	.burst = PIER__BURST,
	.descriptors = 1,
	.alone = true,
	.patience_ns = INT64_MAX,
};
