/* SPDX-License-Identifier: MIT */
/*
 * Bluetooth: the addresses of devices, and of what listens on them. Streams over
 * RFCOMM are dialled and accepted as any others, at endpoints such as
 * rfcomm://00:11:22:33:44:55/1 (pier/stream.h); packet sockets over L2CAP, of
 * BR/EDR and of Low Energy, at l2cap://00:11:22:33:44:55/0x1001
 * (pier/packet.h).
 *
 * All numbers of the kernel's interface are pier's own: a machine without the
 * headers of BlueZ builds it too.
 */
#ifndef PIER_BT_H
#define PIER_BT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/addr.h>

#ifdef __cplusplus
extern "C" {
#endif

/* The kinds of a device's address, as the kernel numbers them. */
enum pier_bt_type {
	PIER_BT_ADDR_BREDR,  /* classic Bluetooth: BR/EDR */
	PIER_BT_ADDR_PUBLIC, /* Low Energy: an address given by the IEEE */
	PIER_BT_ADDR_RANDOM  /* Low Energy: one that the device made up */
};

/* A device. */
struct pier_bt_addr {
	uint8_t bytes[6]; /* in the order in which they are written */
	uint8_t type;     /* enum pier_bt_type */
};

/* Enough for the text of any, with its NUL. */
#define PIER_BT_ADDR_TEXT_MAX 32

/* The highest channel of RFCOMM, and PSM of Low Energy; the lowest of both is 1.
   PSMs of BR/EDR have 16 bits, the lower byte odd, the upper one even. */
#define PIER_BT_CHANNEL_MAX 30
#define PIER_BT_LE_PSM_MAX  0xff

/*
 * pier_bt_addr_parse(out, text): read the address of a device: six bytes in
 * hexadecimal, 00:11:22:33:44:55, of BR/EDR; followed by ?le=public or
 * ?le=random of Low Energy. Never waits.
 *
 *   out   written on success only
 *
 * Returns 0, or
 *   -EINVAL  it is none; the error's text says why and where
 */
int pier_bt_addr_parse(struct pier_bt_addr *out, const char *text);

/*
 * pier_bt_addr_format(addr, buf, size): write what pier_bt_addr_parse() reads, in
 * capitals.
 *
 *   buf   ends in NUL on success; PIER_BT_ADDR_TEXT_MAX bytes are enough
 *
 * Returns the length without the NUL, or
 *   -ENOSPC  buf is too small
 */
int pier_bt_addr_format(
	const struct pier_bt_addr *addr, char *buf, size_t size);

/*
 * pier_bt_addr_compare(a, b): a total order by bytes, then type. Returns less
 * than, equal to or greater than 0.
 */
int pier_bt_addr_compare(
	const struct pier_bt_addr *a, const struct pier_bt_addr *b);

/*
 * pier_bt_rfcomm(out, device, channel): the address of a channel of RFCOMM.
 *
 *   out      written on success only
 *   device   of BR/EDR; all zero is any
 *   channel  1 to PIER_BT_CHANNEL_MAX; 0: a free one, to listen on
 *
 * Returns 0, or
 *   -EINVAL  there is no such channel, or the device is of Low Energy
 */
int pier_bt_rfcomm(struct pier_addr *out, const struct pier_bt_addr *device,
	unsigned int channel);

/*
 * pier_bt_l2cap(out, device, psm): the address of a service over L2CAP.
 *
 *   out      written on success only
 *   device   all zero is any
 *   psm      its number: see PIER_BT_LE_PSM_MAX; 0: a free one, to listen on
 *
 * Returns 0, or
 *   -EINVAL  no service can have that number
 */
int pier_bt_l2cap(struct pier_addr *out, const struct pier_bt_addr *device,
	unsigned int psm);

/*
 * pier_bt_device(out, addr): which device an address of RFCOMM or L2CAP names.
 *
 *   out   written on success only
 *
 * Returns 0, or
 *   -EAFNOSUPPORT  it is another kind of address
 */
int pier_bt_device(struct pier_bt_addr *out, const struct pier_addr *addr);

/* pier_bt_channel(addr): the channel of an address of RFCOMM, else -1. */
int pier_bt_channel(const struct pier_addr *addr);

/* pier_bt_psm(addr): the PSM of an address of L2CAP, else -1. */
int pier_bt_psm(const struct pier_addr *addr);

/*
 * pier_bt_mtu_in(fd): the longest message that may come by a socket of L2CAP, in
 * bytes: what an endpoint asks for with ?mtu=BYTES, else what the kernel has.
 * Never waits.
 *
 * Returns it, or
 *   -ENOPROTOOPT  the socket is no one of L2CAP
 *   -EBADF        fd is not open
 */
int pier_bt_mtu_in(int fd);

/*
 * pier_bt_mtu_out(fd): the longest that may leave by it: what the peer takes, once
 * it is connected. Never waits.
 *
 * Returns it, or
 *   -ENOTCONN     of Low Energy: it is not connected
 *   -ENOPROTOOPT  the socket is no one of L2CAP
 *   -EBADF        fd is not open
 */
int pier_bt_mtu_out(int fd);

#ifdef __cplusplus
}
#endif

#endif
