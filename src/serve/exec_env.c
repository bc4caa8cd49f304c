/* SPDX-License-Identifier: MIT */
/*
 * serve/exec_env.c - see exec_env.h. The same facts under four families of
 * names, so that programs written for another server find theirs.
 */
#include "serve/exec_env.h"

#include <errno.h>
#include <inttypes.h>
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>

#include <pier/endpoint.h>
#include <pier/serve.h>

#include "os/process.h"
#include "net/stream.h"

/* Every name there is below. What this process was told of a connection of its
   own is not true of this one. */
static const char *const names[] = { "PIER_PEER", "PIER_LOCAL", "PIER_ENDPOINT",
	"PIER_CONN", "PROTO", "TCPREMOTEIP", "TCPREMOTEPORT", "TCPREMOTEHOST",
	"TCPREMOTEINFO", "TCPLOCALIP", "TCPLOCALPORT", "TCPLOCALHOST",
	"UDPREMOTEIP", "UDPREMOTEPORT", "UDPREMOTEHOST", "UDPREMOTEINFO",
	"UDPLOCALIP", "UDPLOCALPORT", "UDPLOCALHOST", "UNIXREMOTEPID",
	"UNIXREMOTEEUID", "UNIXREMOTEEGID", "UNIXLOCALPATH", "NCAT_PROTO",
	"NCAT_REMOTE_ADDR", "NCAT_REMOTE_PORT", "NCAT_LOCAL_ADDR",
	"NCAT_LOCAL_PORT", "SOCAT_PEERADDR", "SOCAT_PEERPORT", "SOCAT_SOCKADDR",
	"SOCAT_SOCKPORT", NULL };

/* Of the variables that are made here. */
#define VARS_MAX (sizeof(names) / sizeof(names[0]))
/* Four that hold an address or an endpoint of any length, and numbers. */
#define TEXT_MAX (4 * (PIER_ENDPOINT_TEXT_MAX + 32) + 2048)

/* `size` is of the part of text that is left. */
struct env {
	char **list;
	size_t count;
	char *text;
	size_t size;
};

static void __attribute__((format(printf, 2, 3)))
put(struct env *env, const char *format, ...)
{
	va_list args;
	int len;

	va_start(args, format);
	len = vsnprintf(env->text, env->size, format, args);
	va_end(args);
	/* An endpoint is as long as who wrote it liked: then it is left out. */
	if (len < 0 || (size_t)len >= env->size)
		return;
	env->list[env->count++] = env->text;
	env->text += len + 1;
	env->size -= (size_t)len + 1;
}

/* An address with a port. */
static void
put_ip(struct env *env, const char *protocol, const struct pier_addr *addr,
	bool is_peer)
{
	const char *side = is_peer ? "REMOTE" : "LOCAL";
	char host[PIER_ADDR_TEXT_MAX];
	int port = pier_addr_port(addr);
	bool six;

	if (pier_addr_format_host(addr, host, sizeof(host)) < 0 || port < 0)
		return;
	six = strchr(host, ':') != NULL;
	put(env, "%s%sIP=%s", protocol, side, host);
	put(env, "%s%sPORT=%d", protocol, side, port);
	put(env, "NCAT_%s_ADDR=%s", side, host);
	put(env, "NCAT_%s_PORT=%d", side, port);
	put(env, "SOCAT_%sADDR=%s%s%s", is_peer ? "PEER" : "SOCK",
		six ? "[" : "", host, six ? "]" : "");
	put(env, "SOCAT_%sPORT=%d", is_peer ? "PEER" : "SOCK", port);
}

static void
put_unix(struct env *env, int fd, const struct pier_addr *local)
{
	char path[PIER_ADDR_TEXT_MAX];
	struct ucred peer;
	socklen_t len = sizeof(peer);

	put(env, "PROTO=UNIX");
	put(env, "NCAT_PROTO=UNIX");
	if (pier_addr_format(local, path, sizeof(path)) > 0)
		put(env, "UNIXLOCALPATH=%s", path);
	/* A socket that is connected to nobody tells of process 0. */
	if (pier__calls()->getsockopt(
		    fd, SOL_SOCKET, SO_PEERCRED, &peer, &len) < 0 ||
		peer.pid == 0)
		return;
	put(env, "UNIXREMOTEPID=%d", (int)peer.pid);
	put(env, "UNIXREMOTEEUID=%u", (unsigned)peer.uid);
	put(env, "UNIXREMOTEEGID=%u", (unsigned)peer.gid);
}

static void
put_addr(struct env *env, const char *name, const struct pier_addr *addr)
{
	char text[PIER_ADDR_TEXT_MAX];

	if (addr->len > 0 && pier_addr_format(addr, text, sizeof(text)) > 0)
		put(env, "%s=%s", name, text);
}

/* Both ends of a conversation. */
struct ends {
	const struct pier_conn *conn; /* or NULL */
	const char *protocol;         /* of those that have ports */
	int fd;
	struct pier_addr peer, local;
};

static void
put_ends(struct env *env, const struct ends *it)
{
	put_addr(env, "PIER_PEER", &it->peer);
	put_addr(env, "PIER_LOCAL", &it->local);
	if (it->conn != NULL) {
		put(env, "PIER_CONN=%" PRIu64, it->conn->id);
		put(env, "PIER_ENDPOINT=%s", it->conn->endpoint);
	}
	if (pier_addr_family(&it->local) == AF_UNIX) {
		put_unix(env, it->fd, &it->local);
	} else if (pier_addr_port(&it->local) >= 0) {
		put(env, "PROTO=%s", it->protocol);
		put(env, "NCAT_PROTO=%s", it->protocol);
		put_ip(env, it->protocol, &it->peer, true);
		put_ip(env, it->protocol, &it->local, false);
	}
}

/* What has no address leaves len 0. */
static struct ends
ends_of_stream(const struct pier_stream *stream)
{
	struct ends it = { .conn = pier_conn(stream),
		.protocol = "TCP",
		.fd = pier_fd(stream) };

	/* Of a peer that has gone already, the server knows it. */
	if (it.conn != NULL)
		(void)pier_conn_peer(it.conn, &it.peer);
	else
		(void)pier_peer(stream, &it.peer);
	(void)pier_local(stream, &it.local);
	return it;
}

static struct ends
ends_of_packet(const struct pier_packet *packet)
{
	struct ends it = { .conn = pier_packet_conn(packet),
		.protocol = "UDP",
		.fd = pier_packet_fd(packet) };

	if (it.conn != NULL)
		(void)pier_conn_peer(it.conn, &it.peer);
	else
		(void)pier_packet_peer(packet, &it.peer);
	(void)pier_packet_local(packet, &it.local);
	return it;
}

/* Length of the name of "NAME=value". */
static size_t
name_len(const char *variable)
{
	return strcspn(variable, "=");
}

static bool
is_named(const char *variable, const char *name)
{
	size_t len = name_len(variable);

	return strncmp(variable, name, len) == 0 && name[len] == '\0';
}

static bool
has(const struct env *env, const char *variable)
{
	size_t len = name_len(variable), i;

	for (i = 0; i < env->count; i++)
		if (name_len(env->list[i]) == len &&
			memcmp(env->list[i], variable, len) == 0)
			return true;
	return false;
}

static void
hand_down(struct env *env, char *variable)
{
	const char *const *name;

	for (name = names; *name != NULL; name++)
		if (is_named(variable, *name))
			return;
	if (!has(env, variable))
		env->list[env->count++] = variable;
}

static size_t
count_of(const char *const *list)
{
	size_t n = 0;

	while (list != NULL && list[n] != NULL)
		n++;
	return n;
}

static int
make(char ***out, const struct ends *ends, const char *const *more)
{
	char *const *own = pier__environment();
	size_t most = count_of(more) + VARS_MAX +
		      count_of((const char *const *)own) + 1;
	struct env env = { .size = TEXT_MAX };
	size_t i, given;

	env.list = pier__alloc(most * sizeof(*env.list) + TEXT_MAX);
	if (env.list == NULL)
		return -ENOMEM;
	env.text = (char *)(env.list + most);
	for (i = 0; more != NULL && more[i] != NULL; i++)
		if (!has(&env, more[i]))
			env.list[env.count++] = (char *)(uintptr_t)more[i];
	given = env.count;
	put_ends(&env, ends);
	/* Those that the caller gave count, and stand before these. */
	for (i = given; i < env.count;) {
		struct env before = { .list = env.list, .count = given };

		if (has(&before, env.list[i]))
			env.list[i] = env.list[--env.count];
		else
			i++;
	}
	for (; own != NULL && *own != NULL; own++)
		hand_down(&env, *own);
	env.list[env.count] = NULL;
	*out = env.list;
	return 0;
}

int
pier__exec_env(
	char ***out, const struct pier_stream *stream, const char *const *more)
{
	struct ends ends = ends_of_stream(stream);

	return make(out, &ends, more);
}

int
pier__exec_env_packet(
	char ***out, const struct pier_packet *packet, const char *const *more)
{
	struct ends ends = ends_of_packet(packet);

	return make(out, &ends, more);
}
