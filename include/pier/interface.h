/* SPDX-License-Identifier: MIT */
/*
 * This machine's network interfaces: names, numbers, hardware addresses and the
 * addresses that they have.
 *
 * The kernel answers by rtnetlink(7) within the calls that ask, so that nothing
 * here waits.
 */
#ifndef PIER_INTERFACE_H
#define PIER_INTERFACE_H

#include <stddef.h>
#include <stdint.h>

#include <pier/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The longest name, its NUL included; the longest hardware address. */
#define PIER_INTERFACE_NAME_MAX 16
#define PIER_HARDWARE_MAX       32

/* The most that the kernel is listened to for one list. */
#define PIER_INTERFACES_BYTES_MAX (64 * 1024 * 1024)

/* An address of an interface. */
struct pier_interface_addr {
	struct pier_addr addr;      /* port 0; link-local IPv6 with its zone */
	unsigned int bits;          /* how many of them are the network's */
	struct pier_addr broadcast; /* len 0: it has none */
	struct pier_addr peer;      /* the other end of its line; len 0: none */
	unsigned int flags;         /* IFA_F_… of <linux/if_addr.h> */
	unsigned int scope;         /* RT_SCOPE_… of <linux/rtnetlink.h> */
};

struct pier_interface {
	const char *name;
	unsigned int index;        /* above 0 */
	unsigned int flags;        /* IFF_UP, IFF_LOOPBACK, … of <net/if.h> */
	unsigned int mtu;          /* bytes */
	unsigned int type;         /* ARPHRD_… of <net/if_arp.h> */
	unsigned int state;        /* IF_OPER_… of <linux/if.h>: 6 is up */
	unsigned int hardware_len; /* 0: it has none */
	unsigned char hardware[PIER_HARDWARE_MAX];
	unsigned char hardware_broadcast[PIER_HARDWARE_MAX];
	size_t addr_count;
	const struct pier_interface_addr *addrs; /* IPv4 first */
};

/* All of them, read only. */
struct pier_interfaces {
	size_t count;
	const struct pier_interface *list; /* by index */
};

/*
 * pier_interfaces(out): list them. What changes meanwhile may be missing, or
 * stand there still.
 *
 *   out  on success the list, ended by pier_interfaces_free()
 *
 * Returns 0, or
 *   -PIER_ELIMIT      more than PIER_INTERFACES_BYTES_MAX
 *   -EBADMSG          the kernel's answer cannot be read
 *   -EMFILE, -ENFILE  no descriptor
 *   -ENOMEM, -ENOBUFS no memory
 *   -EAFNOSUPPORT     a machine without netlink
 */
int pier_interfaces(struct pier_interfaces **out);

/* pier_interfaces_free(interfaces): free the list. NULL is fine. */
void pier_interfaces_free(struct pier_interfaces *interfaces);

/*
 * pier_interface_index(name): the number of an interface, as if_nametoindex(3).
 *
 * Returns the number, above 0, or
 *   -ENODEV           there is none of that name
 *   -EMFILE, -ENFILE  no descriptor
 */
int pier_interface_index(const char *name);

/*
 * pier_interface_name(index, buf, size): the name of an interface, as
 * if_indextoname(3).
 *
 *   buf  on success the name, which ends in NUL; PIER_INTERFACE_NAME_MAX bytes
 *        are always enough
 *
 * Returns the length of the name, or
 *   -ENODEV           there is none of that number
 *   -ENOSPC           buf is too short
 *   -EMFILE, -ENFILE  no descriptor
 */
int pier_interface_name(unsigned int index, char *buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif
