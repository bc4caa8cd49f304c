/* SPDX-License-Identifier: MIT */
/*
 * What to do about a failure: the line behind "hint:".
 */
#ifndef PIER_CLI_HINT_H
#define PIER_CLI_HINT_H

#include <pier.h>

#include <stdbool.h>
#include <stddef.h>

/*
 * cli_hint_for(error, text, size): what to run or change next, as text on one
 * line; empty when there is nothing to say that the error does not.
 */
void cli_hint_for(const struct pier_error *error, char *text, size_t size);

/*
 * cli_hint_word(out, word): a word of a command as a shell takes it: as it stands, or
 * in quotes where a shell would see more in it. What is beyond the room is cut off
 * inside of the quotes.
 */
struct cli_hint_word {
	char text[512];
};
const char *cli_hint_word(struct cli_hint_word *out, const char *word);

/* Is it an endpoint of Bluetooth, or a controller, hci0? */
bool cli_is_bluetooth(const char *endpoint);

/* cli_hint_for() of those; text stays as it is when there is nothing to say. */
void cli_hint_bluetooth(
	const struct pier_error *error, char *text, size_t size);

/* What lists the interfaces of CAN, and how a virtual one is made: that only of a
   name that an interface can have and a shell takes as it stands. */
void cli_hint_link(
	const char *name, const char *lists, char *text, size_t size);

/* How an interface of CAN is brought up. */
void cli_hint_down(const char *name, char *text, size_t size);

/* The same of ISO-TP over CAN. */
bool cli_is_isotp(const char *endpoint);
void cli_hint_isotp(const struct pier_error *error, char *text, size_t size);

/* What to run about an option of sockets that is wrong, or is none. */
void cli_hint_option(const char *name, char *text, size_t size);

#endif
