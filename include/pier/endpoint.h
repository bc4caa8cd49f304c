/* SPDX-License-Identifier: MIT */
/*
 * pier/endpoint.h - endpoints: text that names where.
 *
 *   tcp://host:port  tcp4://…  tcp6://…     a stream over TCP
 *   udp://host:port  udp4://…  udp6://…     datagrams over UDP
 *   icmp://host  icmp4://…  icmp6://…       a host, for pier/ping.h
 *   udp://<broadcast>:port                  … to everybody on every link
 *   udp://eth0.broadcast:port               … on that one
 *   udp://239.1.2.3:port?join=eth0          … to and of a group of multicast, on
 *                                           that link, on all with join=*;
 *                                           &source=ADDRESS: of one host
 *   unix:///run/x.sock  unix://@abstract    a Unix stream
 *   unixgram:///run/x.sock                  Unix datagrams
 *   seqpacket:///run/x.sock                 Unix packets over a connection
 *   fd://3  fd://NAME                       a descriptor that is open here; by
 *                                           name of LISTEN_FDNAMES, service.h
 *   vsock://cid:port                        a stream to a virtual machine, or
 *                                           its host
 *   raw://host/PROTOCOL  raw4://…  raw6://… messages of a protocol of IP
 *   tipc://TYPE/INSTANCE                    messages to a service of a cluster
 *   rfcomm://DEVICE/CHANNEL                 a stream by Bluetooth
 *   l2cap://DEVICE/PSM                      messages by Bluetooth, over a
 *                                           connection; of Low Energy ?le=public
 *                                           or ?le=random
 *   isotp://INTERFACE/TX/RX                 messages over CAN (ISO-TP), see
 *                                           isotp.h
 *   pair://                                 two ends of one new pair
 *   svc://TYPE/NAME  svc://TYPE             a service that is found on this
 *                                           network, that one or any
 *
 * "?name=value&name=value" behind any of them sets options of the socket, in
 * the words of pier/option.h: tcp://host:80?nodelay=0&rcvbuf=64k.
 *
 * PROTOCOL is a number, 1 to 255, or a name such as icmp, icmp6, udp or gre. TYPE
 * and INSTANCE are numbers of 32 bits; TYPE/LOWEST-HIGHEST is several instances.
 * tipc:// is SOCK_RDM, and with ?type=seqpacket a connection.
 *
 * DEVICE is 00:11:22:33:44:55, or to listen empty or '*': every controller. CHANNEL
 * is 1 to 30, PSM a number as 0x1001 or, of Low Energy, 1 to 0xff; 0 is a free one.
 * Of their own they have ?security=low, medium, high or fips, and l2cap:// besides
 * ?mtu=BYTES, the longest message that may come, and ?mode=basic, ertm, streaming
 * or ext_flowctl.
 *
 * Of svc:// TYPE is "_http._tcp", or "http" for it; it is dialled as tcp or udp, as
 * the type says, at what pier_find_lookup() of pier/find.h finds.
 *
 * cid is a number, "local" (this machine), "host", "hypervisor", or empty or '*'
 * for every context of this machine; its port is a number, 0: any free one.
 * host is a name, an IPv4 address, an IPv6 address in brackets, with a
 * %zone, or empty or '*' for every address of this machine. port is a number,
 * the name of a service, or 0: any free one. %XX stands for the byte of that
 * number. Text without a scheme that begins with '/', "./" or '@' is unix;
 * text that ends in ":port" is tcp.
 */
#ifndef PIER_ENDPOINT_H
#define PIER_ENDPOINT_H

#include <stddef.h>

#include <pier/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Enough for any endpoint that pier writes, the final NUL included. */
#define PIER_ENDPOINT_TEXT_MAX 1024

/* What pier_endpoint_check() found. */
struct pier_endpoint_check {
	/* "tcp", "unix", …, also of text without one; of svc:// what it becomes;
	   "" when none was recognised; a constant string */
	const char *scheme;
	/* The byte of the text that is wrong, from 0; the length of the text
	   when something is missing at its end */
	size_t offset;
	char text[192]; /* what is wrong, "" when nothing is; ASCII */
	/* Of its socket: SOCK_STREAM bytes; SOCK_SEQPACKET messages over a
	   connection; SOCK_DGRAM, SOCK_RDM, SOCK_RAW messages. 0: it is wrong,
	   or fd://, which may be any */
	int type;
};

/*
 * pier_endpoint_check(text, out): does text follow the grammar, and does this
 * version of pier know what it names? Looks up nothing, opens nothing.
 *
 *   out   written always, may be NULL
 *
 * Returns 0, or
 *   -EINVAL        it does not; out says why and where
 *   -ENAMETOOLONG  the path of a Unix socket is too long: more than 1000 bytes,
 *                  or more than PIER_UNIX_PATH_MAX with a last name of more
 *                  than 85
 */
int pier_endpoint_check_sized(
	const char *text, struct pier_endpoint_check *out, size_t size);

static inline int
pier_endpoint_check(const char *text, struct pier_endpoint_check *out)
{
	return pier_endpoint_check_sized(text, out, sizeof(*out));
}

/*
 * pier_endpoint_format(scheme, addr, buf, size): the endpoint of an address,
 * in the form that every call of pier reads: "tcp://127.0.0.1:7007",
 * "udp://[::1]:0", "unix:///run/x", "unix://@name". The
 * port of an address is the protocol of raw.
 *
 *   scheme   "tcp", "tcp4", "tcp6", "udp", "udp4", "udp6", "unix",
 *            "unixgram", "seqpacket", "vsock", "raw", "raw4", "raw6", "tipc",
 *            "rfcomm", "l2cap" or "isotp"
 *   buf      ends in NUL on success; PIER_ENDPOINT_TEXT_MAX bytes are enough
 *
 * Returns the length without the NUL, or
 *   -EINVAL   scheme is none of these, or addr is of another family than it
 *             serves or has no name
 *   -ENOSPC   buf is too small
 */
int pier_endpoint_format(const char *scheme, const struct pier_addr *addr,
	char *buf, size_t size);

#ifdef __cplusplus
}
#endif

#endif
