/* SPDX-License-Identifier: MIT */
/*
 * serve/gate.c - the lists of networks, and the rate of accepting, which all
 * processes of a server have together. Who comes too fast waits in the queue.
 */
#include "serve/gate.h"

#include <errno.h>
#include <stdio.h>

#include "serve/server.h"

static int
open_list(struct pier__admission **out, const char *const *allow,
	const char *const *deny)
{
	const char *wrong = NULL;
	struct pier__why why;
	int rc = pier__admission_open(out, allow, deny, &wrong, &why);

	if (rc == -EINVAL)
		return pier__fail(
			rc, &(struct pier__failure){ .step = PIER_STEP_PARSE,
				    .endpoint = wrong,
				    .detail = why.text,
				    .offset = (int)why.offset });
	return rc == 0 ? 0
		       : pier__fail(rc, &(struct pier__failure){
						.step = PIER_STEP_CREATE,
						.detail = "a server" });
}

int
pier__gate_open(struct pier_server *server)
{
	const struct pier_server_opts *opts = &server->opts;
	int rc;

	server->gate.rate.per_s = opts->accept_rate;
	server->gate.rate.burst =
		opts->accept_burst > 0 ? opts->accept_burst : opts->accept_rate;
	server->gate.address_rate.per_s = opts->per_address_rate;
	server->gate.address_rate.burst = opts->per_address_burst > 0
						  ? opts->per_address_burst
						  : opts->per_address_rate;
	rc = open_list(&server->gate.admission, opts->allow, opts->deny);
	return rc < 0 ? rc
		      : open_list(
				&server->gate.proxies, opts->proxy_from, NULL);
}

void
pier__gate_close(struct pier__gate *gate)
{
	pier__admission_close(gate->admission);
	pier__admission_close(gate->proxies);
	gate->proxies = NULL;
	gate->admission = NULL;
}

void
pier__gate_refuse(struct pier__worker *worker, const char *endpoint,
	const struct pier_addr *peer, int rc)
{
	const struct pier_server_opts *opts = &worker->server->opts;
	const struct pier_refusal refusal = {
		.endpoint = endpoint,
		.peer = peer,
		.rc = rc,
	};

	pier__count(worker->counters,
		rc == -EACCES ? PIER__COUNT_REFUSED_POLICY
			      : PIER__COUNT_REFUSED_ADDRESS,
		1);
	if (opts->on_refuse != NULL)
		opts->on_refuse(&refusal, opts->ctx);
}

PIER__HOT bool
pier__gate_may_take(struct pier__acceptor *it)
{
	struct pier_server *server = it->worker->server;

	/* Those that queue when the server stops are a last few. */
	if (server->gate.rate.per_s == 0 || it->has_token || it->draining ||
		!PIER__LOOK(it->listener->desc.readable))
		return true;
	it->token_at = pier__bucket_take(&server->shared->accepting,
		&server->gate.rate, 1, pier__task_now(pier__current));
	it->has_token = it->token_at == 0;
	return it->has_token;
}

PIER__HOT void
pier__gate_give_back(struct pier__acceptor *it)
{
	struct pier_server *server = it->worker->server;

	if (it->has_token)
		pier__bucket_give(
			&server->shared->accepting, &server->gate.rate, 1);
	it->has_token = false;
}

int
pier__gate_wait(struct pier__acceptor *it)
{
	int rc;

	pier__count(it->worker->counters, PIER__COUNT_ACCEPT_RATE_WAITS, 1);
	rc = pier__park(
		pier__current, "rate", -1, pier_deadline_at(it->token_at));
	return rc == -PIER_EDEADLINE ? 0 : rc;
}
