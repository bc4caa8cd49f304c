/* SPDX-License-Identifier: MIT */
/* pier can isotp: what its files share: can_isotp.c sends and receives,
   can_isotp_sniff.c listens to two others. */
#ifndef PIER_CLI_CAN_ISOTP_H
#define PIER_CLI_CAN_ISOTP_H

#include "can.h"

#include <sys/types.h>

/* The most of one message, here: more than Linux takes at first. */
#define CAN_ISOTP_MAX 65536

/* "11 22 33" and its NUL take three characters a byte. */
#define CAN_ISOTP_TEXT (3 * CAN_ISOTP_MAX + 1)

/*
 * can_isotp_read(out, text): bytes in hexadecimal digits, as isotpsend(1) reads
 * them, with blanks between or none. How many; or -1 and what is wrong in *wrong.
 */
ssize_t can_isotp_read(
	unsigned char out[CAN_ISOTP_MAX], const char *text, const char **wrong);

/* The opposite: "11 22 33". */
void can_isotp_write(
	char text[CAN_ISOTP_TEXT], const unsigned char *data, size_t size);

/* The same as "data" of an event: "112233". */
void can_isotp_add(json_t *event, char text[CAN_ISOTP_TEXT],
	const unsigned char *data, size_t size);

/* Listens until something ends it; its exit code. */
int can_isotp_sniff(struct cli_tool *tool, const struct can_settings *settings,
	const char *endpoint);

#endif
