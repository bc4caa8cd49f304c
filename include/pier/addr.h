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

struct pier_addr {
	socklen_t len; /* bytes of u that are used; 0 is no address */
	union {
		struct sockaddr sa;
		struct sockaddr_in in;
		struct sockaddr_in6 in6;
		struct sockaddr_un un;
		struct pier_sockaddr_vm vm;
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
 * of virtual machines in numbers, '*' for all of them and for any port. An
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
