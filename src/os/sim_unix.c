/* SPDX-License-Identifier: MIT */
/*
 * os/sim_unix.c - unix streams, seqpackets and datagrams of one host. Nothing
 * takes time: what is sent is there. Each message or piece of a stream lies in
 * the receiver's queue and counts against the sender's buffer until it is read;
 * descriptors that were sent with it go with its first byte.
 */
#include "os/sim_inner.h"
#include "os/sim_names.h"

#include <errno.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* What a piece costs of the sender's buffer beside its bytes, how much goes
   into one piece of a stream, and net.unix.max_dgram_qlen. */
#define OVERHEAD  768
#define PIECE_MAX 32768
#define QUEUE_MAX 10

struct piece {
	struct pier__list node;
	struct pier__list sent_node; /* on the sender's list of unread ones */
	struct unix_socket *sender;  /* NULL: gone */
	struct sockaddr_un from;
	socklen_t from_len;
	struct pier__sim_rights *rights; /* or NULL: none, or received */
	size_t len, done;
	unsigned char data[];
};

struct unix_socket {
	struct pier__sim_socket base;
	struct unix_socket *peer;
	bool peer_gone;          /* a stream's: it was there */
	struct pier__list queue; /* struct piece, to be read */
	size_t queue_count;
	struct pier__list unread; /* struct piece, sent from here */
	size_t charged;           /* bytes of them, with their overhead */
	struct sockaddr_un own, other;
	socklen_t own_len, other_len;
	struct pier__sim_name *name;
	struct pier__list fans; /* datagram: who is connected to us */
	struct pier__list fan_node;
	struct pier__list children; /* of a listener, not yet accepted */
	struct pier__list child_node;
	int child_count, backlog;
	mode_t mode; /* by fchmod, for the file bind makes */
};

static struct unix_socket *
of(struct pier__sim_socket *socket)
{
	return pier__container_of(socket, struct unix_socket, base);
}

static bool
is_stream(const struct unix_socket *sock)
{
	return sock->base.type == SOCK_STREAM;
}

/* Streams and seqpackets have a peer for good; a datagram socket finds its own
   each time. */
static bool
has_connection(const struct unix_socket *sock)
{
	return sock->base.type != SOCK_DGRAM;
}

static void
set_address(struct sockaddr_un *un, socklen_t *len,
	const struct pier__sim_name *name)
{
	memset(un, 0, sizeof(*un));
	un->sun_family = AF_UNIX;
	memcpy(un->sun_path, name->text, name->len);
	*len = (socklen_t)offsetof(struct sockaddr_un, sun_path) + name->len +
	       !pier__sim_name_is_abstract(name);
}

static void
take_name(struct unix_socket *sock, const char *text, socklen_t len)
{
	sock->name = pier__sim_name_make(&sock->base, text, len, sock->mode);
	sock->base.bound = true;
	set_address(&sock->own, &sock->own_len, sock->name);
}

/* bind with no name: five hexadecimal digits, abstract. */
static void
autobind(struct unix_socket *sock)
{
	char text[8] = "";

	do
		(void)snprintf(text + 1, 7, "%05x",
			(unsigned)(++sock->base.host->sim->order & 0xfffff));
	while (pier__sim_name_find(sock->base.host, text, 6) != NULL);
	take_name(sock, text, 6);
}

static int
unix_bind(struct pier__sim_socket *socket, const struct sockaddr *sa,
	socklen_t len)
{
	struct unix_socket *sock = of(socket);
	const char *text;
	socklen_t text_len;
	int rc = pier__sim_name_read(sa, len, &text, &text_len);

	if (rc < 0 && len != sizeof(sa_family_t))
		return rc;
	if (socket->bound)
		return -EINVAL;
	if (len == sizeof(sa_family_t)) {
		autobind(sock);
		return 0;
	}
	if (pier__sim_name_find(socket->host, text, text_len) != NULL)
		return -EADDRINUSE;
	take_name(sock, text, text_len);
	return 0;
}

static int
unix_listen(struct pier__sim_socket *socket, int backlog)
{
	if (!has_connection(of(socket)))
		return -EOPNOTSUPP;
	if (!socket->bound)
		return -EINVAL;
	of(socket)->backlog = backlog;
	socket->listening = true;
	return 0;
}

/* Who is reached by a name. */
static int
reach(struct unix_socket *sock, const struct sockaddr *sa, socklen_t len,
	struct unix_socket **out)
{
	const struct pier__sim_name *name;
	const char *text;
	socklen_t text_len;
	int rc = pier__sim_name_read(sa, len, &text, &text_len);

	if (rc < 0)
		return rc;
	name = pier__sim_name_find(sock->base.host, text, text_len);
	if (name == NULL)
		return text_len > 0 && text[0] != '\0' ? -ENOENT
						       : -ECONNREFUSED;
	if (name->owner == NULL)
		return -ECONNREFUSED;
	if (name->owner->type != sock->base.type)
		return -EPROTOTYPE;
	*out = of(name->owner);
	return 0;
}

static void
connect_stream(struct unix_socket *sock, struct unix_socket *listener)
{
	struct unix_socket *child = of(
		pier__sim_unix_make(listener->base.host, listener->base.type));

	child->peer = sock;
	child->own = listener->own;
	child->own_len = listener->own_len;
	child->other = sock->own;
	child->other_len = sock->own_len;
	child->base.connected = true;
	sock->peer = child;
	sock->other = listener->own;
	sock->other_len = listener->own_len;
	sock->base.connected = true;
	pier__list_push_back(&listener->children, &child->child_node);
	listener->child_count++;
	pier__sim_news(&listener->base);
	pier__sim_news(&sock->base);
}

static void
connect_datagram(struct unix_socket *sock, struct unix_socket *to)
{
	pier__list_remove(&sock->fan_node);
	sock->peer = to;
	sock->other = to->own;
	sock->other_len = to->own_len;
	sock->base.connected = true;
	pier__list_push_back(&to->fans, &sock->fan_node);
}

static int
unix_connect(struct pier__sim_socket *socket, const struct sockaddr *sa,
	socklen_t len)
{
	struct unix_socket *sock = of(socket), *to = NULL;
	int rc;

	if (!has_connection(sock) && len >= sizeof(sa_family_t) &&
		sa->sa_family == AF_UNSPEC) {
		pier__list_remove(&sock->fan_node);
		sock->peer = NULL;
		socket->connected = false;
		return 0;
	}
	rc = reach(sock, sa, len, &to);
	if (rc < 0)
		return rc;
	if (!has_connection(sock)) {
		connect_datagram(sock, to);
		return 0;
	}
	if (!to->base.listening || (to->base.shut & PIER__SIM_RD) != 0)
		return -ECONNREFUSED;
	if (to->child_count > to->backlog)
		return -EAGAIN;
	if (socket->listening || socket->connected)
		return socket->listening ? -EINVAL : -EISCONN;
	connect_stream(sock, to);
	return 0;
}

static int
unix_accept(struct pier__sim_socket *socket, struct pier__sim_socket **out)
{
	struct unix_socket *sock = of(socket);
	struct pier__list *node;

	if (!has_connection(sock))
		return -EOPNOTSUPP;
	if (!socket->listening)
		return -EINVAL;
	node = pier__list_pop_front(&sock->children);
	if (node == NULL)
		return (socket->shut & PIER__SIM_RD) != 0 ? -EINVAL : -EAGAIN;
	sock->child_count--;
	*out = &pier__container_of(node, struct unix_socket, child_node)->base;
	return 0;
}

static bool
can_write(const struct unix_socket *sock)
{
	const struct unix_socket *peer = sock->peer;

	if (!has_connection(sock) && peer != NULL && peer->peer != sock &&
		peer->queue_count > QUEUE_MAX)
		return false;
	return sock->charged * 4 <= (size_t)sock->base.sndbuf;
}

static void
put_piece(struct unix_socket *sock, struct unix_socket *to,
	const struct msghdr *msg, size_t skip, size_t len,
	struct pier__sim_rights **rights)
{
	struct piece *piece = pier__sim_memory(sizeof(*piece) + len);

	piece->sender = sock;
	piece->from = sock->own;
	piece->from_len = sock->own_len;
	piece->len = len;
	piece->rights = *rights;
	*rights = NULL;
	pier__sim_iov_get(msg, skip, piece->data, len);
	pier__list_push_back(&to->queue, &piece->node);
	to->queue_count++;
	pier__list_push_back(&sock->unread, &piece->sent_node);
	sock->charged += len + OVERHEAD;
	pier__sim_news(&to->base);
}

static ssize_t
send_stream(struct unix_socket *sock, const struct msghdr *msg,
	struct pier__sim_rights **rights)
{
	size_t size = pier__sim_iov_size(msg), done = 0;
	struct unix_socket *to = sock->peer;

	if (msg->msg_namelen > 0 && sock->base.connected)
		return -EISCONN;
	if (to == NULL && !sock->peer_gone)
		return -ENOTCONN;
	if ((sock->base.shut & PIER__SIM_WR) != 0 || to == NULL ||
		(to->base.shut & PIER__SIM_RD) != 0)
		return -EPIPE;
	while (done < size) {
		size_t n = size - done;

		if (sock->charged >= (size_t)sock->base.sndbuf)
			break;
		if (n > PIECE_MAX)
			n = PIECE_MAX;
		put_piece(sock, to, msg, done, n, rights);
		done += n;
	}
	return done > 0 || size == 0 ? (ssize_t)done : -EAGAIN;
}

/* A message of a connection: whole, or not at all. */
static ssize_t
send_message(struct unix_socket *sock, const struct msghdr *msg,
	struct pier__sim_rights **rights)
{
	size_t size = pier__sim_iov_size(msg);
	struct unix_socket *to = sock->peer;

	if (to == NULL && !sock->peer_gone)
		return -ENOTCONN;
	if (size + 32 > (size_t)sock->base.sndbuf)
		return -EMSGSIZE;
	if ((sock->base.shut & PIER__SIM_WR) != 0 || to == NULL ||
		(to->base.shut & PIER__SIM_RD) != 0)
		return -EPIPE;
	if (sock->charged >= (size_t)sock->base.sndbuf)
		return -EAGAIN;
	put_piece(sock, to, msg, 0, size, rights);
	return (ssize_t)size;
}

static ssize_t
send_datagram(struct unix_socket *sock, const struct msghdr *msg,
	struct pier__sim_rights **rights)
{
	size_t size = pier__sim_iov_size(msg);
	struct unix_socket *to = sock->peer;
	bool named = msg->msg_name != NULL && msg->msg_namelen > 0;
	int rc;

	if (size + 32 > (size_t)sock->base.sndbuf)
		return -EMSGSIZE;
	if (named) {
		rc = reach(sock, msg->msg_name, msg->msg_namelen, &to);
		if (rc < 0)
			return rc;
	} else if (to == NULL) {
		rc = sock->peer_gone ? -ECONNREFUSED : -ENOTCONN;
		sock->peer_gone = false;
		sock->base.connected = false;
		return rc;
	}
	if ((sock->base.shut & PIER__SIM_WR) != 0 ||
		(to->base.shut & PIER__SIM_RD) != 0)
		return -EPIPE;
	if (to->peer != NULL && to->peer != sock)
		return -EPERM; /* it takes from its own peer only */
	if (sock->charged >= (size_t)sock->base.sndbuf ||
		(to->peer != sock && to->queue_count > QUEUE_MAX))
		return -EAGAIN;
	put_piece(sock, to, msg, 0, size, rights);
	return (ssize_t)size;
}

static ssize_t
unix_send(struct pier__sim_socket *socket, const struct msghdr *msg, int flags)
{
	struct unix_socket *sock = of(socket);
	struct pier__sim_rights *rights;
	ssize_t n = pier__sim_rights_take(socket->host->sim, msg, &rights);

	(void)flags;
	if (n < 0)
		return n;
	if (is_stream(sock))
		n = send_stream(sock, msg, &rights);
	else if (has_connection(sock))
		n = send_message(sock, msg, &rights);
	else
		n = send_datagram(sock, msg, &rights);
	pier__sim_rights_drop(rights);
	return n;
}

/* Read, or thrown away: the sender has its room again. */
static void
drop_piece(struct unix_socket *sock, struct piece *piece)
{
	struct unix_socket *sender = piece->sender;
	struct pier__list *node;

	pier__list_remove(&piece->node);
	sock->queue_count--;
	if (sender != NULL) {
		pier__list_remove(&piece->sent_node);
		sender->charged -= piece->len + OVERHEAD;
		if (can_write(sender))
			pier__sim_news(&sender->base);
	}
	if (!has_connection(sock) && sock->queue_count == QUEUE_MAX) {
		pier__list_each(node, &sock->fans)
			pier__sim_news(&pier__container_of(
				node, struct unix_socket, fan_node)
						->base);
	}
	pier__sim_rights_drop(piece->rights);
	free(piece);
}

/* Up to the end of what has descriptors with it: those of two are never given
   together. */
static ssize_t
recv_stream(struct unix_socket *sock, struct msghdr *msg, bool peek,
	struct pier__sim_rights **rights)
{
	size_t size = pier__sim_iov_size(msg), done = 0;
	struct pier__list *node, *after;
	unsigned char *all = pier__sim_memory(size + 1);

	pier__list_each_safe(node, after, &sock->queue) {
		struct piece *piece =
			pier__container_of(node, struct piece, node);
		size_t n = piece->len - piece->done;

		if (n > size - done)
			n = size - done;
		memcpy(all + done, piece->data + piece->done, n);
		done += n;
		if (peek)
			continue;
		*rights = piece->rights;
		piece->rights = NULL;
		piece->done += n;
		if (piece->done == piece->len)
			drop_piece(sock, piece);
		if (*rights != NULL || done == size)
			break;
	}
	(void)pier__sim_iov_put(msg, all, done);
	free(all);
	return (ssize_t)done;
}

static ssize_t
recv_datagram(struct unix_socket *sock, struct msghdr *msg, int flags,
	struct pier__sim_rights **rights)
{
	struct piece *piece =
		pier__container_of(sock->queue.next, struct piece, node);
	size_t n = pier__sim_iov_put(msg, piece->data, piece->len);

	if (n < piece->len) {
		msg->msg_flags |= MSG_TRUNC;
		if ((flags & MSG_TRUNC) != 0)
			n = piece->len;
	}
	if (msg->msg_name != NULL && piece->from_len > 0) {
		memcpy(msg->msg_name, &piece->from,
			msg->msg_namelen < piece->from_len ? msg->msg_namelen
							   : piece->from_len);
	}
	msg->msg_namelen = piece->from_len;
	if ((flags & MSG_PEEK) == 0) {
		*rights = piece->rights;
		piece->rights = NULL;
		drop_piece(sock, piece);
	}
	return (ssize_t)n;
}

static ssize_t
unix_recv(struct pier__sim_socket *socket, struct msghdr *msg, int flags)
{
	struct unix_socket *sock = of(socket);
	struct pier__sim_rights *rights = NULL;
	size_t room = msg->msg_controllen;
	ssize_t n;

	msg->msg_controllen = 0;
	if (has_connection(sock) && !socket->connected && !sock->peer_gone)
		return is_stream(sock) ? -EINVAL : -ENOTCONN;
	/* Of messages an error comes first, of a stream what it said before. */
	if (!is_stream(sock) && socket->error != 0)
		return -pier__sim_take_error(socket);
	if (pier__list_empty(&sock->queue)) {
		if (socket->error != 0)
			return -pier__sim_take_error(socket);
		return (socket->shut & PIER__SIM_RD) != 0 ? 0 : -EAGAIN;
	}
	if (socket->passcred)
		pier__sim_tell_sender(msg, room);
	if (!is_stream(sock)) {
		n = recv_datagram(sock, msg, flags, &rights);
	} else {
		msg->msg_namelen = 0;
		n = recv_stream(sock, msg, (flags & MSG_PEEK) != 0, &rights);
	}
	pier__sim_rights_give(rights, msg, room);
	return n;
}

static int
unix_shutdown(struct pier__sim_socket *socket, int how)
{
	struct unix_socket *sock = of(socket);
	unsigned bits = (unsigned)how + 1; /* SHUT_RD is 0 */

	if (how < SHUT_RD || how > SHUT_RDWR)
		return -EINVAL;
	socket->shut |= bits;
	pier__sim_news(socket);
	if (has_connection(sock) && sock->peer != NULL) {
		/* What one side writes is what the other reads. */
		sock->peer->base.shut |=
			(bits & PIER__SIM_RD ? PIER__SIM_WR : 0u) |
			(bits & PIER__SIM_WR ? PIER__SIM_RD : 0u);
		pier__sim_news(&sock->peer->base);
	}
	return 0;
}

static int
unix_name(struct pier__sim_socket *socket, bool peer, struct sockaddr *sa,
	socklen_t *len)
{
	const struct unix_socket *sock = of(socket);
	const struct sockaddr_un *from = peer ? &sock->other : &sock->own;
	socklen_t size = peer ? sock->other_len : sock->own_len;

	if (peer && !socket->connected)
		return -ENOTCONN;
	if (size == 0)
		size = sizeof(sa_family_t);
	if (sa == NULL || len == NULL)
		return 0;
	memcpy(sa, from, *len < size ? *len : size);
	*len = size;
	return 0;
}

static int
unix_queued(struct pier__sim_socket *socket)
{
	return socket->listening ? -EINVAL : (int)of(socket)->charged;
}

static uint32_t
unix_poll(struct pier__sim_socket *socket)
{
	const struct unix_socket *sock = of(socket);
	uint32_t mask = socket->error != 0 ? EPOLLERR : 0;

	if (socket->shut == (PIER__SIM_RD | PIER__SIM_WR))
		mask |= EPOLLHUP;
	if ((socket->shut & PIER__SIM_RD) != 0)
		mask |= EPOLLRDHUP | EPOLLIN | EPOLLRDNORM;
	if (!pier__list_empty(&sock->queue) ||
		!pier__list_empty(&sock->children))
		mask |= EPOLLIN | EPOLLRDNORM;
	/* What was never connected has hung up. */
	if (has_connection(sock) && !socket->connected && !sock->peer_gone &&
		!socket->listening)
		mask |= EPOLLHUP;
	if (can_write(sock))
		mask |= EPOLLOUT | EPOLLWRNORM | EPOLLWRBAND;
	return mask;
}

/* The other side of a stream hears of the end; with something unread here,
   or never accepted, as of a reset. That of a datagram socket finds out when
   it sends. */
static void
leave_peer(struct unix_socket *sock, bool embryo)
{
	struct unix_socket *peer = sock->peer;

	if (peer == NULL || peer->peer != sock)
		return;
	peer->peer = NULL;
	peer->peer_gone = true;
	if (has_connection(sock)) {
		peer->base.shut = PIER__SIM_RD | PIER__SIM_WR;
		if (embryo || !pier__list_empty(&sock->queue))
			peer->base.error = ECONNRESET;
	} else {
		pier__list_remove(&peer->fan_node);
	}
	pier__sim_news(&peer->base);
}

static void
leave_fans(struct unix_socket *sock)
{
	struct pier__list *node;

	while ((node = pier__list_pop_front(&sock->fans)) != NULL) {
		struct unix_socket *fan =
			pier__container_of(node, struct unix_socket, fan_node);

		fan->peer = NULL;
		fan->peer_gone = true;
		pier__sim_news(&fan->base);
	}
}

static void
end_socket(struct unix_socket *sock, bool embryo)
{
	struct pier__list *node;

	while ((node = pier__list_pop_front(&sock->children)) != NULL)
		end_socket(pier__container_of(
				   node, struct unix_socket, child_node),
			true);
	leave_peer(sock, embryo);
	leave_fans(sock);
	pier__list_remove(&sock->fan_node);
	pier__list_remove(&sock->child_node);
	while (!pier__list_empty(&sock->queue))
		drop_piece(sock, pier__container_of(
					 sock->queue.next, struct piece, node));
	while ((node = pier__list_pop_front(&sock->unread)) != NULL)
		pier__container_of(node, struct piece, sent_node)->sender =
			NULL;
	pier__sim_name_leave(sock->name);
	pier__sim_socket_end(&sock->base);
}

static void
unix_close(struct pier__sim_socket *socket)
{
	end_socket(of(socket), false);
}

static const struct pier__sim_ops unix_ops = {
	.bind = unix_bind,
	.listen = unix_listen,
	.connect = unix_connect,
	.accept = unix_accept,
	.send = unix_send,
	.recv = unix_recv,
	.shutdown = unix_shutdown,
	.name = unix_name,
	.queued = unix_queued,
	.poll = unix_poll,
	.close = unix_close,
	.destroy = unix_close,
};

struct pier__sim_socket *
pier__sim_unix_make(struct pier__sim_host *host, int type)
{
	struct unix_socket *sock = pier__sim_memory(sizeof(*sock));

	pier__sim_socket_init(&sock->base, host, &unix_ops, AF_UNIX, type);
	pier__list_init(&sock->queue);
	pier__list_init(&sock->unread);
	pier__list_init(&sock->fans);
	pier__list_init(&sock->fan_node);
	pier__list_init(&sock->children);
	pier__list_init(&sock->child_node);
	sock->own.sun_family = AF_UNIX;
	sock->other.sun_family = AF_UNIX;
	sock->mode = 0777;
	return &sock->base;
}

void
pier__sim_unix_pair(struct pier__sim_socket *a, struct pier__sim_socket *b)
{
	of(a)->peer = of(b);
	of(b)->peer = of(a);
	a->connected = true;
	b->connected = true;
}

int
pier__sim_unix_fstat(struct pier__sim_socket *socket, struct stat *out)
{
	memset(out, 0, sizeof(*out));
	out->st_mode = S_IFSOCK |
		       (socket->family == AF_UNIX ? of(socket)->mode : 0777);
	out->st_ino = (ino_t)socket->fd;
	out->st_nlink = 1;
	return 0;
}

int
pier__sim_unix_fchmod(struct pier__sim_socket *socket, mode_t mode)
{
	if (socket->family == AF_UNIX)
		of(socket)->mode = mode & 07777;
	return 0;
}

void
pier__sim_unix_unname(struct pier__sim_socket *socket)
{
	of(socket)->name = NULL;
}
