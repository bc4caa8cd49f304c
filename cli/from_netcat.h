/* SPDX-License-Identifier: MIT */
/*
 * A command of nc or ncat, read by from_netcat.c: to pier connect by
 * from_netcat_connect.c, to pier serve by from_netcat_serve.c.
 */
#ifndef PIER_CLI_FROM_NETCAT_H
#define PIER_CLI_FROM_NETCAT_H

#include "from.h"

#define FROM_NETCAT_SOCKOPTS_MAX 8

/* Texts are borrowed from argv; what stands behind the options begins at
   optind of getopt(3). */
struct from_netcat {
	bool ncat, four, six, unix_socket, udp, listen, keep, zero, numeric;
	bool crlf, half_close, no_input, recv_only, send_only, no_shutdown;
	bool broker, vsock;
	int verbose;
	const char *wait, *quit, *idle, *address, *port, *exec, *shell;
	const char *limit, *max, *allow, *deny;
	const char *allow_file, *deny_file;
	char seconds[2][32]; /* -w and -i with their unit */
	/* Options of the socket: pier's name and value. */
	const char *sockopt[FROM_NETCAT_SOCKOPTS_MAX][2];
	size_t sockopt_count;
};

/* The rest of the command. 0, or an enum from_end. */
int from_netcat_connect(struct from *from, const struct from_netcat *nc);
int from_netcat_serve(struct from *from, const struct from_netcat *nc);

/* tcp, udp4, unix and so on, as the options have it. */
const char *from_netcat_scheme(const struct from_netcat *nc);

/* Host and port, or a path: the endpoint. 0, or an enum from_end. */
int from_netcat_add_target(struct from *from, const struct from_netcat *nc);

#endif
