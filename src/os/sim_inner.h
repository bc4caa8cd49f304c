/* SPDX-License-Identifier: MIT */
/*
 * os/sim_inner.h - what the files of the simulator share.
 *
 *   sim.c         the clock, what happens when, chance, trace
 *   sim_net.c     hosts, links, ports, packets on their way
 *   sim_calls.c   the call table: descriptors to sockets, vectors to bytes
 *   sim_machine.c clock, chance, memory
 *   sim_option.c  socket options
 *   sim_tcp.c     tcp as a program sees it; sim_tcp_wire.c as the peer does
 *   sim_udp.c     udp, and the ping sockets of icmp(7); what is sent to many in
 *                 sim_many.c
 *   sim_event.c   eventfd
 *   sim_pipe.c    pipes, and splice
 *   sim_none.c    what there is not
 *   sim_unix.c    unix streams and datagrams; their names in sim_names.c, what
 *                 they pass on in sim_rights.c
 *
 * A socket is made by its protocol, which embeds struct pier__sim_socket, and
 * freed by it: at the program's close or, for a tcp connection that still has
 * something to say, later (fd is -1 then). All addresses inside are IPv6,
 * IPv4 as mapped ones, so that dual-stack sockets need no second case.
 */
#ifndef PIER_OS_SIM_INNER_H
#define PIER_OS_SIM_INNER_H

#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>

#include "base/list.h"
#include "os/sim.h"

struct pier__sim_socket;

/* Something that happens at a moment. On the heap exactly when place > 0. */
struct pier__sim_event {
	int64_t at;
	uint64_t order; /* of those at the same moment: first come */
	size_t place;
	void (*fn)(struct pier__sim *sim, struct pier__sim_event *event);
};

struct pier__sim_addr {
	struct in6_addr ip;
	uint16_t port; /* host byte order */
};

struct pier__sim_host {
	struct pier__calls calls;
	struct pier__sim *sim;
	struct pier__list node;
	struct in6_addr addresses[8];
	size_t address_count;
	uint16_t next_port;
	struct pier__list sockets; /* every socket made here */
	struct pier__list names;   /* of unix sockets: sim_names.h */
};

struct pier__sim_route {
	struct pier__list node;
	const struct pier__sim_host *from, *to; /* NULL: any */
	struct pier__sim_link link;
	int64_t last_at; /* order is kept: nothing arrives before this */
};

struct pier__sim {
	int64_t now;
	int64_t realtime_shift_ns; /* pier__sim_set_realtime() */
	uint64_t order;
	uint64_t chance;
	struct pier__sim_event **heap; /* from 1 */
	size_t heap_count, heap_max;
	struct pier__list hosts, routes;
	struct pier__sim_host *local;
	struct pier__sim_limits limits;
	int (*engine_open)(struct pier__engine **out, int for_fibers);
	struct pier__sim_socket **fds;
	size_t fd_max;
	unsigned fd_count;
	bool closing;            /* every socket goes, held or not */
	struct pier__list ready; /* watched sockets with news */
	FILE *trace;
	char *trace_text;
	size_t trace_size;
};

/* Descriptors begin here: above those that a test has open for real, below
   any limit, which servers look at. */
#define PIER__SIM_FD_BASE 100

/* What a protocol does. Bytes come and go as vectors; -errno as the kernel.
   NULL where the kernel says -EOPNOTSUPP. */
struct pier__sim_ops {
	int (*bind)(
		struct pier__sim_socket *, const struct sockaddr *, socklen_t);
	int (*listen)(struct pier__sim_socket *, int backlog);
	int (*connect)(
		struct pier__sim_socket *, const struct sockaddr *, socklen_t);
	int (*accept)(struct pier__sim_socket *, struct pier__sim_socket **);
	ssize_t (*send)(
		struct pier__sim_socket *, const struct msghdr *, int flags);
	ssize_t (*recv)(struct pier__sim_socket *, struct msghdr *, int flags);
	int (*shutdown)(struct pier__sim_socket *, int how);
	int (*name)(struct pier__sim_socket *, bool peer, struct sockaddr *,
		socklen_t *);
	int (*queued)(struct pier__sim_socket *);
	uint32_t (*poll)(struct pier__sim_socket *); /* EPOLL bits */
	void (*close)(struct pier__sim_socket *);    /* by the program */
	void (*destroy)(struct pier__sim_socket *);  /* with the simulation */
};

enum {
	PIER__SIM_RD = 1,
	PIER__SIM_WR = 2
};

/* What each datagram brings along. */
enum {
	PIER__SIM_ASK_PKTINFO = 1,
	PIER__SIM_ASK_TTL = 2,
	PIER__SIM_ASK_TOS = 4,
	PIER__SIM_ASK_TIME = 8
};

#define PIER__SIM_GROUPS_MAX 4

struct pier__sim_socket {
	const struct pier__sim_ops *ops;
	struct pier__sim_host *host;
	struct pier__list node; /* on host->sockets */
	int fd;                 /* -1: not the program's, or not any more */
	unsigned holders;       /* its descriptors, those under way too */
	int family, type, protocol;
	int error;     /* the kernel's sk_err */
	unsigned shut; /* PIER__SIM_RD | PIER__SIM_WR */
	bool listening;

	/* inet only */
	struct pier__sim_addr local, peer;
	bool bound, connected;

	/* options */
	int sndbuf, rcvbuf;
	bool reuseaddr, reuseport, v6only, nodelay, keepalive, broadcast;
	bool passcred;
	unsigned asks; /* PIER__SIM_ASK_… */
	int group_ttl; /* 0: 1, unless it was set */
	bool no_loop;
	struct in6_addr groups[PIER__SIM_GROUPS_MAX]; /* that it hears */
	unsigned group_count;
	struct linger linger;
	unsigned user_timeout_ms;

	/* The engine's: see io/sim_engine.c. */
	void *watcher;
	struct pier__list ready_node;
};

/* sim.c */
void pier__sim_schedule(
	struct pier__sim *sim, struct pier__sim_event *event, int64_t at);
void pier__sim_cancel(struct pier__sim *sim, struct pier__sim_event *event);
void pier__sim_run_due(struct pier__sim *sim);
uint64_t pier__sim_chance(struct pier__sim *sim); /* 64 random bits */
void pier__sim_note(struct pier__sim *sim, const char *fmt, ...)
	__attribute__((format(printf, 2, 3)));
void *pier__sim_memory(size_t size); /* zeroed; tests end without */

/* sim_net.c */
bool pier__sim_addr_get(const struct pier__sim_socket *socket,
	const struct sockaddr *sa, socklen_t len, struct pier__sim_addr *out,
	int *rc);
void pier__sim_addr_put(const struct pier__sim_socket *socket,
	const struct pier__sim_addr *addr, struct sockaddr *sa, socklen_t *len);
void pier__sim_addr_text(const struct pier__sim_addr *addr, char text[64]);
bool pier__sim_addr_equal(
	const struct pier__sim_addr *a, const struct pier__sim_addr *b);
bool pier__sim_any(const struct in6_addr *ip);
bool pier__sim_is_v4(const struct in6_addr *ip);
bool pier__sim_is_local(
	const struct pier__sim_host *host, const struct in6_addr *ip);
struct pier__sim_host *pier__sim_find_host(struct pier__sim *sim,
	const struct pier__sim_host *from, const struct in6_addr *ip);
/* Give a socket its local address: bind(2) and what comes without one. */
int pier__sim_bind_inet(struct pier__sim_socket *socket,
	const struct sockaddr *sa, socklen_t len);
int pier__sim_autobind(struct pier__sim_socket *socket);
int pier__sim_source(const struct pier__sim_host *host,
	const struct in6_addr *to, struct in6_addr *out);
int pier__sim_name_inet(struct pier__sim_socket *socket, bool peer,
	struct sockaddr *sa, socklen_t *len);

enum pier__sim_packet_kind {
	PIER__SIM_TCP,
	PIER__SIM_UDP,
	PIER__SIM_ICMP_PORT, /* nobody there: answers to what came for it */
	PIER__SIM_ICMP_HOST,
	PIER__SIM_ECHO, /* the identifier is its source's port */
	PIER__SIM_ECHO_REPLY
};

enum {
	PIER__SIM_SYN = 1,
	PIER__SIM_ACK = 2,
	PIER__SIM_FIN = 4,
	PIER__SIM_RST = 8
};

struct pier__sim_packet {
	struct pier__sim_event event;
	struct pier__sim_host *to; /* NULL: a hole */
	enum pier__sim_packet_kind kind;
	enum pier__sim_packet_kind about; /* of ICMP */
	struct pier__sim_addr src, dst;
	unsigned flags;
	uint64_t seq, ack, edge;
	int ttl, tos;
	bool to_many; /* to a broadcast address or group */
	size_t len;
	unsigned char data[];
};

struct pier__sim_packet *pier__sim_packet(enum pier__sim_packet_kind kind,
	const struct pier__sim_addr *src, const struct pier__sim_addr *dst,
	size_t len);
/* The same bytes once more. */
struct pier__sim_packet *pier__sim_packet_twin(
	const struct pier__sim_packet *packet);
/* Takes the packet: to every other host, and with loop to its own. */
void pier__sim_transmit_all(struct pier__sim_host *from,
	struct pier__sim_packet *packet, bool loop);
/* Takes the packet. */
void pier__sim_transmit(
	struct pier__sim_host *from, struct pier__sim_packet *packet);

/* sim_many.c */
enum pier__sim_reach {
	PIER__SIM_TO_ONE,
	PIER__SIM_TO_BROADCAST,
	PIER__SIM_TO_GROUP
};
enum pier__sim_reach pier__sim_reach(
	const struct pier__sim_host *host, const struct in6_addr *ip);
/* Did it join that group, if ip is one? */
bool pier__sim_hears(
	struct pier__sim_socket *socket, const struct in6_addr *ip);
int pier__sim_udp_setsockopt(struct pier__sim_socket *socket, int level,
	int name, const void *value, socklen_t len);
int pier__sim_links(struct pier__link *list, int max);

/* sim_machine.c: entries of the call table. */
int64_t pier__sim_clock_ns(void);
int64_t pier__sim_realtime_ns(void);
int64_t pier__sim_realtime_at(const struct pier__sim *sim);
int pier__sim_random(void *buf, size_t size);
int pier__sim_getaddrinfo(const char *host, const char *service,
	const struct addrinfo *hints, struct addrinfo **out);
void *pier__sim_alloc(size_t size);
void *pier__sim_alloc_lines(size_t size);
void *pier__sim_resize(void *ptr, size_t size);

/* sim_calls.c */
/* The host whose table is in use. */
struct pier__sim_host *pier__sim_here(void);
void pier__sim_socket_init(struct pier__sim_socket *socket,
	struct pier__sim_host *host, const struct pier__sim_ops *ops,
	int family, int type);
void pier__sim_socket_end(struct pier__sim_socket *socket);
/* News for whoever watches: what the kernel calls a wake-up. */
void pier__sim_news(struct pier__sim_socket *socket);
struct pier__sim_socket *pier__sim_socket_of(struct pier__sim *sim, int fd);
/* Give and take the pending error, as sock_error() does. */
int pier__sim_take_error(struct pier__sim_socket *socket);
size_t pier__sim_iov_size(const struct msghdr *msg);
/* Copy out of (or into) a vector from its beginning. */
void pier__sim_iov_get(
	const struct msghdr *msg, size_t skip, void *to, size_t size);
size_t pier__sim_iov_put(struct msghdr *msg, const void *from, size_t size);
/* One more descriptor of it: the lowest that is free, or -EMFILE. */
int pier__sim_give_fd(struct pier__sim_socket *socket);
/* One is gone; with the last one it is closed. */
void pier__sim_let_go(struct pier__sim_socket *socket);
/* The calls of a simulated host. */
void pier__sim_table(struct pier__calls *out);

/* sim_rights.c */
struct pier__sim_rights;
/* What a message that is to be sent has of descriptors: held in *out, NULL if
   there are none; or -EBADF, -EINVAL. */
int pier__sim_rights_take(struct pier__sim *sim, const struct msghdr *msg,
	struct pier__sim_rights **out);
void pier__sim_rights_drop(struct pier__sim_rights *rights);
/* To who receives it, in room bytes of control messages of which
   msg->msg_controllen are used; what has no room is dropped. NULL is fine. */
void pier__sim_rights_give(
	struct pier__sim_rights *rights, struct msghdr *msg, size_t room);
/* SO_PASSCRED: all that sends here is this process. */
void pier__sim_tell_sender(struct msghdr *msg, size_t room);

/* sim_option.c */
int pier__sim_getsockopt(struct pier__sim_socket *socket, int level, int name,
	void *value, socklen_t *len);
int pier__sim_setsockopt(struct pier__sim_socket *socket, int level, int name,
	const void *value, socklen_t len);

/* The protocols. */
struct pier__sim_socket *pier__sim_tcp_make(
	struct pier__sim_host *host, int family);
struct pier__sim_socket *pier__sim_udp_make(
	struct pier__sim_host *host, int family);
struct pier__sim_socket *pier__sim_unix_make(
	struct pier__sim_host *host, int type);
struct pier__sim_socket *pier__sim_event_make(struct pier__sim_host *host);
/* The ends of a pipe: to read from, to write to. */
void pier__sim_pipe_make(
	struct pier__sim_host *host, struct pier__sim_socket *ends[2]);
/* One of the two is the end of a pipe. */
ssize_t pier__sim_splice(struct pier__sim_socket *from,
	struct pier__sim_socket *to, size_t size);
void pier__sim_unix_pair(
	struct pier__sim_socket *a, struct pier__sim_socket *b);
void pier__sim_tcp_input(
	struct pier__sim_host *host, const struct pier__sim_packet *packet);
void pier__sim_udp_input(
	struct pier__sim_host *host, const struct pier__sim_packet *packet);
struct tcp_info pier__sim_tcp_info(struct pier__sim_socket *socket);
unsigned pier__sim_tcp_reset_port(struct pier__sim_host *host, uint16_t port);
int pier__sim_unix_stat(
	struct pier__sim_host *host, const char *path, struct stat *out);
int pier__sim_unix_unlink(struct pier__sim_host *host, const char *path);
int pier__sim_unix_chmod(
	struct pier__sim_host *host, const char *path, mode_t mode);
int pier__sim_unix_fstat(struct pier__sim_socket *socket, struct stat *out);
int pier__sim_unix_fchmod(struct pier__sim_socket *socket, mode_t mode);
void pier__sim_unix_forget_names(struct pier__sim_host *host);
/* Its name is gone from the file system. */
void pier__sim_unix_unname(struct pier__sim_socket *socket);

/* sim_none.c: entries of the call table that fail. */
int pier__sim_no_epoll_create(void);
int pier__sim_no_open_dir(const char *path);
int pier__sim_no_open_file(const char *path);
ssize_t pier__sim_no_read_dir(int fd, void *buf, size_t size);
ssize_t pier__sim_no_readlink(const char *path, char *buf, size_t size);
int pier__sim_no_pidfd_open(int pid);
int pier__sim_no_pidfd_getfd(int pidfd, int fd);
int pier__sim_no_gethostbyname(const char *name, int family,
	struct hostent *out, char *buf, size_t size);
int pier__sim_no_gethostbyaddr(const void *bytes, socklen_t len, int family,
	struct hostent *out, char *buf, size_t size);
int pier__sim_hostname(char *buf, size_t size);
int pier__sim_no_epoll_ctl(int epfd, int op, int fd, struct epoll_event *event);
int pier__sim_no_epoll_wait(
	int epfd, struct epoll_event *events, int max, int64_t timeout_ns);
int pier__sim_no_timerfd(void);
int pier__sim_no_timerfd_set(int fd, int64_t at_ns);
int pier__sim_no_fork(int *pidfd);
int pier__sim_no_spawn(const struct pier__spawn *spawn, int *pidfd);
int pier__sim_no_set_blocking(int fd, bool blocking);
int pier__sim_no_pty(struct pier__pty *pty);
int pier__sim_no_pty_unread(int master);
int pier__sim_no_bt_controllers(struct pier__bt_controller *list, int max);
ssize_t pier__sim_no_pread(int fd, void *buf, size_t size, int64_t offset);
ssize_t pier__sim_no_sendfile(int to, int from, int64_t offset, size_t size);
int pier__sim_no_thread(void *stack, size_t stack_size, void *(*fn)(void *),
	void *arg, void *out);

#endif
