/* SPDX-License-Identifier: MIT */
/*
 * pier/addr.h - a resolved address of any family: a value.
 *
 * Copy, compare and hash it freely; it owns nothing. The kernel's sockaddr is
 * inside and may be used with any system call: addr.u.sa and addr.len.
 *
 * An IPv4 address that arrives mapped into IPv6 (::ffff:192.0.2.1, what a
 * dual-stack socket reports) stays an AF_INET6 value, so that it works on the
 * socket it came from; as text, and to compare and hash, it is the IPv4
 * address that it stands for.
 */
#ifndef PIER_ADDR_H
#define PIER_ADDR_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <sys/un.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Enough for the text of any address, the final NUL included. */
#define PIER_ADDR_TEXT_MAX 336

/* The longest path, or abstract name without its '@', of a Unix socket. */
#define PIER_UNIX_PATH_MAX 107

/* vsock(7), as the kernel has it: some libc headers lack it. */
#define PIER_VSOCK_ANY        0xffffffffU /* every context, or any port */
#define PIER_VSOCK_HYPERVISOR 0
#define PIER_VSOCK_LOCAL      1 /* this machine: Linux 5.6 */
#define PIER_VSOCK_HOST       2

struct pier_sockaddr_vm {
	sa_family_t family; /* AF_VSOCK */
	uint16_t reserved;
	uint32_t port; /* both in host byte order */
	uint32_t cid;
	uint8_t flags;
	uint8_t zero[3];
};

/* TIPC, as the kernel has it (linux/tipc.h): some machines lack its headers. */
#define PIER_TIPC_RANGE   1 /* instances of a service: all that have one */
#define PIER_TIPC_SERVICE 2 /* one instance: any socket that has it */
#define PIER_TIPC_SOCKET  3 /* one socket */
#define PIER_TIPC_CLUSTER 2 /* scope: what is bound is seen by all nodes */

struct pier_sockaddr_tipc {
	sa_family_t family; /* AF_TIPC */
	uint8_t kind;       /* PIER_TIPC_RANGE, … */
	int8_t scope;
	uint32_t type;  /* of the service; the number of a socket */
	uint32_t lower; /* its instance, or the lowest; the socket's node */
	uint32_t upper; /* the highest instance of a range */
};

/* Bluetooth, as the kernel has it: few machines have its headers. The bytes of a
   device stand in reverse: the one that is written first comes last. All zero,
   it is any. */
struct pier_sockaddr_rfcomm {
	sa_family_t family; /* AF_BLUETOOTH */
	uint8_t device[6];
	uint8_t channel; /* 1 to 30; 0: a free one */
};

struct pier_sockaddr_l2cap {
	sa_family_t family; /* AF_BLUETOOTH */
	uint16_t psm;       /* little-endian; 0: a free one */
	uint8_t device[6];
	uint16_t cid; /* little-endian, of a channel that is fixed; else 0 */
	uint8_t type; /* enum pier_bt_type of pier/bt.h */
};

/* ISO-TP, as the kernel has it (linux/can.h): some machines lack its headers. */
#define PIER_CAN_ADDR_EXTENDED 0x80000000U /* an identifier of 29 bits */

struct pier_sockaddr_can {
	sa_family_t family; /* AF_CAN */
	int32_t interface;
	uint32_t rx_id; /* that this end hears */
	uint32_t tx_id; /* that it sends */
};

struct pier_addr {
	socklen_t len; /* bytes of u that are used; 0 is no address */
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct pier_sockaddr_vm vm;
		struct pier_sockaddr_tipc tipc;
		struct pier_sockaddr_rfcomm rc;
		struct pier_sockaddr_l2cap l2;
		struct pier_sockaddr_can can;
		struct sockaddr_storage storage;
	} u;
};

/*
 * pier_addr_parse(out, text): read an address that is written in numbers or
 * is the path of a Unix socket. Looks up no names; never waits.
 *
 *   192.0.2.1        192.0.2.1:80
 *   ::1  fe80::1%lo  [::1]  [::1]:80  [fe80::1%lo]:80
 *   /run/x.sock      ./x.sock              a path; "./" is no part of it
 *   @name                                  an abstract Unix address
 *   vsock:3:80  vsock:host:80  vsock:*:80  a virtual machine's context and port
 *   tipc:18888/17  tipc:18888/17-20        an instance of a service, or several
 *   tipc:3456789@1001002                   a socket of TIPC, its node in hex
 *   rfcomm:00:11:22:33:44:55/1             a channel of a Bluetooth device
 *   l2cap:00:11:22:33:44:55/0x1001         a PSM of one
 *   l2cap:00:11:22:33:44:55/0x80?le=public   of one by Low Energy: public, random
 *   rfcomm:/1  l2cap:/0x1001               of any; '*' stands there too
 *   isotp:can0/7e0/7e8                     an end of ISO-TP: its link, and the
 *                                          identifiers that it sends and hears
 *
 * Without a port the port is 0. A zone is the name or the number of an
 * interface. In paths and names %XX is the byte with that hexadecimal number;
 * '%', '?', '#' and control characters are only written so.
 *
 *   out   written on success only
 *
 * Returns 0, or
 *   -EINVAL        not an address; the error's text says why and where. The
 *                  short, octal and hexadecimal forms of IPv4 (127.1,
 *                  010.0.0.1, 0x7f.1) are refused by name
 *   -ENODEV        this machine has no such interface as the zone names
 *   -ENAMETOOLONG  the path is longer than PIER_UNIX_PATH_MAX bytes
 */
int pier_addr_parse(struct pier_addr *out, const char *text);

/*
 * pier_addr_format(addr, buf, size): write addr as text that
 * pier_addr_parse() reads. IPv6 as RFC 5952 says, v4-mapped as IPv4, zones by
 * the interface's name (by number where it has gone), a port unless it is 0,
 * abstract Unix addresses with '@', "./" before a relative Unix path, contexts
 * of virtual machines in numbers, '*' for all of them and for any port, devices
 * of Bluetooth in capitals, '*' for any. An
 * address that has no text form gives "(unnamed)", a Unix socket that was not
 * bound; "(none)", len 0; or "(family N)".
 *
 *   buf   ends in NUL on success; PIER_ADDR_TEXT_MAX bytes are always enough
 *
 * Returns the length without the NUL, or -ENOSPC.
 */
int pier_addr_format(const struct pier_addr *addr, char *buf, size_t size);

/*
 * pier_addr_format_host(addr, buf, size): the same without the port, and
 * IPv6 without brackets.
 */
int pier_addr_format_host(const struct pier_addr *addr, char *buf, size_t size);

/*
 * Other ways to write an IP address than pier_addr_parse() reads. A v4-mapped
 * address is the IPv4 address that it stands for in all of them, and none has
 * a port.
 */
enum pier_addr_form {
	PIER_ADDR_PLAIN,    /* 192.0.2.1, 2001:db8::1, fe80::1%lo: RFC 5952 */
	PIER_ADDR_EXPLODED, /* 2001:0db8:0000:…:0001, all digits, the zone */
	PIER_ADDR_PACKED,   /* c0000201: the bytes, in hexadecimal */
	PIER_ADDR_INTEGER,  /* 3221225985: the bytes as one number */
	PIER_ADDR_INTEGER6, /* the same; read, it is IPv6 however small */
	PIER_ADDR_MAPPED,   /* ::ffff:192.0.2.1: IPv4 inside IPv6 */
	PIER_ADDR_POINTER,  /* 1.2.0.192.in-addr.arpa: its name in the DNS */
	PIER_ADDR_CLASSIC   /* 127.1, 0x7f.1, 0177.1: as inet_aton(3) reads */
};

/*
 * pier_addr_parse_form(out, text, form): read an IP address that is written in
 * this way and no other. Never waits.
 *
 *   out   written on success only; its port is 0
 *   text  of PIER_ADDR_INTEGER decimal, or hexadecimal behind 0x; from 2^32 on
 *         it is IPv6. PIER_ADDR_EXPLODED and PIER_ADDR_MAPPED are read as
 *         PIER_ADDR_PLAIN is
 *
 * Returns 0, or
 *   -EINVAL  not an address in this form; the error's text says why and where
 *   -ENODEV  this machine has no such interface as the zone names
 */
int pier_addr_parse_form(
	struct pier_addr *out, const char *text, enum pier_addr_form form);

/*
 * pier_addr_format_form(addr, form, buf, size): write an IP address in this
 * way, its port left out. PIER_ADDR_CLASSIC writes as PIER_ADDR_PLAIN does.
 *
 *   buf  ends in NUL on success; PIER_ADDR_TEXT_MAX bytes are always enough
 *
 * Returns the length without the NUL, or
 *   -EAFNOSUPPORT  no IP address, or PIER_ADDR_MAPPED of one that is IPv6
 *   -ENOSPC        buf is too short
 */
int pier_addr_format_form(const struct pier_addr *addr,
	enum pier_addr_form form, char *buf, size_t size);

/* What an IP address is for, by the registries of IANA; several may hold. */
enum {
	PIER_ADDR_IS_UNSPECIFIED = 1 << 0, /* 0.0.0.0, :: */
	PIER_ADDR_IS_LOOPBACK = 1 << 1,    /* 127.0.0.0/8, ::1 */
	PIER_ADDR_IS_LINK_LOCAL = 1 << 2,  /* 169.254.0.0/16, fe80::/10 */
	PIER_ADDR_IS_SITE_LOCAL = 1 << 3,  /* fec0::/10, given up */
	PIER_ADDR_IS_MULTICAST = 1 << 4,   /* 224.0.0.0/4, ff00::/8 */
	PIER_ADDR_IS_BROADCAST = 1 << 5,   /* 255.255.255.255 */
	PIER_ADDR_IS_PRIVATE = 1 << 6,     /* not globally reachable */
	PIER_ADDR_IS_SHARED = 1 << 7,      /* 100.64.0.0/10, of carriers */
	PIER_ADDR_IS_GLOBAL = 1 << 8,      /* neither private nor shared */
	PIER_ADDR_IS_RESERVED = 1 << 9,    /* by the IETF */
	PIER_ADDR_IS_DOCUMENTATION = 1
				     << 10 /* 192.0.2.0/24, 2001:db8::/32, … */
};

/*
 * pier_addr_kinds(addr): which of these hold, as bits, in the sense of Python's
 * ipaddress (is_private and so on). 0: no IP address.
 */
unsigned int pier_addr_kinds(const struct pier_addr *addr);

/*
 * pier_addr_add(addr, n): go n addresses on, back where n is negative. The port
 * and the zone stay.
 *
 * Returns 0, or
 *   -ERANGE        there is no such address; addr is as it was
 *   -EAFNOSUPPORT  no IP address
 */
int pier_addr_add(struct pier_addr *addr, int64_t n);

/*
 * pier_addr_from_sockaddr(out, sa, len): take over what a system call gave.
 *
 *   len   bytes of sa that are valid, as the system call reported them
 *
 * Returns 0, or -EINVAL if len is too short for the family, or longer than
 * any address. out is written on success only.
 */
int pier_addr_from_sockaddr(
	struct pier_addr *out, const struct sockaddr *sa, socklen_t len);

/*
 * pier_addr_family(addr): AF_INET, AF_INET6, AF_UNIX, …, as the kernel has
 * it: AF_INET6 for a v4-mapped address. AF_UNSPEC for no address.
 */
int pier_addr_family(const struct pier_addr *addr);

/* pier_addr_port(addr): the port, or -1 if the family has none of 16 bits. */
int pier_addr_port(const struct pier_addr *addr);

/*
 * pier_addr_set_port(addr, port): set the port.
 *
 * Returns 0, or
 *   -EINVAL        port is above 65535
 *   -EAFNOSUPPORT  the family has no ports
 */
int pier_addr_set_port(struct pier_addr *addr, unsigned int port);

/*
 * pier_addr_compare(a, b): a total order by family, address, zone, port.
 * Returns less than, equal to or greater than 0.
 */
int pier_addr_compare(const struct pier_addr *a, const struct pier_addr *b);

/* pier_addr_equal(a, b): does pier_addr_compare() give 0? */
bool pier_addr_equal(const struct pier_addr *a, const struct pier_addr *b);

/*
 * pier_addr_hash(addr, key): equal addresses have equal hashes.
 *
 *   key   16 random bytes when strangers choose the addresses, so that they
 *         cannot choose collisions; NULL is a key that everybody knows
 */
uint64_t pier_addr_hash(const struct pier_addr *addr, const uint64_t *key);

#ifdef __cplusplus
}
#endif

#endif
