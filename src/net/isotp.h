/* SPDX-License-Identifier: MIT */
/*
 * net/isotp.h - ISO-TP over CAN: its endpoints, and its packet sockets, which
 * packet_recv.c and packet_send.c hand over to where they differ from others.
 *
 * The kernel has one place for errors of both directions, and whoever looks first
 * gets them. So what concerns the other direction is put by for its next call.
 */
#ifndef PIER_NET_ISOTP_H
#define PIER_NET_ISOTP_H

#include <pthread.h>
#include <sys/socket.h>

#include <pier/isotp.h>

#include "addr/isotp.h"
#include "net/packet.h"

#define PIER__ISOTP_PROTOCOL 6 /* CAN_ISOTP */

/* What a packet socket of ISO-TP has besides. */
struct pier__isotp {
	struct pier_mutex *turn; /* whose message is on its way */
	/* Held around calls that do not wait, and the three below: who takes an
	   error has put it by before the other side looks. */
	pthread_mutex_t lock;
	bool sending;
	int put_by_in;  /* errors: of what was to be received, */
	int put_by_out; /* of what was sent; 0: none */
};

/* As the kernel has them: <linux/can/isotp.h>. */
struct pier__isotp_raw {
	struct {
		uint32_t flags;
		uint32_t frame_ns;
		uint8_t address;
		uint8_t pad_byte;
		uint8_t peer_pad_byte;
		uint8_t peer_address;
	} opts;
	struct {
		uint8_t block_size;
		uint8_t stmin;
		uint8_t waits_max;
	} flow;
	struct {
		uint8_t mtu;
		uint8_t frame_size;
		uint8_t fd_flags;
	} link;
	uint32_t send_gap_ns;
	uint32_t receive_gap_ns;
};

/* What of opts the kernel is told. 0, or -EINVAL with a constant sentence in
   *wrong. Pure. */
int pier__isotp_encode(struct pier__isotp_raw *out,
	const struct pier_isotp_opts *opts, const char **wrong);

/* What stands behind "isotp://". 0, or -EINVAL. */
int pier__isotp_endpoint(struct pier__endpoint *out, struct pier__span rest,
	struct pier__why *why);

/* What it may have behind '?': a NULL-ended list, and one of them read into
   out->isotp. 0, or -EINVAL. */
extern const char *const pier__isotp_names[];
int pier__isotp_take(struct pier__endpoint *out, const struct pier__own *own,
	struct pier__why *why);

/* Opens what plan says. 0, or an error, noted. */
int pier__isotp_open(
	struct pier_packet **out, const struct pier__packet_plan *plan);

/* packet becomes one of ISO-TP, whose own address is this. 0 or -ENOMEM. */
int pier__isotp_attach(struct pier_packet *packet, const struct pier_addr *own);

/* The opposite, of what is to be closed. */
void pier__isotp_detach(struct pier_packet *packet);

/* One attempt to receive: bytes of the whole message, or -errno; -EINTR: it was
   an error of what is sent, and is put by. */
ssize_t pier__isotp_recv(struct pier_packet *packet, struct msghdr *header);

/* The same for several: how many came, or what the first one met. */
int pier__isotp_recv_many(
	struct pier_packet *packet, struct mmsghdr *list, unsigned int count);

/* As pier__packet_wait(). */
int pier__isotp_wait(
	struct pier_packet *packet, unsigned what, pier_deadline deadline);

/* One message, whole, as header has it; to the peer alone. 0, or an error,
   noted. */
int pier__isotp_send(struct pier_packet *packet, const struct msghdr *header,
	pier_deadline deadline);

/* What an error of a receive means; or NULL. */
const char *pier__isotp_explain_receive(int rc);

#endif
