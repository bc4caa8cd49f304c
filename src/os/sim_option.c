/* SPDX-License-Identifier: MIT */
/*
 * os/sim_option.c - the socket options that matter to a simulation: those
 * that change what happens, and those that pier sets on its own sockets,
 * which are kept. Any other is unknown.
 */
#include "os/sim_inner.h"

#include <errno.h>
#include <netinet/tcp.h>
#include <string.h>
#include <unistd.h>

static int
give(void *value, socklen_t *len, const void *from, socklen_t size)
{
	if (*len > size)
		*len = size;
	memcpy(value, from, *len);
	return 0;
}

static int
give_int(void *value, socklen_t *len, int number)
{
	return give(value, len, &number, sizeof(number));
}

static int
get_socket_level(
	struct pier__sim_socket *socket, int name, void *value, socklen_t *len)
{
	struct ucred cred = { getpid(), getuid(), getgid() };

	switch (name) {
	case SO_ERROR:
		return give_int(value, len, pier__sim_take_error(socket));
	case SO_TYPE:
		return give_int(value, len, socket->type);
	case SO_DOMAIN:
		return give_int(value, len, socket->family);
	case SO_PROTOCOL:
		return give_int(value, len, socket->protocol);
	case SO_ACCEPTCONN:
		return give_int(value, len, socket->listening);
	case SO_REUSEADDR:
		return give_int(value, len, socket->reuseaddr);
	case SO_REUSEPORT:
		return give_int(value, len, socket->reuseport);
	case SO_KEEPALIVE:
		return give_int(value, len, socket->keepalive);
	case SO_BROADCAST:
		return give_int(value, len, socket->broadcast);
	case SO_SNDBUF:
		return give_int(value, len, socket->sndbuf);
	case SO_RCVBUF:
		return give_int(value, len, socket->rcvbuf);
	case SO_LINGER:
		return give(
			value, len, &socket->linger, sizeof(socket->linger));
	case SO_PASSCRED:
		return give_int(value, len, socket->passcred);
	case SO_PEERCRED:
		return give(value, len, &cred, sizeof(cred));
	default:
		return -ENOPROTOOPT;
	}
}

int
pier__sim_getsockopt(struct pier__sim_socket *socket, int level, int name,
	void *value, socklen_t *len)
{
	bool tcp = socket->family != AF_UNIX && socket->type == SOCK_STREAM;
	struct tcp_info info;

	if (socket->family == AF_UNSPEC)
		return -ENOTSOCK;
	if (level == SOL_SOCKET)
		return get_socket_level(socket, name, value, len);
	if (socket->family == AF_UNIX)
		return -EOPNOTSUPP;
	if (level == IPPROTO_IPV6 && name == IPV6_V6ONLY)
		return give_int(value, len, socket->v6only);
	if (tcp && level == IPPROTO_TCP && name == TCP_NODELAY)
		return give_int(value, len, socket->nodelay);
	if (tcp && level == IPPROTO_TCP && name == TCP_USER_TIMEOUT)
		return give_int(value, len, (int)socket->user_timeout_ms);
	if (tcp && level == IPPROTO_TCP && name == TCP_INFO) {
		info = pier__sim_tcp_info(socket);
		return give(value, len, &info, sizeof(info));
	}
	return -ENOPROTOOPT;
}

/* The kernel doubles what is asked for, and keeps to a minimum. */
static int
buffer_size(int asked, int least)
{
	return asked < least / 2 ? least : asked * 2;
}

static int
set_socket_level(struct pier__sim_socket *socket, int name, const void *value,
	socklen_t len, int number)
{
	switch (name) {
	case SO_PASSCRED:
		if (socket->family != AF_UNIX)
			return -EOPNOTSUPP;
		socket->passcred = number != 0;
		return 0;
	case SO_REUSEADDR:
		socket->reuseaddr = number != 0;
		return 0;
	case SO_REUSEPORT:
		socket->reuseport = number != 0;
		return 0;
	case SO_KEEPALIVE:
		socket->keepalive = number != 0;
		return 0;
	case SO_BROADCAST:
		socket->broadcast = number != 0;
		return 0;
	case SO_TIMESTAMPNS:
		socket->asks &= ~(unsigned)PIER__SIM_ASK_TIME;
		socket->asks |= number != 0 ? PIER__SIM_ASK_TIME : 0;
		return 0;
	case SO_SNDBUF:
		socket->sndbuf = buffer_size(number, 4608);
		return 0;
	case SO_RCVBUF:
		socket->rcvbuf = buffer_size(number, 2304);
		return 0;
	case SO_LINGER:
		if (len < sizeof(socket->linger))
			return -EINVAL;
		memcpy(&socket->linger, value, sizeof(socket->linger));
		return 0;
	default:
		return -ENOPROTOOPT;
	}
}

static int
set_inet(struct pier__sim_socket *socket, int level, int name, int number)
{
	bool tcp = socket->type == SOCK_STREAM;
	bool v6 = socket->family == AF_INET6;

	if (v6 && level == IPPROTO_IPV6 && name == IPV6_V6ONLY) {
		if (socket->bound)
			return -EINVAL;
		socket->v6only = number != 0;
		return 0;
	}
	if (tcp && level == IPPROTO_TCP && name == TCP_NODELAY) {
		socket->nodelay = number != 0;
		return 0;
	}
	if (tcp && level == IPPROTO_TCP && name == TCP_USER_TIMEOUT) {
		if (number < 0)
			return -EINVAL;
		socket->user_timeout_ms = (unsigned)number;
		return 0;
	}
	return -ENOPROTOOPT;
}

int
pier__sim_setsockopt(struct pier__sim_socket *socket, int level, int name,
	const void *value, socklen_t len)
{
	int number;

	if (socket->family == AF_UNSPEC)
		return -ENOTSOCK;
	if (len < sizeof(number))
		return -EINVAL;
	memcpy(&number, value, sizeof(number));
	if (level == SOL_SOCKET)
		return set_socket_level(socket, name, value, len, number);
	if (socket->family == AF_UNIX)
		return -EOPNOTSUPP;
	if (socket->type == SOCK_DGRAM &&
		!(level == IPPROTO_IPV6 && name == IPV6_V6ONLY))
		return pier__sim_udp_setsockopt(
			socket, level, name, value, len);
	return set_inet(socket, level, name, number);
}
