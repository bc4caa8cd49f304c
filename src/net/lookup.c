/* SPDX-License-Identifier: MIT */
/* net/lookup.c - see lookup.h. */
#include "net/lookup.h"

#include <errno.h>
#include <string.h>

#include "task/failure.h"

static int
socket_type(const struct pier__endpoint *endpoint)
{
	return endpoint->kind == PIER__ENDPOINT_UDP ||
			       endpoint->kind == PIER__ENDPOINT_ICMP
		       ? SOCK_DGRAM
		       : SOCK_STREAM;
}

/* The record of a failed pier_resolve() names the host alone: what the person
   typed is the endpoint. Its detail and time stay. */
static int
rename_failure(int rc, const char *text)
{
	const struct pier_error *last = pier_last_error();
	bool told = last->code == rc && last->step == PIER_STEP_RESOLVE;

	return pier__fail(
		rc, &(struct pier__failure){ .step = PIER_STEP_RESOLVE,
			    .endpoint = text,
			    .detail = told ? last->detail : NULL,
			    .elapsed_ns = told ? last->elapsed_ns : 0 });
}

static bool
fits(const struct pier_addr *addr, int family)
{
	int own = pier_addr_family(addr);

	return own == family ||
	       (family == AF_UNSPEC && (own == AF_INET || own == AF_INET6));
}

/* What another's function gave: only what fits, with the endpoint's port. */
static int
adapt(struct pier_names **names, const struct pier__endpoint *endpoint)
{
	struct pier_names *given = *names;
	struct pier_addr *addrs;
	size_t count = 0;
	size_t i;
	int rc;

	addrs = pier__alloc(given->count * sizeof(*addrs) + 1);
	if (addrs == NULL)
		return -ENOMEM;
	for (i = 0; i < given->count; i++) {
		if (!fits(&given->addrs[i], endpoint->family))
			continue;
		addrs[count] = given->addrs[i];
		if (endpoint->port >= 0)
			(void)pier_addr_set_port(
				&addrs[count], (unsigned int)endpoint->port);
		count++;
	}
	rc = count == 0
		     ? -PIER_ENONAME
		     : pier_names_make(names, addrs, count, given->canonical);
	if (rc == 0)
		pier_names_free(given);
	pier__free(addrs);
	return rc;
}

static int
ask_other(struct pier_names **out, const struct pier__lookup *question,
	const struct pier_resolve_opts *opts, pier_deadline deadline)
{
	const struct pier__endpoint *endpoint = question->endpoint;
	struct pier_names *names = NULL;
	int rc = question->fn(&names, endpoint->host, endpoint->service, opts,
		deadline, question->arg);

	if (rc >= 0 && names == NULL)
		rc = -PIER_ENONAME;
	if (rc >= 0) {
		rc = adapt(&names, endpoint);
		if (rc < 0)
			pier_names_free(names);
	}
	if (rc < 0)
		return endpoint->svc ? rename_failure(rc, question->text)
				     : pier__fail_step(rc, PIER_STEP_RESOLVE,
					       question->text, NULL);
	*out = names;
	return 0;
}

/* Who finds services belongs to a higher layer than this one. */
static int
refuse_svc(const struct pier__lookup *question)
{
	/* What is listened on is another text, wherever it is said. */
	return pier__fail_step(-EINVAL,
		question->passive ? PIER_STEP_PARSE : PIER_STEP_RESOLVE,
		question->text,
		question->passive
			? "svc:// is looked for: listen on tcp:// or udp://, "
			  "and announce that"
			: "svc:// wants .lookup = pier_find_lookup, which "
			  "looks for it");
}

int
pier__lookup(struct pier_names **out, const struct pier__lookup *question,
	pier_deadline deadline)
{
	const struct pier__endpoint *endpoint = question->endpoint;
	const struct pier_resolve_opts opts = { .family = endpoint->family,
		.type = socket_type(endpoint),
		.passive = question->passive };
	bool is_name = endpoint->host[0] != '\0' && !endpoint->numeric;
	int rc;

	if (endpoint->svc && (question->passive || question->fn == NULL))
		return refuse_svc(question);
	if (question->fn != NULL && (is_name || endpoint->svc))
		return ask_other(out, question, &opts, deadline);
	rc = pier_resolve(
		out, endpoint->host, endpoint->service, &opts, deadline);
	return rc < 0 ? rename_failure(rc, question->text) : 0;
}
