/* SPDX-License-Identifier: MIT */
/*
 * net/tcp.c - see tcp.h.
 *
 * tcp://:port is one socket of IPv6 that takes IPv4 too (IPV6_V6ONLY off, set
 * each time: its default belongs to the machine), or one of IPv4 where IPv6 is
 * off. A name is one of its addresses, IPv4 before IPv6, as "localhost" then
 * is where most peers look for it; a dial by the name tries both.
 */
#include "net/tcp.h"

#include <errno.h>
#include <netinet/tcp.h>

#include "net/lookup.h"
#include "net/wishes.h"
#include "task/failure.h"

int
pier__socket_enable(int fd, int level, int name)
{
	static const int on = 1;

	return pier__calls()->setsockopt(fd, level, name, &on, sizeof(on));
}

/* The address family is not there, or switched off: no fault of the user's. */
static bool
family_is_off(int rc)
{
	return rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL ||
	       rc == -EPROTONOSUPPORT;
}

struct attempt {
	const struct pier__endpoint *endpoint;
	const struct pier_listen_opts *opts;
	const struct pier_addr *addr;
	enum pier_step step;
	const char *detail;
	struct pier__why why;
};

static int
set_v6only(int fd, const struct attempt *it)
{
	int only = it->endpoint->family == AF_INET6;

	if (pier_addr_family(it->addr) != AF_INET6)
		return 0;
	return pier__calls()->setsockopt(
		fd, IPPROTO_IPV6, IPV6_V6ONLY, &only, sizeof(only));
}

static int
set_options(int fd, struct attempt *it)
{
	int rc = set_v6only(fd, it);

	it->step = PIER_STEP_OPTION;
	it->detail = "IPV6_V6ONLY";
	if (rc == 0 && it->opts->reuse_address != PIER_OFF) {
		it->detail = "SO_REUSEADDR";
		rc = pier__socket_enable(fd, SOL_SOCKET, SO_REUSEADDR);
	}
	if (rc == 0 && it->opts->reuse_port) {
		it->detail = "SO_REUSEPORT";
		rc = pier__socket_enable(fd, SOL_SOCKET, SO_REUSEPORT);
	}
	if (rc == 0 && it->opts->nodelay != PIER_OFF) {
		it->detail = "TCP_NODELAY";
		rc = pier__socket_enable(fd, IPPROTO_TCP, TCP_NODELAY);
	}
	if (rc == 0 && !pier__wishes_none(&it->endpoint->wishes)) {
		it->detail = it->why.text;
		rc = pier__wishes_set(&it->endpoint->wishes, fd,
			&(struct pier__option_kind){
				.domain = pier_addr_family(it->addr),
				.type = SOCK_STREAM },
			PIER__MOMENT_NEW, &it->why);
	}
	return rc;
}

static const char *
explain(int rc)
{
	switch (rc) {
	case -EACCES:
		return "ports below net.ipv4.ip_unprivileged_port_start need "
		       "CAP_NET_BIND_SERVICE";
	case -EADDRINUSE:
		return "another socket has this port";
	default:
		return NULL;
	}
}

static int
bind_and_listen(int fd, struct attempt *it)
{
	const struct pier__calls *calls = pier__calls();
	int rc;

	it->step = PIER_STEP_BIND;
	rc = calls->bind(fd, &it->addr->u.sa, it->addr->len);
	if (rc == 0) {
		it->step = PIER_STEP_LISTEN;
		rc = calls->listen(fd, it->opts->backlog);
	}
	it->detail = explain(rc);
	return rc;
}

static int
listen_on(struct attempt *it)
{
	int family = pier_addr_family(it->addr);
	int fd = pier__calls()->socket(family, SOCK_STREAM, 0);
	int rc;

	it->step = PIER_STEP_CREATE;
	it->detail = NULL;
	if (fd < 0)
		return fd;
	rc = set_options(fd, it);
	if (rc == 0)
		rc = bind_and_listen(fd, it);
	if (rc < 0)
		pier__close(fd);
	return rc < 0 ? rc : fd;
}

/* The first of this family that this machine has, or fd, what was met so far. */
static int
listen_on_family(
	struct attempt *it, const struct pier_names *names, int family, int fd)
{
	size_t i;

	for (i = 0; i < names->count && family_is_off(fd); i++) {
		if (pier_addr_family(&names->addrs[i]) != family)
			continue;
		it->addr = &names->addrs[i];
		fd = listen_on(it);
	}
	return fd;
}

int
pier__tcp_listen(const struct pier__endpoint *endpoint,
	const struct pier_listen_opts *opts, const char *text,
	pier_deadline deadline)
{
	const struct pier__lookup question = {
		.endpoint = endpoint, .text = text, .passive = true
	};
	struct attempt it = { .endpoint = endpoint, .opts = opts };
	struct pier_names *names = NULL;
	bool every = endpoint->host[0] == '\0';
	int rc;

	rc = pier__lookup(&names, &question, deadline);
	if (rc < 0)
		return rc;
	rc = listen_on_family(
		&it, names, every ? AF_INET6 : AF_INET, -EAFNOSUPPORT);
	rc = listen_on_family(&it, names, every ? AF_INET : AF_INET6, rc);
	pier_names_free(names);
	if (rc < 0)
		return pier__fail_step(rc, it.step, text, it.detail);
	return rc;
}
