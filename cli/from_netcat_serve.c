/* SPDX-License-Identifier: MIT */
/* nc -l and ncat -l with what answers, to pier serve. */
#include "from_netcat.h"

#include <getopt.h>
#include <stdio.h>
#include <string.h>

/* Lists of addresses: of two lists that hold an address, ncat's deny wins, and
   in pier the longer network. */
static int
check_lists(struct from *from, const struct from_netcat *nc)
{
	static const char numeric[] = "0123456789abcdefABCDEF:./,";
	const char *option = nc->allow != NULL ? "--allow" : "--deny";
	const char *list = nc->allow != NULL ? nc->allow : nc->deny;
	bool allows = nc->allow != NULL || nc->allow_file != NULL;

	if (allows && (nc->deny != NULL || nc->deny_file != NULL))
		return from_no_equal(from,
			nc->deny != NULL ? "--deny" : "--denyfile",
			"beside those that are allowed it always wins, in pier "
			"serve the longer network does");
	if (nc->allow_file != NULL || nc->deny_file != NULL)
		from_note(from, "pier serve takes addresses and networks from "
				"that file, no names");
	if (list == NULL)
		return 0;
	if (list[strspn(list, numeric)] != '\0')
		return from_no_equal(from, option,
			"pier serve takes addresses and networks, not '%.100s'",
			list);
	return 0;
}

/* Options with which pier serve would do something else. */
static int
check_listen(struct from *from, const struct from_netcat *nc)
{
	if (nc->exec == NULL && nc->shell == NULL && !nc->broker)
		return from_no_equal(from, "-l",
			"pier serve answers by a handler, not from standard "
			"input");
	if (!nc->keep && !nc->broker) {
		(void)snprintf(from->why.hint, sizeof(from->why.hint),
			"with -k it has one");
		return from_no_equal(from, "-l",
			"without -k it ends after one connection, pier serve "
			"goes on");
	}
	if (nc->recv_only || nc->send_only || nc->crlf || nc->no_shutdown)
		return from_no_equal(from,
			nc->crlf        ? "--crlf"
			: nc->recv_only ? "--recv-only"
			: nc->send_only ? "--send-only"
					: "--no-shutdown",
			"pier connect alone has it");
	if (nc->udp && nc->broker)
		return from_usage(from, "'--broker' is not for '-u'");
	return check_lists(from, nc);
}

/* Each address of a list with commas. */
static void
add_list(struct from *from, const char *option, const char *list)
{
	while (list != NULL && *list != '\0') {
		int len = (int)strcspn(list, ",");

		from_add(from, "%s", option);
		from_add(from, "%.*s", len, list);
		list += len;
		list += *list == ',';
	}
}

static void
add_file(struct from *from, const char *option, const char *path)
{
	if (path == NULL)
		return;
	from_add(from, "%s", option);
	from_add(from, "@%s", path);
}

static int
add_listen_target(struct from *from, const struct from_netcat *nc)
{
	char **word = from->argv + optind;
	int count = from->argc - optind;
	bool port_alone =
		count == 1 && word[0][strspn(word[0], "0123456789")] == '\0';

	if (nc->unix_socket)
		return from_netcat_add_target(from, nc);
	if (count > 2)
		return from_usage(from, "it takes a host and a port");
	from_add_endpoint(from, from_netcat_scheme(nc),
		count == 0 || port_alone ? "" : word[0],
		port_alone   ? word[0]
		: count == 2 ? word[1]
			     : "31337");
	return 0;
}

int
from_netcat_serve(struct from *from, const struct from_netcat *nc)
{
	bool echo = nc->exec != NULL && from_is_cat(nc->exec);
	int rc = check_listen(from, nc);

	if (rc < 0)
		return rc;
	from_add(from, "serve");
	if (nc->verbose > 0)
		from_add(from, "-v");
	from_add_no_limits(from, nc->idle);
	if (nc->udp && !echo) {
		from_add(from, "--session-idle");
		from_add(from, "off");
	}
	if (nc->max != NULL) {
		from_add(from, "--max-connections");
		from_add(from, "%s", nc->max);
		from_note(from, "-m: pier serve lets further ones queue, ncat "
				"closes them");
	}
	add_list(from, "--allow", nc->allow);
	add_list(from, "--deny", nc->deny);
	add_file(from, "--allow", nc->allow_file);
	add_file(from, "--deny", nc->deny_file);
	if (nc->broker || echo)
		from_add(from, nc->broker ? "broker" : "echo");
	rc = add_listen_target(from, nc);
	if (rc < 0 || nc->broker || echo)
		return rc;
	if (nc->shell != NULL)
		return from_add_program(from, "-c", nc->shell, true);
	return from_add_program(from, "-e", nc->exec, false);
}
