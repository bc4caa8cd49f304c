/* SPDX-License-Identifier: MIT */
/*
 * From a failure to an exit code. The cause decides, and only where one cause
 * means two things does the step: a kernel that gave up connecting never
 * reached the peer (5), one that gave up later lost it (7).
 */
#include "exit.h"

#include "hint.h"

#include <errno.h>
#include <stddef.h>

static const struct {
	int code;
	const char *meaning;
} codes[] = {
	{ CLI_EXIT_OK, "done" },
	{ CLI_EXIT_NO, "the answer is no: not found, threshold missed, "
		       "handlers cancelled" },
	{ CLI_EXIT_USAGE, "the command line is wrong" },
	{ CLI_EXIT_RESOLVE, "a name could not be resolved" },
	{ CLI_EXIT_REFUSED, "refused: nobody listens there" },
	{ CLI_EXIT_UNREACHABLE, "unreachable: no way there, or no answer "
				"until the kernel gave up" },
	{ CLI_EXIT_DEADLINE, "a time limit of the command line passed" },
	{ CLI_EXIT_RESET, "the peer reset the connection, died, or closed "
			  "it early" },
	{ CLI_EXIT_PROTOCOL,
		"the rules of the protocol were broken, or a message "
		"cannot be sent by them" },
	{ CLI_EXIT_PERMISSION, "permission denied" },
	{ CLI_EXIT_RESOURCE,
		"missing here: a free address, descriptors, memory, "
		"a kernel feature" },
};

/* What ISO-TP has numbers of its own for: nobody answered; a message broke off, or
   was not as was asked for, or there was no room for it. On a wire nothing is
   unreachable: its interface is missing here. */
static bool
is_of_isotp(int code)
{
	return code == -ECOMM || code == -ENETDOWN || code == -ETIMEDOUT ||
	       code == -EILSEQ || code == -EBADMSG || code == -EMSGSIZE;
}

enum cli_exit
cli_exit_for(const struct pier_error *error)
{
	int code = error->code;
	bool connecting = error->step == PIER_STEP_CONNECT;

	if (error->step == PIER_STEP_PARSE)
		return CLI_EXIT_USAGE;
	if (pier_is_deadline(code))
		return CLI_EXIT_DEADLINE;
	if (pier_is_name(code))
		return CLI_EXIT_RESOLVE;
	/* A Unix path without a socket is a port without a listener. */
	if (pier_is_refused(code) || (connecting && code == -ENOENT))
		return CLI_EXIT_REFUSED;
	/* Bluetooth's way is a controller, and none of them is switched on. */
	if (code == -EHOSTUNREACH && cli_is_bluetooth(error->endpoint))
		return CLI_EXIT_RESOURCE;
	if (cli_is_isotp(error->endpoint) && is_of_isotp(code))
		return code == -ECOMM      ? CLI_EXIT_UNREACHABLE
		       : code == -ENETDOWN ? CLI_EXIT_RESOURCE
					   : CLI_EXIT_PROTOCOL;
	if (pier_is_dead_peer(code))
		return connecting ? CLI_EXIT_UNREACHABLE : CLI_EXIT_RESET;
	/* Nothing can be opened before this machine's own device is up. */
	if (code == -ENETDOWN && error->step == PIER_STEP_CREATE)
		return CLI_EXIT_RESOURCE;
	/* No source address of the peer's family: there is no way to it. */
	if (pier_is_unreachable(code) || (connecting && code == -EADDRNOTAVAIL))
		return CLI_EXIT_UNREACHABLE;
	if (pier_is_permission(code))
		return CLI_EXIT_PERMISSION;
	if (pier_is_reset(code) || pier_is_end(code) || code == -ECONNABORTED)
		return CLI_EXIT_RESET;
	/* More than we take of an answer, or one that never comes to its end;
	   a message too long, or of bytes that its framing has no place for. */
	if (code == -PIER_EFRAME ||
		(code == -PIER_ELIMIT &&
			(error->step == PIER_STEP_HEADER ||
				error->step == PIER_STEP_BODY)) ||
		(error->step == PIER_STEP_FRAME &&
			(code == -EMSGSIZE || code == -EINVAL)))
		return CLI_EXIT_PROTOCOL;
	return CLI_EXIT_RESOURCE;
}

void
cli_exit_print(FILE *out)
{
	size_t i;

	for (i = 0; i < sizeof(codes) / sizeof(codes[0]); i++)
		fprintf(out, "  %3d  %s\n", codes[i].code, codes[i].meaning);
	fputs("128+n  ended by signal n (129 SIGHUP, 130 SIGINT, 143 "
	      "SIGTERM)\n",
		out);
}
