/* SPDX-License-Identifier: MIT */
/*
 * Hints, as a table of cause and step; the first row that fits speaks. A row
 * has a constant text, or a function where the text depends on the endpoint or
 * on this machine.
 */
#include "hint.h"

#include "holder.h"

#include <arpa/inet.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/stat.h>
#include <unistd.h>

/* How the library says that a host was not what it failed for. */
#define NO_SERVICE   "no such service"
#define OTHER_FAMILY "the address is of the other family"

/* Behind the scheme: "127.0.0.1:80", "/run/x.sock". */
static const char *
authority(const char *endpoint)
{
	const char *behind = strstr(endpoint, "://");

	return behind != NULL ? behind + 3 : endpoint;
}

static bool
is_unix(const char *endpoint)
{
	const char *text = authority(endpoint);

	return strncmp(endpoint, "unix", 4) == 0 || text[0] == '/' ||
	       text[0] == '.' || text[0] == '@';
}

/* The port in an endpoint's text, 0 when it is none or a service's name. */
static unsigned int
port_of(const char *endpoint)
{
	const char *colon = strrchr(authority(endpoint), ':');

	return colon != NULL ? (unsigned int)strtoul(colon + 1, NULL, 10) : 0;
}

/* The same as it was written: ss(8) knows the names of services too. */
static const char *
service_of(const char *endpoint)
{
	const char *colon = strrchr(authority(endpoint), ':');

	return colon != NULL ? colon + 1 : "";
}

static bool
is_udp(const char *endpoint)
{
	return strncmp(endpoint, "udp", 3) == 0;
}

/* The host alone, without brackets and port. */
static void
host_of(const char *endpoint, char *host, size_t size)
{
	const char *text = authority(endpoint);
	const char *end = strrchr(text, ':');

	if (text[0] == '[') {
		text++;
		end = strchr(text, ']');
	}
	snprintf(host, size, "%.*s",
		(int)(end != NULL ? (size_t)(end - text) : strlen(text)), text);
}

/* A file that is there and is no socket: nobody holds it. */
static bool
is_other_file(const char *endpoint)
{
	struct stat status;

	return is_unix(endpoint) && stat(authority(endpoint), &status) == 0 &&
	       !S_ISSOCK(status.st_mode);
}

static void
hint_in_use(const struct pier_error *error, char *text, size_t size)
{
	struct cli_hint_word word;
	char holder[128];

	if (is_other_file(error->endpoint))
		snprintf(text, size,
			"choose another path, or remove that file: ls -l %s",
			cli_hint_word(&word, authority(error->endpoint)));
	else if (cli_find_holder(error->endpoint, holder, sizeof(holder)) == 0)
		snprintf(text, size, "%s holds it", holder);
	else if (is_unix(error->endpoint))
		snprintf(text, size,
			"another process listens there: ss -xlp src %s",
			cli_hint_word(&word, authority(error->endpoint)));
	else
		snprintf(text, size,
			"no holder can be seen from here; is it given twice? "
			"else: sudo ss -%slnp 'sport = :%u'",
			is_udp(error->endpoint) ? "u" : "t",
			port_of(error->endpoint));
}

/* The file that this program is, as setcap(8) wants it. */
static void
find_self(char *self, size_t size)
{
	ssize_t len = readlink("/proc/self/exe", self, size - 1);

	if (len > 0)
		self[len] = '\0';
	else
		snprintf(self, size, "pier");
}

static void
hint_no_bind(const struct pier_error *error, char *text, size_t size)
{
	struct cli_hint_word word;
	unsigned int port = port_of(error->endpoint);
	char self[256];

	if (is_unix(error->endpoint)) {
		snprintf(text, size,
			"the socket's directory must be writable: "
			"ls -ld \"$(dirname %s)\"",
			cli_hint_word(&word, authority(error->endpoint)));
		return;
	}
	if (port == 0 || port >= 1024)
		return;
	find_self(self, sizeof(self));
	snprintf(text, size,
		"ports below 1024 need CAP_NET_BIND_SERVICE: "
		"sudo setcap cap_net_bind_service=+ep %s, "
		"or sudo sysctl net.ipv4.ip_unprivileged_port_start=%u",
		self, port);
}

static bool
is_can(const char *endpoint)
{
	return strncmp(endpoint, "can://", 6) == 0;
}

static void
hint_no_interface(const struct pier_error *error, char *text, size_t size)
{
	const char *name = authority(error->endpoint);

	if (is_can(error->endpoint) && name[0] == '*')
		snprintf(text, size,
			"a virtual one: sudo modprobe vcan; sudo ip link add "
			"dev vcan0 type vcan; sudo ip link set vcan0 up");
	else if (is_can(error->endpoint) && pier_interface_index(name) > 0)
		snprintf(text, size, "those of CAN: pier can list");
	else if (is_can(error->endpoint))
		cli_hint_link(name, "pier can list", text, size);
	else
		snprintf(text, size,
			"there is no such interface: ip -brief link lists "
			"them");
}

static void
hint_down(const struct pier_error *error, char *text, size_t size)
{
	if (is_can(error->endpoint))
		cli_hint_down(authority(error->endpoint), text, size);
}

static void
hint_no_protocol(const struct pier_error *error, char *text, size_t size)
{
	/* Of CAN each kind of socket is a module of its own, which the error
	   names. */
	const char *module = error->detail != NULL
				     ? strstr(error->detail, "modprobe ")
				     : NULL;

	if (is_can(error->endpoint) && module != NULL)
		snprintf(text, size, "load its module: sudo %s", module);
}

/* An endpoint of that scheme, or the kind alone, as where its options are shown. */
static bool
is_of(const char *endpoint, const char *kind)
{
	size_t len = strlen(kind);

	return strncmp(endpoint, kind, len) == 0 &&
	       (endpoint[len] == '\0' ||
		       strncmp(endpoint + len, "://", 3) == 0);
}

static void
hint_no_can(const char *module, char *text, size_t size)
{
	snprintf(text, size,
		"load its modules: sudo modprobe -a can can-%s; a kernel "
		"without them is built without CONFIG_CAN",
		module);
}

static bool
may_be_ipv6(const char *endpoint)
{
	return strstr(endpoint, "://") != NULL ||
	       endpoint[strcspn(endpoint, "6")] != '\0';
}

static void
hint_no_family(const struct pier_error *error, char *text, size_t size)
{
	static const struct {
		const char *kind, *module;
	} kinds[] = { { "can", "raw" }, { "isotp", "isotp" }, { "bcm", "bcm" },
		{ "j1939", "j1939" } };

	for (size_t i = 0; i < sizeof(kinds) / sizeof(kinds[0]); i++)
		if (is_of(error->endpoint, kinds[i].kind)) {
			hint_no_can(kinds[i].module, text, size);
			return;
		}
	if (strncmp(error->endpoint, "tipc", 4) == 0)
		snprintf(text, size, "load its module: sudo modprobe tipc");
	else if (!may_be_ipv6(error->endpoint))
		snprintf(text, size, "this kernel lacks that family");
	else
		snprintf(text, size,
			"this kernel lacks that family; for IPv6: "
			"sysctl net.ipv6.conf.all.disable_ipv6");
}

static bool
is_service(const char *endpoint)
{
	return strncasecmp(endpoint, "svc://", 6) == 0;
}

/* A name of any family: messages go to its first address, while a server listens
   on one that may be another. */
static bool
is_udp_to_a_name(const char *endpoint)
{
	struct in_addr ipv4;
	char host[256];

	host_of(endpoint, host, sizeof(host));
	return strncmp(endpoint, "udp://", 6) == 0 &&
	       strchr(host, ':') == NULL && host[0] != '\0' &&
	       inet_pton(AF_INET, host, &ipv4) != 1;
}

static void
hint_refused(const struct pier_error *error, char *text, size_t size)
{
	struct cli_hint_word word;
	const char *path = authority(error->endpoint);

	if (is_unix(error->endpoint) && path[0] == '@')
		snprintf(text, size,
			"is the server running? the names there are: ss -xl "
			"src '%s*'",
			path);
	else if (is_service(error->endpoint))
		snprintf(text, size,
			"it is announced, but nobody listens there: pier find "
			"%.*s --check",
			(int)strcspn(path, "/?"), path);
	else if (is_other_file(error->endpoint))
		snprintf(text, size, "that is no socket: ls -l %s",
			cli_hint_word(&word, path));
	else if (is_udp_to_a_name(error->endpoint))
		snprintf(text, size,
			"the host is up, nobody listens at that port of the "
			"name's first address; if it has IPv4 too: "
			"udp4://%.*s",
			(int)strcspn(path, "/?"), path);
	else if (is_unix(error->endpoint))
		snprintf(text, size,
			"the socket file is there but nobody listens: its "
			"server has ended; start it again");
	else
		snprintf(text, size,
			"the host is up, nobody listens at that port; on the "
			"host: ss -%sln 'sport = :%s'",
			is_udp(error->endpoint) ? "u" : "t",
			service_of(error->endpoint));
}

static void
hint_no_socket(const struct pier_error *error, char *text, size_t size)
{
	struct cli_hint_word word;
	if (is_unix(error->endpoint))
		snprintf(text, size,
			"there is no such file: is the server running? "
			"ls -l \"$(dirname %s)\"",
			cli_hint_word(&word, authority(error->endpoint)));
}

/* Its type stands up to the '/'. */
static void
hint_no_service(const struct pier_error *error, char *text, size_t size)
{
	const char *type = authority(error->endpoint);

	snprintf(text, size, "which ones there are: pier find %.*s --once",
		(int)strcspn(type, "/?"), type);
}

static void
hint_no_name(const struct pier_error *error, char *text, size_t size)
{
	const char *port = strrchr(authority(error->endpoint), ':');
	char host[256];

	host_of(error->endpoint, host, sizeof(host));
	if (is_service(error->endpoint))
		hint_no_service(error, text, size);
	else if (error->detail != NULL &&
		 strncmp(error->detail, NO_SERVICE, strlen(NO_SERVICE)) == 0)
		snprintf(text, size, "is it spelled right? pier service %s",
			port != NULL ? port + 1 : error->endpoint);
	else if (error->detail != NULL &&
		 strcmp(error->detail, OTHER_FAMILY) == 0)
		snprintf(text, size, "%s is an IPv%c address: leave out -%c",
			host, strchr(host, ':') != NULL ? '6' : '4',
			strchr(host, ':') != NULL ? '4' : '6');
	else if (host[0] != '\0')
		snprintf(text, size, "is it spelled right? getent ahosts %s",
			host);
}

/* Is that the grammar's own complaint about it? Other texts than endpoints are
   read too: addresses, frames, filters. */
static bool
is_no_endpoint(const struct pier_error *error)
{
	char endpoint[PIER_ENDPOINT_TEXT_MAX], detail[192];
	struct pier_endpoint_check check;

	if (strstr(error->endpoint, "://") != NULL)
		return true;
	/* The check becomes the task's last error, which this one may be. */
	snprintf(endpoint, sizeof(endpoint), "%s", error->endpoint);
	snprintf(detail, sizeof(detail), "%s",
		error->detail != NULL ? error->detail : "");
	return pier_endpoint_check(endpoint, &check) < 0 &&
	       strcmp(check.text, detail) == 0;
}

/* What cannot be read is an endpoint; or "name=value" of -S, an option. */
static void
hint_no_text(const struct pier_error *error, char *text, size_t size)
{
	size_t len = strcspn(error->endpoint, "=");
	char name[64];

	if (is_no_endpoint(error)) {
		snprintf(text, size, "'pier help endpoints' has the grammar");
		return;
	}
	if (len >= sizeof(name))
		return;
	snprintf(name, sizeof(name), "%.*s", (int)len, error->endpoint);
	/* Without a value it is an option only where there is one of that
	   name. */
	if (error->endpoint[len] == '=' || pier_option_find(name) != NULL)
		cli_hint_option(name, text, size);
}

static void
hint_slow_name(const struct pier_error *error, char *text, size_t size)
{
	if (is_service(error->endpoint))
		hint_no_service(error, text, size);
	else
		snprintf(text, size,
			"the name server is slow or silent: cat "
			"/etc/resolv.conf");
}

/* A family that does not fit is told by the error itself. */
static void
hint_no_address(const struct pier_error *error, char *text, size_t size)
{
	if (error->detail == NULL || error->detail[0] == '\0')
		snprintf(text, size,
			"that address is not one of this machine: "
			"ip -brief address");
}

static void
hint_not_allowed(const struct pier_error *error, char *text, size_t size)
{
	struct cli_hint_word word;
	if (is_unix(error->endpoint))
		snprintf(text, size,
			"the socket file must be writable for you: ls -l %s",
			cli_hint_word(&word, authority(error->endpoint)));
	else if (is_udp(error->endpoint))
		snprintf(text, size,
			"that is a broadcast address: write "
			"udp://IFACE.broadcast:%s; else a firewall forbids "
			"it: sudo nft list ruleset",
			service_of(error->endpoint));
	else
		snprintf(text, size,
			"a broadcast address, or a firewall forbids it: "
			"ip -brief address; sudo nft list ruleset");
}

/* Who may not make a raw or packet socket. A capability is for this file alone,
   the range of groups that may send ICMP holds for the whole machine. */
static void
hint_no_raw(const struct pier_error *error, char *text, size_t size)
{
	char self[256];

	find_self(self, sizeof(self));
	if (strncmp(error->endpoint, "packet://", 9) == 0)
		snprintf(text, size,
			"packet sockets need CAP_NET_RAW: "
			"sudo setcap cap_net_raw=+ep %s",
			self);
	else if (strncmp(error->endpoint, "icmp", 4) == 0)
		snprintf(text, size,
			"sudo setcap cap_net_raw=+ep %s, or for every program "
			"of your group: sudo sysctl -w "
			"net.ipv4.ping_group_range='%u %u'",
			self, (unsigned int)getegid(), (unsigned int)getegid());
	else if (strncmp(error->endpoint, "raw", 3) == 0)
		snprintf(text, size, "sudo setcap cap_net_raw=+ep %s", self);
}

/* One word is the name of a program, whatever is in it. */
static void
hint_no_program(const struct pier_error *error, char *text, size_t size)
{
	const char *name = error->endpoint;

	if (strchr(name, ' ') != NULL)
		snprintf(text, size,
			"all of '%s' is the name of one program: without "
			"quotes, each word is an argument; --shell takes a "
			"command line",
			name);
	else if (strchr(name, '/') != NULL)
		snprintf(text, size, "is it spelled right? ls -l '%s'", name);
	else
		snprintf(text, size,
			"is it installed, and in PATH? command -v '%s'", name);
}

static void
hint_no_execution(const struct pier_error *error, char *text, size_t size)
{
	snprintf(text, size,
		"a program is a file that you may execute: ls -l '%s'; chmod "
		"+x makes it one",
		error->endpoint);
}

/* A link-local address is complete with its interface only. */
static void
hint_no_zone(const struct pier_error *error, char *text, size_t size)
{
	char host[256];

	host_of(error->endpoint, host, sizeof(host));
	if (strncasecmp(host, "fe80:", 5) == 0 && strchr(host, '%') == NULL)
		snprintf(text, size,
			"say on which interface: [%s%%eth0]; "
			"ip -brief link lists them",
			host);
}

/* A message that cannot stand where it was to go. */
static void
hint_no_message(const struct pier_error *error, char *text, size_t size)
{
	bool out = strcmp(error->endpoint, "standard output") == 0;

	snprintf(text, size,
		"kinds that carry any bytes: %s netstring, u32be, base64, …",
		out ? "--stdio-frame" : "--frame");
}

static void
hint_no_way(const struct pier_error *error, char *text, size_t size)
{
	char host[256];

	if (strncmp(error->endpoint, "tipc", 4) == 0) {
		snprintf(text, size,
			"no socket of the cluster has that service: "
			"tipc nametable show");
		return;
	}
	host_of(error->endpoint, host, sizeof(host));
	snprintf(text, size, "the way from here: ip route get %s", host);
}

/* What is said by hand, a person can read. */
static void
hint_no_http(const struct pier_error *error, char *text, size_t size)
{
	const char *place = authority(error->endpoint);
	size_t len = strcspn(place, "/");
	/* The colons of an IPv6 address are none of a port. */
	const char *from = memchr(place, ']', len);
	bool has_port;

	if (from == NULL)
		from = place;
	has_port = memchr(from, ':', len - (size_t)(from - place)) != NULL;
	snprintf(text, size,
		"see what it says: printf 'GET / HTTP/1.0\\n\\n' | pier "
		"connect "
		"--crlf '%.*s%s'",
		(int)len, place, has_port ? "" : ":80");
}

/* Redirects have a limit that can be chosen, a header has none. */
static void
hint_too_much(const struct pier_error *error, char *text, size_t size)
{
	if (error->detail != NULL && strstr(error->detail, "redirect") != NULL)
		snprintf(text, size,
			"--redirects N follows more of them; -vv shows the "
			"header");
	else
		hint_no_http(error, text, size);
}

static const struct row {
	int code;
	enum pier_step step; /* PIER_STEP_NONE: any */
	const char *text;
	void (*make)(const struct pier_error *, char *, size_t);
} rows[] = {
	{ -EADDRINUSE, PIER_STEP_NONE, NULL, hint_in_use },
	{ -EACCES, PIER_STEP_BIND, NULL, hint_no_bind },
	{ -EPERM, PIER_STEP_BIND, NULL, hint_no_bind },
	{ -EPERM, PIER_STEP_CREATE, NULL, hint_no_raw },
	{ -ECONNREFUSED, PIER_STEP_NONE, NULL, hint_refused },
	{ -ENOENT, PIER_STEP_EXEC, NULL, hint_no_program },
	{ -ENOTDIR, PIER_STEP_EXEC, NULL, hint_no_program },
	{ -EACCES, PIER_STEP_EXEC, NULL, hint_no_execution },
	{ -ENOENT, PIER_STEP_BIND,
		"make the directory first, or choose another", NULL },
	{ -ENOENT, PIER_STEP_NONE, NULL, hint_no_socket },
	{ -EINVAL, PIER_STEP_PARSE, NULL, hint_no_text },
	{ -EBADF, PIER_STEP_NONE, "that descriptor is not open in this process",
		NULL },
	{ -PIER_ENONAME, PIER_STEP_NONE, NULL, hint_no_name },
	{ -PIER_EAGAINNAME, PIER_STEP_NONE,
		"no name server answered: cat /etc/resolv.conf", NULL },
	{ -PIER_ENAMEFAIL, PIER_STEP_NONE,
		"the name server refuses: cat /etc/resolv.conf", NULL },
	{ -EHOSTUNREACH, PIER_STEP_NONE, NULL, hint_no_way },
	{ -ENETUNREACH, PIER_STEP_NONE, NULL, hint_no_way },
	{ -ETIMEDOUT, PIER_STEP_CONNECT,
		"no answer at all: a firewall may drop it, or the host is "
		"down",
		NULL },
	{ -PIER_EDEADLINE, PIER_STEP_CONNECT,
		"no answer at all: a firewall may drop it, or the host is "
		"down; --connect-timeout gives it longer",
		NULL },
	{ -PIER_EDEADLINE, PIER_STEP_RESOLVE, NULL, hint_slow_name },
	{ -PIER_EFRAME, PIER_STEP_HEADER, NULL, hint_no_http },
	{ -PIER_EEND, PIER_STEP_BODY,
		"the server, or a proxy on the way, gave up: --continue keeps "
		"what came, and goes on from there",
		NULL },
	{ -PIER_EDEADLINE, PIER_STEP_HEADER,
		"it is connected, and the server takes its time: --timeout and "
		"--first-byte-timeout give it longer",
		NULL },
	{ -PIER_EDEADLINE, PIER_STEP_BODY,
		"--timeout and --idle-timeout give it longer; --continue keeps "
		"what came, and goes on from there",
		NULL },
	{ -PIER_ELIMIT, PIER_STEP_HEADER, NULL, hint_too_much },
	{ -PIER_ELIMIT, PIER_STEP_BODY, "--max-size allows for more", NULL },
	{ -EPROTONOSUPPORT, PIER_STEP_HEADER, "curl -L speaks https", NULL },
	{ -EACCES, PIER_STEP_CONNECT, NULL, hint_not_allowed },
	{ -EACCES, PIER_STEP_SEND, NULL, hint_not_allowed },
	{ -EINVAL, PIER_STEP_CONNECT, NULL, hint_no_zone },
	{ -EINVAL, PIER_STEP_BIND, NULL, hint_no_zone },
	{ -ENODEV, PIER_STEP_NONE, NULL, hint_no_interface },
	{ -ENETDOWN, PIER_STEP_NONE, NULL, hint_down },
	{ -EPROTONOSUPPORT, PIER_STEP_CREATE, NULL, hint_no_protocol },
	{ -EADDRNOTAVAIL, PIER_STEP_BIND, NULL, hint_no_address },
	{ -EINVAL, PIER_STEP_FRAME, NULL, hint_no_message },
	{ -EMSGSIZE, PIER_STEP_FRAME,
		"--frame-max SIZE takes longer ones where the kind can, "
		"--frame-long skip passes over those that come",
		NULL },
	{ -PIER_EFRAME, PIER_STEP_FRAME,
		"is it the framing that the other side uses? pier-framing(7) "
		"has each byte by byte",
		NULL },
	{ -EMSGSIZE, PIER_STEP_SEND,
		"a UDP datagram holds at most 65,507 bytes over IPv4", NULL },
	{ -EMFILE, PIER_STEP_NONE,
		"this process may open no more descriptors: ulimit -n", NULL },
	{ -ENFILE, PIER_STEP_NONE,
		"the machine is out of descriptors: sysctl fs.file-nr", NULL },
	{ -EAFNOSUPPORT, PIER_STEP_NONE, NULL, hint_no_family },
	{ -ECONNRESET, PIER_STEP_NONE,
		"the peer ended it by force: its log may say why", NULL },
};

/* The same without the options of its endpoint, which are no part of a port or
   a path. */
static void
cut_options(struct pier_error *out, const struct pier_error *error,
	char *endpoint, size_t size)
{
	size_t len = strcspn(error->endpoint, "?");

	*out = *error;
	if (error->endpoint[len] == '\0' || len >= size ||
		strstr(error->endpoint, "://") == NULL)
		return;
	memcpy(endpoint, error->endpoint, len);
	endpoint[len] = '\0';
	out->endpoint = endpoint;
}

void
cli_hint_option(const char *name, char *text, size_t size)
{
	const struct pier_option *option = pier_option_find(name);

	if (option != NULL)
		snprintf(
			text, size, "what it takes: pier opt %s", option->name);
	else
		snprintf(text, size,
			"options by a word of theirs: pier opt --search WORD");
}

void
cli_hint_for(const struct pier_error *given, char *text, size_t size)
{
	char endpoint[1024];
	struct pier_error plain;
	const struct pier_error *error = &plain;
	size_t i;

	cut_options(&plain, given, endpoint, sizeof(endpoint));

	text[0] = '\0';
	if (cli_is_bluetooth(error->endpoint))
		cli_hint_bluetooth(error, text, size);
	if (cli_is_isotp(error->endpoint))
		cli_hint_isotp(error, text, size);
	if (text[0] != '\0')
		return;
	for (i = 0; i < sizeof(rows) / sizeof(rows[0]); i++) {
		const struct row *row = &rows[i];

		if (row->code != error->code ||
			(row->step != PIER_STEP_NONE &&
				row->step != error->step))
			continue;
		if (row->make != NULL)
			row->make(error, text, size);
		else
			snprintf(text, size, "%s", row->text);
		return;
	}
}
