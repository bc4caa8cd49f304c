/* SPDX-License-Identifier: MIT */
/*
 * Endpoints as the library sees them: the text of pier/endpoint.h taken
 * apart, nothing looked up. Pure.
 */
#ifndef PIER_NET_ENDPOINT_H
#define PIER_NET_ENDPOINT_H

#include <pier/endpoint.h>
#include <pier/isotp.h>

#include "addr/addr.h"
#include "base/text.h"

/* Options of the socket: see net/wishes.h. */
struct pier__wishes {
	struct pier__span endpoint; /* name=value&name=value, with its %XX */
	const char *const *list;    /* "name=value", NULL-ended, or NULL */
	/* Names in endpoint that are the scheme's own and no options of the
	   socket: a NULL-ended list, or NULL */
	const char *const *own;
	bool group; /* of a group of multicast: ttl and loop are of that */
};

/* One of these. */
struct pier__own {
	struct pier__span name;
	const char *value; /* without its %XX; borrowed */
	size_t value_at;   /* where it stands in the text */
};

/* What an endpoint of Bluetooth asks of its socket besides options; 0: as the
   kernel has it. */
struct pier__bt_wishes {
	uint8_t security; /* BT_SECURITY: 1 to 4 */
	uint8_t mode;     /* l2cap: of a channel, see net/bt.c */
	uint16_t mtu;     /* l2cap: of the longest message that may come */
};

enum pier__endpoint_kind {
	PIER__ENDPOINT_TCP,
	PIER__ENDPOINT_UDP,
	PIER__ENDPOINT_UNIX,
	PIER__ENDPOINT_UNIXGRAM,
	PIER__ENDPOINT_SEQPACKET,
	PIER__ENDPOINT_VSOCK,
	PIER__ENDPOINT_ICMP,
	PIER__ENDPOINT_FD,
	PIER__ENDPOINT_PAIR,
	PIER__ENDPOINT_RAW,
	PIER__ENDPOINT_TIPC,
	PIER__ENDPOINT_RFCOMM,
	PIER__ENDPOINT_L2CAP,
	PIER__ENDPOINT_ISOTP,
};

/* Whom an endpoint of UDP means. */
enum pier__reach {
	PIER__REACH_ONE,   /* a host, or a group */
	PIER__REACH_LINKS, /* <broadcast>: everybody on every link */
	PIER__REACH_LINK   /* NAME.broadcast: everybody on that one */
};

/* The name or number of a link, or "*". */
#define PIER__LINK_TEXT_MAX 16

struct pier__endpoint {
	enum pier__endpoint_kind kind;
	const char *scheme; /* a constant string: "tcp4" */
	int family; /* tcp, udp, icmp, raw: AF_INET, AF_INET6, or AF_UNSPEC for
		       both;
		       unix, unixgram, seqpacket: AF_UNIX; vsock: AF_VSOCK;
		       tipc: AF_TIPC; rfcomm, l2cap: AF_BLUETOOTH; isotp:
		       AF_CAN; else AF_UNSPEC */
	char host[PIER__HOST_MAX +
		  1]; /* tcp, udp, icmp, raw: a name or an address
					  with its zone, no brackets; "" is
					  every address */
	bool svc; /* svc://: host is the name of a service or "", which is any,
		     and service its type, "_http._tcp" */
	bool numeric;           /* host is an address in numbers: no look-up */
	bool group;             /* it is one of multicast */
	enum pier__reach reach; /* host is 255.255.255.255 where it is not
				   one */
	char link[PIER__LINK_TEXT_MAX];      /* isotp: its name or number too */
	char service[PIER__SERVICE_MAX + 1]; /* a number or a name */
	int port; /* service as a number, or -1 if it is a name */
	int fd;   /* fd, by number; else -1. By name (LISTEN_FDNAMES) that is in
		   host */
	int protocol;          /* raw: of IP, 1 to 255; rfcomm: of Bluetooth;
				  isotp: of CAN; else 0 */
	int type;              /* tipc: SOCK_RDM or SOCK_SEQPACKET; else 0 */
	struct pier_addr addr; /* unix, unixgram, seqpacket, vsock, tipc,
				  rfcomm, l2cap; isotp: without its link;
				  else len is 0 */
	struct pier__bt_wishes bt;
	struct pier_isotp_opts isotp;
	/* Of a path that is too long for addr, whose len is 0: as it stands in
	   the text, which has to stay. */
	struct pier__span long_path;
	/* What follows '?', as it stands in the text; and for whoever opens the
	   socket, what the caller wants besides. */
	struct pier__wishes wishes;
};

/* The type of the socket that it becomes; 0 of fd, which may be any. */
int pier__endpoint_type(const struct pier__endpoint *endpoint);

/*
 * Takes text apart. out is complete on success only; out->scheme is set as
 * soon as the scheme is known, and NULL before.
 *
 * Returns 0, or -EINVAL or -ENAMETOOLONG with the explanation in why.
 */
int pier__endpoint_parse(
	struct pier__endpoint *out, const char *text, struct pier__why *why);

#endif
