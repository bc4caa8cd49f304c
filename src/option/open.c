/* SPDX-License-Identifier: MIT */
/*
 * option/open.c - sockets to look at: new ones of each kind, and those of
 * other processes.
 */
#include "option/option.h"

#include <errno.h>
#include <stdio.h>
#include <string.h>
#include <netinet/in.h>

#include "option/protocol.h"
#include "os/calls.h"
#include "task/failure.h"

#define FAMILY_TIPC      30
#define FAMILY_BLUETOOTH 31
#define PROTOCOL_MPTCP   262
#define PROTOCOL_UDPLITE 136

/* In the order of the list that an error tells. family 0: IPv6, or IPv4 where
   that is off. */
static const struct {
	const char *name;
	int family, type, protocol;
	const char *capability;
} kinds[] = {
	{ "tcp", 0, SOCK_STREAM, 0, NULL },
	{ "tcp4", AF_INET, SOCK_STREAM, 0, NULL },
	{ "tcp6", AF_INET6, SOCK_STREAM, 0, NULL },
	{ "tls", 0, SOCK_STREAM, 0, NULL },
	{ "http", 0, SOCK_STREAM, 0, NULL },
	{ "https", 0, SOCK_STREAM, 0, NULL },
	{ "svc", 0, SOCK_STREAM, 0, NULL },
	{ "udp", 0, SOCK_DGRAM, 0, NULL },
	{ "udp4", AF_INET, SOCK_DGRAM, 0, NULL },
	{ "udp6", AF_INET6, SOCK_DGRAM, 0, NULL },
	{ "udplite", 0, SOCK_DGRAM, PROTOCOL_UDPLITE, NULL },
	{ "unix", AF_UNIX, SOCK_STREAM, 0, NULL },
	{ "unixgram", AF_UNIX, SOCK_DGRAM, 0, NULL },
	{ "seqpacket", AF_UNIX, SOCK_SEQPACKET, 0, NULL },
	{ "pair", AF_UNIX, SOCK_STREAM, 0, NULL },
	{ "vsock", AF_VSOCK, SOCK_STREAM, 0, NULL },
	{ "icmp", AF_INET, SOCK_RAW, IPPROTO_ICMP, "CAP_NET_RAW" },
	{ "icmp4", AF_INET, SOCK_RAW, IPPROTO_ICMP, "CAP_NET_RAW" },
	{ "icmp6", AF_INET6, SOCK_RAW, IPPROTO_ICMPV6, "CAP_NET_RAW" },
	{ "igmp", AF_INET, SOCK_RAW, IPPROTO_IGMP, "CAP_NET_RAW" },
	{ "raw", AF_INET, SOCK_RAW, IPPROTO_RAW, "CAP_NET_RAW" },
	{ "raw4", AF_INET, SOCK_RAW, IPPROTO_RAW, "CAP_NET_RAW" },
	{ "raw6", AF_INET6, SOCK_RAW, IPPROTO_RAW, "CAP_NET_RAW" },
	{ "packet", AF_PACKET, SOCK_RAW, 0, "CAP_NET_RAW" },
	{ "netlink", AF_NETLINK, SOCK_RAW, 0, NULL },
	{ "can", AF_CAN, SOCK_RAW, 1, NULL },
	{ "isotp", AF_CAN, SOCK_DGRAM, 6, NULL },
	{ "j1939", AF_CAN, SOCK_DGRAM, 7, NULL },
	{ "bcm", AF_CAN, SOCK_DGRAM, 2, NULL },
	{ "l2cap", FAMILY_BLUETOOTH, SOCK_SEQPACKET, 0, NULL },
	{ "hci", FAMILY_BLUETOOTH, SOCK_RAW, 1, "CAP_NET_RAW" },
	{ "sco", FAMILY_BLUETOOTH, SOCK_SEQPACKET, 2, NULL },
	{ "rfcomm", FAMILY_BLUETOOTH, SOCK_STREAM, 3, NULL },
	{ "iso", FAMILY_BLUETOOTH, SOCK_SEQPACKET, 8, NULL },
	{ "mptcp", 0, SOCK_STREAM, PROTOCOL_MPTCP, NULL },
	{ "sctp", 0, SOCK_STREAM, IPPROTO_SCTP, NULL },
	{ "tipc", FAMILY_TIPC, SOCK_RDM, 0, NULL },
};

#define KIND_COUNT (sizeof(kinds) / sizeof(kinds[0]))

static int
refuse_kind(const char *kind)
{
	char why[PIER__WHY_MAX + 128];
	size_t used;
	size_t i;

	used = (size_t)snprintf(why, sizeof(why),
		"'%.40s' is no kind of socket; expected one of", kind);
	for (i = 0; i < KIND_COUNT && used < sizeof(why); i++)
		used += (size_t)snprintf(
			why + used, sizeof(why) - used, " %s", kinds[i].name);
	return pier__fail_step(-EINVAL, PIER_STEP_CREATE, kind, why);
}

/* "raw6/icmp6" is a raw6 of that protocol. Which kind, or KIND_COUNT. */
static size_t
find_kind(const char *kind, int *protocol)
{
	struct pier__span text = pier__span_of(kind);
	size_t slash = pier__span_find(text, '/'), i;
	struct pier__span name = pier__span_cut(text, 0, slash);

	for (i = 0; i < KIND_COUNT; i++)
		if (pier__span_is(name, kinds[i].name))
			break;
	if (i == KIND_COUNT)
		return i;
	*protocol = kinds[i].protocol;
	if (slash == text.end)
		return i;
	*protocol = kinds[i].protocol != IPPROTO_RAW
			    ? -1
			    : pier__protocol_number(pier__span_cut(
				      text, slash + 1, text.end));
	return *protocol < 0 ? KIND_COUNT : i;
}

int
pier_option_socket(const char *kind)
{
	const struct pier__calls *calls = pier__calls();
	char why[64] = "";
	int fd, protocol;
	size_t i = find_kind(kind, &protocol);

	if (i == KIND_COUNT)
		return refuse_kind(kind);
	fd = calls->socket(kinds[i].family == 0 ? AF_INET6 : kinds[i].family,
		kinds[i].type, protocol);
	if (fd == -EAFNOSUPPORT && kinds[i].family == 0)
		fd = calls->socket(AF_INET, kinds[i].type, protocol);
	if (fd >= 0)
		return fd;
	if (pier_is_permission(fd) && kinds[i].capability != NULL)
		(void)snprintf(
			why, sizeof(why), "it takes %s", kinds[i].capability);
	return pier__fail_step(fd, PIER_STEP_CREATE, kind, why);
}

int
pier_fd_copy(int pid, int number)
{
	const struct pier__calls *calls = pier__calls();
	const char *detail = NULL;
	char where[64];
	int pidfd, fd;

	(void)snprintf(where, sizeof(where), "descriptor %d of process %d",
		number, pid);
	pidfd = pid < 1 ? -EINVAL : calls->pidfd_open(pid);
	if (pidfd < 0)
		return pier__fail_step(pidfd, PIER_STEP_CREATE, where, NULL);
	fd = calls->pidfd_getfd(pidfd, number);
	pier__close(pidfd);
	if (fd == -EPERM)
		detail = "it takes the right to trace that process: "
			 "CAP_SYS_PTRACE, or the same user";
	if (fd == -EBADF)
		detail = "it has no such descriptor";
	return fd < 0 ? pier__fail_step(fd, PIER_STEP_CREATE, where, detail)
		      : fd;
}
