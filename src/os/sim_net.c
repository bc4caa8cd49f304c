/* SPDX-License-Identifier: MIT */
/*
 * os/sim_net.c - hosts, their addresses and ports, and packets on the way
 * from one to another.
 *
 * Within a host a packet arrives at the same moment, as on the kernel's
 * loopback. Between hosts it takes the link's time; order is kept but where
 * the link is told to break it.
 */
#include "os/sim_inner.h"

#include <arpa/inet.h>
#include <assert.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>

#define PORT_FIRST 32768 /* net.ipv4.ip_local_port_range */
#define PORT_LAST  60999

bool
pier__sim_is_v4(const struct in6_addr *ip)
{
	return IN6_IS_ADDR_V4MAPPED(ip);
}

static uint32_t
v4_of(const struct in6_addr *ip)
{
	uint32_t v4;

	memcpy(&v4, &ip->s6_addr[12], sizeof(v4));
	return v4;
}

static void
map_v4(struct in6_addr *out, uint32_t v4)
{
	memset(out, 0, sizeof(*out));
	out->s6_addr[10] = 0xff;
	out->s6_addr[11] = 0xff;
	memcpy(&out->s6_addr[12], &v4, sizeof(v4));
}

bool
pier__sim_any(const struct in6_addr *ip)
{
	return pier__sim_is_v4(ip) ? v4_of(ip) == 0
				   : IN6_IS_ADDR_UNSPECIFIED(ip);
}

static bool
is_loopback(const struct in6_addr *ip)
{
	return pier__sim_is_v4(ip) ? ip->s6_addr[12] == 127
				   : IN6_IS_ADDR_LOOPBACK(ip);
}

bool
pier__sim_addr_equal(
	const struct pier__sim_addr *a, const struct pier__sim_addr *b)
{
	return a->port == b->port && IN6_ARE_ADDR_EQUAL(&a->ip, &b->ip);
}

void
pier__sim_addr_text(const struct pier__sim_addr *addr, char text[64])
{
	char ip[INET6_ADDRSTRLEN];

	if (pier__sim_is_v4(&addr->ip)) {
		(void)inet_ntop(AF_INET, &addr->ip.s6_addr[12], ip, sizeof(ip));
		(void)snprintf(text, 64, "%s:%u", ip, addr->port);
	} else {
		(void)inet_ntop(AF_INET6, &addr->ip, ip, sizeof(ip));
		(void)snprintf(text, 64, "[%s]:%u", ip, addr->port);
	}
}

bool
pier__sim_addr_get(const struct pier__sim_socket *socket,
	const struct sockaddr *sa, socklen_t len, struct pier__sim_addr *out,
	int *rc)
{
	struct sockaddr_in in;
	struct sockaddr_in6 in6;

	*rc = -EINVAL;
	if (len < sizeof(sa_family_t))
		return false;
	*rc = -EAFNOSUPPORT;
	if (sa->sa_family == AF_INET && socket->family == AF_INET) {
		*rc = -EINVAL;
		if (len < sizeof(in))
			return false;
		memcpy(&in, sa, sizeof(in));
		map_v4(&out->ip, in.sin_addr.s_addr);
		out->port = ntohs(in.sin_port);
		return true;
	}
	if (sa->sa_family != AF_INET6 || socket->family != AF_INET6)
		return false;
	*rc = -EINVAL;
	if (len < 24) /* SIN6_LEN_RFC2133 */
		return false;
	memset(&in6, 0, sizeof(in6));
	memcpy(&in6, sa, len < sizeof(in6) ? len : sizeof(in6));
	out->ip = in6.sin6_addr;
	out->port = ntohs(in6.sin6_port);
	*rc = -ENETUNREACH;
	return !(socket->v6only && pier__sim_is_v4(&out->ip));
}

void
pier__sim_addr_put(const struct pier__sim_socket *socket,
	const struct pier__sim_addr *addr, struct sockaddr *sa, socklen_t *len)
{
	struct sockaddr_in in = {
		.sin_family = AF_INET,
		.sin_port = htons(addr->port),
		.sin_addr = { v4_of(&addr->ip) },
	};
	struct sockaddr_in6 in6 = {
		.sin6_family = AF_INET6,
		.sin6_port = htons(addr->port),
		.sin6_addr = addr->ip,
	};
	bool v4 = socket->family == AF_INET;
	const void *from = v4 ? (const void *)&in : (const void *)&in6;
	socklen_t size = v4 ? sizeof(in) : sizeof(in6);

	if (sa == NULL || len == NULL)
		return;
	memcpy(sa, from, *len < size ? *len : size);
	*len = size;
}

static bool
parse_ip(const char *text, struct in6_addr *out)
{
	struct in_addr v4;

	if (inet_pton(AF_INET, text, &v4) == 1) {
		map_v4(out, v4.s_addr);
		return true;
	}
	return inet_pton(AF_INET6, text, out) == 1;
}

struct pier__sim_host *
pier__sim_host(struct pier__sim *sim, const char *addresses)
{
	struct pier__sim_host *host = pier__sim_memory(sizeof(*host));
	char word[INET6_ADDRSTRLEN];
	int used;

	while (sscanf(addresses, " %45s%n", word, &used) == 1) {
		addresses += used;
		if (host->address_count == 8 ||
			!parse_ip(
				word, &host->addresses[host->address_count])) {
			free(host);
			return NULL;
		}
		host->address_count++;
	}
	pier__sim_table(&host->calls);
	host->calls.engine_open = sim->engine_open;
	host->sim = sim;
	host->next_port = PORT_FIRST;
	pier__list_init(&host->sockets);
	pier__list_init(&host->names);
	pier__list_push_back(&sim->hosts, &host->node);
	return host;
}

const struct pier__calls *
pier__sim_calls(struct pier__sim_host *host)
{
	return &host->calls;
}

bool
pier__sim_is_local(const struct pier__sim_host *host, const struct in6_addr *ip)
{
	if (is_loopback(ip))
		return true;
	for (size_t i = 0; i < host->address_count; i++) {
		if (IN6_ARE_ADDR_EQUAL(&host->addresses[i], ip))
			return true;
	}
	return false;
}

struct pier__sim_host *
pier__sim_find_host(struct pier__sim *sim, const struct pier__sim_host *from,
	const struct in6_addr *ip)
{
	struct pier__list *node;

	pier__list_each(node, &sim->hosts) {
		struct pier__sim_host *host =
			pier__container_of(node, struct pier__sim_host, node);

		if (is_loopback(ip) ? host == from
				    : pier__sim_is_local(host, ip))
			return host;
	}
	return NULL;
}

int
pier__sim_source(const struct pier__sim_host *host, const struct in6_addr *to,
	struct in6_addr *out)
{
	/* To oneself from there; else the first address of the family. */
	if (pier__sim_is_local(host, to)) {
		*out = *to;
		return 0;
	}
	for (size_t i = 0; i < host->address_count; i++) {
		if (pier__sim_is_v4(&host->addresses[i]) ==
			pier__sim_is_v4(to)) {
			*out = host->addresses[i];
			return 0;
		}
	}
	return -ENETUNREACH;
}

static bool
covers(const struct pier__sim_socket *socket, const struct in6_addr *ip)
{
	const struct in6_addr *own = &socket->local.ip;

	if (IN6_ARE_ADDR_EQUAL(own, ip))
		return true;
	if (!pier__sim_any(own))
		return false;
	if (pier__sim_is_v4(own))
		return pier__sim_is_v4(ip);
	return !(socket->v6only && pier__sim_is_v4(ip));
}

static bool
conflict(const struct pier__sim_socket *a, const struct pier__sim_socket *b)
{
	if (!b->bound || a->type != b->type || a->local.port != b->local.port)
		return false;
	if (b->family == AF_UNIX)
		return false;
	if (!covers(a, &b->local.ip) && !covers(b, &a->local.ip))
		return false;
	if (a->reuseport && b->reuseport)
		return false;
	return !(a->reuseaddr && b->reuseaddr && !b->listening);
}

static bool
is_taken(const struct pier__sim_socket *socket)
{
	struct pier__list *node;

	pier__list_each(node, &socket->host->sockets) {
		const struct pier__sim_socket *other =
			pier__container_of(node, struct pier__sim_socket, node);

		if (other != socket && conflict(socket, other))
			return true;
	}
	return false;
}

/* The next port that is free for socket. */
static int
take_free_port(struct pier__sim_socket *socket)
{
	struct pier__sim_host *host = socket->host;
	bool reuse = socket->reuseaddr;
	bool taken = true;

	/* As in Linux, a free port is one that nobody shares. */
	socket->reuseaddr = false;
	for (int i = PORT_FIRST; taken && i <= PORT_LAST; i++) {
		socket->local.port = host->next_port;
		host->next_port = host->next_port == PORT_LAST
					  ? PORT_FIRST
					  : (uint16_t)(host->next_port + 1);
		taken = is_taken(socket);
	}
	socket->reuseaddr = reuse;
	return taken ? -EADDRINUSE : 0;
}

int
pier__sim_bind_inet(struct pier__sim_socket *socket, const struct sockaddr *sa,
	socklen_t len)
{
	struct pier__sim_addr was = socket->local;
	int rc;

	if (socket->bound)
		return -EINVAL;
	if (!pier__sim_addr_get(socket, sa, len, &socket->local, &rc))
		goto restore;
	rc = -EADDRNOTAVAIL;
	if (!pier__sim_any(&socket->local.ip) &&
		!pier__sim_is_local(socket->host, &socket->local.ip) &&
		(socket->type != SOCK_DGRAM ||
			pier__sim_reach(socket->host, &socket->local.ip) ==
				PIER__SIM_TO_ONE))
		goto restore;
	if (socket->local.port == 0)
		rc = take_free_port(socket);
	else
		rc = is_taken(socket) ? -EADDRINUSE : 0;
	if (rc < 0)
		goto restore;
	socket->bound = true;
	return 0;

restore:
	socket->local = was;
	return rc;
}

int
pier__sim_autobind(struct pier__sim_socket *socket)
{
	int rc;

	if (socket->bound)
		return 0;
	rc = take_free_port(socket);
	if (rc == 0)
		socket->bound = true;
	return rc == -EADDRINUSE ? -EAGAIN : rc;
}

int
pier__sim_name_inet(struct pier__sim_socket *socket, bool peer,
	struct sockaddr *sa, socklen_t *len)
{
	if (peer && !socket->connected)
		return -ENOTCONN;
	pier__sim_addr_put(
		socket, peer ? &socket->peer : &socket->local, sa, len);
	return 0;
}

static struct pier__sim_route *
find_route(const struct pier__sim_host *from, const struct pier__sim_host *to,
	bool exact)
{
	struct pier__sim_route *found = NULL, *route;
	struct pier__list *node;
	int best = -1;

	pier__list_each(node, &from->sim->routes) {
		int fit;

		route = pier__container_of(node, struct pier__sim_route, node);
		if ((route->from != NULL && route->from != from) ||
			(route->to != NULL && route->to != to))
			continue;
		fit = (route->from != NULL) + (route->to != NULL);
		if (fit > best && (!exact || fit == 2)) {
			best = fit;
			found = route;
		}
	}
	return found;
}

static struct pier__sim_route *
make_route(struct pier__sim *sim, const struct pier__sim_host *from,
	const struct pier__sim_host *to)
{
	struct pier__sim_route *route = pier__sim_memory(sizeof(*route));

	route->from = from;
	route->to = to;
	route->link.latency_ns = PIER__SIM_LATENCY_NS;
	pier__list_push_front(&sim->routes, &route->node);
	return route;
}

/* The route between two hosts, made from the one that fits best. */
static struct pier__sim_route *
route_between(
	const struct pier__sim_host *from, const struct pier__sim_host *to)
{
	struct pier__sim_route *route = find_route(from, to, true);
	const struct pier__sim_route *like;

	if (route != NULL)
		return route;
	like = find_route(from, to, false);
	route = make_route(from->sim, from, to);
	if (like != NULL)
		route->link = like->link;
	return route;
}

static bool
fits(const struct pier__sim_host *named, const struct pier__sim_host *host)
{
	return named == NULL || named == host;
}

/* Both ways, and whatever was derived for single hosts before. */
void
pier__sim_link(struct pier__sim *sim, struct pier__sim_host *a,
	struct pier__sim_host *b, const struct pier__sim_link *link)
{
	struct pier__list *node;

	make_route(sim, a, b)->link = *link;
	make_route(sim, b, a)->link = *link;
	pier__list_each(node, &sim->routes) {
		struct pier__sim_route *route =
			pier__container_of(node, struct pier__sim_route, node);

		if ((fits(a, route->from) && fits(b, route->to)) ||
			(fits(b, route->from) && fits(a, route->to)))
			route->link = *link;
	}
}

void
pier__sim_cut(struct pier__sim *sim, struct pier__sim_host *a,
	struct pier__sim_host *b, bool cut)
{
	const struct pier__sim_host *named = a != NULL ? a : b;
	const struct pier__sim_host *other = a != NULL ? b : a;
	struct pier__list *node;

	assert(named != NULL);
	pier__sim_note(sim, cut ? "link cut" : "link mended");
	pier__list_each(node, &sim->hosts) {
		const struct pier__sim_host *host =
			pier__container_of(node, struct pier__sim_host, node);

		if (host == named || !fits(other, host))
			continue;
		route_between(named, host)->link.cut = cut;
		route_between(host, named)->link.cut = cut;
	}
}

unsigned
pier__sim_reset(struct pier__sim *sim, uint16_t port)
{
	struct pier__list *node;
	unsigned count = 0;

	pier__sim_note(sim, "reset of port %u", port);
	pier__list_each(node, &sim->hosts) {
		count += pier__sim_tcp_reset_port(
			pier__container_of(node, struct pier__sim_host, node),
			port);
	}
	return count / 2;
}

struct pier__sim_packet *
pier__sim_packet(enum pier__sim_packet_kind kind,
	const struct pier__sim_addr *src, const struct pier__sim_addr *dst,
	size_t len)
{
	struct pier__sim_packet *packet =
		pier__sim_memory(sizeof(*packet) + len);

	packet->kind = kind;
	packet->src = *src;
	packet->dst = *dst;
	packet->len = len;
	return packet;
}

struct pier__sim_packet *
pier__sim_packet_twin(const struct pier__sim_packet *packet)
{
	struct pier__sim_packet *twin =
		pier__sim_memory(sizeof(*twin) + packet->len);

	memcpy(twin, packet, sizeof(*twin) + packet->len);
	return twin;
}

static void
note_packet(struct pier__sim *sim, const struct pier__sim_packet *packet,
	const char *fate)
{
	static const char *const kinds[] = { "tcp", "udp", "icmp port",
		"icmp host", "echo", "echo reply" };
	char src[64], dst[64];
	unsigned flags = packet->flags;

	pier__sim_addr_text(&packet->src, src);
	pier__sim_addr_text(&packet->dst, dst);
	if (packet->kind != PIER__SIM_TCP) {
		pier__sim_note(sim, "%s %s > %s %zu%s", kinds[packet->kind],
			src, dst, packet->len, fate);
		return;
	}
	pier__sim_note(sim, "tcp %s > %s %s%s%s%s seq %llu+%zu ack %llu%s", src,
		dst, flags & PIER__SIM_SYN ? "S" : "",
		flags & PIER__SIM_ACK ? "A" : "",
		flags & PIER__SIM_FIN ? "F" : "",
		flags & PIER__SIM_RST ? "R" : "",
		(unsigned long long)packet->seq, packet->len,
		(unsigned long long)packet->ack, fate);
}

/* Tell the sender of packet why it does not arrive. */
static void answer_icmp(struct pier__sim *sim, struct pier__sim_host *to,
	const struct pier__sim_packet *packet, enum pier__sim_packet_kind kind,
	int64_t at);

static void
arrive(struct pier__sim *sim, struct pier__sim_event *event)
{
	struct pier__sim_packet *packet =
		pier__container_of(event, struct pier__sim_packet, event);

	note_packet(sim, packet, "");
	if (packet->kind == PIER__SIM_TCP ||
		((packet->kind == PIER__SIM_ICMP_PORT ||
			 packet->kind == PIER__SIM_ICMP_HOST) &&
			packet->about == PIER__SIM_TCP))
		pier__sim_tcp_input(packet->to, packet);
	else
		pier__sim_udp_input(packet->to, packet);
	free(packet);
}

static void
answer_icmp(struct pier__sim *sim, struct pier__sim_host *to,
	const struct pier__sim_packet *packet, enum pier__sim_packet_kind kind,
	int64_t at)
{
	struct pier__sim_packet *icmp =
		pier__sim_packet(kind, &packet->dst, &packet->src, 0);

	icmp->about = packet->kind;
	icmp->to = to;
	icmp->event.fn = arrive;
	pier__sim_schedule(sim, &icmp->event, at);
}

static bool
happens(struct pier__sim *sim, unsigned per_mille)
{
	return per_mille > 0 && pier__sim_chance(sim) % 1000 < per_mille;
}

/* When what leaves now arrives. */
static int64_t
arrival(struct pier__sim *sim, struct pier__sim_route *route)
{
	const struct pier__sim_link *link = &route->link;
	int64_t at = sim->now + link->latency_ns;

	if (link->jitter_ns > 0)
		at += (int64_t)(pier__sim_chance(sim) %
				(uint64_t)link->jitter_ns);
	if (happens(sim, link->reorder))
		return at + (link->reorder_ns > 0 ? link->reorder_ns
						  : 2 * link->latency_ns);
	if (at < route->last_at)
		at = route->last_at;
	route->last_at = at;
	return at;
}

static void
transmit_between(struct pier__sim *sim, struct pier__sim_host *from,
	struct pier__sim_packet *packet)
{
	struct pier__sim_route *route = route_between(from, packet->to);

	if (route->link.unreachable &&
		(packet->kind <= PIER__SIM_UDP ||
			packet->kind == PIER__SIM_ECHO)) {
		note_packet(sim, packet, " unreachable");
		answer_icmp(sim, from, packet, PIER__SIM_ICMP_HOST,
			sim->now + 2 * route->link.latency_ns);
	}
	if (route->link.cut || route->link.unreachable ||
		happens(sim, route->link.loss)) {
		note_packet(sim, packet, " lost");
		free(packet);
		return;
	}
	if (happens(sim, route->link.duplicate))
		pier__sim_schedule(sim, &pier__sim_packet_twin(packet)->event,
			arrival(sim, route));
	pier__sim_schedule(sim, &packet->event, arrival(sim, route));
}

void
pier__sim_transmit(struct pier__sim_host *from, struct pier__sim_packet *packet)
{
	struct pier__sim *sim = from->sim;

	packet->event.fn = arrive;
	packet->to = pier__sim_find_host(sim, from, &packet->dst.ip);
	if (packet->to == from) {
		pier__sim_schedule(sim, &packet->event, sim->now);
	} else if (packet->to == NULL) {
		note_packet(sim, packet, " to nowhere");
		free(packet);
	} else {
		transmit_between(sim, from, packet);
	}
}

void
pier__sim_transmit_all(
	struct pier__sim_host *from, struct pier__sim_packet *packet, bool loop)
{
	struct pier__sim *sim = from->sim;
	struct pier__list *node;

	packet->event.fn = arrive;
	packet->to_many = true;
	pier__list_each(node, &sim->hosts) {
		struct pier__sim_host *host =
			pier__container_of(node, struct pier__sim_host, node);
		struct pier__sim_packet *twin;

		if (host == from && !loop)
			continue;
		twin = pier__sim_packet_twin(packet);
		twin->to = host;
		if (host == from)
			pier__sim_schedule(sim, &twin->event, sim->now);
		else
			transmit_between(sim, from, twin);
	}
	free(packet);
}
