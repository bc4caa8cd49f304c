/* SPDX-License-Identifier: MIT */
/*
 * pier from: command lines of other programs as those of pier. from.c has the
 * verb and puts the command together; from_netcat*.c read nc and ncat,
 * from_socat.c socat. A reader asks for nothing: it only fills struct from.
 */
#ifndef PIER_CLI_FROM_H
#define PIER_CLI_FROM_H

#include "options.h"

#define FROM_WORDS_MAX 128
#define FROM_NOTES_MAX 4
#define FROM_TEXT_MAX  8192

/* How a translation ended. */
enum from_end {
	FROM_DONE = 0,
	FROM_NO_EQUAL = -1, /* why says which word, and what is missing */
	FROM_USAGE = -2,    /* the other program would not take it either */
};

struct from {
	char **argv; /* of the other program, its name first */
	int argc;
	const char *words[FROM_WORDS_MAX]; /* of the command, pier first */
	size_t n;
	bool no_input;                     /* "</dev/null" behind it */
	bool no_output;                    /* ">/dev/null" */
	const char *notes[FROM_NOTES_MAX]; /* what differs a little */
	size_t note_count;
	struct cli_complaint why;
	char text[FROM_TEXT_MAX]; /* the words and notes that were made */
	size_t used;
};

/* Add a word of the command; one that does not fit ends as FROM_NO_EQUAL. */
void from_add(struct from *from, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Add a line for people about what differs. */
void from_note(struct from *from, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* Say that what (a word of the other program) has no equal; FROM_NO_EQUAL. */
int from_no_equal(struct from *from, const char *what, const char *format, ...)
	__attribute__((format(printf, 3, 4)));

/* Say what is wrong with the other program's words; FROM_USAGE. */
int from_usage(struct from *from, const char *format, ...)
	__attribute__((format(printf, 2, 3)));

/* scheme://host:port, brackets around IPv6 and what a host may hold. */
void from_add_endpoint(struct from *from, const char *scheme, const char *host,
	const char *port);

/* unix:// and the like, with a path or @name. */
void from_add_path(struct from *from, const char *scheme, const char *path);

/* The address and port to connect from; either may be NULL. */
void from_add_bind(struct from *from, const char *host, const char *port);

/* A server has limits unless told otherwise; the others have none. */
void from_add_no_limits(struct from *from, const char *idle);

/*
 * from_add_program(from, handler, command, shell): what answers: echo where
 * the program is cat, else the program. Called last. 0, or FROM_NO_EQUAL.
 */
int from_add_program(
	struct from *from, const char *option, const char *command, bool shell);

/* Is it cat, by whatever path? */
bool from_is_cat(const char *command);

/* Each fills from. An enum from_end. */
int from_nc(struct from *from);
int from_ncat(struct from *from);
int from_socat(struct from *from);

#endif
