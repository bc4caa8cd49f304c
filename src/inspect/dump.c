/* SPDX-License-Identifier: MIT */
/*
 * inspect/dump.c - packets from a packet socket: packet(7).
 *
 * The socket is made for no protocol, so that nothing is received until all is
 * set, the filter first; binding it to all protocols is what opens the gate.
 *
 * Each packet is one system call. A ring that is mapped (PACKET_RX_RING) would save
 * that call, for a program that looks at hundreds of thousands of packets a
 * second; those that take them apart, or write them down, spend their time there.
 */
#include <errno.h>
#include <linux/filter.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <stdalign.h>
#include <stdio.h>
#include <string.h>
#include <time.h>

#include <arpa/inet.h>

#include <pier/dump.h>
#include <pier/interface.h>
#include <pier/order.h>

#include "inspect/packet_filter.h"
#include "io/desc.h"
#include "os/calls.h"
#include "task/failure.h"
#include "task/timeout.h"

/* ARPHRD_… of <net/if_arp.h>. */
#define HARDWARE_ETHERNET 1
#define HARDWARE_RAWIP    519
#define HARDWARE_LOOPBACK 772
#define HARDWARE_NONE     0xfffe

/* What is made up before what came: a header, and a tag. */
#define COOKED_SIZE 20
#define TAG_SIZE    4
#define HEAD_ROOM   (COOKED_SIZE + TAG_SIZE)

/* Where a tag stands in a frame of Ethernet. */
#define ADDRESSES_SIZE 12

/* A time, and auxiliary data. */
#define CONTROL_ROOM                           \
	(CMSG_SPACE(sizeof(struct timespec)) + \
		CMSG_SPACE(sizeof(struct tpacket_auxdata)))

_Static_assert(sizeof(struct pier_dump_code) == sizeof(struct sock_filter),
	"one is handed to the kernel for the other");

struct pier_dump {
	struct pier__desc desc;
	uint32_t link; /* what packets begin with */
	uint32_t snap;
	uint64_t received, dropped;
	char text[32]; /* for errors: packet://eth0 */
	struct pier_captured packet;
	struct sockaddr_ll from;
	alignas(struct cmsghdr) unsigned char control[CONTROL_ROOM];
	unsigned char room[]; /* HEAD_ROOM, then snap bytes */
};

/* How to open: what pier_dump_open() was given. */
struct plan {
	struct pier_dump_opts opts;
	struct pier_dump_filter *filter;
	int index; /* of the interface; 0: all */
	const char *text;
};

static int
fail(const char *text, int rc, enum pier_step step, const char *detail)
{
	return pier__fail_step(rc, step, text, detail);
}

static int
set_int(int fd, int level, int name, int value)
{
	return pier__calls()->setsockopt(
		fd, level, name, &value, sizeof(value));
}

static int
bind_to(int fd, int index, int protocol)
{
	struct sockaddr_ll to = { .sll_family = AF_PACKET,
		.sll_protocol = htons((uint16_t)protocol),
		.sll_ifindex = index };

	return pier__calls()->bind(
		fd, (const struct sockaddr *)&to, sizeof(to));
}

/* What packets of a SOCK_RAW socket on the interface begin with;
   PIER_LINK_COOKED2: that is not known here. Or an error. */
static int
find_link(int fd, int index)
{
	struct sockaddr_ll own = { .sll_hatype = 0 };
	socklen_t len = sizeof(own);
	int rc = bind_to(fd, index, 0);

	if (rc == 0)
		rc = pier__calls()->getsockname(
			fd, (struct sockaddr *)&own, &len);
	if (rc < 0)
		return rc;
	switch (own.sll_hatype) {
	case HARDWARE_ETHERNET:
	case HARDWARE_LOOPBACK:
		return PIER_LINK_ETHERNET;
	case HARDWARE_NONE:
	case HARDWARE_RAWIP:
		return PIER_LINK_RAW;
	default:
		return PIER_LINK_COOKED2;
	}
}

/* A socket that receives nothing yet, and what its packets begin with. */
static int
make_socket(int *out, uint32_t *link, const struct plan *plan)
{
	int fd, rc;

	*link = PIER_LINK_COOKED2;
	if (plan->index != 0) {
		fd = pier__calls()->socket(AF_PACKET, SOCK_RAW, 0);
		if (fd < 0)
			return fd;
		rc = find_link(fd, plan->index);
		*link = rc < 0 ? PIER_LINK_COOKED2 : (uint32_t)rc;
		if (rc >= 0 && *link != PIER_LINK_COOKED2) {
			*out = fd;
			return 0;
		}
		pier__close(fd);
		if (rc < 0)
			return rc;
	}
	fd = pier__calls()->socket(AF_PACKET, SOCK_DGRAM, 0);
	if (fd >= 0)
		*out = fd;
	return fd < 0 ? fd : 0;
}

static int
attach(int fd, const struct plan *plan, uint32_t link, uint32_t snap)
{
	struct pier_dump_code *code =
		pier__alloc(PIER_DUMP_CODE_MAX * sizeof(*code));
	struct sock_fprog program;
	int rc;

	if (code == NULL)
		return -ENOMEM;
	rc = pier_dump_filter_code(
		plan->filter, code, PIER_DUMP_CODE_MAX, link, snap);
	if (rc >= 0) {
		program.len = (unsigned short)rc;
		program.filter = (struct sock_filter *)(void *)code;
		rc = pier__calls()->setsockopt(fd, SOL_SOCKET, SO_ATTACH_FILTER,
			&program, sizeof(program));
	}
	pier__free(code);
	return rc;
}

static int
join_promiscuous(int fd, int index)
{
	const struct packet_mreq request = { .mr_ifindex = index,
		.mr_type = PACKET_MR_PROMISC };

	return pier__calls()->setsockopt(fd, SOL_PACKET, PACKET_ADD_MEMBERSHIP,
		&request, sizeof(request));
}

/* More than net.core.rmem_max needs CAP_NET_ADMIN; less room loses more, which
   is counted. */
static void
set_buffer(int fd, uint32_t size)
{
	int bytes = size == 0              ? PIER_DUMP_BUFFER
		    : size > INT32_MAX / 2 ? INT32_MAX / 2
					   : (int)size;

	if (set_int(fd, SOL_SOCKET, SO_RCVBUFFORCE, bytes) < 0)
		(void)set_int(fd, SOL_SOCKET, SO_RCVBUF, bytes);
}

/* All that has to be set before packets come; then they do. */
static int
set_up(const struct plan *plan, int fd, const struct pier_dump *dump)
{
	int rc = set_int(fd, SOL_PACKET, PACKET_AUXDATA, 1);

	if (rc == 0)
		rc = set_int(fd, SOL_SOCKET, SO_TIMESTAMPNS, 1);
	if (rc == 0)
		rc = attach(fd, plan, dump->link, dump->snap);
	if (rc == 0 && plan->opts.promiscuous)
		rc = join_promiscuous(fd, plan->index);
	if (rc < 0)
		return fail(plan->text, rc, PIER_STEP_OPTION, NULL);
	set_buffer(fd, plan->opts.buffer);
	rc = bind_to(fd, plan->index, ETH_P_ALL);
	return rc < 0 ? fail(plan->text, rc, PIER_STEP_BIND, NULL) : 0;
}

static int
open_planned(struct pier_dump **out, const struct plan *plan)
{
	uint32_t snap =
		plan->opts.snap == 0 ? PIER_DUMP_SNAP_MAX : plan->opts.snap;
	struct pier_dump *dump = pier__alloc(sizeof(*dump) + HEAD_ROOM + snap);
	int fd = -1, rc = -ENOMEM;

	if (dump == NULL)
		return fail(plan->text, rc, PIER_STEP_CREATE, NULL);
	dump->snap = snap;
	(void)snprintf(dump->text, sizeof(dump->text), "%s", plan->text);
	rc = make_socket(&fd, &dump->link, plan);
	if (rc < 0) {
		(void)fail(plan->text, rc, PIER_STEP_CREATE,
			rc == -EPERM ? "packet sockets need CAP_NET_RAW"
				     : NULL);
		goto free_dump;
	}
	rc = set_up(plan, fd, dump);
	if (rc < 0)
		goto close_fd;
	pier__desc_init(&dump->desc, fd, PIER__DESC_SOCKET);
	*out = dump;
	return 0;

close_fd:
	pier__close(fd);
free_dump:
	pier__free(dump);
	return rc;
}

/* What is wrong with the options, or NULL. */
static const char *
wrong_option(const struct pier_dump_opts *opts)
{
	if (opts->promiscuous && opts->interface == NULL)
		return "promiscuous is of one interface";
	if (opts->snap > PIER_DUMP_SNAP_MAX)
		return "snap is above 262144";
	return NULL;
}

int
pier_dump_open_sized(struct pier_dump **out, const struct pier_dump_opts *opts,
	size_t opts_size)
{
	struct plan plan = { .opts = { .interface = NULL } };
	const char *wrong;
	char text[32];
	int rc;

	if (opts != NULL)
		memcpy(&plan.opts, opts,
			opts_size < sizeof(plan.opts) ? opts_size
						      : sizeof(plan.opts));
	(void)snprintf(text, sizeof(text), "packet://%s",
		plan.opts.interface == NULL ? "*" : plan.opts.interface);
	plan.text = text;
	wrong = wrong_option(&plan.opts);
	if (wrong != NULL)
		return fail(text, -EINVAL, PIER_STEP_OPTION, wrong);
	if (plan.opts.interface != NULL) {
		plan.index = pier_interface_index(plan.opts.interface);
		if (plan.index < 0)
			return fail(text, plan.index, PIER_STEP_CREATE, NULL);
	}
	rc = pier_dump_filter_new(&plan.filter, plan.opts.filter);
	if (rc < 0)
		return rc;
	rc = open_planned(out, &plan);
	pier_dump_filter_free(plan.filter);
	return rc;
}

void
pier_dump_close(struct pier_dump *dump)
{
	if (dump == NULL)
		return;
	pier__desc_close(&dump->desc);
	pier__free(dump);
}

/* What the kernel says of a packet besides its bytes. */
struct known {
	int64_t time_ns; /* 0: it does not say */
	const struct tpacket_auxdata *aux;
};

static void
read_control(struct known *out, struct msghdr *header)
{
	struct cmsghdr *cmsg = CMSG_FIRSTHDR(header);
	struct timespec time;

	for (; cmsg != NULL; cmsg = CMSG_NXTHDR(header, cmsg)) {
		if (cmsg->cmsg_level == SOL_SOCKET &&
			cmsg->cmsg_type == SO_TIMESTAMPNS &&
			cmsg->cmsg_len >= CMSG_LEN(sizeof(time))) {
			memcpy(&time, CMSG_DATA(cmsg), sizeof(time));
			out->time_ns = time.tv_sec * INT64_C(1000000000) +
				       time.tv_nsec;
		}
		/* In the middle of a buffer of ours, and aligned. */
		if (cmsg->cmsg_level == SOL_PACKET &&
			cmsg->cmsg_type == PACKET_AUXDATA &&
			cmsg->cmsg_len >=
				CMSG_LEN(sizeof(struct tpacket_auxdata)))
			out->aux = (const void *)CMSG_DATA(cmsg);
	}
}

/* Four bytes of a tag before `at`, where there is room for them. */
static void
put_tag(unsigned char *at, uint16_t type, uint16_t tag)
{
	pier_be16_put(at, type);
	pier_be16_put(at + 2, tag);
}

static uint16_t
tag_type(const struct tpacket_auxdata *aux)
{
	return (aux->tp_status & TP_STATUS_VLAN_TPID_VALID) != 0 &&
			       aux->tp_vlan_tpid != 0
		       ? aux->tp_vlan_tpid
		       : ETH_P_8021Q;
}

/* The tag goes back to where it was: behind the addresses. */
static void
restore_tag(struct pier_dump *dump, const struct tpacket_auxdata *aux)
{
	unsigned char *at = dump->room + HEAD_ROOM;

	if (dump->packet.size < ADDRESSES_SIZE)
		return;
	memmove(at - TAG_SIZE, at, ADDRESSES_SIZE);
	put_tag(at + ADDRESSES_SIZE - TAG_SIZE, tag_type(aux),
		aux->tp_vlan_tci);
	dump->packet.data = at - TAG_SIZE;
	dump->packet.size += TAG_SIZE;
	dump->packet.full_size += TAG_SIZE;
}

/* The header of PIER_LINK_COOKED2, and the tag behind it: its own type is then
   that of the packet. */
static void
put_cooked(struct pier_dump *dump, const struct tpacket_auxdata *tagged)
{
	const struct sockaddr_ll *from = &dump->from;
	uint16_t type = ntohs(from->sll_protocol);
	size_t size = COOKED_SIZE + (tagged != NULL ? TAG_SIZE : 0);
	unsigned char *at = dump->room + HEAD_ROOM - size;

	memset(at, 0, COOKED_SIZE);
	pier_be16_put(at, tagged != NULL ? tag_type(tagged) : type);
	pier_be32_put(at + 4, (uint32_t)from->sll_ifindex);
	pier_be16_put(at + 8, from->sll_hatype);
	at[10] = from->sll_pkttype;
	at[11] = from->sll_halen;
	memcpy(at + 12, from->sll_addr, sizeof(from->sll_addr));
	if (tagged != NULL)
		put_tag(at + COOKED_SIZE, tagged->tp_vlan_tci, type);
	dump->packet.data = at;
	dump->packet.size += size;
	dump->packet.full_size += size;
}

static uint32_t
direction_of(const struct sockaddr_ll *from)
{
	static const uint32_t by_type[] = { [PACKET_HOST] = PIER_DIRECTION_IN,
		[PACKET_BROADCAST] = PIER_DIRECTION_BROADCAST,
		[PACKET_MULTICAST] = PIER_DIRECTION_MULTICAST,
		[PACKET_OTHERHOST] = PIER_DIRECTION_OTHER,
		[PACKET_OUTGOING] = PIER_DIRECTION_OUT };

	return from->sll_pkttype < sizeof(by_type) / sizeof(by_type[0])
		       ? by_type[from->sll_pkttype]
		       : PIER_DIRECTION_UNKNOWN;
}

/* What a receive of n bytes brought. */
static void
take(struct pier_dump *dump, struct msghdr *header, size_t n)
{
	struct known known = { .time_ns = 0 };
	const struct tpacket_auxdata *tagged = NULL;
	struct pier_captured *packet = &dump->packet;

	read_control(&known, header);
	*packet = (struct pier_captured){ .data = dump->room + HEAD_ROOM,
		.size = n < dump->snap ? n : dump->snap,
		.full_size = n,
		.link = dump->link,
		.interface = (uint32_t)dump->from.sll_ifindex,
		.time_ns = known.time_ns != 0 ? known.time_ns
					      : pier__calls()->realtime_ns(),
		.direction = direction_of(&dump->from) };
	if (known.aux != NULL) {
		packet->checksum_pending =
			(known.aux->tp_status & TP_STATUS_CSUMNOTREADY) != 0;
		if (known.aux->tp_len > n)
			packet->full_size = known.aux->tp_len;
		if ((known.aux->tp_status & TP_STATUS_VLAN_VALID) != 0 ||
			known.aux->tp_vlan_tci != 0)
			tagged = known.aux;
	}
	if (dump->link == PIER_LINK_COOKED2)
		put_cooked(dump, tagged);
	else if (dump->link == PIER_LINK_ETHERNET && tagged != NULL)
		restore_tag(dump, tagged);
}

/* One attempt. 0 or -errno. By recvmmsg(2), since the table's recvmsg sets a flag
   for passed descriptors, which packet sockets refuse. */
static int
receive(struct pier_dump *dump)
{
	struct iovec piece = { .iov_base = dump->room + HEAD_ROOM,
		.iov_len = dump->snap };
	struct mmsghdr one = { .msg_hdr = { .msg_name = &dump->from,
				       .msg_namelen = sizeof(dump->from),
				       .msg_iov = &piece,
				       .msg_iovlen = 1,
				       .msg_control = dump->control,
				       .msg_controllen =
					       sizeof(dump->control) } };
	int n;

	memset(&dump->from, 0, sizeof(dump->from));
	n = pier__calls()->recvmmsg(
		dump->desc.fd, &one, 1, MSG_DONTWAIT | MSG_TRUNC);
	if (n == -EAGAIN)
		PIER__NOTE(dump->desc.readable, false);
	if (n > 0)
		take(dump, &one.msg_hdr, one.msg_len);
	return n > 0 ? 0 : n == 0 ? -EINTR : n;
}

/* Before every attempt: the deadline, cancel, whose scheduler it is. */
static int
enter(struct pier_dump *dump, pier_deadline deadline)
{
	struct pier__task *self = pier__self();
	int rc = self == NULL ? -ENOMEM : pier__desc_claim(&dump->desc, self);

	if (rc == 0)
		rc = pier__enter(self, deadline);
	if (rc == 0 && pier__desc_busy(&dump->desc, PIER__IN))
		rc = -EBUSY;
	return rc;
}

int
pier_dump_next(struct pier_dump *dump, const struct pier_captured **packet,
	pier_deadline deadline)
{
	int rc;

	if (deadline.ns < 0)
		deadline = pier__timeout_deadline(PIER__TIMEOUT_UNSET);
	if (deadline.ns == 0)
		pier__desc_look_again(&dump->desc, PIER__IN);
	do {
		rc = enter(dump, deadline);
		if (rc < 0)
			break;
		rc = receive(dump);
		if (rc != -EAGAIN)
			continue;
		rc = pier__desc_wait(
			&dump->desc, PIER__IN, "capture", deadline);
		if (rc == 0)
			rc = -EINTR; /* try again */
	} while (rc == -EINTR);
	if (rc == 0) {
		*packet = &dump->packet;
		return 0;
	}
	return rc == -EAGAIN ? rc
			     : fail(dump->text, rc, PIER_STEP_RECEIVE, NULL);
}

int
pier_dump_stats_sized(struct pier_dump *dump, struct pier_dump_stats *stats,
	size_t stats_size)
{
	struct pier_dump_stats all;
	struct tpacket_stats since = { .tp_packets = 0 };
	socklen_t len = sizeof(since);
	/* The kernel begins at 0 again each time it is asked. */
	int rc = pier__calls()->getsockopt(
		dump->desc.fd, SOL_PACKET, PACKET_STATISTICS, &since, &len);

	if (rc < 0)
		return fail(dump->text, rc, PIER_STEP_OPTION, NULL);
	dump->received += since.tp_packets;
	dump->dropped += since.tp_drops;
	all = (struct pier_dump_stats){ .received = dump->received,
		.dropped = dump->dropped };
	memcpy(stats, &all,
		stats_size < sizeof(all) ? stats_size : sizeof(all));
	return 0;
}

uint32_t
pier_dump_link(const struct pier_dump *dump)
{
	return dump->link;
}

int
pier_dump_fd(const struct pier_dump *dump)
{
	return dump->desc.fd;
}
