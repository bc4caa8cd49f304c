/* SPDX-License-Identifier: MIT */
/*
 * The server: one handler, run by any model, on any number of endpoints.
 */
#ifndef PIER_SERVE_H
#define PIER_SERVE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

#include <pier/addr.h>
#include <pier/deadline.h>
#include <pier/packet.h>
#include <pier/stream.h>

#ifdef __cplusplus
extern "C" {
#endif

struct pier_server;

/*
 * A conversation, straight-line. Returns 0 or more when it ended well: the
 * server then flushes, sends FIN and reads off what the peer still sends, at
 * most 64 KiB; or a negative error: it closes at once. The stream is the
 * server's: the handler does not close it.
 *
 * What handlers share: with PIER_ITERATIVE, and PIER_FIBER with one worker, no
 * two handlers run at once between two waits; with PIER_THREAD, PIER_POOL, or
 * more workers, they run in parallel: what they share needs a guard. Hooks are
 * part of this. With .processes each process has a copy of its own of
 * everything, made when it was started. With PIER_FORK each connection has one,
 * made when it came, with the thread that accepts and no other of the program;
 * its process ends by _exit(2), and what it left in buffers of stdio with it.
 *
 * Tasks that a handler starts go into a group of its own, which it waits for
 * (pier_group_open()): they are fibers or threads as it is. The group of the
 * whole run (pier_go() with NULL) is for fibers: a thread of PIER_THREAD or
 * PIER_POOL is in none, and gets -EINVAL.
 */
typedef int pier_handler(struct pier_stream *stream, void *ctx);

/* One datagram; answer it with pier_reply(). A negative result is counted and
   reported by on_error, nothing else. It runs in a fiber under every model;
   with PIER_THREAD and PIER_POOL each datagram endpoint has a thread of its
   own, with PIER_FORK it runs in the process that accepts.

   What queues is received together, at most PIER_BATCH_MAX messages and 2 MiB by
   .datagram_size, and handled one after the other; when a handler waits, the
   rest is handled meanwhile. msg and its data are this handler's until it comes
   back. Short UDP replies (at most 2 KiB, and not PIER_NOW) leave together: when
   the last of these handlers is back, or one is about to wait, sends anything
   else on the packet, or gives 32 of them. Those in a row to one peer, of one
   size up to 1232 bytes, are one message for the kernel, which parts it again
   (UDP_SEGMENT of udp(7)): the peer receives each, while a capture on this
   machine may show them as one. So what happens to a reply later,
   such as -EPERM or the deadline of a full socket, is not its result: it is
   counted and reported as that of a handler. A handler that computes for long,
   or blocks outside of pier, holds up the replies before its own; they leave
   first after a pier_yield(), or any other wait */
typedef int pier_datagram_handler(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx);

/* A conversation in packets, over a connection (seqpacket): as pier_handler, of a
   packet socket, which is the server's. -PIER_EEND, the peer's end, is as good
   as 0. Hooks see the connection as a stream that carries the packets, and
   leave its bytes alone.

   With .sessions also one over UDP, with each peer that is heard from: its first
   message begins it and is the first that pier_recv() gives, which then gives
   what this peer sends, and no other's. pier_send() with NULL answers it, from
   the address that it asked. It ends when the handler comes back, and the next
   message begins another; pier_recv() gives -PIER_EEND when nothing came or went
   for session_idle_ms, and once the server stops. With PIER_THREAD each has a
   thread, else it is a fiber of the thread that receives. Messages wait in a
   queue of each session, session_queue_max long. The hooks setup, verify and
   finish are not called, pier_packet_conn() is NULL, pier_packet_peer() tells
   who it is, and pier_packet_fd() is the socket of all of them, which is not to
   be waited for. A failure is told as that of a datagram */
typedef int pier_packet_handler(struct pier_packet *packet, void *ctx);

enum pier_model {
	PIER_FIBER, /* a fiber per connection on .workers threads; default */
	PIER_ITERATIVE, /* one connection after the other; others queue */
	PIER_THREAD,    /* a thread per connection */
	PIER_POOL,      /* .workers threads, each with one connection after the
			   other; when all are busy, others queue */
	PIER_FORK       /* a process per connection */
};

/* Which connections begin with a PROXY header (haproxy,
   doc/proxy-protocol.txt; version 1 or 2). */
enum pier_proxy {
	PIER_PROXY_OFF,
	PIER_PROXY_REQUIRED, /* all; who is not in proxy_from is reset, where
				there is such a list */
	PIER_PROXY_FROM      /* those that come from proxy_from */
};

/* For .workers and .processes: one per core that this process may use. */
#define PIER_CORES (-1)

/* Why a connection ended. */
enum pier_end_reason {
	PIER_END_HANDLER,   /* the handler came back with 0 or more */
	PIER_END_ERROR,     /* the handler came back with an error */
	PIER_END_LIMIT,     /* a limit of the server was met */
	PIER_END_CANCELLED, /* the server stopped and its drain time was over */
	PIER_END_SETUP      /* the setup hook refused it */
};

/* A connection, as hooks and handlers see it: pier_conn(stream). Lives until
   finish has come back. Its addresses: pier_conn_peer(), pier_conn_local(). */
struct pier_conn {
	uint64_t id;          /* from 1, unique in this server */
	const char *endpoint; /* the one it was accepted on, as given */
	struct pier_server *server;
	int64_t accepted_ns;   /* moments of CLOCK_MONOTONIC */
	int64_t first_byte_ns; /* of the first byte read; 0: none came */
	int64_t last_byte_ns;  /* of the last byte either way */
	void *user;            /* the hooks' and handler's own */
	/* For finish: */
	enum pier_end_reason reason;
	int rc;            /* what the handler returned, or the error */
	const char *limit; /* the limit that was met, or "" */
};

/* A process of a server with .processes, in on_process. */
enum pier_process_event {
	PIER_PROCESS_STARTED,
	PIER_PROCESS_ENDED
};

struct pier_process {
	enum pier_process_event what;
	int number; /* from 1; one that is started again keeps it */
	int pid;
	/* Of one that ended: */
	int signal; /* that killed it, or 0 */
	int status; /* of exit; -1: it was killed, or nobody knows */
	int64_t lived_ns;
	uint64_t lost;    /* connections that ended with it */
	int64_t pause_ms; /* until another starts; 0: none does */
};

/* One server took the place of another, in on_hand_over. */
enum pier_hand_over_event {
	PIER_REPLACED,   /* this one took the place */
	PIER_HANDED_OVER /* this one gave it, and drains */
};

struct pier_hand_over {
	enum pier_hand_over_event what;
	int pid; /* of the other server */
	size_t sockets;
};

/* Who was kept out, in on_refuse. */
struct pier_refusal {
	const char *endpoint; /* where, as given */
	const struct pier_addr *peer;
	/* -EACCES: by allow, deny or proxy_from; -PIER_ELIMIT: by
	   per_address_max or per_address_rate */
	int rc;
};

/* Options. 0 is the default of every field, PIER_OFF none where said so. */
struct pier_server_opts {
	const char *endpoint;         /* one, or */
	const char *const *endpoints; /* several: a NULL-ended list */
	pier_handler *handler;        /* for stream endpoints */
	pier_datagram_handler *datagram_handler; /* for datagram endpoints */
	void *ctx; /* handed to handlers and hooks */
	enum pier_model model;
	int workers; /* threads of PIER_FIBER, 0: 1; of PIER_POOL, 0: 32 */
	/* Of fibers or threads; 0: 64 KiB for fibers, 1 MiB for those of
	   PIER_ITERATIVE and PIER_FORK, the system's for threads. The fibers of
	   a run that was there before pier_server_run() have that run's */
	size_t stack_size;
	/* For pier_server_open(): the look-up of names; 0: 30 s, PIER_OFF: no
	   limit */
	int64_t open_ms;
	/* Backlog, reuse, mode; NULL for the defaults; borrowed by open. Of its
	   options each endpoint takes those that its sockets have; one that
	   none of them has is -EINVAL */
	const struct pier_listen_opts *listen;

	/* Limits. From the moment a time limit is met, calls on the stream
	   that would wait give -PIER_ELIMIT, whatever their deadline; once one
	   has, and after the lifetime, all do. */

	/* At once; 0: 10000, of PIER_FORK 256, or what the descriptor limit
	   allows; when full, others queue. PIER_ITERATIVE: 1, PIER_POOL: as many as workers,
	   whatever stands here */
	int connections_max;
	/* At once from one IP address; 0: none; when full, a further one is
	   reset. Not with PIER_FORK behind proxies (proxy below) */
	int per_address_max;
	int64_t first_byte_ms; /* from accept on; 0: 10 s, PIER_OFF: none */
	/* Without a byte either way; 0: 5 min, PIER_OFF: none */
	int64_t idle_ms;
	int64_t lifetime_ms;  /* of a connection; 0: none */
	int datagrams_max;    /* handlers that wait at once; 0: 1000; when as
				many do, what comes is dropped */
	size_t datagram_size; /* longest one taken whole; 0: 65535 */

	/* Reading off after a handler; 0: 2 s, PIER_OFF: close at once. As
	   many connections as may be active, and at least 64, do so without
	   being counted as active; with PIER_POOL that takes the thread, with
	   PIER_FORK the process, which counts until it ends */
	int64_t linger_ms;
	/* For handlers at stop; 0: 10 s, PIER_OFF: cancel at once */
	int64_t drain_ms;

	/* Hooks, each optional; run where the handler runs, may wait. */

	/* Before the handler; < 0 refuses the connection */
	int (*setup)(struct pier_stream *stream, void *ctx);
	/* After it and what lingered, the descriptor still open; conn->reason
	   says why */
	void (*finish)(struct pier_stream *stream, void *ctx);
	/* A handler, setup, accept or receive failed, and was not cancelled at
	   stop; conn is NULL for datagrams and for accept, which tells once
	   when it begins to pause for want of descriptors, memory or threads,
	   and again when that happens after nobody queued any more;
	   pier_error_line() has the story */
	void (*on_error)(const struct pier_conn *conn, int rc, void *ctx);
	/* Once, when all endpoints listen, by who called pier_server_run() */
	void (*on_listen)(struct pier_server *server, void *ctx);

	pier_packet_handler *packet_handler; /* for seqpacket endpoints */

	/* Networks to let in and to keep out: NULL-ended lists of texts such as
	   "192.0.2.0/24", "2001:db8::/32", or one address; borrowed by open.
	   The longest network that holds an address decides, wherever it
	   stands, and keeps out where it is in both lists. Who is in none is
	   let in, unless there is a list of those to let in. IPv4 is IPv4 also
	   where it is v4-mapped; who has no IP address (a Unix socket) is let
	   in. A connection is reset, a datagram dropped; both are told to
	   on_refuse, not to on_error */
	const char *const *allow;
	const char *const *deny;
	/* Connections accepted in a second, of all workers and processes
	   together; others queue meanwhile. 0: as they come */
	int64_t accept_rate;
	int64_t accept_burst; /* of them at once, after a pause; 0: as many as
				 in a second */

	/* Tell the service manager, if there is one (pier/service.h): READY=1
	   after on_listen, STOPPING=1, and WATCHDOG=1 from the thread that
	   called pier_server_run() as long as its tasks run */
	bool notify;

	/* Connections by way of a proxy: read before setup, within
	   first_byte_ms. What the header tells is what pier_conn_peer() and
	   pier_conn_local() give, and what allow, deny and per_address_max go
	   by; pier_peer() and pier_local() are the socket's. A connection
	   without a right header is refused: -PIER_EFRAME, or -PIER_EEND when
	   it ends before; one of the proxy's own (LOCAL, UNKNOWN) keeps the
	   socket's addresses. A Unix socket counts as in proxy_from */
	enum pier_proxy proxy;
	const char *const *proxy_from; /* networks, as allow */

	/* Processes, each of which runs the model on the same sockets; 0: none,
	   the process that calls serves; at most 256. See pier_server_run() */
	int processes;
	/* One has started, or ended; in the process that called
	   pier_server_run(). One that died unasked is told to on_error too */
	void (*on_process)(const struct pier_process *process, void *ctx);
	/* Before all other hooks; < 0 turns the connection away: it is closed
	   at once and counted, and neither setup nor finish is called, nor
	   on_error */
	int (*verify)(struct pier_stream *stream, void *ctx);
	/* Nobody was accepted, and no datagram came, for on_idle_ms; then each
	   time that long again. pier_server_step() calls it when its deadline
	   passes. By a task of the first worker, beside connections, at most
	   one call at a time */
	void (*on_idle)(struct pier_server *server, void *ctx);
	int64_t on_idle_ms; /* 0: 1 s */
	/* Every tick_ms while pier_server_run() serves, by a task as that of
	   on_idle. A call that takes longer leaves ticks out */
	void (*tick)(struct pier_server *server, void *ctx);
	int64_t tick_ms; /* 0: 500 ms */

	/* A Unix socket, such as "/run/x.control", at which a new server may
	   ask for the place of this one; its file has mode 0600, and who comes
	   has to be of the same user, or root. See pier_server_run() */
	const char *control;
	/* The control socket of a running server, whose place this one takes;
	   NULL: none. It gets the sockets of endpoints with the same text, or
	   of the same address; others are opened, and what it does not ask for
	   ends with the old one. No endpoint at all: those of the old server.
	   A control at the same address is taken over too */
	const char *replace;
	/* For each side, to say it is ready, and to answer; 0: 30 s */
	int64_t replace_ms;
	/* It took the place of another, before on_listen; or another took its
	   place, before it drains */
	void (*on_hand_over)(const struct pier_hand_over *told, void *ctx);

	/* Bytes per second that each stream connection may read, and write:
	   pier_set_rate() by the server; 0: as they come. Not for packets */
	int64_t read_rate;
	int64_t write_rate;

	/* A connection or a datagram was kept out, before any other hook; by
	   who accepts or receives, so that it must not wait. Whom a PROXY header
	   names is let in until that is read: finish tells of him */
	void (*on_refuse)(const struct pier_refusal *refusal, void *ctx);

	/* What UDP messages bring along: PIER_ASK_… of pier/packet.h */
	unsigned int ask;

	/* UDP endpoints: packet_handler has a conversation with each peer, in
	   place of datagram_handler for each message. See pier_packet_handler */
	bool sessions;
	int sessions_max;      /* at once; 0: 1000; what further peers send is
				  dropped */
	int session_queue_max; /* messages that wait for one handler; 0: 64;
				  what comes beyond is dropped */
	/* Without a message either way, it ends; 0: 1 min, PIER_OFF: none */
	int64_t session_idle_ms;

	/* Connections in a second from one IP address, to all workers and
	   processes together; one more is reset. Known are the addresses that
	   came last, some thousands of them. 0: as they come */
	int64_t per_address_rate;
	int64_t per_address_burst; /* of them at once, after a pause; 0: as many
				      as in a second */
};

/*
 * pier_serve(opts): serve until stopped: open, run, close.
 *
 * 0 after a complete drain; the number of handlers that had to be cancelled;
 * or an error of pier_server_open() or of pier_server_run().
 */
int pier_serve_sized(
	const struct pier_server_opts *opts, size_t size, size_t listen_size);

static inline int
pier_serve(const struct pier_server_opts *opts)
{
	return pier_serve_sized(
		opts, sizeof(*opts), sizeof(struct pier_listen_opts));
}

/*
 * pier_server_open(out, opts): listen on every endpoint; nothing is accepted
 * yet. opts is copied; what it points to (texts, ctx) is borrowed until close.
 *
 * 0, or
 *   -EINVAL  no endpoint, no handler for one, or a field out of range, or two
 *            that do not go together: detail;
 *            or a text of allow or deny is no network: detail and offset
 *   -PIER_EDEADLINE  open_ms passed while a name was looked up
 *   -EPERM, -EPROTO, -EPROTONOSUPPORT  who is at opts->replace: of another
 *            user, no server of pier, or of a version that this one does not
 *            know
 *   -ECONNABORTED  the server at opts->replace called it off: detail
 *   …        as pier_listen() and pier_packet_open(), and for opts->replace as
 *            pier_dial()
 */
int pier_server_open_sized(struct pier_server **out,
	const struct pier_server_opts *opts, size_t size, size_t listen_size);

static inline int
pier_server_open(struct pier_server **out, const struct pier_server_opts *opts)
{
	return pier_server_open_sized(
		out, opts, sizeof(*opts), sizeof(struct pier_listen_opts));
}

/*
 * pier_server_run(server): serve on the calling thread, and the model's own,
 * until pier_server_stop(). Called once. A fiber may call it too: its scheduler
 * then serves beside what else it runs, and its cancel ends the server without
 * a drain.
 *
 * 0 after a complete drain; the number of handlers that had to be cancelled;
 * or
 *   -ENOMEM, -EMFILE, -ENFILE, -EAGAIN  no memory, descriptor or thread for a
 *                                       worker: nothing goes on
 *   -EALREADY  it has run
 *   -EBUSY     another thread is in pier_server_step()
 *   -ECONNABORTED  the server at opts->replace called it off: detail
 *   -PIER_EDEADLINE  it did not answer within replace_ms; it goes on
 *
 * With opts->replace it first has the old server go: that one accepts until this
 * one has all it needs, then no more, and drains. Both have the same sockets:
 * what queues there is served by this one, and nobody is refused or reset. Until
 * then the old server goes on as before, whatever becomes of this one. When it
 * is told to stop meanwhile it drains, and this call fails; when it dies, this
 * one serves all the same.
 *
 * A thread of PIER_THREAD or PIER_POOL that still hangs outside of pier five
 * seconds after it was cancelled is left behind and counted with the cancelled;
 * it uses what ctx points to until it ends. A process of PIER_FORK that does so
 * is killed.
 *
 * With PIER_FORK the calling thread forks: setup, handler, finish and on_error
 * of a connection run in a process of its own, which has of the program's
 * threads that one only. One that ends before its connection has, by a signal or
 * because a handler or hook called exit(3), whatever the status, has died: it
 * takes its own connection with it and nothing else; on_error of the calling
 * process is told (-PIER_EDIED, with its conn), and how it ended.
 * When the calling process, or its calling thread, dies, they are killed with
 * it (PR_SET_PDEATHSIG of prctl(2)); those of pier_server_step() are not.
 * Where no process is to be had accepting pauses as for want of descriptors.
 *
 * With .processes the calling process serves nobody. It forks the others, waits
 * for their ends, and starts another for one that died, after 100 ms; for one
 * that lived less than a second, after twice as long as the time before, 5 s at
 * most. A process that dies takes its own connections with it, and nobody
 * else's: who queues is served by the others. Limits, numbers and stops are of
 * all of them together; PIER_ITERATIVE serves one connection in each, PIER_POOL
 * .workers. Where one has over a tenth, and more than one connection, more than
 * another that has the least, new connections are left to that one, for up to
 * 50 ms.
 *
 * Hooks and handlers run in the processes; on_listen, on_process, on_hand_over
 * and on_error of a process that died (-PIER_EDIED) in the calling one. The
 * processes end by _exit(2). When the calling process dies, they drain and end. One that does
 * not end by itself, 7 s after the drain time, is killed, and its connections
 * are counted as cancelled. With PIER_FORK each of them forks, as above, and is
 * the one whose on_error is told; when it dies, the processes of its connections
 * are killed with it.
 *
 * A fork takes only the thread that forks: call this before the program starts
 * threads that hold what handlers need. Not from a fiber: the others of its
 * thread would be in the children too; and
 *   -EINVAL  with .processes, from a fiber
 *   -EAGAIN, -ENOMEM, -EMFILE  no process is to be had at the beginning
 */
int pier_server_run(struct pier_server *server);

/*
 * pier_server_step(server, deadline): serve one: wait for a connection or a
 * datagram on any endpoint, see it through to its end as the model does, and
 * come back, with PIER_FORK when its process has ended. The deadline is for the
 * wait; limits hold for the rest, but for accept_rate: who calls has the pace in
 * hand. Again and again; pier_server_run() may come after.
 *
 * 1: one was served, however it ended: on_error and stats tell;
 * 0: the server was told to stop, and nobody was served; or
 *   -PIER_EDEADLINE  nobody came; on_idle was called
 *   -EAGAIN     the same with PIER_NOW
 *   -ECANCELED  the calling task was cancelled
 *   -ENOMEM, -EMFILE, -ENFILE  no memory, thread or descriptor: who came is
 *                              served by a later step
 *   -EBUSY      it runs or has run, another thread is in a step of it, or
 *               threads that hang fill connections_max
 *   -EINVAL     it has sessions, which are more than one message
 */
int pier_server_step(struct pier_server *server, pier_deadline deadline);

/*
 * pier_server_stop(server): stop accepting, let handlers end until the drain
 * time is over, cancel the rest. Those that queue at that moment are accepted
 * and have the drain time too. From any thread, handler, hook or signal
 * handler (async-signal-safe); again: cancel what is left now. Never waits.
 * NULL is fine. With .processes from any of them, for all of them; what several
 * processes say once each, as when a terminal signals all, is said once.
 */
void pier_server_stop(struct pier_server *server);

/* pier_server_close(server): free one that is not running. NULL is fine. */
void pier_server_close(struct pier_server *server);

/* The endpoints really listened on, in the order given; udp://:port and the
   like may be two. How many, or with i the i-th: its length, or -ENOSPC,
   -ENOENT. */
size_t pier_server_endpoint_count(const struct pier_server *server);
int pier_server_endpoint(
	const struct pier_server *server, size_t i, char *buf, size_t size);

/* Numbers, any time, from any thread. */
#define PIER_HISTOGRAM_BUCKETS 32

struct pier_server_stats {
	/* Connections, but where datagrams are named: */
	uint64_t accepted;
	uint64_t active; /* that take part of connections_max now */
	uint64_t active_peak;
	uint64_t lingering;       /* ended, the peer's last bytes read off */
	uint64_t finished;        /* handlers that came back with >= 0 */
	uint64_t failed;          /* … with an error, also of a limit */
	uint64_t cancelled;       /* … after a cancel at stop; setup and
				     datagrams too */
	uint64_t refused_address; /* by per_address_max and _rate */
	uint64_t refused_setup;
	uint64_t limit_first_byte;
	uint64_t limit_idle;
	uint64_t limit_lifetime;
	uint64_t accept_pauses;     /* for want of descriptors, memory… */
	uint64_t datagrams;         /* received */
	uint64_t datagrams_dropped; /* over datagrams_max */
	uint64_t datagrams_failed;  /* their handler came back with an error */
	uint64_t bytes_in; /* of connections and datagrams that ended */
	uint64_t bytes_out;
	uint64_t longest_run_ns; /* a fiber's longest stretch without a wait */
	uint64_t longest_run_conn; /* the connection it was in */
	/* Handlers by time since accept: bucket i counts those of
	   [2^i, 2^(i+1)) us, the last one also what took longer. */
	uint64_t handler_us[PIER_HISTOGRAM_BUCKETS];
	/* Connections and datagrams, by allow and deny */
	uint64_t refused_policy;
	uint64_t accept_rate_waits; /* how often accept_rate was met */
	uint64_t lost; /* connections that ended with their process */
	uint64_t died; /* processes that ended unasked */
	uint64_t refused_verify;
	uint64_t sessions;         /* over UDP, that began */
	uint64_t sessions_active;  /* now */
	uint64_t sessions_expired; /* ended by session_idle_ms */
	uint64_t sessions_refused; /* messages of peers over sessions_max */
	/* Messages over session_queue_max, or left in the queue by a handler
	   that took none, or at the stop */
	uint64_t session_dropped;
};

/* pier_server_stats(server, out): the numbers as they are now. */
void pier_server_stats_sized(const struct pier_server *server,
	struct pier_server_stats *out, size_t size);

static inline void
pier_server_stats(
	const struct pier_server *server, struct pier_server_stats *out)
{
	pier_server_stats_sized(server, out, sizeof(*out));
}

/* The connection of a stream that a server accepted, else NULL. */
struct pier_conn *pier_conn(const struct pier_stream *stream);

/* The same of a packet socket that a server gave to a packet handler. */
struct pier_conn *pier_packet_conn(const struct pier_packet *packet);

/* The two ends of a connection. The peer's is the one that accept gave: it is
   known also after a reset; len 0: an unnamed Unix socket. 0, or as
   pier_local(). */
int pier_conn_peer(const struct pier_conn *conn, struct pier_addr *out);
int pier_conn_local(const struct pier_conn *conn, struct pier_addr *out);

/* Handlers that are always there. */
int pier_handler_echo(struct pier_stream *stream, void *ctx);    /* RFC 862 */
int pier_handler_discard(struct pier_stream *stream, void *ctx); /* RFC 863 */
int pier_handler_upper(struct pier_stream *stream, void *ctx); /* ASCII letters
								  to capitals */
int pier_datagram_echo(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx);
int pier_datagram_discard(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx);
int pier_datagram_upper(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx);
/* Of messages up to 65536 bytes; a longer one is -EMSGSIZE. */
int pier_packet_echo(struct pier_packet *packet, void *ctx);
int pier_packet_discard(struct pier_packet *packet, void *ctx);
int pier_packet_upper(struct pier_packet *packet, void *ctx);

/*
 * pier_handler_on_packets(packet, handler, ctx): run a handler of streams on
 * messages: a packet handler's whole job for what knows no messages. Two tasks
 * beside the handler carry what comes into its stream, without the edges of
 * messages, and what one read of its output gives out as a message, of at most
 * PIER_STREAM_MESSAGE_MAX bytes. An empty message brings nothing. The peer's
 * end, of a session its silence, is the end of what the handler reads; what it
 * then still writes is sent.
 *
 * The stream is one end of a pair: it has no pier_conn(), no addresses, and no
 * limits but those that packet has.
 *
 * What handler returned; where that is no error, what kept its stream from being
 * carried, but for a peer that has gone: as pier_recv() and pier_send(); or
 *   -ENOMEM, -EMFILE, -ENFILE, -EAGAIN  no memory, descriptors or tasks for it
 */
#define PIER_STREAM_MESSAGE_MAX 8192

int pier_handler_on_packets(
	struct pier_packet *packet, pier_handler *handler, void *ctx);

/* The date and time of day in UTC as one line, such as "Thursday, November 26,
   2026 15:01:02-UTC", then the end (RFC 867). Nothing is read. */
int pier_handler_daytime(struct pier_stream *stream, void *ctx);
/* Seconds since 1900, UTC, 32 bits, the highest first; then the end (RFC 868).
   The number wraps in February 2036, as the RFC's does. */
int pier_handler_time(struct pier_stream *stream, void *ctx);
/*
 * Lines of 72 printing characters, the next one shifted by one (RFC 864), and
 * zeros, as fast as the peer takes them, until it has gone, which is a good
 * end; what comes is read and dropped. A peer that has only ended its side is
 * served on. first_byte_ms holds them to hear something: set it to PIER_OFF.
 */
int pier_handler_chargen(struct pier_stream *stream, void *ctx);
int pier_handler_source(struct pier_stream *stream, void *ctx);
/*
 * pier_source(stream, size, deadline): write size zeros; what comes meanwhile
 * is read and dropped. 0, or as pier_write(); pier_last_error()->done: the
 * bytes of the last piece that went.
 */
int pier_source(
	struct pier_stream *stream, uint64_t size, pier_deadline deadline);
/* The same as one datagram, whatever was asked. */
int pier_datagram_daytime(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx);
int pier_datagram_time(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx);
/* 0 to 512 characters, how many is up to chance (RFC 864): more than was asked,
   also to who forged the sender's address. Not for the open Internet. */
int pier_datagram_chargen(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx);
/* As many zeros as there were bytes. */
int pier_datagram_source(
	struct pier_packet *packet, const struct pier_msg *msg, void *ctx);

#ifdef __cplusplus
}
#endif

#endif
