/* SPDX-License-Identifier: MIT */
/*
 * pier can: what its files share. can.c has the options, can_dump.c hears,
 * can_send.c sends and makes frames up, can_cycle.c has the kernel send them,
 * can_play.c plays logs, can_watch.c tells changes, can_isotp.c has messages of
 * ISO-TP, can_source.c reads which interfaces, can_lines.c lines, can_tell.c shows
 * frames, can_list.c interfaces.
 */
#ifndef PIER_CLI_CAN_H
#define PIER_CLI_CAN_H

#include "dump.h"
#include "json.h"
#include "report.h"

#include <pier.h>

enum can_action {
	CAN_DUMP,
	CAN_SEND,
	CAN_GEN,
	CAN_PLAY,
	CAN_WATCH,
	CAN_LIST,
	CAN_ISOTP,
};

/* How the time of a frame is shown. */
enum can_time {
	CAN_TIME_EPOCH,
	CAN_TIME_EPOCH_NS,
	CAN_TIME_UTC,
	CAN_TIME_LOCAL,
	CAN_TIME_DELTA,
	CAN_TIME_ZERO,
	CAN_TIME_NONE,
};

struct can_settings {
	struct cli_common common;
	int64_t action;         /* enum can_action */
	struct cli_texts words; /* behind it */
	const char *read;       /* a log in place of interfaces */
	const char *write;      /* a pcap file */
	bool log;               /* lines of a log on standard output */
	int64_t time;           /* enum can_time */
	int64_t count;          /* frames, or rounds of them; 0: no limit */
	int64_t limit;          /* ns; 0: none */
	int64_t buffer;         /* bytes; 0: the system's */
	int64_t timeout;        /* ns for room in the queue; 0: none */
	int64_t every;          /* ns between frames; -1: not given */
	const char *id;         /* of made-up frames; NULL: random */
	bool extended;
	bool fd;
	bool counter;
	int64_t seed;
	int64_t loops;
	bool at_once;
	int64_t silent;   /* ns; 0: silence is not told */
	int64_t throttle; /* ns; 0: every change is told */
	int64_t learn;    /* ns; 0: every bit counts from the beginning */
	int64_t hold;     /* ns that a change stays marked on a terminal */
	bool sniff;
};

/* What a word says: an interface, and what of it passes. */
struct can_source {
	char name[PIER_INTERFACE_NAME_MAX]; /* "": every one */
	bool has_filters;
	struct pier_can_filters filters;
	struct pier_can *can; /* NULL: not open */
};

struct can_sources {
	size_t count;
	struct can_source list[CLI_TEXTS_MAX];
};

/* Words such as "vcan0,123:7FF". 0, or an exit code: what is wrong was said. */
int can_sources_read(struct can_sources *sources, const struct cli_tool *tool,
	const struct cli_texts *words);
/* Open all; what failed was said. 0, or an exit code. */
int can_sources_open(struct can_sources *sources, const struct cli_tool *tool,
	int64_t buffer);
/* What the kernel had no room for. */
int64_t can_sources_dropped(const struct can_sources *sources);
/* Does a frame of a log come from one of them, and pass there? */
bool can_sources_pass(const struct can_sources *sources,
	const struct pier_can_message *message);
void can_sources_close(struct can_sources *sources);

/* What shows frames: the times of those before. */
struct can_teller {
	const struct cli_tool *tool;
	const struct can_settings *settings;
	int64_t first_ns, last_ns;
	bool has_first;
};

/* One frame on standard output. 0, or as cli_output(). */
int can_tell(struct can_teller *teller, const struct pier_can_message *message);

/* Parts of it: the time as --time has it, with a blank behind it, or ""; */
void can_tell_time(
	struct can_teller *teller, char *buf, size_t size, int64_t ns);
/* the identifier, eight columns wide; */
void can_put_id(FILE *out, const struct pier_can_frame *frame);
/* a frame as candump has it, without a newline: bytes whose bits are set in
   marked stand out; FD frames have a size of two digits; */
void can_put_frame(FILE *out, const struct can_teller *teller,
	const char *interface, const struct pier_can_frame *frame,
	uint64_t marked);
/* how they stand out, where there is colour; */
struct cli_paint can_mark(const struct cli_tool *tool);
/* and what an event has of it. */
void can_event_time(json_t *event, int64_t ns);
void can_event_frame(json_t *event, const struct pier_can_frame *frame);

/* Lines of a file, or of standard input. */
struct can_lines;

/* 0, or an exit code: what is wrong was said. */
int can_lines_open(
	struct can_lines **out, const struct cli_tool *tool, const char *path);
/* The same of lines of up to size bytes, each of which holds a `what`. */
int can_lines_open_long(struct can_lines **out, const struct cli_tool *tool,
	const char *path, size_t size, const char *what);
/*
 * The next line, without its newline, borrowed until the next call. 1; 0: there is
 * no more; or a negative error: it was said and its exit code is in *code, or it is
 * -ECANCELED.
 */
int can_lines_next(struct can_lines *lines, const char **line, int *code);
/* From the beginning again. 0, or an exit code, which was said. */
int can_lines_again(struct can_lines *lines);
/* The line that came last cannot be read, by pier_last_error(), or for what is said;
   the exit code. */
int can_lines_wrong(const struct can_lines *lines);
int can_lines_wrong_as(const struct can_lines *lines, const char *what);
/* NULL is fine. */
void can_lines_close(struct can_lines *lines);

/* Each a whole run; its exit code. */
int can_dump(struct cli_tool *tool, const struct can_settings *settings);
int can_send(struct cli_tool *tool, const struct can_settings *settings);
int can_gen(struct cli_tool *tool, const struct can_settings *settings);
int can_play(struct cli_tool *tool, const struct can_settings *settings);
int can_watch(struct cli_tool *tool, const struct can_settings *settings);

/*
 * Frames that are sent again and again, by the timers of the kernel.
 *
 * can_cycle_fits(settings, frames, count): can they do what is asked for? What
 * they cannot: one round, frames of which two have one identifier, times below
 * CAN_CYCLE_MIN_NS, error frames, FD frames where the interface takes none, and
 * waiting for room.
 *
 * can_cycle_run(): do it, in a fiber; *is_open becomes true when there is a socket
 * for it. 0 and how many have left in *sent, or an exit code; or CAN_CYCLE_NONE: the kernel has no broadcast manager, which was
 * said.
 */
#define CAN_CYCLE_MIN_NS INT64_C(100000)
#define CAN_CYCLE_NONE   (-1)

bool can_cycle_fits(const struct can_settings *settings,
	const struct pier_can_frame *frames, size_t count);
int can_cycle_run(const struct cli_tool *tool,
	const struct can_settings *settings,
	const struct pier_can_frame *frames, size_t count, int64_t *sent,
	bool *is_open);
int can_list(struct cli_tool *tool, const struct can_settings *settings);
int can_isotp(struct cli_tool *tool, const struct can_settings *settings);

/* Until when one frame may wait for room in the queue of its interface. */
pier_deadline can_room_until(const struct can_settings *settings);

/* A failure of the library in sending or receiving; its exit code, and 0 for what
   is a wanted end. */
int can_failure(const struct cli_tool *tool, int rc);

/* Was that option given? */
bool can_was_given(const struct can_settings *settings, const char *name);

/* What words are missing or too many; CLI_EXIT_USAGE. */
int can_wrong_words(const struct cli_tool *tool, const char *line);

#endif
