/* SPDX-License-Identifier: MIT */
/*
 * net/udp.c - see udp.h.
 *
 * A server on every address is two sockets and not one of both families: on a
 * dual-stack socket IPv4 broadcasts and the options of IPv4 are out of reach.
 * SO_REUSEADDR stays off: with it a second process takes all messages.
 */
#include "net/udp.h"

#include <errno.h>
#include <netinet/in.h>
#include <string.h>

#include "net/bind.h"
#include "net/control.h"
#include "net/lookup.h"
#include "net/many.h"
#include "net/tcp.h"
#include "net/wishes.h"
#include "task/failure.h"

/* How many ports are tried until one is free in both families. */
#define PORT_TRIES 16

/* What an option of the endpoint that allows for broadcasts is called. */
static const char *const broadcast_names[] = { "broadcast", "socket.broadcast",
	"SO_BROADCAST" };

struct opening {
	const struct pier__packet_plan *plan;
	struct pier__bind local;
	struct pier_addr addr; /* that it is bound to, or sends to */
	unsigned int link;     /* the only one it sends by, or 0 */
	bool is_one;           /* all that it hears is for one address */
	bool is_for_many;      /* its addr is a link's broadcast address */
	enum pier_step step;
	const char *detail;
	struct pier__why why;
};

static int
fail(const struct opening *it, int rc)
{
	return pier__fail_step(rc, it->step, it->plan->text, it->detail);
}

static int
set_wishes(struct opening *it, int fd, int family, enum pier__moment moment)
{
	const struct pier__option_kind kind = { .domain = family,
		.type = SOCK_DGRAM };
	int rc = pier__wishes_set(
		&it->plan->endpoint.wishes, fd, &kind, moment, &it->why);

	if (rc < 0) {
		it->step = PIER_STEP_OPTION;
		it->detail = it->why.text;
	}
	return rc;
}

static unsigned int
asked(const struct opening *it)
{
	unsigned int ask = it->plan->opts.ask;
	bool known = it->is_one && (ask & PIER_ASK_INTERFACE) == 0;

	return known ? ask : ask | PIER__ASK_WHERE;
}

/* Several may be bound to one group, and each hears all: there it does not take
   messages away from another. */
static bool
may_share(const struct opening *it)
{
	return it->plan->opts.listen && pier__addr_is_group(&it->addr);
}

static bool
sends_to_everybody(const struct opening *it)
{
	return it->plan->opts.broadcast ||
	       it->plan->endpoint.reach != PIER__REACH_ONE;
}

static int
enable(struct opening *it, int fd, int level, int name, const char *text)
{
	it->detail = text;
	return pier__socket_enable(fd, level, name);
}

static int
set_options(struct opening *it, int fd, int family)
{
	int rc;

	it->step = PIER_STEP_OPTION;
	rc = pier__control_ask(fd, family, asked(it), &it->detail);
	if (rc == 0 && family == AF_INET6)
		rc = enable(it, fd, IPPROTO_IPV6, IPV6_V6ONLY, "IPV6_V6ONLY");
	if (rc == 0 && it->plan->opts.reuse_port)
		rc = enable(it, fd, SOL_SOCKET, SO_REUSEPORT, "SO_REUSEPORT");
	if (rc == 0 && may_share(it))
		rc = enable(it, fd, SOL_SOCKET, SO_REUSEADDR, "SO_REUSEADDR");
	if (rc == 0 && sends_to_everybody(it))
		rc = enable(it, fd, SOL_SOCKET, SO_BROADCAST, "SO_BROADCAST");
	if (rc == 0)
		rc = set_wishes(it, fd, family, PIER__MOMENT_NEW);
	if (rc == 0)
		it->detail = NULL;
	return rc;
}

static int
make_socket(struct opening *it, int family)
{
	int fd, rc;

	it->step = PIER_STEP_CREATE;
	it->detail = NULL;
	fd = pier__calls()->socket(family, SOCK_DGRAM, 0);
	if (fd < 0)
		return fd;
	rc = set_options(it, fd, family);
	if (rc < 0)
		pier__close(fd);
	return rc < 0 ? rc : fd;
}

/* The address as it was looked up becomes that of the socket. */
static int
place(struct opening *it, const struct pier_addr *addr)
{
	int rc;

	it->addr = *addr;
	it->step = PIER_STEP_OPTION;
	rc = pier__many_place(&it->addr, &it->link, &it->plan->endpoint,
		it->plan->opts.listen, &it->why);
	it->detail = rc < 0 ? it->why.text : NULL;
	return rc;
}

/* fd becomes a packet socket, or is closed. */
static int
wrap(struct pier_packet **out, struct opening *it, int fd, int family)
{
	struct pier_addr own = { .len = sizeof(own.u) };
	int rc = pier__packet_new(out, fd, family, it->plan);

	if (rc < 0) {
		it->step = PIER_STEP_CREATE;
		pier__close(fd);
		return rc;
	}
	if ((asked(it) & PIER__ASK_WHERE) != 0)
		return 0;
	rc = pier__calls()->getsockname(fd, &own.u.sa, &own.len);
	if (rc < 0) {
		it->step = PIER_STEP_CREATE;
		pier_packet_close(*out);
		return rc;
	}
	(*out)->own = own;
	return 0;
}

/* What is left to do once there is a packet, which is closed if that fails. */
static int
finish(struct pier_packet *packet, struct opening *it, int rc)
{
	if (rc < 0) {
		it->step = PIER_STEP_OPTION;
		it->detail = it->why.text;
		pier_packet_close(packet);
	}
	return rc;
}

static int
open_server(struct pier_packet **out, struct opening *it,
	const struct pier_addr *addr)
{
	int family = pier_addr_family(addr);
	struct pier_packet *packet;
	int rc = place(it, addr);
	int fd;

	if (rc < 0)
		return rc;
	it->is_one = pier__many_is_one(&it->addr);
	fd = make_socket(it, family);
	if (fd < 0)
		return fd;
	it->step = PIER_STEP_BIND;
	rc = pier__calls()->bind(fd, &it->addr.u.sa, it->addr.len);
	if (rc == -EADDRINUSE)
		it->detail = "another socket has this port";
	if (rc == 0)
		rc = set_wishes(it, fd, family, PIER__MOMENT_CONNECTED);
	if (rc < 0) {
		pier__close(fd);
		return rc;
	}
	rc = wrap(&packet, it, fd, family);
	if (rc == 0 && pier__addr_is_group(addr))
		rc = finish(packet, it,
			pier__many_join(packet, addr,
				&it->plan->endpoint.wishes, &it->why));
	if (rc == 0)
		*out = packet;
	return rc;
}

/* Does it ask for SO_BROADCAST, by the call or by its endpoint? */
static bool
may_broadcast(const struct opening *it)
{
	char value[8];
	size_t i;

	for (i = 0; i < sizeof(broadcast_names) / sizeof(broadcast_names[0]);
		i++)
		if (pier__wishes_value(&it->plan->endpoint.wishes,
			    broadcast_names[i], 0, value, sizeof(value)) >= 0)
			return true;
	return it->plan->opts.broadcast;
}

/*
 * Is the address that of everybody on a link? That only the kernel knows, of all
 * addresses of all links and by its routes: without SO_BROADCAST it connects no
 * socket there. 0 and it->is_for_many; or the error of connecting one.
 */
static int
find_out_for_whom(struct opening *it)
{
	int fd, rc;

	it->is_for_many = false;
	if (!may_broadcast(it) || pier_addr_family(&it->addr) != AF_INET)
		return 0;
	it->step = PIER_STEP_CREATE;
	fd = pier__calls()->socket(AF_INET, SOCK_DGRAM, 0);
	if (fd < 0)
		return fd;
	it->step = PIER_STEP_CONNECT;
	rc = pier__calls()->connect(fd, &it->addr.u.sa, it->addr.len);
	pier__close(fd);
	it->is_for_many = rc == -EACCES;
	return it->is_for_many ? 0 : rc;
}

/* Nobody answers from the address of many. */
static bool
is_connected(const struct opening *it)
{
	return !it->plan->opts.unconnected && !it->is_for_many &&
	       it->plan->endpoint.reach == PIER__REACH_ONE &&
	       !pier__addr_is_group(&it->addr) &&
	       !pier__addr_is_broadcast(&it->addr);
}

/* Who is not connected has its port now and not with its first message: so it can
   be told, and answers can be waited for before. */
static int
bind_client(const struct opening *it, int fd, int family)
{
	struct pier_addr any;

	if (it->local.given || is_connected(it))
		return pier__bind_socket(&it->local, fd, family, SOCK_DGRAM);
	memset(&any, 0, sizeof(any));
	any.len = it->addr.len;
	any.u.sa.sa_family = (sa_family_t)family;
	return pier__calls()->bind(fd, &any.u.sa, any.len);
}

static int
open_client(struct pier_packet **out, struct opening *it,
	const struct pier_addr *addr)
{
	int family = pier_addr_family(addr);
	struct pier_packet *packet;
	int rc = place(it, addr);
	int fd;

	if (rc == 0)
		rc = find_out_for_whom(it);
	if (rc < 0)
		return rc;
	it->is_one = is_connected(it);
	fd = make_socket(it, family);
	if (fd < 0)
		return fd;
	it->step = PIER_STEP_BIND;
	rc = bind_client(it, fd, family);
	if (rc == 0 && is_connected(it)) {
		it->step = PIER_STEP_CONNECT;
		rc = pier__calls()->connect(fd, &it->addr.u.sa, it->addr.len);
	}
	if (rc == 0)
		rc = set_wishes(it, fd, family, PIER__MOMENT_CONNECTED);
	if (rc < 0) {
		pier__close(fd);
		return rc;
	}
	rc = wrap(&packet, it, fd, family);
	if (rc < 0)
		return rc;
	packet->connected = is_connected(it);
	packet->to = it->addr;
	packet->interface = it->link;
	rc = finish(packet, it,
		pier__many_aim(packet, &it->plan->endpoint, &it->why));
	if (rc == 0)
		*out = packet;
	return rc;
}

/* The first address for which it works; else the first one's error. */
static int
open_first_client(struct pier_packet **out, struct opening *it,
	const struct pier_names *names)
{
	int family = pier__bind_family(&it->local);
	struct opening first = *it;
	int rc = -EADDRNOTAVAIL;
	bool tried = false;
	size_t i;

	first.step = PIER_STEP_BIND;
	first.detail = "the peer has no address of the local one's family";
	for (i = 0; i < names->count; i++) {
		const struct pier_addr *addr = &names->addrs[i];
		int one;

		if (family != AF_UNSPEC && pier_addr_family(addr) != family)
			continue;
		one = open_client(out, it, addr);
		if (one == 0)
			return 1;
		if (!tried) {
			first = *it;
			if (it->detail == it->why.text)
				first.detail = first.why.text;
			rc = one;
		}
		tried = true;
	}
	return fail(&first, rc);
}

static bool
family_is_off(int rc)
{
	return rc == -EAFNOSUPPORT || rc == -EADDRNOTAVAIL;
}

static const struct pier_addr *
find_family(const struct pier_names *names, int family)
{
	size_t i;

	for (i = 0; i < names->count; i++) {
		if (pier_addr_family(&names->addrs[i]) == family)
			return &names->addrs[i];
	}
	return NULL;
}

/* A name is one of its addresses, IPv4 first, as a listener's is. */
static int
open_one_server(struct pier_packet **out, struct opening *it,
	const struct pier_names *names)
{
	const struct pier_addr *ip4 = find_family(names, AF_INET);
	const struct pier_addr *ip6 = find_family(names, AF_INET6);
	int rc = -EAFNOSUPPORT;

	if (ip4 != NULL)
		rc = open_server(out, it, ip4);
	if (family_is_off(rc) && ip6 != NULL)
		rc = open_server(out, it, ip6);
	return rc < 0 ? fail(it, rc) : 1;
}

/* What every address is, by family. */
struct both {
	struct pier_addr ip4;
	struct pier_addr ip6;
};

/* One socket per family, the second on the port that the first one got. 1 or
   2, or an error, not noted. */
static int
open_pair(struct pier_packet **out, struct opening *it, const struct both *both)
{
	struct pier_addr ip4 = both->ip4;
	struct pier_packet *second = NULL;
	struct pier_packet *first = NULL;
	struct pier_addr bound;
	int rc = open_server(&first, it, &both->ip6);

	if (family_is_off(rc)) {
		rc = open_server(out, it, &ip4);
		return rc < 0 ? rc : 1;
	}
	if (rc < 0)
		return rc;
	rc = pier_packet_local(first, &bound);
	if (rc == 0) {
		(void)pier_addr_set_port(
			&ip4, (unsigned int)pier_addr_port(&bound));
		rc = open_server(&second, it, &ip4);
	}
	if (rc < 0 && !family_is_off(rc)) {
		pier_packet_close(first);
		return rc;
	}
	out[0] = first;
	if (rc < 0)
		return 1;
	out[1] = second;
	return 2;
}

static int
open_every_server(
	struct pier_packet **out, struct opening *it, const struct both *both)
{
	bool any_port = it->plan->endpoint.port == 0;
	int tries = any_port ? PORT_TRIES : 1;
	int rc = -EADDRINUSE;

	while (rc == -EADDRINUSE && tries-- > 0)
		rc = open_pair(out, it, both);
	return rc < 0 ? fail(it, rc) : rc;
}

static int
open_servers(struct pier_packet **out, size_t max, struct opening *it,
	const struct pier_names *names)
{
	const struct pier_addr *ip4 = find_family(names, AF_INET);
	const struct pier_addr *ip6 = find_family(names, AF_INET6);

	if (it->plan->endpoint.host[0] != '\0' || ip4 == NULL || ip6 == NULL)
		return open_one_server(out, it, names);
	if (max >= 2)
		return open_every_server(
			out, it, &(struct both){ .ip4 = *ip4, .ip6 = *ip6 });
	it->step = PIER_STEP_BIND;
	it->detail = "every address is two sockets: pier_packet_open_all(), or "
		     "one of udp4:// and udp6://";
	return fail(it, -EINVAL);
}

int
pier__udp_open(struct pier_packet **out, size_t max,
	const struct pier__packet_plan *plan)
{
	const struct pier__lookup question = { .endpoint = &plan->endpoint,
		.text = plan->text,
		.passive = plan->opts.listen,
		.fn = plan->opts.lookup,
		.arg = plan->opts.lookup_arg };
	struct opening it = { .plan = plan };
	struct pier_names *names;
	int rc;

	rc = plan->opts.listen ? 0
			       : pier__bind_parse(&it.local, plan->opts.bind);
	if (rc < 0)
		return rc;
	rc = pier__lookup(&names, &question, plan->deadline);
	if (rc < 0)
		return rc;
	rc = plan->opts.listen ? open_servers(out, max, &it, names)
			       : open_first_client(out, &it, names);
	pier_names_free(names);
	return rc;
}
